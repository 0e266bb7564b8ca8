"""
How a restriction ends: by the person at any time, on the day they named, or by a decision that
they are told of before.

Each end is a request of its own, linked ``follows``. One that is announced waits, cooling off,
until its day has come; the person may take it back, and then the restriction stays.

Source: PIPL 44; GDPR 18(3); NDSR 23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import CALLED_OFF, Event, State, Wait
from rights.domain.parameters import NAMED_BY, UNTIL
from rights.services import intake, notes, requests, subjects
from rights.services.contacts import best
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.notices import ask_for
from rights.services.regimes import promise
from rights.store.models import IdentifierRow, Notice, Request, Staff

NOTICE: Final = timedelta(days=7)
"""How long before its day the person is told, at least: our own figure, the law names none."""

FURTHEST: Final = timedelta(days=3653)
"""How far away a day may be: what is further is a mistake, and no clock can count to it."""

ANNOUNCED: Final = "lift_announced"
_AGAIN: Final = timedelta(hours=1)
_TELLING: Final = ("waiting", "sent")
_DONE: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What was decided about a restriction.

    Args:
        actor: ``staff:<id>`` or ``backend:<id>``.
        because: Why, in words for the person.
        on: The day from which the data is used again, UTC.
    """

    actor: str
    because: str
    on: date


def announce(
    session: Session, context: Context, restriction: Request, made: Decision, *, now: datetime
) -> Request:
    """
    Tell the person that a restriction will be lifted, and why; return the request that does it.

    Args:
        restriction: The request that restricted; its row is locked by the caller.

    Raises:
        Conflict: it restricts nothing, its end is announced already, the day is too soon for the
            person to be told before, or nobody can be told.
        Invalid: no reason was given.
    """
    _stands(restriction)
    if scheduled(session, restriction):
        raise Conflict("that this restriction ends is announced already", code="announced_already")
    if not made.because.strip():
        message = "say why, in words for the person"
        raise Invalid(message, [FieldError("because", message, rule="missing")])
    if _moment(made.on) > now + FURTHEST:
        raise Invalid(
            "the day is too far away", [FieldError("on", "is within ten years", rule="ten_years")]
        )
    if _moment(made.on) < now + NOTICE:
        raise Conflict(
            f"a restriction is lifted only after the person was told: name a day at least"
            f" {NOTICE.days} days from now",
            code="no_prior_notice",
        )
    if best(context, _proved(session, restriction)) is None:
        raise _untold()
    lift = _open(session, context, restriction, made.on, made.actor, now)
    notes.keep(session, context.vault, lift.id, notes.ANSWER, made.because.strip(), now=now)
    ask_for(session, lift, ANNOUNCED, now=now)
    return lift


def announce_as(
    session: Session,
    context: Context,
    restriction_id: str,
    staff: Staff,
    *,
    because: str,
    on: date,
    now: datetime,
) -> Request:
    """
    Announce the end of a restriction as a member of staff; their roles are checked first.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: there is no such request.
        Conflict, Invalid: as :func:`announce`.
    """
    duties.check(staff.roles, duties.Act.LIFT)
    restriction = requests.locked(session, restriction_id)
    made = Decision(f"staff:{staff.id}", because, on)
    return announce(session, context, restriction, made, now=now)


def _stands(restriction: Request) -> None:
    restricts = (restriction.kind, restriction.option) == (Kind.RESTRICTION, Option.RESTRICT)
    if not restricts or restriction.state not in _DONE:
        raise Conflict(f"request {restriction.id} restricts nothing", code="nothing_restricted")


def scheduled(session: Session, restriction: Request) -> bool:
    """Tell whether a request that lifts a restriction waits for its day, or did it."""
    query = select(Request.id).where(
        Request.follows == restriction.id,
        Request.option == Option.LIFT,
        col(Request.state).not_in(CALLED_OFF),
    )
    return session.exec(query.limit(1)).first() is not None


def can_announce(session: Session, context: Context, restriction: Request) -> bool:
    """Return whether the end of a restriction is open still, and the person can be told of it."""
    restricts = (restriction.kind, restriction.option) == (Kind.RESTRICTION, Option.RESTRICT)
    stands = restricts and restriction.state in _DONE
    if not stands or scheduled(session, restriction):
        return False
    return best(context, _proved(session, restriction)) is not None


def check_until(parameters: Mapping[str, Any], now: datetime) -> None:
    """
    Make sure that a restriction does not end before it begins.

    Raises:
        Invalid: its last day is over, or too far away.
    """
    until = parameters.get(UNTIL)
    if until and not now < _moment(date.fromisoformat(until)) <= now + FURTHEST:
        wrong = FieldError(
            f"parameters.{UNTIL}", "is not a day of the next ten years", rule="ten_years"
        )
        raise Invalid("the restriction would end before it begins, or never", [wrong])


