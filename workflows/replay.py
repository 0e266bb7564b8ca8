"""
After a restore: do again every erasure and correction that the backup does not know of.

Each works from its capsule, under step ids of its own, and is read back. What is not there is
not touched, so a second run changes nothing. The closed requests stay closed; what was done is
journalled, and an entry in each one's trail.

Which store was restored is known from the call, or from the data: rows that belonged to an
erased person alone are there again. Only in such a store may an address by itself lead to rows
that go; elsewhere they may be the same person's who registered anew.

Source: NDSR 24; PIPL 46, 47.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import insert
from sqlmodel import Session

from connectors.sdk import KeySet, Unfinished
from rights.domain.errors import RightsError
from rights.logs import get
from rights.services import audit, requests
from rights.store.db import reading, transaction
from rights.store.models import JournalRow, Request
from workflows import actions, capsules, incidents, returned
from workflows.claims import Claim, Done, Outcome
from workflows.corrected import correct_again
from workflows.floor import ERASING, Floor
from workflows.holds import rulings_of
from workflows.plan import Step
from workflows.recipes import Action
from workflows.resolve import frozen_again
from workflows.returned import Closed, Looked

ACTS: Final[Mapping[Action, Callable[[Floor, Claim], Outcome]]] = MappingProxyType(
    {Action.CLOSE: actions.close, Action.ERASE: actions.erase}
)
"""What an erasure consists of."""

_TAG_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A closed request; of an erasure also what of it is there again."""

    one: Closed
    looked: Looked


