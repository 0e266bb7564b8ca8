"""
Which acts the page of a request offers: what can be done now, by whoever looks.

What is not offered is refused all the same; nobody is shown a form that cannot succeed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Forbidden
from rights.domain.holds import APPROVABLE, BY_ITSELF
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.minors import Purpose
from rights.services import (
    askable,
    asking_again,
    catalogue,
    clock_pauses,
    clock_words,
    extensions,
    points,
    reasons,
    verification_plan,
)
from rights.services.beforehand import REASON, indicated
from rights.services.console import held
from rights.services.console.dossier import Dossier
from rights.services.context import Context
from rights.services.denials import CHANNELS
from rights.services.regimes import Promise, promise
from rights.services.staff_access import accounts
from rights.store.models import Request, Staff
from rights.web.console import documents, door, holding, pages
from rights.web.console.acts import POINTS

_AT_WORK: Final = (State.IN_PROGRESS, State.ON_HOLD)
CHANGED: Final = "contact_changed"
"""Code of a first step that waits for a stronger proof, or for staff."""

_UNPROVED: Final = (State.OPEN, State.VERIFYING)

Choices = list[tuple[str, str]]


def of(session: Session, context: Context, found: Dossier, now: datetime) -> dict[str, Any]:
    """Return what is offered, by the name of the act, with what can be chosen in it."""
    request = found.request
    return {
        "assign": _colleagues(session, Act.LOOK) if door.may(Act.ASSIGN) else [],
        "approve": _approves(found),
        "leave_out": _left_out(request) if door.may(Act.LEAVE_OUT) else [],
        "complete": door.may(Act.COMPLETE),
        "review": door.may(Act.REVIEW),
        "retry": door.may(Act.RETRY),
        "deny": _denials(found),
        "ranks": _ranks(found),
        "indicate": any(code == REASON for code, _ in _denials(found)),
        "indicated": _indicated(session, found),
        "channels": [(one, pages.said().say("told_by", one)) for one in CHANNELS],
        "decides": _decides(found),
        "open_proposal": _made(found) or door.may(Act.CONFIRM_DENIAL),
        "open_appeal": door.may(Act.CORRESPOND),
        "withdraws": _made(found),
        "ask": _points(context, request),
        "points": range(1, POINTS + 1),
        "asked_before": points.asked_before(session, request.id),
        **_asking(session, found),
        "go_on": bool(request.needs) and request.wait is Wait.NEEDS_INFO and _may_ask(request),
        "write": door.may(Act.CORRESPOND),
        "identify": request.not_me_at is not None and door.may(Act.IDENTIFY),
        "trust": _doubted(found),
        "ask_proof": _ways(session, context, request, now),
        "ask_minor": _purposes(found),
        "lift": _lifts(request),
        "hold": _holds(session, request),
        "hold_ranks": holding.ranks(),
        "extend": _reasons_for_time(session, context, request, now),
        "pause": _causes(context, request),
        "resume": bool(request.pause_cause) and door.may(Act.PAUSE_CLOCK),
        "assign_appeal": _deciders(session, found),
        "decide_appeal": _decides_appeal(found),
        "plan": found.plan is not None and door.may(Act.APPROVE),
        "documents": documents.offered(found),
    }


def _colleagues(session: Session, act: Act) -> Choices:
    """Return who may do something, by name."""
    return [
        (one.id, one.name)
        for one in accounts.listed(session)
        if one.closed_at is None and _allowed(one, act)
    ]


def _allowed(staff: Staff, act: Act) -> bool:
    try:
        duties.check(staff.roles, act)
    except Forbidden:
        return False
    return True


def _approves(found: Dossier) -> bool:
    request = found.request
    waits = request.state is State.ON_HOLD and request.wait is Wait.APPROVAL
    return waits and found.plan is not None and door.may(Act.APPROVE)


def _ranks(found: Dossier) -> Choices:
    """Return of which rank a provision can be, where a reason that is offered cites one."""
    known = reasons.catalogue()
    if not any(known[code].cites for code, _ in _denials(found)):
        return []
    return [
        (one, pages.said().say("ranks", one)) for one in (*sorted(BY_ITSELF), *sorted(APPROVABLE))
    ]


def _left_out(request: Request) -> Choices:
    w, known = pages.said(), reasons.catalogue()
    codes = reasons.for_staff(request.regimes)
    return [(code, w.either(known[code].texts, code)) for code in codes]


def _denials(found: Dossier) -> Choices:
    """Return the reasons with which whoever looks may propose to deny this request."""
    request = found.request
    if request.state in TERMINAL or found.proposal is not None or not door.may(Act.DENY):
        return []
    w, known, mine = pages.said(), reasons.catalogue(), frozenset(door.staff().roles)
    codes = reasons.for_denying(request.kind, request.regimes)
    return [(c, w.either(known[c].texts, c)) for c in codes if mine & known[c].by]


def _indicated(session: Session, found: Dossier) -> dict[str, Any] | None:
    """Return what came of telling the person of a refusal beforehand; None where nobody did."""
    if all(code != REASON for code, _ in _denials(found)):
        return None
    said = indicated(session, found.request)
    if said is None:
        return None
    w = pages.said()
    if said.over_at is not None:
        told = w.say("request", "indicated", moment=pages.moment(said.over_at))
    else:
        told = w.say("request", "indicated_failed" if said.failed else "indicated_waits")
    return {"words": told, "late": said.failed}


def _decides(found: Dossier) -> bool:
    waits = found.proposal is not None and found.proposal.proposed_by != door.staff().id
    return waits and door.may(Act.CONFIRM_DENIAL)


def _asking(session: Session, found: Dossier) -> dict[str, bool]:
    """Return what is offered about a second list that waits; agreeing, once they opened it."""
    one, me = found.asking, door.staff().id
    if one is None:
        return {}
    mine = one.proposed_by == me
    agrees = not mine and door.may(Act.ASK_AGAIN)
    opened = agrees and asking_again.was_read(session, one, me)
    return {
        "agree_asking": opened,
        "unread_asking": agrees and not opened,
        "dismiss_asking": agrees or mine,
    }


def _doubted(found: Dossier) -> bool:
    """Return whether it waits because a contact was changed lately, and whoever looks may vouch."""
    request = found.request
    held = request.state is State.ON_HOLD  # else staff said so, and no worker came by yet
    waits = held and any(one.code == CHANGED and one.waits for one in found.steps)
    return waits and request.not_me_at is None and door.may(Act.IDENTIFY)


def _may_ask(request: Request) -> bool:
    return request.state in _AT_WORK and door.may(Act.ASK_POINTS)


def _points(context: Context, request: Request) -> Choices:
    if not _may_ask(request) or request.needs:
        return []
    w, titles = pages.said(), catalogue.words()["fields"]
    names = askable.nameable(context.datamap, request.kind, request.option)
    return [("", w.say("ask", "in_words"))] + [(n, w.either(titles.get(n, {}), n)) for n in names]


def _ways(session: Session, context: Context, request: Request, now: datetime) -> Choices:
    if request.state not in _UNPROVED or not door.may(Act.ASK_PROOF):
        return []
    w, plan = pages.said(), verification_plan.plan(session, context, request, now=now)
    return [
        (one.said.name, w.either(one.said.title, one.said.name))
        for one in plan.ways
        if not one.said.voluntary and not one.asked
    ]


def _purposes(found: Dossier) -> Choices:
    if not found.minors or not door.may(Act.ASK_MINOR):
        return []
    return [(one, pages.said().say("purposes", one)) for one in Purpose]


def _lifts(request: Request) -> bool:
    restricts = (request.kind, request.option) == (Kind.RESTRICTION, Option.RESTRICT)
    done = request.state in (State.FULFILLED, State.PARTIALLY_FULFILLED)
    return restricts and done and door.may(Act.LIFT)


def _holds(session: Session, request: Request) -> Choices:
    """Return by which of their identifiers, never its value, the person can be held."""
    if not door.may(Act.PLACE_HOLD):
        return []
    w = pages.said()
    names = held.names(session, request.id)
    return [(one, w.find("identifiers", one) or one) for one in names]


def _made(found: Dossier) -> bool:
    """Return whether whoever looks proposed the denial that waits."""
    return found.proposal is not None and found.proposal.proposed_by == door.staff().id


def _rules(context: Context, request: Request) -> Promise:
    about = (request.kind, request.option, request.regimes, request.received_at)
    return promise(*about, book=context.regimes)


def _reasons_for_time(
    session: Session, context: Context, request: Request, now: datetime
) -> Choices:
    """Return why more time can be taken; nothing where no law knows it, or it was taken."""
    in_time = now - extensions.stood_still(request, now) <= request.promised_at
    there = request.state in _AT_WORK and in_time and door.may(Act.EXTEND)
    if not there or not _rules(context, request).may_extend:
        return []
    if any(row.state != "void" for row in extensions.of_request(session, request.id)):
        return []
    w = pages.said()
    return [(code, w.either(said, code)) for code, said in clock_words.reasons().items()]


def _causes(context: Context, request: Request) -> Choices:
    """Return for what the clock can stand still now: only while the person is waited for."""
    if request.pause_cause or request.closed_at or not door.may(Act.PAUSE_CLOCK):
        return []
    rules, w = _rules(context, request), pages.said()
    if not rules.may_pause:
        return []
    known = set.intersection(*(set(one.pause.causes) for one in rules.clocks))
    return [
        (code, w.either(said, code))
        for code, said in clock_words.causes().items()
        if code in known and clock_pauses.waited_for(request, code)
    ]


def _deciders(session: Session, found: Dossier) -> Choices:
    one = found.appeal
    if one is None or one.decided_at is not None or not door.may(Act.ASSIGN_APPEAL):
        return []
    return _colleagues(session, Act.DECIDE_APPEAL)


def _decides_appeal(found: Dossier) -> bool:
    one = found.appeal
    mine = one is not None and one.decided_at is None and one.assigned_to == door.staff().id
    return mine and door.may(Act.DECIDE_APPEAL)
