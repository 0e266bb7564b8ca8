"""
The life of a request: one table, one function.

What each *store* is doing is not here: that is a step's state. Why a request waits is a
field of its own (``Wait``). Terminal is terminal: later work is aftercare, and a new
decision is a new request.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.errors import IllegalTransition


class State(StrEnum):
    """Where a request is."""

    OPEN = "open"
    VERIFYING = "verifying"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    FULFILLED = "fulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Wait(StrEnum):
    """Why a request waits; beside the state, never instead of it."""

    NONE = ""
    NEEDS_INFO = "needs_info"
    APPROVAL = "approval"
    TASK = "task"
    STORE = "store"
    COOLING_OFF = "cooling_off"
    GUARDIAN = "guardian"
    DECISION = "decision"


class Event(StrEnum):
    """A fact, in the past tense. Events are what the audit trail stores."""

    CHALLENGED = "challenged"
    VERIFIED = "verified"
    LAPSED = "lapsed"
    HELD = "held"
    RESUMED = "resumed"
    COMPLETED = "completed"
    PARTLY_COMPLETED = "partly_completed"
    DENIED = "denied"
    REVOKED = "revoked"


_OPEN_STATES: Final = (State.OPEN, State.VERIFYING, State.IN_PROGRESS, State.ON_HOLD)

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = MappingProxyType(
    {
        (State.OPEN, Event.CHALLENGED): State.VERIFYING,
        (State.OPEN, Event.VERIFIED): State.IN_PROGRESS,
        (State.VERIFYING, Event.VERIFIED): State.IN_PROGRESS,
        (State.VERIFYING, Event.LAPSED): State.EXPIRED,
        (State.IN_PROGRESS, Event.HELD): State.ON_HOLD,
        (State.IN_PROGRESS, Event.COMPLETED): State.FULFILLED,
        (State.IN_PROGRESS, Event.PARTLY_COMPLETED): State.PARTIALLY_FULFILLED,
        (State.ON_HOLD, Event.RESUMED): State.IN_PROGRESS,
        **{(state, Event.DENIED): State.DENIED for state in _OPEN_STATES},
        **{(state, Event.REVOKED): State.REVOKED for state in _OPEN_STATES},
    }
)
"""Every move there is. ``REVOKED`` is refused elsewhere once an irreversible step began."""

TERMINAL: Final = frozenset(State) - {state for state, _ in TRANSITIONS}

CALLED_OFF: Final = frozenset({State.DENIED, State.REVOKED})
"""Ends that do not wait for the work: workers may still be at it, and write nothing more."""


def next_state(state: State, event: Event) -> State:
    """
    Return the state that *event* leads to from *state*.

    Raises:
        IllegalTransition: the table has no such row. Callers never guess.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"{event} cannot happen to a request that is {state}") from None
