"""
Reading rows that were put away: only under a legal ticket, by one of the staff, and on record.

The entry stands before the first row is handed out, and says afterwards how many there were.
Nothing else reads these rows but what lets them go.

Source: NDSR 24 (no processing but storage and security).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlmodel import Session, select

from connectors.sdk import Collection, KeySet, Target, Verb, Work
from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, Invalid, NotFound
from rights.domain.holds import PLACED, Ruling
from rights.services import audit, content_approvals, escrow_keys, requests
from rights.store.db import reading, transaction
from rights.store.models import HeldRows, Request, Staff
from workflows import holding
from workflows.floor import Floor

READ: Final = "held_rows_read"
HANDED_OUT: Final = "held_rows_handed_out"

_REFERENCE: Final = re.compile(r"[^\s@][^@\n\r]{1,78}[^\s@]")


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    What allows a reading: an order of an authority, or a lawsuit.

    Args:
        reference: Number of the order or case; no personal data.
    """

    rank: str
    reference: str

    @classmethod
    def of(cls, rank: str, reference: str) -> Ticket:
        """
        Return a ticket.

        Raises:
            Invalid: a rank that allows no reading, or no reference.
        """
        if rank not in PLACED:
            raise Invalid(f"held rows are read for {' or '.join(sorted(PLACED))} only")
        said = reference.strip()
        if not _REFERENCE.fullmatch(said):
            raise Invalid(
                "give the number of the order or case: 3 to 80 characters, nobody's address"
            )
        return cls(rank, said)


def read(
    floor: Floor, request_id: str, path: str, staff: Staff, ticket: Ticket
) -> Generator[Mapping[str, Any]]:
    """
    Yield what is kept of the rows of one collection that were put away for one request.

    Raises:
        Forbidden: they may not read held rows, or the request is a minor's and no approval lets
            them.
        NotFound: nothing of that collection is held for that request.
        Conflict: its held rows were not put away.
    """
    duties.check(staff.roles, Act.READ_HELD)
    with reading(floor.register) as session:
        allowed = _allowed(floor, session, request_id, staff)
        count = _noted(session, request_id, path)
        key = escrow_keys.of(session, floor.context.vault, request_id)
    away = _view(floor, request_id, path, key)
    said = {"collection": path, "rank": ticket.rank, "ticket": ticket.reference, **allowed}
    _enter(floor, request_id, staff, READ, {**said, "rows": count})
    handed = 0
    try:
        for row in _rows(floor, away):
            handed += 1
            yield row
    finally:
        _enter(floor, request_id, staff, HANDED_OUT, {**said, "rows": handed})


def _allowed(floor: Floor, session: Session, request_id: str, staff: Staff) -> dict[str, str]:
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound(f"there is no request {request_id}")
    return content_approvals.check(session, request, staff, now=floor.now())


def _noted(session: Session, request_id: str, path: str) -> int:
    query = select(HeldRows).where(
        HeldRows.request_id == request_id, HeldRows.collection == path, HeldRows.state != "ended"
    )
    rows = session.exec(query).all()
    if not rows:
        raise NotFound(f"nothing of {path} is held for {request_id}: see `rights holds list`")
    return max(row.count for row in rows)


def _view(floor: Floor, request_id: str, path: str, key: bytes) -> Collection:
    datamap = floor.context.datamap
    if path not in {c.path for c in datamap.collections}:
        raise NotFound(f"the data map has no collection {path}")
    ruling = Ruling(at=floor.now(), holder=request_id, key=key)
    away = holding.sealed_view(replace(datamap.collection(path), ruling=ruling))
    connector = floor.connector(path.partition(".")[0])
    if away is None or Verb.COLLECT not in connector.manifest.verbs:
        raise Conflict(f"held rows of {path} were not put away: they are where they were, flagged")
    return away


def _rows(floor: Floor, away: Collection) -> Iterator[Mapping[str, Any]]:
    connector = floor.connector(away.store)
    deadline = floor.now() + connector.manifest.timeout
    work = Work(f"read-{away.path}"[:64], 0, 0, deadline, now=floor.now())
    yield from connector.collect(Target(away, KeySet()), work)  # type: ignore[attr-defined]  # _view saw the verb


def _enter(
    floor: Floor, request_id: str, staff: Staff, event: str, data: Mapping[str, Any]
) -> None:
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        line = audit.Line(event, f"staff:{staff.id}", data)
        audit.append(session, request, [line], now=floor.now())
