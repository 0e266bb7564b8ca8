"""
An approved legal hold is released by two people: one proposes it, another one confirms it.

What only the hold kept is deleted after that, and cannot be had back; until then it holds as
before. A hold that nobody approved yet is ended by one person (``holds.release``).

Source: NDSR 24; PIPL 47(2). Decided in ADR 0088.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden
from rights.domain.plain_text import plain
from rights.services import audit, hold_rules, holds, writings
from rights.services.writings import RELEASE_BECAUSE, Written
from rights.store.models import LegalHold, Staff, Writing
from rights.store.vault import Vault

LONGEST: Final = 1_000
"""Characters of why a hold is to be released."""

_READ: Final = "release_read"


def propose(
    session: Session, vault: Vault, hold_id: str, staff: Staff, *, because: str, now: datetime
) -> LegalHold:
    """
    Propose to release an approved hold.

    Args:
        because: Why, for the colleague who decides; sealed.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such hold.
        Conflict: it is over, nobody approved it yet, or its release waits already.
        Invalid: nobody would see anything of the words, or they are too long.
    """
    duties.check(staff.roles, Act.PROPOSE_RELEASE)
    row = holds.locked(session, hold_id)
    _alive(row, now)
    if row.approved_at is None:
        message = f"nobody approved hold {hold_id} yet: one person ends it, `rights holds release`"
        raise Conflict(message, code="hold_unapproved")
    if row.release_proposed_at is not None:
        message = f"the release of hold {hold_id} waits for a second person already"
        raise Conflict(message, code="release_proposed")
    text = plain(because, field="because", longest=LONGEST)
    kept = writings.keep(session, vault, row.id, RELEASE_BECAUSE, text, now=now)
    row.release_proposed_by, row.release_proposed_at = f"staff:{staff.id}", now
    row.release_because_id = kept.id
    session.add(row)
    _note(session, row, "release_proposed", staff, now)
    return row


def read_by(
    session: Session, vault: Vault, hold_id: str, staff: Staff, *, now: datetime
) -> Written:
    """
    Return why a hold is to be released, or was, to who proposed it or may decide; note that.

    Raises:
        NotFound: there is no such hold.
        Forbidden: they neither proposed it nor may decide.
        Conflict: nothing is proposed.
    """
    row = holds.locked(session, hold_id)
    if not proposed_by(row, staff):
        duties.check(staff.roles, Act.DECIDE_HOLD)
    about = row.id, RELEASE_BECAUSE, row.release_because_id
    found = writings.numbered(session, vault, *about) if row.release_because_id else None
    if found is None:
        raise _nothing_waits(row)
    _note(session, row, _READ, staff, now)
    return found


def was_read(session: Session, row: LegalHold, staff: Staff) -> bool:
    """Return whether somebody opened this proposal, as the entries of the days say."""
    since = row.release_proposed_at
    if since is None:
        return False
    looks = audit.looked_since(session, _READ, staff.id, since)
    return any(look["proposal"] == row.release_because_id for look in looks)


def confirm(session: Session, hold_id: str, staff: Staff, *, now: datetime) -> int:
    """
    Release a hold; return how many groups of rows it kept, which are looked at at once.

    Raises:
        Forbidden: not theirs to decide, or they proposed it themselves.
        NotFound: there is no such hold.
        Conflict: it was decided, the hold is over, or they have not read why.
    """
    hold_rules.legal(staff)
    row = holds.locked(session, hold_id)
    if not waits(row):
        raise _nothing_waits(row)
    _alive(row, now)
    if proposed_by(row, staff):
        message = "whoever proposed to release a hold does not confirm it: ask a colleague who may"
        raise Forbidden(message, code="own_release")
    if not was_read(session, row, staff):
        message = f"read why first: `rights holds read-release {hold_id}`"
        raise Conflict(message, code="release_unread")
    kept = holds.end(session, row, staff, now)
    _note(session, row, "hold_released", staff, now, proposed_by=row.release_proposed_by)
    return kept


def dismiss(session: Session, hold_id: str, staff: Staff, *, now: datetime) -> None:
    """
    Say that a hold stays; who proposed its release takes that back by this.

    Raises:
        Forbidden: they neither proposed it nor may decide.
        NotFound: there is no such hold.
        Conflict: it was decided.
    """
    row = holds.locked(session, hold_id)
    own = proposed_by(row, staff)
    if not own:
        hold_rules.legal(staff)
    if not waits(row):
        raise _nothing_waits(row)
    _note(session, row, "release_withdrawn" if own else "release_dismissed", staff, now)
    row.release_proposed_by, row.release_proposed_at, row.release_because_id = "", None, ""
    session.add(row)


def forget(session: Session, before: datetime) -> int:
    """Forget why holds that ended before then were to be released; return how many words."""
    ended = or_(col(LegalHold.released_at) <= before, col(LegalHold.until) <= before)
    gone: Any = session.connection().execute(
        delete(Writing).where(
            col(Writing.purpose) == RELEASE_BECAUSE,
            col(Writing.request_id).in_(select(LegalHold.id).where(ended)),
        )
    )
    return int(gone.rowcount)


def waits(row: LegalHold) -> bool:
    """Return whether a release of this hold waits for a second person."""
    return row.release_proposed_at is not None and row.released_at is None


def proposed_by(row: LegalHold, staff: Staff) -> bool:
    """Return whether it was this member of staff who proposed to release a hold."""
    return row.release_proposed_by == f"staff:{staff.id}"


def _alive(row: LegalHold, now: datetime) -> None:
    if holds.over(row, now):
        raise Conflict(f"hold {row.id} is over", code="hold_over")


def _nothing_waits(row: LegalHold) -> Conflict:
    return Conflict(f"no release of hold {row.id} waits", code="release_decided")


def _note(
    session: Session, row: LegalHold, event: str, staff: Staff, now: datetime, **more: Any
) -> None:
    data = {"hold": row.id, "proposal": row.release_because_id, **more}
    hold_rules.note(session, event, staff, now, data)
