"""
What staff decide about holds: place a legal hold, approve it, and what is in force.

Rules of the map that need an approval are in ``hold_rules``; the two people who release an approved
hold, in ``hold_releases``.

Every decision is an entry with who made it. No identifier is kept: a person is found again by
the keyed hash of theirs, and a hold whose key is gone stops deletion rather than be missed.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, bindparam, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rights.domain import duties
from rights.domain.datamap import DataMap, Retention, Store
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid, Misconfigured, NotFound
from rights.domain.holds import BY_ITSELF, PLACED
from rights.services import hold_rules, subjects
from rights.store.columns import UtcDateTime
from rights.store.models import (
    HeldRows,
    HoldApproval,
    HoldException,
    LegalHold,
    Staff,
)
from rights.store.vault import Vault

# -- legal holds -----------------------------------------------------------------------------


def place(
    session: Session,
    vault: Vault,
    datamap: DataMap,
    staff: Staff,
    *,
    on: Mapping[str, str] | str,
    rank: str,
    basis: str,
    until: datetime | None,
    now: datetime,
) -> LegalHold:
    """
    Place a legal hold; until somebody else approves it, requests it covers wait.

    Args:
        on: One identifier, type to value; or the path of a collection.

    Raises:
        Forbidden: their roles do not allow it.
        Invalid: nobody or nothing of that name, a rank that is none, an end that is past.
        Conflict: the same is held on the same basis; a longer time needs a new one.
    """
    duties.check(staff.roles, duties.Act.PLACE_HOLD)
    _placeable(rank, basis, until, now)
    by = f"staff:{staff.id}"
    row = LegalHold(rank=rank, basis=basis.strip()[:400], until=until, placed_by=by, placed_at=now)
    blinds = _aim(row, vault, datamap, on)
    if any(_same(other, row, blinds) for other in in_force(session, now)):
        message = "this is held on this basis: a longer time needs a basis of its own"
        raise Conflict(message, code="hold_there")
    session.add(row)
    data = {"hold": row.id, "rank": rank, "collection": row.path}
    hold_rules.note(session, "hold_placed", staff, now, data)
    return row


def _placeable(rank: str, basis: str, until: datetime | None, now: datetime) -> None:
    """Raise Invalid: a rank that is none, no basis, or an end that is past."""
    if rank not in PLACED:
        message = f"a legal hold has one of the ranks {', '.join(sorted(PLACED))}"
        raise Invalid(message, [FieldError("rank", message, tuple(sorted(PLACED)))])
    if not basis.strip():
        message = "a hold without a basis holds nothing: say which case or order it is"
        raise Invalid(message, [FieldError("basis", message, rule="missing")])
    if until is not None and until <= now:
        message = "the hold would be over already: give a later date"
        raise Invalid(message, [FieldError("until", message, rule="past")])


def _aim(
    row: LegalHold, vault: Vault, datamap: DataMap, on: Mapping[str, str] | str
) -> tuple[str, ...]:
    if isinstance(on, str):
        if on not in {c.path for c in datamap.collections}:
            raise Invalid(f"the data map has no collection {on}")
        row.path = on
        return ()
    ((name, value),) = subjects.cleaned(datamap, on).items()
    row.blind, row.key_id = subjects.blind(vault, name, value), vault.keyring.current
    return subjects.blinds(vault, name, value)


def _same(other: LegalHold, new: LegalHold, blinds: tuple[str, ...]) -> bool:
    there = other.path == new.path and (not other.blind or other.blind in blinds)
    return there and other.basis == new.basis


def confirm(session: Session, hold_id: str, staff: Staff, *, now: datetime) -> None:
    """
    Approve a legal hold.

    Raises:
        Forbidden: not theirs to decide, or they placed it themselves.
        Conflict: it was approved or released before.
    """
    hold_rules.legal(staff)
    row = locked(session, hold_id)
    if row.placed_by == f"staff:{staff.id}":
        message = "whoever placed a hold does not approve it: somebody else has to"
        raise Forbidden(message, code="own_approval")
    if row.approved_at is not None or row.released_at is not None:
        raise Conflict(f"hold {hold_id} was decided before", code="hold_decided")
    row.approved_by, row.approved_at = f"staff:{staff.id}", now
    session.add(row)
    hold_rules.note(session, "hold_confirmed", staff, now, {"hold": row.id})


def release(session: Session, hold_id: str, staff: Staff, *, now: datetime) -> int:
    """
    End a legal hold that nobody approved; return how many groups of rows it kept.

    An approved one takes two: ``hold_releases``.

    Raises:
        Forbidden: not theirs to decide.
        Conflict: it is over, or was approved.
    """
    hold_rules.legal(staff)
    row = locked(session, hold_id)
    if over(row, now):
        raise Conflict(f"hold {hold_id} is over", code="hold_over")
    if row.approved_at is not None:
        message = "two people release an approved hold: `rights holds propose-release`"
        raise Conflict(message, code="release_takes_two")
    hold_rules.note(session, "hold_released", staff, now, {"hold": row.id})
    return end(session, row, staff, now)


def end(session: Session, row: LegalHold, staff: Staff, now: datetime) -> int:
    """End a hold whose row the caller has locked; what it kept is looked at at once."""
    row.released_by, row.released_at = f"staff:{staff.id}", now
    session.add(row)
    query = select(HeldRows).where(HeldRows.hold_id == row.id, HeldRows.state == "held")
    kept = session.exec(query).all()
    for one in kept:
        one.next_at = now
        session.add(one)
    return len(kept)


def over(row: LegalHold, now: datetime) -> bool:
    """Return whether a hold keeps nothing any more: it was released, or its day has come."""
    return row.released_at is not None or (row.until is not None and row.until <= now)


def in_force(session: Session, now: datetime) -> list[LegalHold]:
    """Return every legal hold that was neither released nor is over, approved or not."""
    return list(session.exec(select(LegalHold).where(*_alive(now))))


def _alive(now: Any) -> tuple[ColumnElement[bool], ...]:
    until = col(LegalHold.until)
    return col(LegalHold.released_at).is_(None), or_(until.is_(None), until > now)


def blinds_of(vault: Vault, people: Mapping[str, Sequence[str]]) -> set[str]:
    """Return what a hold on one of these identifiers is found by, under every live key."""
    return {
        blind
        for name, values in people.items()
        for value in values
        for blind in subjects.blinds(vault, name, value)
    }


_COVERING: Final[SelectOfScalar[LegalHold]] = select(LegalHold).where(
    *_alive(bindparam("now", type_=UtcDateTime)),
    or_(
        col(LegalHold.path) != "",
        col(LegalHold.blind).in_(bindparam("mine", expanding=True, type_=String)),
        and_(
            col(LegalHold.key_id) != "",
            col(LegalHold.key_id).not_in(bindparam("ids", expanding=True, type_=String)),
        ),
    ),
)
"""Asked when an erasure is planned and before each of its effects, so it is made once."""


def covering(
    session: Session, vault: Vault, people: Mapping[str, Sequence[str]], now: datetime
) -> list[LegalHold]:
    """
    Return the holds in force on any collection, and on the person with these identifiers.

    Args:
        people: Identifier type to normalised values.

    Raises:
        Misconfigured: a hold was placed under a key that is not set any more; whom it is on
            cannot be told, so nobody's data may go.
    """
    mine = blinds_of(vault, people)
    ids = vault.keyring.ids
    asked = {"now": now, "ids": list(ids), "mine": sorted(mine)}
    found = list(session.exec(_COVERING, params=asked))
    if lost := sorted({row.key_id for row in found if row.key_id} - set(ids)):
        raise Misconfigured(
            f"legal holds were placed under the keys {', '.join(lost)}, which are not set: put"
            " them back behind the current one, or release those holds"
        )
    return found


# -- for staff -------------------------------------------------------------------------------


def store_of(datamap: DataMap, path: str) -> Store:
    """Return the store of a collection. Raises Invalid."""
    if path not in {c.path for c in datamap.collections}:
        raise Invalid(f"the data map has no collection {path}")
    return datamap.store(path.partition(".")[0])


def overview(session: Session, datamap: DataMap, *, now: datetime) -> dict[str, list[Any]]:
    """Return what is in force, JSON-native; whom a legal hold is on is not told."""
    live = {row.digest: row for row in hold_rules.live(session)}
    rules = [(c.path, c.retention) for c in datamap.collections if c.retention]
    exceptions = select(HoldException).where(col(HoldException.ended_at).is_(None))
    kept = select(HeldRows).where(HeldRows.state != "ended")
    return {
        "rules": [_rule(path, rule, live) for path, rule in rules if not rule.with_],
        "legal": [_legal_hold(row) for row in in_force(session, now)],
        "exceptions": [
            {"collection": row.path, "review": row.review_at.date().isoformat()}
            for row in session.exec(exceptions)
        ],
        "rows": [_held_rows(row) for row in session.exec(kept)],
    }


def _rule(path: str, rule: Retention, live: Mapping[str, HoldApproval]) -> dict[str, Any]:
    approval = live.get(hold_rules.digest(path, rule))
    return {
        "collection": path,
        "rank": rule.rank,
        "period": rule.period,
        "basis": rule.basis,
        "holds": rule.rank in BY_ITSELF or approval is not None,
        "approved_by": approval.approved_by if approval else "",
    }


def _legal_hold(row: LegalHold) -> dict[str, Any]:
    return {
        "hold": row.id,
        "on": row.path or "a person",
        "rank": row.rank,
        "basis": row.basis,
        "until": row.until.date().isoformat() if row.until else "",
        "approved": row.approved_at is not None,
        "release": "proposed" if row.release_proposed_at else "",
    }


def _held_rows(row: HeldRows) -> dict[str, Any]:
    return {
        "request": row.request_id,
        "collection": row.collection,
        "code": row.code,
        "rows": row.count,
        "state": row.state,
        "until": row.latest.date().isoformat() if row.latest else "",
        "note": row.note,
    }


def find(session: Session, hold_id: str) -> LegalHold:
    """Return a legal hold. Raises NotFound."""
    return _there(session.get(LegalHold, hold_id), hold_id)


def locked(session: Session, hold_id: str) -> LegalHold:
    """Return a legal hold whose row nobody else changes meanwhile. Raises NotFound."""
    return _there(session.get(LegalHold, hold_id, with_for_update=True), hold_id)


def _there(row: LegalHold | None, hold_id: str) -> LegalHold:
    if row is None:
        raise NotFound(f"there is no hold {hold_id}: `rights holds list` shows them")
    return row
