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
from rights.domain.errors import Conflict
from rights.domain.lifecycle import State, Wait
from rights.domain.minors import Purpose
from rights.services import (
    appeals,
    askable,
    asking,
    asking_again,
    catalogue,
    clock_pauses,
    clock_words,
    content_approvals,
    extensions,
    letters_again,
    letters_read,
    lifting,
    not_me,
    own_requests,
    points,
    untold,
    verification_plan,
)
from rights.services.console import held
from rights.services.console.dossier import Dossier
from rights.services.context import Context
from rights.services.regimes import Promise, promise
from rights.services.staff_access import accounts
from rights.store.models import Request
from rights.web.console import (
    denying,
    documents,
    door,
    given_later,
    holding,
    letting_go,
    pages,
    parting,
    stepping,
)
from rights.web.console.acts import POINTS

_AT_WORK: Final = (State.IN_PROGRESS, State.ON_HOLD)
CHANGED: Final = "contact_changed"
"""Code of a first step that waits for a stronger proof, or for staff."""

_UNPROVED: Final = (State.OPEN, State.VERIFYING)

Choices = list[tuple[str, str]]


def of(session: Session, context: Context, found: Dossier, now: datetime) -> dict[str, Any]:
    """Return what is offered, by the name of the act, with what can be chosen in it."""
    request = found.request
    denials = denying.chosen(session, context, found, now)
    return {
        "assign": _colleagues(session, Act.LOOK) if door.may(Act.ASSIGN) else [],
        **_approving(session, found),
        **parting.offered(session, found),
        **stepping.offered(session, found, now),
        **letting_go.offered(session, context, found, now),
        **denying.offered(session, context, found, denials),
        "open_appeal": door.may(Act.CORRESPOND),
        "ask": _points(context, request),
        "points": range(1, POINTS + 1),
        "asked_before": points.asked_before(session, request.id),
        **_asking(session, context, found),
        **_going_on(session, request, now),
        "write": door.may(Act.CORRESPOND),
        "identify": request.not_me_at is not None and door.may(Act.IDENTIFY),
        "trust": _doubted(session, found),
        **_minors(session, found, now),
        "ask_proof": _ways(session, context, request, now),
        "lift": door.may(Act.LIFT) and lifting.can_announce(session, context, request),
        "hold": _holds(session, request),
        "hold_ranks": holding.ranks(),
        **_of_time(session, context, request, now),
        **_deciders(session, found),
        **_decides_appeal(session, found),
        "plan": _samples(found),
        "documents": documents.offered(session, context, found, denials, now),
        **given_later.offered(session, context, request),
        "letters": _letters(session, context, found, now),
        "letter_texts": _texts(session, request),
    }


def _colleagues(session: Session, act: Act) -> Choices:
    """Return who may do something, by name."""
    return [
        (one.id, one.name)
        for one in accounts.listed(session)
        if one.closed_at is None and duties.may(one.roles, act)
    ]


def _approving(session: Session, found: Dossier) -> dict[str, bool]:
    """Return whether the plan can be approved by whoever looks, or why another has to."""
    request = found.request
    waits = request.state is State.ON_HOLD and request.wait is Wait.APPROVAL
    mine = waits and found.plan is not None and door.may(Act.APPROVE)
    barred = mine and own_requests.brought_in(session, request.id, door.staff())
    undecided = mine and found.parts is not None
    return {
        "approve": mine and not barred and not undecided,
        "approve_own": barred,
        "approve_undecided": undecided and not barred,
    }


def _samples(found: Dossier) -> bool:
    """Return whether a sample can be looked at: it goes once the plan is approved."""
    return found.plan is not None and not found.plan["approved_by"] and door.may(Act.APPROVE)


def _of_time(session: Session, context: Context, request: Request, now: datetime) -> dict[str, Any]:
    return {
        "extend": _reasons_for_time(session, context, request, now),
        "pause": _causes(context, request),
        "resume": bool(request.pause_cause) and door.may(Act.PAUSE_CLOCK),
        **_untold(session, request, now),
    }


def _untold(session: Session, request: Request, now: datetime) -> dict[str, Any]:
    """Return how somebody can be told whom no letter reached, and why; nothing where letters do."""
    why = untold.why(session, request, now) if door.may(Act.CORRESPOND) else ""
    if not why:
        return {}
    ways = [(one, pages.said().say("told_how", one)) for one in untold.WAYS]
    return {"told": ways, "told_why": why}


