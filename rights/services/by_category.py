"""
Whoever could not prove enough for their data itself is told which kinds of data it is.

Where a law owes that, a request for the data that ends for want of proof is followed by one for
the summary, within the time of the first. What was proved is carried over: without any proof,
nobody learns whether somebody is known here.

Source: 11 CCR 7024(a); PIPL 50.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.kinds import Kind, Option
from rights.domain.representation import SUBJECT, Role
from rights.services import audit, beginning_anew, not_me, subjects
from rights.services.context import Context
from rights.store.models import Request

UNVERIFIED: Final = "identity_unverified"
"""The reason of a denial that ends a request for want of proof."""

_OF_DATA: Final = frozenset({Kind.COPY, Kind.PORTABILITY})
_SUMMARY: Final = (Kind.ACCESS, Option.SUMMARY)


def begin(session: Session, context: Context, request: Request, *, now: datetime) -> Request | None:
    """
    Open the request for the summary, as *request* ends for want of proof; its row is locked.

    Returns:
        It; None where no law of the request owes it, too little was proved for that as well,
        somebody else asked, or somebody at a contact on file said that it was not them.
    """
    if not (_owed(context, request) and _may(session, context, request)):
        return None
    said = beginning_anew.as_it_was(session, context, request, now)
    named = {k: v for k, v in said.parameters.items() if k == "categories"}
    new = replace(
        said,
        kind=Kind.ACCESS,
        option=Option.SUMMARY,
        parameters=named,
        values={},
        received_at=request.received_at,
        at_least=0,
        notify=True,
    )
    made = beginning_anew.carried(session, context, request, new, now=now)
    line = audit.Line("by_category", "system", {"into": made.id})
    audit.append(session, request, [line], now=now)
    return made


def _owed(context: Context, request: Request) -> bool:
    """Return whether a law of the request owes the kinds of data where the data is not given."""
    records = (request.kind, request.option) == (Kind.ACCESS, Option.RECORDS)
    if not records and request.kind not in _OF_DATA:
        return False
    clocks = (context.regimes[name].clock(*_SUMMARY) for name in request.regimes)
    return any(c.denial.downgrade_to_categories_if_unverified for c in clocks if c)


def _may(session: Session, context: Context, request: Request) -> bool:
    own = request.requester_role is Role.SELF and request.delivers_to == SUBJECT
    if not own or not_me.stopped(request):
        return False
    proved = any(row.proof for row in subjects.identifier_rows(session, request.id))
    return proved and request.level >= context.policy.level(*_SUMMARY)
