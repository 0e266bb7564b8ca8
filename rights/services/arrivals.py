"""
Requests that came by letter, by phone, at a counter or to a wrong address: logged by staff.

The clock runs from the day they arrived, not from the day somebody logged them. What staff typed
proves nothing: whoever asks is asked for the same proof as everybody, at a contact that was given.

Source: NDSR 23 (convenient ways); 11 CCR 7020(e).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from sqlmodel import Session

from rights.domain import duties, minors
from rights.domain.calendars import DAY
from rights.domain.clock import local_day
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.regime import Unit
from rights.domain.representation import AgeBand, Role
from rights.services import (
    acknowledgement,
    backends,
    forms,
    regime_choice,
    subjects,
    submission,
    verification,
)
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.regimes import promise
from rights.services.representatives import Second
from rights.store.models import Backend, Request, Staff

CHANNELS: Final = ("letter", "phone", "counter", "email")
"""By which ways a request may have come that is logged by staff."""

LATE_DAYS: Final = 60
"""What arrived earlier is logged by those who may approve."""

OLDEST_YEARS: Final = 10
"""What is said to have arrived earlier is a slip of the pen."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    What a letter, a call or a visitor asked for, as staff typed it.

    Args:
        received: When it arrived, on the clocks of the place whose law applies; a day without a
            time is its beginning.
        channel: One of :data:`CHANNELS`.
        backend: Name of the product it is about; empty where there is only one.
        regimes: The laws; empty for those of the product.
        age_band: Of the subject, as far as it is known: a child's waits for the guardian.
        writer: Who wrote for the subject (``services.writers``); None where it was they.
    """

    kind: Kind
    subject: Mapping[str, str] = field(repr=False)
    received: datetime
    channel: str
    option: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    backend: str = ""
    regimes: tuple[str, ...] = ()
    locale: str = "zh-CN"
    age_band: AgeBand = AgeBand.UNKNOWN
    writer: Second | None = field(default=None, repr=False)


def log(
    session: Session, context: Context, arrival: Arrival, staff: Staff, *, now: datetime
) -> Request:
    """
    Register a request as of the moment it arrived; always a fresh one, as for any stranger.

    Where somebody else wrote it, they are asked for the same proof as over the API.

    Raises:
        Forbidden: *staff* may not, or it arrived too long ago for them.
        Invalid: it arrived in the future, or something in it is wrong: each is named.
    """
    duties.check(staff.roles, duties.Act.LOG_REQUEST)
    new = _submission(session, context, arrival, staff, now)
    request, _ = submission.take(session, context, new, now=now)
    return request


def _submission(
    session: Session, context: Context, arrival: Arrival, staff: Staff, now: datetime
) -> Submission:
    """Return what is asked for, checked. Raises Invalid, Forbidden."""
    backend = _backend(session, arrival.backend)
    _known(context, arrival.regimes)
    product = backend.regimes if backend else ()
    regimes, because = regime_choice.choose(
        arrival.regimes, product, context.settings.default_regimes, context.regimes
    )
    _of_age(regimes, arrival.age_band)
    option = forms.option_for(arrival.kind, arrival.option, context.policy)
    given, asked = arrival.parameters, (arrival.kind, option)
    forms.check(context.datamap, *asked, parameters=given, values={})
    return Submission(
        kind=arrival.kind,
        option=option,
        identifiers=subjects.cleaned(context.datamap, arrival.subject),
        backend_id=backend.id if backend else "",
        parameters=given,
        regimes=regimes,
        regimes_because=because,
        locale=arrival.locale,
        channel=_channel(arrival.channel),
        received_at=_arrived(context, arrival.received, regimes[0], staff, now),
        logged_by=f"staff:{staff.id}",
        stranger=True,
        age_band=arrival.age_band,
        role=arrival.writer.role if arrival.writer else Role.SELF,
        second=arrival.writer,
    )


def _backend(session: Session, name: str) -> Backend | None:
    """Return the product a request is about. Raises Invalid: it is not clear which."""
    known = {one.name: one for one in backends.listed(session) if one.closed_at is None}
    if name in known:
        return known[name]
    if name or len(known) > 1:
        message = "is no product here" if name else "has to say which product it is about"
        raise Invalid(f"backend {message}", [FieldError("backend", message, tuple(known))])
    return next(iter(known.values()), None)


def _known(context: Context, asked: Sequence[str]) -> None:
    """Staff choose from the laws that there are. Raises Invalid: one is none."""
    for place, name in enumerate(asked):
        if name not in context.regimes:
            known = tuple(sorted(context.regimes))
            wrong = FieldError(f"regimes.{place}", "is not a known regime", known)
            raise Invalid(f"unknown regime: {name}", [wrong])


def _of_age(regimes: Sequence[str], band: AgeBand) -> None:
    """Raise Invalid where a law for minors counts and nobody says how old the person is."""
    if minors.REGIME in regimes and band is AgeBand.UNKNOWN:
        message = f"has to be said where {minors.REGIME} counts: a child's guardian is asked"
        raise Invalid(
            f"age_band {message}",
            [FieldError("age_band", message, tuple(AgeBand), rule="minors_age")],
        )


def _channel(name: str) -> str:
    if name not in CHANNELS:
        raise Invalid("channel is none", [FieldError("channel", "is no such way", CHANNELS)])
    return name


def _arrived(
    context: Context, said: datetime, regime: str, staff: Staff, now: datetime
) -> datetime:
    counting = context.regimes[regime].counting
    if said.year < now.year - OLDEST_YEARS:
        raise _wrong(f"lies more than {OLDEST_YEARS} years back", "years_back", str(OLDEST_YEARS))
    moment = said.replace(tzinfo=counting.zone)
    if moment > now:
        raise _wrong("lies in the future", "future")
    if (local_day(counting, now) - local_day(counting, moment)).days > LATE_DAYS:
        duties.check(staff.roles, duties.Act.LOG_LATE)
    return moment


def _wrong(message: str, rule: str, bound: str = "") -> Invalid:
    wrong = FieldError("received_at", message, rule=rule, bound=bound)
    return Invalid(f"received_at {message}", [wrong])


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of its time a request has used up: so many of all of them, in this unit."""

    used: int
    whole: int
    unit: str

    @property
    def share(self) -> Fraction:
        """Which part of the time that is; more than 1 where it is over."""
        return Fraction(self.used, self.whole)


