"""One claimed step, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.sdk import KeySet, Overloaded
from rights.store.models import HeldRows, Request, StepRow
from workflows.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class PackageKey:
    """The package that a request's steps write into, and its wrapped data key."""

    id: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """
    The right to run one step, until the lease lapses.

    Args:
        fence: Higher than that of any worker before; goes with every effect.
        step: From the plan; None for the step that makes the plan.
        keys: The frozen keys, when this process still has them; else None.
        results: Results of the request's finished steps, by step id.
        places: Stores in which this step counts, until it is settled or handed back.
        marked: It is about the rows alone that an erasure of a part took, by their own keys.
    """

    request: Request = field(repr=False)
    step_id: str
    fence: int
    step: Step | None
    plan: Plan | None = field(repr=False)
    keys: KeySet | None = field(default=None, repr=False)
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    rows: tuple[StepRow, ...] = field(default=(), repr=False)
    package: PackageKey | None = None
    places: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """
    The step did what it is for.

    Args:
        result: JSON-native, no personal data.
        plan: What PREPARE made.
        keys: What PREPARE froze.
        made: The package that PREPARE opened; its key seals every spool.
        package: What PACKAGE made of it: column values of the package row.
        told: What the person is told beside the outcome; sealed, since it is about them.
        held: Notes of the rows that something holds.
        contacts: On file, for who is told before anything is given away or destroyed.
        sample: A few masked rows of what the plan is about; sealed, for whoever approves it.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    keys: KeySet | None = field(default=None, repr=False)
    made: PackageKey | None = None
    package: Mapping[str, Any] | None = field(default=None, repr=False)
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    held: tuple[HeldRows, ...] = field(default=(), repr=False)
    sample: Mapping[str, Any] = field(default_factory=dict, repr=False)
    contacts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Later:
    """
    A store could not be reached; the step starts again by itself.

    Args:
        busy: What the store said or showed, where it is there and has enough.
    """

    code: str
    note: str
    after: timedelta | None = None
    busy: Overloaded | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not work without a person: staff look, mend, retry or leave it out."""

    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Ask:
    """
    The person has to say more; nothing was changed, so the plan is made anew afterwards.

    Args:
        needs: Name of what is missing.
        choices: What they can choose from; sealed.
    """

    needs: str
    choices: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Again:
    """A part of a large effect is done; the rest follows when the requests before it had a turn."""


@dataclass(frozen=True, slots=True)
class Anew:
    """
    What the plan was made for is not so any more: it is made anew, and approved anew where it was.

    If anything was changed already, that is too late, and staff have to look.
    """

    code: str
    note: str
    why: str = ""


Settled = Done | Later | Failed | Ask | Anew
"""What is written down about a step; the rest is handed back."""

Outcome = Settled | Again