def end_as_asked(
    session: Session, context: Context, restriction: Request, *, now: datetime
) -> Request | None:
    """Let a restriction that was just made end on the day that the person named, if any."""
    until = restriction.parameters.get(UNTIL)
    if restriction.option is not Option.RESTRICT or not until:
        return None
    return _open(session, context, restriction, date.fromisoformat(until), "subject", now)


def at_once(session: Session, context: Context, restriction: Request, *, now: datetime) -> Request:
    """
    Lift a restriction without a day: what it stood for was called off by the person.

    Raises:
        Conflict: nobody is known any more whom it is about.
    """
    said = {NAMED_BY: "subject"}
    return _submitted(session, context, restriction, said, now, restriction.channel)


def _open(
    session: Session,
    context: Context,
    restriction: Request,
    on: date,
    actor: str,
    now: datetime,
) -> Request:
    """
    Open the request that lifts, and let it wait for its day.

    Raises:
        Conflict: nobody is known any more whom it is about.
    """
    said = {UNTIL: on.isoformat(), NAMED_BY: actor.partition(":")[0]}
    lift = _submitted(session, context, restriction, said, now)
    _wait(session, context, lift, on, actor, now)
    return lift


def _submitted(
    session: Session,
    context: Context,
    restriction: Request,
    said: Mapping[str, str],
    now: datetime,
    channel: str = "internal",
) -> Request:
    """Register the request that lifts. Raises Conflict where nobody is known any more."""
    known = _proved(session, restriction)
    if not known:
        raise _untold()
    who = subjects.opened(context.vault, known)
    submission = Submission(
        kind=Kind.RESTRICTION,
        option=Option.LIFT,
        identifiers=who,
        backend_id=restriction.backend_id,
        parameters=said,
        regimes=tuple(restriction.regimes),
        regimes_because=restriction.regimes_because,
        locale=restriction.locale,
        channel=channel,
        attested=frozenset(who),
        follows=restriction.id,
        apart=restriction.id,
        notify=False,
        operator=True,
    )
    return intake.submit(session, context, submission, now=now)[0]


def _proved(session: Session, restriction: Request) -> list[IdentifierRow]:
    return [r for r in subjects.identifier_rows(session, restriction.id) if r.proof]


def _untold() -> Conflict:
    message = "no address of the person is known any more, so they cannot be told"
    return Conflict(message, code="cannot_be_told")


def _wait(
    session: Session, context: Context, lift: Request, on: date, actor: str, now: datetime
) -> None:
    """Let it cool off; its clock counts from its day."""
    day = _moment(on)
    promised = promise(lift.kind, lift.option, lift.regimes, day, book=context.regimes)
    lift.due_at, lift.promised_at = promised.due_at, promised.promised_at
    lift.due_provisional = False  # what is counted again is counted from receipt; this is not
    lift.wait = Wait.COOLING_OFF
    data = {"wait": str(Wait.COOLING_OFF), "on": on.isoformat(), "follows": lift.follows}
    requests.record(session, lift, Event.HELD, actor=actor, now=now, data=data)
    lift.next_at = max(now, day - NOTICE)


def look(session: Session, lift: Request, now: datetime, settled: datetime) -> bool:
    """
    Go on with an announced end whose day has come, by settled time; before that, see that the
    person is told.

    What the company decided waits until the person was told long enough ago. A day that the
    person named needs no leave of anybody.

    Returns:
        Whether the person could be told, or is yet to be: if not, the end was called off.
    """
    day = _moment(date.fromisoformat(lift.parameters[UNTIL]))
    told = session.exec(
        select(Notice).where(Notice.request_id == lift.id, Notice.event == ANNOUNCED)
    ).first()
    own = lift.parameters.get(NAMED_BY) == "subject"
    if told is None:
        ask_for(session, lift, ANNOUNCED, now=now)
    elif not own and told.state not in _TELLING:
        data = {"because": "cannot_be_told"}
        requests.record(session, lift, Event.REVOKED, actor="system", now=now, data=data)
        return False
    elif not own:
        day = max(day, told.sent_at + NOTICE) if told.sent_at else settled + _AGAIN
    if day > settled:
        lift.next_at = day
    else:
        requests.record(session, lift, Event.RESUMED, actor="system", now=now)
    return True


def overtaken(session: Session, lift: Request, who: Iterable[str], *, now: datetime) -> None:
    """
    Call off the announced ends of what a person has just lifted altogether.

    Args:
        who: "The same person", by every name.
    """
    if not lift.follows and not lift.parameters.get("purposes"):
        call_off(session, lift, who, now=now)


def call_off(session: Session, by: Request, who: Iterable[str], *, now: datetime) -> None:
    """Call off every announced end of a person's restrictions: *by* leaves nothing to lift."""
    waiting = select(Request).where(
        col(Request.subject).in_(list(who)),
        Request.option == Option.LIFT,
        Request.wait == Wait.COOLING_OFF,
        Request.id != by.id,
    )
    for other in session.exec(waiting).all():
        data = {"because_of": by.id}
        requests.record(session, other, Event.REVOKED, actor="system", now=now, data=data)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
