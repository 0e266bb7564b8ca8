"""
Who is signed in at the console: a row for each browser, ended by idleness, by age, or by a click.

The cookie holds a secret and the register its hash. Roles are read with every call: what was
taken away counts at once.

Source: NDSR 9; OWASP Session Management.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from rights.domain import staff as rules
from rights.domain.errors import Unauthenticated
from rights.services import audit
from rights.settings import Settings
from rights.store.models import Staff, StaffSession

_SEEN: Final = timedelta(minutes=1)
"""How exactly it is known when a session was last used: not every page is a write."""

_AGENT: Final = 160


class Stage(StrEnum):
    """How far somebody has come in."""

    CODE = "code"
    SET_UP = "set_up"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Present:
    """
    Who is here, in which browser.

    Args:
        secret: From the cookie; what forms carry against forgery is derived from it.
    """

    id: str
    public_id: str
    secret: str = field(repr=False)
    staff: Staff
    stage: Stage
    proved_at: datetime

    @property
    def proof(self) -> str:
        """What every form of this session carries: a page of somebody else cannot know it."""
        return hmac.digest(self.secret.encode(), b"rights/console/form/1", "sha256").hex()

    @property
    def actor(self) -> str:
        """How the audit trail names them."""
        return f"staff:{self.staff.id}"


def place(secret: str) -> str:
    """Return under which id the register keeps the session of a cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(
    session: Session, settings: Settings, staff: Staff, stage: Stage, *, agent: str, now: datetime
) -> str:
    """Sign somebody in as far as *stage*; return what the cookie holds."""
    secret = secrets.token_urlsafe(32)
    row = StaffSession(
        id=place(secret),
        staff_id=staff.id,
        stage=stage,
        agent=agent[:_AGENT],
        created_at=now,
        seen_at=now,
        proved_at=now,
        expires_at=_ends(settings, now, now),
    )
    session.add(row)
    return secret


def read(session: Session, secret: str, *, now: datetime) -> tuple[Present, bool]:
    """
    Return who is here, and whether that is to be written down (:func:`seen`).

    Raises:
        Unauthenticated: nobody, not any more, or their account was closed.
    """
    row = session.get(StaffSession, place(secret)) if secret else None
    staff = session.get(Staff, row.staff_id) if row is not None and row.expires_at > now else None
    if row is None or staff is None or staff.closed_at is not None:
        raise over()
    found = Present(row.id, row.public_id, secret, staff, Stage(row.stage), row.proved_at)
    return found, now - row.seen_at >= _SEEN


def whose(session: Session, secret: str) -> str:
    """Return the id of whose session a cookie is or was; empty if the register knows none."""
    row = session.get(StaffSession, place(secret))
    return row.staff_id if row is not None else ""


def seen(session: Session, settings: Settings, session_id: str, *, now: datetime) -> None:
    """Write down that a session is in use: it ends so much later, within its longest time."""
    row = session.get(StaffSession, session_id)
    if row is not None and row.expires_at > now:
        row.seen_at = now
        row.expires_at = _ends(settings, row.created_at, now)


def locked(session: Session, here: Present) -> StaffSession:
    """Return a session's row, locked. Raises Unauthenticated: it was ended meanwhile."""
    row = session.get(StaffSession, here.id, with_for_update=True)
    if row is None:
        raise over()
    return row


def renewed(
    session: Session, settings: Settings, here: Present, stage: Stage, *, now: datetime
) -> str:
    """
    Take somebody a stage further, under a new secret; return what the cookie holds from now on.

    Whoever had the secret of before the second factor has nothing afterwards.
    """
    row = locked(session, here)
    agent = row.agent
    session.delete(row)
    session.flush()
    return begin(session, settings, here.staff, stage, agent=agent, now=now)


def under_another_secret(session: Session, here: Present) -> str:
    """
    Let a session go on as it is under a new secret; return what the cookie holds from now on.

    It ends no later for it, and whoever had the secret of before has nothing. An app that is being
    set up is sealed for the session of before: it is begun anew.
    """
    row = locked(session, here)
    kept = row.model_dump(exclude={"id", "public_id", "pending"})
    session.delete(row)
    session.flush()
    secret = secrets.token_urlsafe(32)
    session.add(StaffSession(id=place(secret), public_id=here.public_id, **kept))
    return secret


def of_staff(session: Session, staff_id: str, *, now: datetime) -> Sequence[StaffSession]:
    """Return the browsers somebody is signed in with, the last one used first."""
    mine = select(StaffSession).where(
        StaffSession.staff_id == staff_id, col(StaffSession.expires_at) > now
    )
    return session.exec(mine.order_by(col(StaffSession.seen_at).desc())).all()


@dataclass(frozen=True, slots=True)
class Browsers:
    """
    In how many browsers somebody is signed in.

    Args:
        since: When they signed in to the oldest of them.
        seen_at: When one of them was last used, to the minute.
    """

    count: int
    since: datetime
    seen_at: datetime


def counted(session: Session, *, now: datetime) -> dict[str, Browsers]:
    """Return in how many browsers each member of staff is signed in, by id: one query."""
    query = (
        select(
            col(StaffSession.staff_id),
            func.count(col(StaffSession.id)),
            func.min(col(StaffSession.created_at)),
            func.max(col(StaffSession.seen_at)),
        )
        .where(StaffSession.stage == Stage.FULL, col(StaffSession.expires_at) > now)
        .group_by(col(StaffSession.staff_id))
    )
    return {one: Browsers(*many) for one, *many in session.execute(query).all()}


def end(session: Session, here: Present, public_id: str, *, now: datetime) -> None:
    """Sign out one of one's own browsers; one that is not one's own is not there."""
    mine = delete(StaffSession).where(
        col(StaffSession.staff_id) == here.staff.id, col(StaffSession.public_id) == public_id
    )
    if session.connection().execute(mine).rowcount:
        audit.append_day(session, audit.Line("staff_signed_out", here.actor, {}), now=now)


def end_others(session: Session, here: Present, *, now: datetime) -> None:
    """Sign oneself out everywhere but here."""
    end_all(session, here.staff.id, but=here.id)
    line = audit.Line("staff_signed_out", here.actor, {"others": True})
    audit.append_day(session, line, now=now)


def end_all(session: Session, staff_id: str, *, but: str = "") -> int:
    """Sign somebody out everywhere; in *but* not. Return how many browsers that were."""
    mine = delete(StaffSession).where(
        col(StaffSession.staff_id) == staff_id, col(StaffSession.id) != but
    )
    return session.connection().execute(mine).rowcount


def over() -> Unauthenticated:
    """Return the error for whoever is not signed in, or not any more."""
    return Unauthenticated("sign in to the console", code="staff_session_over")


def _ends(settings: Settings, created_at: datetime, seen_at: datetime) -> datetime:
    return rules.ends(
        created_at,
        seen_at,
        idle=timedelta(minutes=settings.staff_idle_minutes),
        longest=timedelta(hours=settings.staff_hours),
    )
