"""
When staff may open what a minor's request says.

Metadata (reference, kind, state, dates, counts) stay open to whoever has the role; content is
opened by one member of staff, for one request, for a stated purpose and a short time, once
somebody else said yes.

Source: Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from rights.domain.errors import FieldError, Forbidden, Invalid
from rights.domain.representation import MINORS, AgeBand, Role

REGIME: Final = "cn_minor"

LONGEST: Final = timedelta(hours=24)
"""How long an approval lasts at most."""

WAITS: Final = timedelta(days=7)
"""How long a question for an approval waits; after that it is asked anew."""


class Purpose(StrEnum):
    """What content is opened for: a closed list, so that nobody's data stands in a purpose."""

    ANSWER = "answer"
    VERIFY = "verify"
    REVIEW_COPY = "review_copy"
    REVIEW_PLAN = "review_plan"
    DECIDE_APPEAL = "decide_appeal"
    ANSWER_COMPLAINT = "answer_complaint"
    LEGAL_ORDER = "legal_order"
    INCIDENT = "incident"


class ContentClosed(Forbidden):
    """No approval lets this member of staff open the content of this minor's request now."""

    code = "minor_content"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"request {request_id} is a minor's: its content is opened with a colleague's approval;"
            f" ask for one with `rights minors ask {request_id}`"
        )
        self.request_id = request_id


def is_minors(band: AgeBand, role: Role, regimes: Collection[str]) -> bool:
    """
    Return whether a request counts as a minor's.

    Whoever asks as the guardian of a child asks for a minor, also where nobody said how old.
    """
    return band in MINORS or role is Role.GUARDIAN or REGIME in regimes


def check_second(asked_by: str, approved_by: str) -> None:
    """Make sure that two people agree. Raises Forbidden."""
    if asked_by == approved_by:
        raise Forbidden("who asks does not approve: a colleague has to", code="own_approval")


def ends(approved_at: datetime, hours: int) -> datetime:
    """Return when an approval of so many hours is over. Raises Invalid: it is none, or too long."""
    most = LONGEST // timedelta(hours=1)
    if not 1 <= hours <= most:
        wrong = FieldError("hours", f"must be from 1 to {most}", rule="between", bound=f"1–{most}")
        raise Invalid(f"an approval lasts from 1 to {most} hours", [wrong])
    return approved_at + timedelta(hours=hours)


def waits(asked_at: datetime, approved_at: datetime | None, now: datetime) -> bool:
    """Return whether a question can still be answered."""
    return approved_at is None and now < asked_at + WAITS


def lives(approved_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """Return whether an approval lets content be opened now."""
    if approved_at is None or expires_at is None:
        return False
    return approved_at <= now < min(expires_at, approved_at + LONGEST)
