"""
What a person is told, or asked, before their request is refused with some reasons.

That a request is manifestly unfounded or excessive is said beforehand, so that the person can take
it back, or make one for less; they have their time from when the letter went out. That nobody can
be told apart is a reason once they were asked for what would tell them apart.

Source: GDPR 11(2), 12(2), 12(5); EDPB Guidelines 01/2022, 192.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from rights import yaml_file
from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.lifecycle import Event, next_state
from rights.domain.plain_text import plain
from rights.services import audit, deadlines, messages, notices, points, reasons
from rights.services.context import Context
from rights.services.writings import Written
from rights.store.models import Notice, Request, Staff

EVENT: Final = "refusal_indicated"
REASON: Final = "manifestly_unfounded_or_excessive"
UNKNOWN: Final = "not_identifiable"
FAIR: Final = timedelta(days=7)
"""How long the person has to take their request back or to change it. An own rule."""

_LONGEST: Final = 5_000
_FILE: Final = Path(__file__).parents[1] / "catalogue" / "beforehand.yaml"


@dataclass(frozen=True, slots=True)
class Indicated:
    """
    That a refusal was indicated, and what came of the letter.

    Args:
        at: When it was written.
        told_at: From when on the person has their time; None while no letter went out.
        failed: It was given up, so that they were not told and have to be told again.
    """

    at: datetime
    told_at: datetime | None
    failed: bool

    @property
    def over_at(self) -> datetime | None:
        """When their time is over; None where it has not begun."""
        return self.told_at and self.told_at + FAIR


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml_file.read(_FILE)
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
        IllegalTransition: it is closed.
        Conflict: the person was told already, or a letter that says so is on its way.
        Invalid: no law of the request knows the reason, or there are no words.
    """
    duties.check(staff.roles, duties.Act.DENY, narrower=reasons.catalogue()[REASON].by)
    next_state(request.state, Event.DENIED)
    if REASON not in reasons.for_denying(request.kind, request.regimes):
        message = f"under {', '.join(request.regimes)} {request.kind} is not refused for that"
        raise Invalid(message, [FieldError("because", message, rule="law_knows_no_such")])
    if (before := indicated(session, request)) is not None and not before.failed:
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


def indicated(session: Session, request: Request) -> Indicated | None:
    """
    Return what was said beforehand of a refusal, the last time; None where nothing was.

    Who has no address reads it where they read every answer, so it is told when it lies there.
    """
    written = [e.at for e in audit.entries(session, request.id) if e.event == EVENT]
    if not written:
        return None
    letters = session.exec(
        select(Notice).where(
            Notice.request_id == request.id,
            Notice.event == messages.EVENT,
            col(Notice.created_at) >= written[0],
        )
    ).all()
    told = [one.sent_at for one in letters if one.sent_at is not None]
    told += [one.created_at for one in letters if one.state == notices.NO_CONTACT]
    waits = any(one.state in notices.UNSENT and one.next_at is not None for one in letters)
    return Indicated(written[-1], min(told, default=None), not told and not waits)


def check(
    session: Session, context: Context, request: Request, reason: str, *, now: datetime
) -> None:
    """
    Make sure that what has to come before a refusal with *reason* has come.

    Raises:
        Conflict: the person was not told, or not asked, or still has time.
    """
    clocks = deadlines.counted(context, request).clocks
    if any(c.fee.prior_indication and c.fee.only_if == reason for c in clocks):
        _told(session, request, now)
    asked = reason == UNKNOWN and any(c.denial.chance_to_add for c in clocks)
    if asked and not points.had_a_chance(session, request, now=now):
        message = "the person is first asked for what would tell them apart, and has time to answer"
        raise Conflict(message, code="chance_needed")


def _told(session: Session, request: Request, now: datetime) -> None:
    """Raise Conflict where the person was not told, or still has time."""
    said = indicated(session, request)
    if said is not None and said.failed:
        message = "the letter that told the person was given up: tell them again"
        raise Conflict(message, code="indication_failed")
    if said is not None and said.over_at is None:
        message = "the letter that tells the person has not gone out yet: see to the mail first"
        raise Conflict(message, code="indication_unsent")
    if said is None or said.over_at is None or now < said.over_at:
        message = f"the person is told first, and has {FAIR.days} days to take it back or change it"
        raise Conflict(message, code="indication_needed")
