"""
The simplified answer that goes before the complete one, where a law owes it at once.

Whoever asks for their records is told at once whether there are any, and of which kinds: by a
request of its own for the summary, which goes before everything else. Nothing is proved anew.

Source: LGPD 19 I.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from rights.domain.kinds import Kind, Option
from rights.domain.parameters import SIMPLIFIED
from rights.domain.representation import SUBJECT, Role
from rights.services import audit, beginning_anew, deadlines, not_me
from rights.services.context import Context
from rights.store.models import Entry, Request

_COMPLETE: Final = (Kind.ACCESS, Option.RECORDS)
_NAMED: Final = "categories"
_EVENT: Final = "simplified"
_BY_OPERATOR: Final = "internal"
"""An operator runs one request to its end on the command line, and gives the answer out."""


def begin(session: Session, context: Context, request: Request, *, now: datetime) -> Request | None:
    """
    Open the request for the summary, as work on *request* begins; its row is locked.

    Returns:
        It; None where no law of the request owes it, somebody else asked, an operator runs it, or
        somebody at a contact on file said that it was not them.
    """
    if not (_owed(context, request) and _own(request)) or _begun(session, request):
        return None
    said = beginning_anew.as_it_was(session, context, request, now)
    named = {name: value for name, value in said.parameters.items() if name == _NAMED}
    new = replace(
        said,
        option=Option.SUMMARY,
        parameters={**named, SIMPLIFIED: True},
        values={},
        received_at=request.received_at,
        at_least=0,
    )
    made = beginning_anew.carried(session, context, request, new, now=now)
    line = audit.Line(_EVENT, "system", {"into": made.id})
    audit.append(session, request, [line], now=now)
    return made


def _owed(context: Context, request: Request) -> bool:
    if (request.kind, request.option) != _COMPLETE:
        return False
    return deadlines.counted(context, request).duties.simplified_at_once


def _begun(session: Session, request: Request) -> bool:
    """Return whether it went before already: a plan can be thrown away, and work begin anew."""
    mine = select(Entry.id).where(Entry.chain == request.id, Entry.event == _EVENT)
    return session.exec(mine).first() is not None


def _own(request: Request) -> bool:
    own = request.requester_role is Role.SELF and request.delivers_to == SUBJECT
    return own and request.channel != _BY_OPERATOR and not not_me.stopped(request)
