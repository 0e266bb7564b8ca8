"""
How many people one address may ask for before anything was shown to be true.

Each such request tells a person that somebody asks in their name, and makes work for staff. Whom
a product vouches for is not counted, nor whoever asks for themselves; and another request for
somebody who is counted already is no more than before. An address that answered a code, or that
a product vouches for, is counted wherever it asks from. One that was merely typed may be anybody's:
it is counted together with the network address it was typed from, so that no stranger uses up what
its owner may ask for. It is never looked at whether we know the person asked for.

Source: PIPL 50; Civil Code 165; GDPR 12(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, case, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.domain.errors import TooMany
from rights.domain.lifecycle import State
from rights.domain.representation import Role
from rights.services import subjects
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.representatives import CLIENT, Second
from rights.store import rows
from rights.store.models import Representation, RepresentativeContact, Request

CODE: Final = "asks_for_many"

_DAY: Final = timedelta(days=1)
_UNSHOWN: Final = (State.OPEN, State.VERIFYING)
_LOCK: Final = sql_select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))


def check(session: Session, context: Context, new: Submission, *, now: datetime) -> None:
    """
    Make sure that whoever asks for somebody else does not ask for too many at a time.

    Raises:
        TooMany: as many other people as the settings allow are asked for from this address, and
            nothing is shown yet; or as many within a day. What was asked before goes on.
    """
    if new.second is None or new.role is Role.SELF or new.second.attested or _by_us(new):
        return
    vault = context.vault
    theirs = [b for n, v in new.second.identifiers.items() for b in subjects.blinds(vault, n, v)]
    _one_at_a_time(session, theirs)
    subject = subjects.subject_of(vault, context.datamap, new.identifiers)
    counted = _counted(theirs, _from(context, new.second), subject, now)
    found = session.connection().execute(counted).one()
    settings = context.settings
    if found.unshown >= settings.agent_unverified:
        # The first of them is shown, or lapses, by then.
        raise _too_many(found.lapses, now)
    if found.today >= settings.agent_a_day:
        raise _too_many(found.first + _DAY if found.first else None, now)


def _by_us(new: Submission) -> bool:
    """Return whether staff log what came by letter, or a request comes of another one."""
    return bool(new.operator or new.logged_by or new.follows)


def _one_at_a_time(session: Session, theirs: list[str]) -> None:
    """Two forms at once are counted one after the other; on SQLite whoever writes is alone."""
    if session.connection().dialect.name == "postgresql":
        number = int.from_bytes(min(theirs).encode()[-8:], "big", signed=True)
        rows.read(session, _LOCK, number=number)


def _from(context: Context, second: Second) -> Sequence[str]:
    """Return from where an address was merely typed, under every key; none where it is proved."""
    if second.vouched or not second.client:
        return ()
    return context.vault.blinds(second.client, scope=CLIENT)


def _counted(theirs: list[str], client: Sequence[str], subject: str, now: datetime) -> Any:
    """Return what counts the other people that one address asks for: all of it by one index."""
    contact = RepresentativeContact
    unshown = col(Request.state).in_(_UNSHOWN)
    today = col(Request.received_at) > now - _DAY
    who = col(Request.subject)
    return (
        sql_select(
            func.count(case((unshown, who)).distinct()).label("unshown"),
            func.count(case((today, who)).distinct()).label("today"),
            func.min(case((unshown, col(Request.next_at)))).label("lapses"),
            func.min(case((today, col(Request.received_at)))).label("first"),
        )
        .select_from(contact)
        .join(Request, col(Request.id) == col(contact.request_id))
        .join(Representation, col(Representation.request_id) == col(Request.id))
        .where(
            col(contact.blind).in_(theirs),
            (col(contact.proof) != "") | col(contact.client).in_(client),
            col(Request.follows) == "",
            col(Request.requester_role) != Role.SELF,
            col(Representation.attested).is_(False),
            who != subject,
        )
    )


def _too_many(until: datetime | None, now: datetime) -> TooMany:
    wait = min(max(until - now if until else _DAY, timedelta(seconds=1)), _DAY)
    message = "this address asks for too many people at a time: what was asked before goes on"
    return TooMany(message, retry_after=wait, code=CODE)
