"""Words of plans and steps: what can be done for a request, one step at a time."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """One kind of work."""

    PREPARE = "prepare"
    COUNT = "count"
    COLLECT = "collect"
    CORRECT = "correct"
    ERASE = "erase"
    RESTRICT = "restrict"
    SUPPRESS = "suppress"
    CLOSE = "close"
    LIFT = "lift"
    RESUME = "resume"
    VERIFY = "verify"
    REVIEW = "review"
    PACKAGE = "package"
    RECOMPUTE = "recompute"
    CHOOSE = "choose"


IRREVERSIBLE: Final = frozenset({Action.ERASE, Action.CLOSE})
"""Once one of these has begun, the person can no longer take the request back."""

FINAL: Final = IRREVERSIBLE | {Action.PACKAGE}
"""What cannot be taken back: neither what is gone, nor what was given out."""

BY_HAND: Final = frozenset({Action.REVIEW, Action.RECOMPUTE})
"""Actions that no connector does: a member of staff does, and says so."""

IN_A_STORE: Final = (
    Action.COUNT,
    Action.COLLECT,
    Action.CORRECT,
    Action.RECOMPUTE,
    Action.CHOOSE,
    Action.ERASE,
    Action.RESTRICT,
    Action.LIFT,
    Action.SUPPRESS,
    Action.RESUME,
    Action.CLOSE,
    Action.VERIFY,
)
"""Actions on one store: what no connector can do of them, staff do by hand."""

EFFECTS: Final = frozenset(
    {
        Action.CORRECT,
        Action.CHOOSE,
        Action.ERASE,
        Action.RESTRICT,
        Action.SUPPRESS,
        Action.CLOSE,
        Action.LIFT,
        Action.RESUME,
    }
)
"""Actions that change a store: journalled, and read back afterwards."""


def step_name(phase: int, action: str, store: str, part: str) -> str:
    """Return the name of a step: unique in its plan, and stable across runs."""
    return "-".join(p for p in (f"{phase:02d}", action, store, part) if p)
