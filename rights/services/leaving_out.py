"""
With which reasons a step that waits can be left out, and when that would be a denial.

One member of staff leaves a step out, since the rest is done all the same. Where nothing else is
done for the person, it is a denial: that takes two, and a reason with which the law lets it be
denied. What two have decided already, and a correction, whose value is marked as disputed, are
none.

Source: PIPL 46, 47, 50; NDSR 23, 24; GDPR 12(4). Decided in ADR 0104.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.actions import EFFECTS, Action
from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.kinds import Kind
from rights.services import infeasible, reasons
from rights.store.models import Request, Staff, StepRow, StepState

DOING: Final = EFFECTS | {Action.COLLECT, Action.COUNT}
"""What is done for the person; the other steps prepare that, read it back or hand it over."""


def check(session: Session, request: Request, row: StepRow, reason: str, staff: Staff) -> None:
    """
    Make sure that a step can be left out with a reason; the caller has locked the request.

    Raises:
        Invalid: it is none for this kind, or none under the laws of the request.
        Conflict: without the plan nothing can be done; or nothing would be.
    """
    allowed = reasons.for_a_step(request.kind, request.regimes)
    if reason not in allowed:
        message = f"is no reason for a step of this kind under {', '.join(request.regimes)}"
        raise Invalid(message, [FieldError("reason", message, allowed)])
    if row.action == Action.PREPARE:
        raise Conflict(
            "without a plan nothing can be done: mend the cause and retry it, or deny the request",
            code="plan_needed",
        )
    query = select(StepRow).where(StepRow.request_id == request.id, col(StepRow.id) != row.id)
    others = session.exec(query).all()
    known = [(one.action, one.state) for one in others]
    denies = is_denial(request.kind, row.action, reason, known)
    if denies and not is_second(staff, (one.done_by for one in others)):
        raise Conflict(
            "nothing would be done for the person without this step: it is a denial, which takes"
            " two: mend the cause and retry it, propose to deny the request, or let somebody who"
            " may confirm denials and did none of its other steps leave it out",
            code="all_left_out",
        )


def is_second(staff: Staff, done_by: Iterable[str]) -> bool:
    """
    Return whether somebody may leave out the last of what is done: once a store was asked to do
    it, a request cannot be denied any more, and would never end.

    Args:
        done_by: Who finished each of its other steps, or left it out.
    """
    return duties.may(staff.roles, Act.CONFIRM_DENIAL) and f"staff:{staff.id}" not in set(done_by)


def is_denial(
    kind: Kind, action: str, reason: str, others: Iterable[tuple[str, StepState]]
) -> bool:
    """
    Return whether nothing is done for the person once a step is left out.

    Args:
        others: Action and state of every other step of the request.
    """
    if action not in DOING or kind is Kind.CORRECTION:
        return False
    if reason == infeasible.REASON and action == Action.ERASE:
        return False  # two have made an exception for it, and what is left in use is nothing
    return not any(one in DOING and state != StepState.LEFT_OUT for one, state in others)
