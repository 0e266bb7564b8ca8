"""
What a law asks of the one who answers: values only, read from ``regimes/*.yaml``.

A *regime* is one law; a *clock* is what it says about one kind of request (or one option of a
kind). Every rule carries where it comes from and how sure we are of it. Nothing here computes;
``clock.py`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rights.domain.calendars import Counting

if TYPE_CHECKING:
    from rights.domain.ground_table import GroundTable

EXTRA_KINDS: Final = ("complaint", "appeal")
"""What has a clock and a queue of its own without being a kind of request."""


ELEMENTS: Final = ("process", "verification", "expected_time")
"""What a law may want to be in the confirmation of receipt."""


class Unit(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    WORKING_DAY = "working_day"
    MONTH = "month"


class Form(StrEnum):
    """How a denial is told."""

    ANY_DURABLE = "any_durable"
    WRITTEN = "written"


class Start(StrEnum):
    """When a clock begins to run."""

    RECEIVED = "received"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class Period:
    """So many days, working days or months."""

    count: int
    unit: Unit


Span = Period | timedelta
"""A period of days, or an exact time."""


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where a rule comes from.

    Args:
        text: Law and article, or "own rule".
        confidence: ``A`` full text read, ``B`` partial or secondary copy, ``C`` to be checked.
    """

    text: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Response:
    """
    By when the person must have an answer.

    Args:
        period: None when the law says "at once"; then *breach_after* is the limit.
        also_max: A second limit, counted from receipt whatever *start* says.
        target: What we aim at inside the limit.
        breach_after: For what must happen at once: when it counts as missed.
    """

    period: Period | None
    source: Source
    also_max: Period | None = None
    start: Start = Start.RECEIVED
    target: Span | None = None
    breach_after: timedelta | None = None

    @property
    def immediate(self) -> bool:
        """Whether the law asks for it at once."""
        return self.period is None


@dataclass(frozen=True, slots=True)
class Ack:
    """By when receipt must be confirmed, and what the confirmation must contain."""

    period: Period
    source: Source
    must_contain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """Whether more time may be taken; *reasons* empty means any stated reason."""

    allowed: bool
    source: Source
    period: Period | None = None
    times: int = 0
    max_total_days: int | None = None
    notify_before_first_due: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether the clock may stand still, and for which causes."""

    allowed: bool
    source: Source
    causes: tuple[str, ...] = ()
    conditions: str = ""


@dataclass(frozen=True, slots=True)
class Fee:
    """
    Whether a law lets anything be charged; this service asks nobody for a fee.

    Args:
        only_if: The reason for which; a refusal with the same reason is bound to what follows.
        prior_indication: The person is told before.
    """

    allowed: bool
    source: Source
    only_if: str = ""
    prior_indication: bool = False


@dataclass(frozen=True, slots=True)
class Denial:
    """
    Where the person can turn after a denial, how and by when it is told, and what goes with it.

    That it has reasons is not a rule of one law: nobody is denied without.

    Args:
        within: Longest time from receipt, whatever extension was taken.
        chance_to_add: Who cannot be told apart is asked for more before that is a reason.
    """

    remedies: tuple[str, ...]
    source: Source
    form: Form = Form.ANY_DURABLE
    within: Period | None = None
    offer_opt_out_if_delete_denied: bool = False
    downgrade_to_categories_if_unverified: bool = False
    chance_to_add: bool = False


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """The longest time a person may be given to change their mind, inside the deadline."""

    period: Period
    source: Source


@dataclass(frozen=True, slots=True)
class Duties:
    """
    What a law asks for beside the deadline. Several regimes: all of them apply.

    Args:
        never_disclose: Classes of secrets of the data map that no package shows in clear.
    """

    dispute_mark_at_once: bool = False
    written_answer: bool = False
    agreement_hold_allowed: bool = False
    honour_gpc: bool = False
    simplified_at_once: bool = False
    never_disclose: tuple[str, ...] = ()
    cooling_off: CoolingOff | None = None

    def and_those_of(self, other: Duties) -> Duties:
        """Return the duties of both; where both set a cooling-off, the shorter one stands."""
        periods = [each for each in (self.cooling_off, other.cooling_off) if each is not None]
        flags = {
            each.name: getattr(self, each.name) or getattr(other, each.name)
            for each in fields(self)
            if each.type == "bool"
        }
        return Duties(
            never_disclose=_both(self.never_disclose, other.never_disclose),
            cooling_off=min(periods, key=lambda each: each.period.count, default=None),
            **flags,
        )


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """
    What one regime says about one kind, or one option of a kind.

    Args:
        key: ``kind`` or ``kind/option``.
        maps_to: The clock this one stands in for, where the law has no right of this name.
        level: The most proof the law lets anybody ask for, if it says so; of an option only.
        effective_from: Before that day the rule is offered but binds nobody.
        promise: What this deployment promises instead of the legal limit; always shorter.
    """

    key: str
    response: Response
    ack: Ack
    extension: Extension
    pause: Pause
    fee: Fee
    denial: Denial
    duties: Duties = field(default_factory=Duties)
    level: int | None = None
    maps_to: str | None = None
    effective_from: date | None = None
    promise: Span | None = None

    def binds(self, on: date) -> bool:
        """Whether the rule is in force on that day."""
        return self.effective_from is None or on >= self.effective_from


@dataclass(frozen=True, slots=True)
class Unproved:
    """Whether the time of a law runs before it is proved who asks, and who says so."""

    runs: bool
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """
    One law.

    Args:
        titles: By language: ``zh-CN`` and ``en``.
        clocks: By ``kind`` or ``kind/option``. What is missing is not offered.
        keep_records: How long the law wants records of requests kept, where it says so.
        grounds: Why data goes, stays, is put out of use or objected to; None where its file has
            no table.
        unproved: Whether its time runs, and is over, though nobody has proved who asks; None: what
            nobody proves is late for nobody.
    """

    name: str
    titles: Mapping[str, str]
    law: str
    counting: Counting
    clocks: Mapping[str, Clock]
    inherits: str | None = None
    keep_records: Period | None = None
    grounds: GroundTable | None = None
    unproved: Unproved | None = None

    def clock(self, kind: str, option: str | None = None) -> Clock | None:
        """Return the clock of the option, else that of its kind, else None: not offered."""
        if option is not None and (own := self.clocks.get(f"{kind}/{option}")) is not None:
            return own
        return self.clocks.get(kind)