def spent(context: Context, request: Request, now: datetime) -> Spent:
    """Return how much of the time is used up that the strictest of its laws gives it."""
    received, book = request.received_at, context.regimes
    together = promise(request.kind, request.option, request.regimes, received, book=book)
    regime = book[together.governing]
    clock, counting = regime.clock(request.kind, request.option), regime.counting
    period = clock.response.period if clock else None
    if period is None:
        whole = max(1, -((received - request.promised_at) // _HOUR))
        return Spent((now - received) // _HOUR, whole, "hour")
    calendar = counting.calendar if period.unit is Unit.WORKING_DAY else None
    first, today, last = (local_day(counting, at) for at in (received, now, request.promised_at))

    def counted(until: date) -> int:
        days = ((first + n * DAY) for n in range(1, (until - first).days + 1))
        return sum(calendar is None or calendar.works(day) for day in days)

    return Spent(counted(today), max(1, counted(last)), "working_day" if calendar else "day")


def told(session: Session, context: Context, request: Request, now: datetime) -> dict[str, Any]:
    """
    Return what staff are told of a request that they logged; no personal data.

    Returns:
        ``reference``, ``received_at`` and ``logged_at``, the day it is ``due`` where its law
        applies, how much of its time is ``used`` ``of`` all in which ``unit`` and ``share``, and
        the code of what comes ``next``.
    """
    time = spent(context, request, now)
    reachable = verification.reachable(session, context, request) is not None
    shown = acknowledgement.of(context, request, reachable=reachable)
    zone = context.regimes[request.regimes[0]].counting.zone
    return {
        "reference": request.id,
        "received_at": request.received_at.isoformat(),
        "logged_at": now.isoformat(),
        "due": request.promised_at.astimezone(zone).date().isoformat(),
        "used": time.used,
        "of": time.whole,
        "unit": time.unit,
        "share": str(time.share),
        "next": shown["next_step"]["code"],
    }
