"""
What members of staff do to one request from its page: one function an act, and a table of them.

The rules are the services'; a form is offered to whom its act is allowed, and refused by the
service all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.lifecycle import State
from rights.services import (
    appeals,
    asking,
    asking_again,
    beforehand,
    content_approvals,
    denial_proposals,
    extending,
    letters_again,
    lifting,
    messages,
    not_me,
    plans,
    points,
    recipients_told,
    redaction_views,
    reviewing,
    standing_still,
    tasks,
    untold,
    verification_plan,
)
from rights.services.askable import Point
from rights.services.console import assigning, held
from rights.services.context import Context
from rights.services.denials import Said
from rights.services.staff_access import accounts
from rights.store.models import Request, Staff
from rights.web.console import given_later, letting_go, parting
from rights.web.console.holding import until

_DIGITS: Final = 8

Made = TypeVar("Made")

POINTS: Final = 3
"""Things that one form asks the person for."""


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One act on its way.

    Args:
        request: Its row is locked.
        form: As it was sent.
    """

    session: Session
    context: Context
    request: Request
    staff: Staff
    form: MultiDict[str, str]
    now: datetime

    def text(self, name: str) -> str:
        """Return what a field holds."""
        return self.form.get(name, "").strip()

    def of_this(self, found: tuple[Request, Made]) -> Made:
        """Return what a form names, if it is this request's. Raises NotFound."""
        return of_request(self.request, found)


def of_request(request: Request, found: tuple[Request, Made]) -> Made:
    """
    Return what was found beside its request, if that is *request*.

    Roles, second persons and approvals are asked of the request in the address: what belongs to
    another one must not be reached through it.

    Raises:
        NotFound: it is another request's.
    """
    own, made = found
    if own.id != request.id:
        raise NotFound("there is no such thing of this request")
    return made


def _assign(turn: Turn) -> None:
    to = turn.text("to") if turn.text("to") != "me" else turn.staff.id
    assigning.assign(turn.session, [turn.request.id], to, turn.staff, most=1, now=turn.now)


def _approve(turn: Turn) -> None:
    plans.approve(turn.session, turn.request, turn.text("plan"), turn.staff, turn.now)


def _complete(turn: Turn) -> None:
    proof = turn.text("proof")
    tasks.complete(turn.session, _step(turn), turn.staff, now=turn.now, proof=proof)


def _retry(turn: Turn) -> None:
    tasks.retry(turn.session, _step(turn), turn.staff, now=turn.now)


def _leave_out(turn: Turn) -> None:
    left = tasks.Left(turn.text("reason"), turn.text("answer"))
    tasks.leave_out_telling(turn.session, turn.context, _step(turn), turn.staff, left, now=turn.now)


def _step(turn: Turn) -> str:
    return step_of(turn.request.id, turn.text("step"))


def step_of(request_id: str, step: str) -> str:
    """Return the step of a form, if it is one of this request. Raises Invalid."""
    if not step.startswith(f"{request_id}-"):
        wrong = FieldError("step", "is none of this request", rule="elsewhere")
        raise Invalid("there is no such step", [wrong])
    return step


def _deny(turn: Turn) -> None:
    told = turn.text("channel") or "notice"
    law, rank = turn.text("law"), turn.text("rank")
    said = Said(turn.text("reason"), turn.text("facts"), told, law, rank)
    denial_proposals.propose(
        turn.session, turn.context, turn.request, turn.staff, said, now=turn.now
    )


def _indicate(turn: Turn) -> None:
    because = turn.text("because")
    beforehand.indicate(turn.session, turn.context, turn.request, turn.staff, because, now=turn.now)


def _confirm(turn: Turn) -> None:
    found = turn.of_this(denial_proposals.find(turn.session, turn.text("proposal")))
    denial_proposals.confirm(
        turn.session, turn.context, turn.request, found, turn.staff, now=turn.now
    )


def _dismiss(turn: Turn) -> None:
    found = turn.of_this(denial_proposals.find(turn.session, turn.text("proposal")))
    given: dict[str, Any] = {"because": turn.text("because"), "now": turn.now}
    denial_proposals.dismiss(turn.session, turn.context, turn.request, found, turn.staff, **given)


def _withdraw(turn: Turn) -> None:
    found = turn.of_this(denial_proposals.find(turn.session, turn.text("proposal")))
    denial_proposals.withdraw(turn.session, turn.request, found, turn.staff, now=turn.now)


