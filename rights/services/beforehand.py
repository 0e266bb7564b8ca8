"""
What a person is told, or asked, before their request is refused with some reasons.

That a request is manifestly unfounded or excessive is said beforehand, so that the person can take
it back, or make one for less. That nobody can be told apart is a reason once they were asked for
more information.

Source: GDPR 11(2), 12(2), 12(5); EDPB Guidelines 01/2022, 192.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.lifecycle import Event, next_state
from rights.domain.plain_text import plain
from rights.services import audit, deadlines, messages, points, reasons
from rights.services.context import Context
from rights.services.writings import Written
from rights.store.models import Request, Staff

EVENT: Final = "refusal_indicated"
REASON: Final = "manifestly_unfounded_or_excessive"
UNKNOWN: Final = "not_identifiable"
FAIR: Final = timedelta(days=7)
"""How long the person has to take their request back or to change it. An own rule."""

_LONGEST: Final = 5_000
_FILE: Final = Path(__file__).parents[1] / "catalogue" / "beforehand.yaml"


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return found


def indicate(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    because: str,
    *,
    now: datetime,
) -> Written:
    """
    Tell the person that *request*, whose row is locked, is to be refused, and why.

    Args:
        because: The facts, in words for the person.

    Raises:
        Forbidden: they may not refuse with that reason.
        IllegalTransition: it is closed. Conflict: the person was told already.
        Invalid: no law of the request knows the reason, or there are no words.
    """
    duties.check(staff.roles, duties.Act.DENY, narrower=reasons.catalogue()[REASON].by)
    next_state(request.state, Event.DENIED)
    if REASON not in reasons.for_denying(request.kind, request.regimes):
        message = f"under {', '.join(request.regimes)} {request.kind} is not refused for that"
        raise Invalid(message, [FieldError("because", message)])
    if _indicated_at(session, request) is not None:
        raise Conflict("the person was told already, and has time", code="indicated_already")
    text = _text(context, request, plain(because, field="because", longest=_LONGEST), now)
    made = messages.from_staff(session, context, request, text, staff, now=now)
    line = audit.Line(EVENT, f"staff:{staff.id}", {"message": made.id})
    audit.append(session, request, [line], now=now)
    return made


def _text(context: Context, request: Request, because: str, now: datetime) -> str:
    language = "en" if request.locale == "en" else "zh"
    zone = context.regimes[request.regimes[0]].counting.zone
    day = (now + FAIR).astimezone(zone).date().isoformat()
    opening = _words()["opening"][language].format(reference=request.id)
    return "\n\n".join((opening, because, _words()["choices"][language].format(day=day)))


def _indicated_at(session: Session, request: Request) -> datetime | None:
    entries = audit.entries(session, request.id)
    return next((entry.at for entry in entries if entry.event == EVENT), None)


def check(
    session: Session, context: Context, request: Request, reason: str, *, now: datetime
) -> None:
    """
    Make sure that what has to come before a refusal with *reason* has come.

    Raises:
        Conflict: the person was not told, or not asked, or still has time.
    """
    clocks = deadlines.counted(context, request).clocks
    told = any(c.fee.prior_indication and c.fee.only_if == reason for c in clocks)
    if told and ((at := _indicated_at(session, request)) is None or now < at + FAIR):
        message = f"the person is told first, and has {FAIR.days} days to take it back or change it"
        raise Conflict(message, code="indication_needed")
    asked = reason == UNKNOWN and any(c.denial.chance_to_add for c in clocks)
    if asked and not points.had_a_chance(session, request, now=now):
        message = "the person is first asked for what would tell them apart, and has time to answer"
        raise Conflict(message, code="chance_needed")