def _letters(session: Session, context: Context, found: Dossier, now: datetime) -> frozenset[str]:
    """Return the ids of letters that reached nobody and can be sent again."""
    if not door.may(Act.CORRESPOND):
        return frozenset()
    letters = letters_again.of_failed_sorts(session, found.request.id)
    if not letters:
        return frozenset()
    about = (session, context, found.request, letters)
    known = letters_again.about(*about, now=now)
    return frozenset(one.id for one in letters_again.unsent(known))


def _texts(session: Session, request: Request) -> frozenset[str]:
    """Return the ids of letters whose text can be read."""
    return letters_read.kept(session, request.id) if door.may(Act.CORRESPOND) else frozenset()


def _asking(session: Session, context: Context, found: Dossier) -> dict[str, bool]:
    """Return what is offered about a second list that waits; agreeing, once they opened it."""
    one, me = found.asking, door.staff().id
    if one is None:
        return {}
    mine = one.proposed_by == me
    agrees = not mine and door.may(Act.ASK_AGAIN)
    opened = agrees and asking_again.was_read(session, one, me)
    stands = asking_again.stands(session, context, found.request, one)
    return {
        "agree_asking": opened and stands,
        "unread_asking": agrees and stands and not opened,
        "stale_asking": not stands,
        "dismiss_asking": agrees or mine,
    }


def _going_on(session: Session, request: Request, now: datetime) -> dict[str, Any]:
    """Return whether work can go on without the answer, or why not yet."""
    waits = bool(request.needs) and request.wait is Wait.NEEDS_INFO and _may_ask(request)
    if not waits:
        return {"go_on": False}
    try:
        points.droppable(session, request, now=now)
    except Conflict as error:
        return {"go_on": False, "not_on": pages.refusal(error)}
    return {"go_on": True}


def _doubted(session: Session, found: Dossier) -> bool:
    """Return whether it waits because a contact was changed lately, and whoever looks may vouch."""
    request = found.request
    held = request.state is State.ON_HOLD  # else staff said so, and no worker came by yet
    waits = held and any(one.code == CHANGED and one.waits for one in found.steps)
    if not waits or request.not_me_at is not None or not door.may(Act.IDENTIFY):
        return False
    return not_me.may_vouch(session, request.id, door.staff().id)


def _may_ask(request: Request) -> bool:
    return asking.at_work(request) and door.may(Act.ASK_POINTS)


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


def _minors(session: Session, found: Dossier, now: datetime) -> dict[str, Any]:
    """Return whether a minor's content is open to whoever looks, or how they come to it."""
    if not found.minors:
        return {}
    asked = content_approvals.asked_by(session, found.request, door.staff(), now=now)
    may = asked.until is None and not asked.purposes and door.may(Act.ASK_MINOR)
    w = pages.said()
    return {
        "shut": asked.until is None,
        "open_until": pages.moment(asked.until) if asked.until else "",
        "asked_minor": w.listed([w.say("purposes", one) for one in sorted(asked.purposes)]),
        "ask_minor": [(one, w.say("purposes", one)) for one in Purpose] if may else [],
    }


def _holds(session: Session, request: Request) -> Choices:
    """Return by which of their identifiers, never its value, the person can be held."""
    if not door.may(Act.PLACE_HOLD):
        return []
    w = pages.said()
    names = held.names(session, request.id)
    return [(one, w.find("identifiers", one) or one) for one in names]


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


def _deciders(session: Session, found: Dossier) -> dict[str, Any]:
    """Return who can decide an appeal: whoever may, and had no part in the request."""
    one = found.appeal
    if one is None or one.decided_at is not None or not door.may(Act.ASSIGN_APPEAL):
        return {}
    had_part = appeals.deciders(session, found.request)
    able = _colleagues(session, Act.DECIDE_APPEAL)
    free = [(who, name) for who, name in able if who not in had_part]
    return {"assign_appeal": free, "no_deciders": not free}


def _decides_appeal(session: Session, found: Dossier) -> dict[str, bool]:
    """Return whether whoever looks decides the appeal, and whether it can be upheld."""
    one, me = found.appeal, door.staff().id
    mine = one is not None and one.decided_at is None and one.assigned_to == me
    if not mine or not door.may(Act.DECIDE_APPEAL):
        return {}
    had_part = me in appeals.deciders(session, found.request)
    return {
        "decide_appeal": not had_part,
        "had_part": had_part,
        "uphold": appeals.can_uphold(found.request),
    }
