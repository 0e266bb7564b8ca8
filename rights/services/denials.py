"""
Denying a request: by people, with a reason the law knows, before anything was changed.

It takes two: :mod:`rights.services.denial_proposals`. One is enough only where a denial is what
comes of a decision about documents, see :func:`deny_alone`.

What was begun in a store can no longer be denied as a whole; single steps can be left out with a
reason, and the answer names them. The reason, its law and the ways out are told with the denial.

Source: PIPL 50; NDSR 23-25; GB/T 35273-2020 8.7(f); GDPR 12(4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, select

from rights.domain import duties, ground_table
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.ground_table import Objection
from rights.domain.holds import BY_ITSELF
from rights.domain.kinds import Option
from rights.domain.lifecycle import Event, State, next_state
from rights.domain.regime import Form
from rights.domain.representation import MINORS, REPRESENTATIVE, Role
from rights.services import (
    arrangements,
    beforehand,
    by_category,
    conflicts,
    contacts,
    deadlines,
    denial_offers,
    not_me,
    notes,
    notices,
    outbox,
    points,
    reaching,
    reasons,
    remedies,
    requests,
    subjects,
    written_answers,
)
from rights.services.context import Context
from rights.store.models import PlanRow, Request, Staff, StepRow, StepState

READING: Final = frozenset({"prepare", "count", "collect", "verify", "review", "package"})
"""Actions that change no store; after any other one, "denied" would not be the truth."""

NO_GROUND: Final = "no_ground"
_OVERRIDING: Final = "overriding_grounds"

NOTICE: Final = "notice"
CHANNELS: Final = (NOTICE, "post", "phone")
"""By which ways a denial is told; the last one is not in writing."""

_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Said:
    """
    What is said with a denial.

    Args:
        reason: A code of the catalogue.
        facts: What is the case here, in words for the person; sealed.
        channel: By which way staff tell it beside the document that goes out anyway, one of
            :data:`CHANNELS`.
        law: The provision that forbids an answer, where the reason asks for one; never told.
        rank: Of that provision.
    """

    reason: str
    facts: str = field(default="", repr=False)
    channel: str = NOTICE
    law: str = field(default="", repr=False)
    rank: str = ""


def deny_alone(
    session: Session, context: Context, request: Request, staff: Staff, said: Said, *, now: datetime
) -> None:
    """
    Deny *request*, whose row the caller has locked, as what comes of a decision about documents.

    Nobody else can look at what it rests on: the documents are destroyed with it.

    Raises:
        RightsError: as :func:`check`.
    """
    check(session, context, request, said, roles=staff.roles, now=now)
    carry_out(session, context, request, said, actor=f"staff:{staff.id}", now=now)


def check(
    session: Session,
    context: Context,
    request: Request,
    said: Said,
    *,
    roles: Iterable[str] | None = None,
    now: datetime,
) -> None:
    """
    Make sure that *request* can be denied like that, as it stands now.

    Args:
        roles: Of whoever says so; None where that was checked before.

    Raises:
        IllegalTransition: it is closed.
        Conflict: a store was changed for it, who asks was proved meanwhile, only a part of it may
            not be done, a law wants it answered in writing or the person told or asked before, a
            question to the person has not gone out yet, or no law of it names a way out.
        Invalid: the reason is none for this kind under these laws (the ones that are, are
            named), or the facts or the provision it asks for are missing.
        Forbidden: *roles* may not deny with this reason.
    """
    next_state(request.state, Event.DENIED)
    _in_writing(context, request, said.channel)
    written_answers.check(context, request, said.facts, aloud=said.channel == CHANNELS[-1])
    stands(session, context, request)
    known = _known(request, said.reason)
    if roles is not None:
        duties.check(roles, duties.Act.DENY, narrower=known.by)
    _said_whole(known, said)
    fits(session, context, request, said.reason, now=now)


def stands(session: Session, context: Context, request: Request) -> None:
    """
    Make sure that *request* can be denied at all, with whatever reason.

    Raises:
        IllegalTransition, Conflict: as :func:`check`.
    """
    next_state(request.state, Event.DENIED)
    _unchanged(session, request)
    points.gone_out(session, request)
    if not ways_out(context, request):
        message = "no law of this request names where the person could turn: mend the regime"
        raise Conflict(message, code="no_way_out")


def fits(
    session: Session, context: Context, request: Request, reason: str, *, now: datetime
) -> None:
    """
    Make sure that *reason*, which is one for this kind under these laws, is the case here by now.

    Raises:
        Conflict, Invalid: as :func:`check`.
    """
    beforehand.check(session, context, request, reason, now=now)
    _unproved(request, reason)
    _not_weighed(context, request, reason)
    _no_ground(session, request, reason)
    _of_a_relative(request, reason)


def channels(context: Context, request: Request) -> tuple[str, ...]:
    """Return the ways of :data:`CHANNELS` by which a denial of *request* may be told."""
    written = deadlines.counted(context, request).duties.written_answer
    return CHANNELS[:-1] if written else _durable(context, request)


def _not_weighed(context: Context, request: Request, reason: str) -> None:
    """
    Make sure that nothing is weighed against an objection that is absolute.

    Raises:
        Conflict: a law of the request lets nobody refuse it on its merits. Source: GDPR 21(2), (3).
    """
    absolute = ground_table.absolute(request.regimes, context.regimes, Objection.DIRECT_MARKETING)
    merits = reason in (NO_GROUND, _OVERRIDING)
    if request.option is Option.OBJECT_MARKETING and absolute and merits:
        message = "an objection to direct marketing is followed, whatever speaks against it"
        raise Conflict(message, code="objection_absolute")


def _of_a_relative(request: Request, reason: str) -> None:
    if reason == arrangements.REASON and request.requester_role is not Role.CLOSE_RELATIVE:
        message = f"{reason} is for what close relatives of a deceased person ask for"
        raise Invalid(message, [FieldError("reason", message, rule="of_a_relative")])


def _said_whole(known: reasons.Reason, said: Said) -> None:
    """Make sure that the facts and the provision are there that a reason asks for."""
    if known.facts and not said.facts.strip():
        message = f"{said.reason} needs the facts of this case, in words for the person"
        raise Invalid(message, [FieldError("facts", message, rule="missing")])
    if known.cites:
        _cited(said)


def carry_out(
    session: Session,
    context: Context,
    request: Request,
    said: Said,
    *,
    actor: str,
    now: datetime,
    data: Mapping[str, str] | None = None,
) -> None:
    """
    Deny *request*, for which :func:`check` has found nothing in the way.

    What is said goes out as a document in any case; of a minor's request to the guardian too. Where
    the reason may not be told, neither it nor its facts are: another one stands in its place, and
    why it was stays with the proposal.

    Args:
        data: Ids for the entry.
    """
    request.reason = reasons.told(said.reason)
    if said.facts.strip() and request.reason == said.reason:
        notes.keep(session, context.vault, request.id, notes.ANSWER, said.facts.strip(), now=now)
    _take_over(session, context, request, now)
    entry = {"reason": request.reason, "channel": said.channel, **(data or {})}
    if now > (limit := deadlines.denial_told_by(context, request)):
        entry["was_to_be_told"] = limit.isoformat()
    requests.record(session, request, Event.DENIED, actor=actor, now=now, data=entry)
    if said.reason == by_category.UNVERIFIED:
        by_category.begin(session, context, request, now=now)
    _tell_both(session, context, request, now)


def _durable(context: Context, request: Request) -> tuple[str, ...]:
    """
    Return the ways in which a denial is told: none by telephone where a law wants it in writing.

    A minor is told in writing under every law of a deployment: Minors Regulation 34(1)(3).
    """
    rules = (clock.denial for clock in deadlines.counted(context, request).clocks)
    written = request.age_band in MINORS or any(rule.form is Form.WRITTEN for rule in rules)
    return CHANNELS[:-1] if written else CHANNELS


def _in_writing(context: Context, request: Request, channel: str) -> None:
    """Make sure that nobody is told "no" by telephone whom a law wants told in writing."""
    if channel not in (allowed := _durable(context, request)):
        message = "this request is denied in writing, with the reasons"
        told = message if channel in CHANNELS else "is no way of telling a denial"
        raise Invalid(told, [FieldError("channel", told, allowed)])


def _cited(said: Said) -> None:
    """
    Raise Invalid unless a law or an administrative regulation is named.

    Source: PIPL 18(1), 45(1): nothing below that rank takes a person's right away.
    """
    wrong = []
    if not said.law.strip():
        message = f"{said.reason} needs the provision that it rests on"
        wrong.append(FieldError("law", message, rule="missing"))
    if said.rank not in BY_ITSELF:
        message = "only a law or an administrative regulation forbids an answer"
        wrong.append(
            FieldError("rank", message, tuple(sorted(BY_ITSELF)), rule="law_or_regulation")
        )
    if wrong:
        raise Invalid(wrong[0].message, wrong)


def _tell_both(session: Session, context: Context, request: Request, now: datetime) -> None:
    """Send the written answer about a minor to the other of the two people as well."""
    if request.age_band not in MINORS:
        return
    other: Sequence[contacts.Contact] = reaching.representatives(session, request.id)
    if request.delivers_to == REPRESENTATIVE:
        other = subjects.identifier_rows(session, request.id)
    if contact := contacts.best(context, other):
        notices.ask_for(session, request, "outcome", now=now, identifier_id=contact.id)


def _unproved(request: Request, reason: str) -> None:
    proved = 0 < request.level_needed <= request.level and not not_me.stopped(request)
    if reason == by_category.UNVERIFIED and proved:
        message = "who asks has proved enough meanwhile: this reason is not the case"
        raise Conflict(message, code="proved_meanwhile")


def _unchanged(session: Session, request: Request) -> None:
    steps = session.exec(select(StepRow).where(StepRow.request_id == request.id)).all()
    if request.irreversible_at is not None or any(_changed(step) for step in steps):
        raise Conflict(
            "a store was changed for this request already: leave the rest out with a reason,"
            " and the answer names it",
            code="too_late_to_deny",
        )
    if _partly(steps):
        raise Conflict(
            "a part was left out with a reason of its own, and the rest has none: it is owed, and"
            " is given; leave out what may not be, each part with its reason",
            code="rest_is_owed",
        )


def _partly(steps: Sequence[StepRow]) -> bool:
    """Return whether some stores were left out and others not. Source: PIPL 45, 50."""
    left = [step.state is StepState.LEFT_OUT for step in steps if step.store]
    return any(left) and not all(left)


def _known(request: Request, reason: str) -> reasons.Reason:
    """Return what the catalogue says of *reason*. Raises Invalid: it is none here."""
    allowed = reasons.for_denying(request.kind, request.regimes)
    if reason not in allowed:
        told = f"one of {', '.join(allowed)}" if allowed else "nothing: it cannot be denied"
        message = f"under {', '.join(request.regimes)} {request.kind} can be denied for {told}"
        raise Invalid(message, [FieldError("reason", message, allowed)])
    return reasons.catalogue()[reason]


def _no_ground(session: Session, request: Request, reason: str) -> None:
    """
    Make sure that every ground was looked at for every item, and none applied, where that is said.

    Raises:
        Conflict: nobody looked, or one does.
    """
    if reason != NO_GROUND or request.kind not in conflicts.ERASING:
        return
    plan = session.get(PlanRow, request.id)
    evaluated = plan.body.get("grounds") if plan else None
    if not evaluated:
        raise Conflict(
            "the grounds were not evaluated for this request yet: that is part of its plan",
            code="grounds_not_evaluated",
        )
    if found := sorted(path for path, by in evaluated.items() if any(by.values())):
        raise Conflict(
            f"there is a ground to delete what is in {', '.join(found[:_NAMED])}: leave single"
            " steps out with a reason instead",
            code="ground_applies",
        )


def _changed(step: StepRow) -> bool:
    """A step that was claimed once may have changed something, whatever it answered."""
    return step.action not in READING and (step.fence > 0 or step.state is StepState.DONE)


def _take_over(session: Session, context: Context, request: Request, now: datetime) -> None:
    """
    Fence off workers that are reading for it; what they wrote meanwhile is tidied up later.

    Their next heartbeat finds the step taken over, and whatever they report is refused.
    """
    running = select(StepRow).where(
        StepRow.request_id == request.id, StepRow.state == StepState.RUNNING
    )
    for step in session.exec(running).all():
        step.state, step.lease_owner, step.next_at = StepState.TODO, "", None
        later = now + timedelta(seconds=2 * context.settings.lease_s)
        outbox.emit(session, "close_out", now=now, not_before=later, request_id=request.id)


def ways_out(context: Context, request: Request) -> list[dict[str, Any]]:
    """Return where the person can turn, under every law the request is handled under."""
    laws = (context.regimes[name] for name in request.regimes if name in context.regimes)
    contact = str(context.datamap.controller.get("dpo_contact", ""))
    return remedies.ways(request, laws, contact)


def shown(context: Context, request: Request) -> dict[str, Any] | None:
    """Return why a request was denied, its law, the ways out and what is offered; JSON-native."""
    known = reasons.catalogue().get(reasons.told(request.reason))
    if request.state is not State.DENIED or known is None:
        return None
    return {
        "reason": known.code,
        "text": _both(known.texts),
        "basis": [_both(texts) for texts in known.bases(request.regimes)],
        "remedies": ways_out(context, request),
        "offers": denial_offers.of(context, request),
    }


def _both(texts: reasons.Texts) -> dict[str, str]:
    return {"zh-CN": texts["zh"], "en": texts["en"]}
