"""
What the page of a request offers about steps that wait: with what each can be left out.

Source: PIPL 50; NDSR 23, 24.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.actions import Action
from rights.domain.duties import Act
from rights.domain.lifecycle import TERMINAL
from rights.services import exceptions, infeasible, leaving_out, reasons, search_scope
from rights.services.console.dossier import Dossier, Progress
from rights.services.packages import REVIEW
from rights.store.models import StepState
from rights.web.console import door, pages

Choices = list[tuple[str, str]]


def offered(session: Session, found: Dossier, now: datetime) -> dict[str, Any]:
    """Return what can be done about steps that wait; nothing once the request is closed."""
    if found.request.state in TERMINAL:
        return {"leave_out": {}, "complete": False, "review": False, "retry": False}
    return {
        "leave_out": _left_out(session, found, now) if door.may(Act.LEAVE_OUT) else {},
        "complete": door.may(Act.COMPLETE),
        "review": door.may(Act.REVIEW),
        "retry": door.may(Act.RETRY),
    }


def _left_out(session: Session, found: Dossier, now: datetime) -> Mapping[str, Choices]:
    """Return the reasons with which each step that waits can be left out, by its id."""
    steps = [one for one in found.steps if one.waits and not _needed(one)]
    erases = any(one.action == Action.ERASE and one.by_hand for one in steps)
    excepted = exceptions.in_force(session, now) if erases else {}
    codes = reasons.for_a_step(found.request.kind, found.request.regimes)
    return {
        one.id: _named(
            code
            for code in codes
            if _fits(one, code, _paths(found, one), excepted) and not _denies(found, one, code)
        )
        for one in steps
    }


def _denies(found: Dossier, step: Progress, code: str) -> bool:
    """Return whether nothing would be done for the person without a step."""
    others = [(one.action, StepState(one.state)) for one in found.steps if one.id != step.id]
    denies = leaving_out.is_denial(found.request.kind, step.action, code, others)
    done_by = (one.done_by for one in found.steps if one.id != step.id)
    return denies and not leaving_out.is_second(door.staff(), done_by)


def _needed(step: Progress) -> bool:
    """Return whether a step is never left out: it makes the plan, or is the look at a package."""
    return step.action == Action.PREPARE or step.code == REVIEW


def _paths(found: Dossier, step: Progress) -> Collection[str]:
    """Return the collections that a step is about, as the plan says."""
    steps = found.plan["steps"] if found.plan else ()
    return next((one["collections"] for one in steps if one["step"] == step.name), ())


def _fits(step: Progress, code: str, paths: Iterable[str], excepted: Collection[str]) -> bool:
    if reasons.catalogue()[code].limits_search:
        return step.action in search_scope.SEARCHES
    if code == infeasible.REASON and step.action == Action.ERASE:
        return step.by_hand and all(path in excepted for path in paths)
    return True


def _named(codes: Iterable[str]) -> Choices:
    w, known = pages.said(), reasons.catalogue()
    return [(code, w.either(known[code].texts, code)) for code in codes]