def _ask(turn: Turn) -> None:
    asking.ask(turn.session, turn.context, turn.request, _given(turn), turn.staff, now=turn.now)


def _given(turn: Turn) -> list[Point]:
    given = [_point(turn, number) for number in range(1, POINTS + 1)]
    return [one for one in given if one.name or one.question or one.why]


def _point(turn: Turn, number: int) -> Point:
    name, question, why = (turn.text(f"{part}.{number}") for part in ("point", "question", "why"))
    return Point(name, question, why, bool(turn.text(f"identifies.{number}")))


def _ask_again(turn: Turn) -> None:
    asking_again.propose(
        turn.session, turn.context, turn.request, _given(turn), turn.staff, now=turn.now
    )


def _agree_asking(turn: Turn) -> None:
    found = turn.of_this(asking_again.find(turn.session, turn.text("asking")))
    asking_again.agree(turn.session, turn.context, turn.request, found, turn.staff, now=turn.now)


def _dismiss_asking(turn: Turn) -> None:
    found = turn.of_this(asking_again.find(turn.session, turn.text("asking")))
    asking_again.dismiss(turn.session, turn.request, found, turn.staff, now=turn.now)


def _go_on(turn: Turn) -> None:
    asking.go_on(turn.session, turn.request, turn.staff, now=turn.now)


def _write(turn: Turn) -> None:
    messages.from_staff(
        turn.session, turn.context, turn.request, turn.text("text"), turn.staff, now=turn.now
    )


def _write_again(turn: Turn) -> None:
    about = (turn.session, turn.context, turn.request, turn.text("letter"), turn.staff)
    letters_again.send(*about, now=turn.now)


def _release(turn: Turn) -> None:
    not_me.release(
        turn.session, turn.context, turn.request, turn.staff, reason=turn.text("why"), now=turn.now
    )


def _trust(turn: Turn) -> None:
    not_me.trust(
        turn.session, turn.context, turn.request, turn.staff, reason=turn.text("why"), now=turn.now
    )


def _ask_proof(turn: Turn) -> None:
    given: dict[str, Any] = {"reason": turn.text("why"), "now": turn.now}
    verification_plan.demand_as(
        turn.session, turn.context, turn.request.id, turn.text("way"), turn.staff, **given
    )


def _ask_minor(turn: Turn) -> None:
    content_approvals.ask(
        turn.session, turn.request, turn.staff, turn.text("purpose"), now=turn.now
    )


def _lift(turn: Turn) -> None:
    try:
        on = date.fromisoformat(turn.text("on"))
    except ValueError:
        raise Invalid("name a day", [FieldError("on", "is no day", rule="no_day")]) from None
    given: dict[str, Any] = {"because": turn.text("because"), "on": on, "now": turn.now}
    lifting.announce_as(turn.session, turn.context, turn.request.id, turn.staff, **given)


def _tell_recipient(turn: Turn) -> None:
    said = recipients_told.Said(turn.text("recipient"), turn.text("outcome"), turn.text("because"))
    recipients_told.record(turn.session, turn.context, turn.request, turn.staff, said, now=turn.now)


def _hold(turn: Turn) -> None:
    given: dict[str, Any] = {"by": turn.text("by"), "rank": turn.text("rank"), "now": turn.now}
    given |= {"basis": turn.text("basis"), "until": until(turn.text("until"))}
    held.place_on_person(turn.session, turn.context, turn.request, turn.staff, **given)


def _release_passages(turn: Turn) -> None:
    said = (one for one in turn.form.getlist("numbers") if one.isdecimal())
    # What is longer than any number is none that was shown; Python reads no more than 4300 digits.
    numbers = [int(one) if len(one) <= _DIGITS else 0 for one in said]
    given: dict[str, Any] = {"numbers": numbers, "because": turn.text("because"), "now": turn.now}
    about = (turn.request, turn.staff, turn.text("view"))
    redaction_views.release(turn.session, turn.context, *about, **given)


def _confirm_passages(turn: Turn) -> None:
    about = (turn.request, turn.staff, turn.text("view"))
    redaction_views.confirm(turn.session, turn.context, *about, now=turn.now)


def _accept_documents(turn: Turn) -> str:
    """Accept; what the person arranged for the time after their death can deny all the same."""
    given: dict[str, Any] = {"seen": turn.text("seen").split(), "now": turn.now}
    state = reviewing.accept(turn.session, turn.context, turn.request, turn.staff, **given)
    return "deny_documents" if state == State.DENIED else ""


