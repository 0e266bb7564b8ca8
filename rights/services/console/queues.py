"""The queues of the console: what waits for staff, and whose each is. One table for every page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rights.domain.duties import Act

QUEUES: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "approvals": Act.APPROVE,
        "tasks": Act.COMPLETE,
        "denials": Act.CONFIRM_DENIAL,
        "asking": Act.ASK_AGAIN,
        "parts": Act.CONFIRM_DENIAL,
        "untold": Act.CORRESPOND,
        "messages": Act.CORRESPOND,
        "appeals": Act.DECIDE_APPEAL,
        "complaints": Act.ANSWER_COMPLAINT,
        "minors": Act.APPROVE_MINOR,
        "documents": Act.VERIFY,
        "holds": Act.DECIDE_HOLD,
        "passages": Act.REVIEW,
        "not_me": Act.IDENTIFY,
    }
)
"""Each queue in the order of the pages, and what somebody must be allowed to do for it."""