@dataclass(slots=True)
class Report:
    """
    What came of one request.

    Args:
        affected: Collection to rows changed or removed again.
        unsure: Collection to rows found by an address alone in a store not known as restored.
        left: Collection to rows that are still not as they should be.
        code: Why it could not be done; empty when it could.
    """

    request: str
    kind: str
    affected: dict[str, int] = field(default_factory=dict)
    unsure: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    by_hand: dict[str, int] = field(default_factory=dict)
    code: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing of it is left to do."""
        return not (self.unsure or self.left or self.by_hand or self.code)


def replay(floor: Floor, since: datetime, stores: Collection[str] = ()) -> list[Report]:
    """
    Do everything again that was done since *since*, in the order it was done.

    Args:
        stores: Names of the stores that were restored; empty: judged from the data.
    """
    only = frozenset(stores) or None
    with reading(floor.register) as session:
        ids = capsules.since(session, since)
    failed: dict[str, Report] = {}
    cases = [c for i in ids if (c := _case(floor, i, only, failed)) is not None]
    back = {path.partition(".")[0] for case in cases for path in case.looked.back}
    restored = set(only or back)
    done = {case.one.request.id: _one(floor, case, only, restored) for case in cases}
    return [failed.get(i) or done[i] for i in ids if i in failed or i in done]


def _case(
    floor: Floor, request_id: str, only: frozenset[str] | None, failed: dict[str, Report]
) -> Case | None:
    """Read what a request needs, and look what of it is there again."""
    with reading(floor.register) as session:
        one = returned.closed(session, floor, request_id)
    if one is None:
        return None
    if one.request.kind not in ERASING:
        return Case(one, Looked())
    try:
        return Case(one, returned.look(floor, one, one.keys, only))
    except RightsError as error:
        failed[request_id] = _failed(one.request, error)
        return None


def _failed(request: Request, error: RightsError) -> Report:
    get().error("replay.failed", request_id=request.id, code=error.code)
    return Report(request.id, str(request.kind), code=error.code)


def _one(floor: Floor, case: Case, only: frozenset[str] | None, restored: set[str]) -> Report:
    request = case.one.request
    report = Report(request.id, str(request.kind))
    tag = f"r{secrets.token_hex(_TAG_BYTES)}"
    try:
        if request.kind in ERASING:
            _erase(floor, case, restored, tag, report)
        else:
            _correct(floor, case.one, only, tag, report)
    except RightsError as error:
        report.code = _failed(request, error).code
    with transaction(floor.register) as session:
        _note(session, floor, request, tag, report)
    return report


def _erase(floor: Floor, case: Case, restored: set[str], tag: str, report: Report) -> None:
    """Erase what is there again, in the stores that were restored, and read it back."""
    one, found = case.one, {**case.looked.unsure, **case.looked.back}
    here = {path.partition(".")[0] for path in found} & restored
    report.unsure = {
        p: n for p, n in case.looked.unsure.items() if p.partition(".")[0] not in restored
    }
    steps = [s for s in one.plan if s.action in ACTS and s.store in here]
    steps = returned.existing(floor.context.datamap, steps)
    if not steps:
        return
    keys = _identity(floor, one, steps)
    for step in steps:
        if step.manual:
            report.by_hand |= {p: n for p, n in found.items() if p in step.collections}
            continue
        for path, rows in _again(floor, one, step, keys, tag):
            report.affected[path] = report.affected.get(path, 0) + rows
    left = returned.look(floor, one, keys, here)
    still = {**left.unsure, **left.back}
    report.left = {p: n for p, n in still.items() if p not in report.by_hand}


def _identity(floor: Floor, one: Closed, steps: Sequence[Step]) -> KeySet:
    """Return the keys to act by, those of rows that came back among them."""
    request = one.request
    keys, _ = returned.still_theirs(floor, request, one.keys)
    ruled = rulings_of(one.claim(steps[0], request.id, keys))
    paths = [path for step in steps for path in step.collections]
    return frozen_again(floor, floor.routes(request.kind), keys, paths, ruled)


def _again(
    floor: Floor, one: Closed, step: Step, keys: KeySet, tag: str
) -> Iterator[tuple[str, int]]:
    """
    Do one step again: under another id, or the store would say that it was done.

    Raises:
        Refused: a legal hold that covers this person waits for its approval.
        Transient: the holds could not be looked up. Nothing is destroyed before they are.
    """
    claim = one.claim(step, f"{one.request.id}-{tag}-{step.name}", keys)
    while True:
        try:
            outcome = ACTS[step.action](floor, claim)
        except Unfinished:
            continue  # a part is noted in the store; nobody else waits for this process
        break
    found = outcome.result["collections"] if isinstance(outcome, Done) else {}
    for path, receipt in found.items():
        yield path, receipt["affected"] + receipt["decorrelated"]


def _correct(
    floor: Floor, one: Closed, only: frozenset[str] | None, tag: str, report: Report
) -> None:
    done = correct_again(floor, one, only, f"{one.request.id}-{tag}")
    report.affected, report.left = done.affected, done.differs


def _note(session: Session, floor: Floor, request: Request, tag: str, report: Report) -> None:
    """Journal what was done, in the register too, and open what is left for staff."""
    now, row = floor.now(), requests.locked(session, request.id)
    journal = [
        {
            "step_id": f"{request.id}-{tag}",
            "request_id": request.id,
            "chunk": number,
            "fence": returned.FENCE,
            "collection": path,
            "phase": "replay",
            "affected": affected,
            "digest": "",
            "at": now,
        }
        for number, (path, affected) in enumerate(report.affected.items())
    ]
    if journal:
        session.execute(insert(JournalRow), journal)
    data: dict[str, Any] = {
        "affected": sum(report.affected.values()),
        "left": sum(report.left.values()),
        "unsure": sum(report.unsure.values()),
        "code": report.code,
    }
    audit.append(session, row, [audit.Line("replayed", "system", data)], now=now)
    for code, found in (
        (incidents.CAME_BACK if request.kind in ERASING else incidents.DIFFERS, report.left),
        (incidents.PERHAPS_NEW, report.unsure),
        (incidents.BY_HAND, report.by_hand),
    ):
        if found:
            incidents.open_for(session, row, code, found, now=now)