def _return_documents(turn: Turn) -> str:
    """Ask for what is missing; the second time it is proposed, and a colleague agrees."""
    missing = turn.form.getlist("missing")
    if not missing or not set(missing) <= {*reviewing.ASKED_FOR}:
        wrong = FieldError("missing", "is none of the list", reviewing.ASKED_FOR)
        raise Invalid("say what to ask for", [wrong])
    if not points.asked_before(turn.session, turn.request.id):
        _refuse_documents(turn, missing)
        return ""
    back = asking_again.Back(tuple(missing), tuple(turn.text("seen").split()))
    about = (turn.session, turn.context, turn.request, back, turn.staff)
    asking_again.propose_documents(*about, now=turn.now)
    return "ask_again"


def _deny_documents(turn: Turn) -> None:
    reason = turn.text("reason")
    if reason not in reviewing.OF_DOCUMENTS:
        wrong = FieldError(
            "reason", "is nothing that documents show", tuple(sorted(reviewing.OF_DOCUMENTS))
        )
        raise Invalid("documents deny with what they show", [wrong])
    _refuse_documents(turn, [reason], turn.text("facts"))


def _refuse_documents(turn: Turn, reasons: list[str], facts: str = "") -> None:
    given: dict[str, Any] = {"reasons": reasons, "facts": facts, "seen": turn.text("seen").split()}
    reviewing.refuse(turn.session, turn.context, turn.request, turn.staff, **given, now=turn.now)


def _extend(turn: Turn) -> None:
    given: dict[str, Any] = {"reason": turn.text("reason"), "because": turn.text("because")}
    extending.extend(turn.session, turn.context, turn.request, turn.staff, **given, now=turn.now)


def _pause(turn: Turn) -> None:
    standing_still.pause(
        turn.session, turn.context, turn.request, turn.staff, turn.text("cause"), now=turn.now
    )


def _told(turn: Turn) -> None:
    untold.told(turn.session, turn.request, turn.staff, turn.text("how"), now=turn.now)


def _resume(turn: Turn) -> None:
    standing_still.resume(turn.session, turn.context, turn.request, turn.staff, now=turn.now)


def _decide_appeal(turn: Turn) -> None:
    found = turn.of_this(appeals.find(turn.session, turn.text("appeal")))
    given: dict[str, Any] = {"uphold": turn.text("outcome") == "uphold", "now": turn.now}
    if turn.text("outcome") not in ("uphold", "dismiss"):
        wrong = FieldError("outcome", "is not chosen", ("uphold", "dismiss"), rule="choose")
        raise Invalid("say how it is decided", [wrong])
    appeals.decide(
        turn.session,
        turn.context,
        turn.request,
        found,
        turn.staff,
        reasons=turn.text("reasons"),
        **given,
    )


def _assign_appeal(turn: Turn) -> None:
    other = accounts.find(turn.session, turn.text("to"))
    found = turn.of_this(appeals.find(turn.session, turn.text("appeal")))
    appeals.assign(turn.session, turn.request, found, other, turn.staff, now=turn.now)


ACTS: Final[Mapping[str, Callable[[Turn], str | None]]] = MappingProxyType(
    {
        "assign": _assign,
        "approve": _approve,
        "complete": _complete,
        "retry": _retry,
        "leave_out": _leave_out,
        "deny": _deny,
        "indicate": _indicate,
        "confirm": _confirm,
        "dismiss": _dismiss,
        "withdraw": _withdraw,
        "ask": _ask,
        "ask_again": _ask_again,
        "agree_asking": _agree_asking,
        "dismiss_asking": _dismiss_asking,
        "go_on": _go_on,
        "write": _write,
        "write_again": _write_again,
        "release": _release,
        "trust": _trust,
        "ask_proof": _ask_proof,
        "ask_minor": _ask_minor,
        "lift": _lift,
        "tell_recipient": _tell_recipient,
        "hold": _hold,
        "release_passages": _release_passages,
        "confirm_passages": _confirm_passages,
        "accept_documents": _accept_documents,
        "return_documents": _return_documents,
        "deny_documents": _deny_documents,
        "extend": _extend,
        "pause": _pause,
        "resume": _resume,
        "told": _told,
        "assign_appeal": _assign_appeal,
        "decide_appeal": _decide_appeal,
        **parting.ACTS,
        **given_later.ACTS,
        **letting_go.ACTS,
    }
)
"""
The last part of a form's address, and what comes of it.

What an act returns names another one whose outcome it had.
"""
