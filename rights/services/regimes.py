"""
The regimes of this deployment, and what they promise together.

Files are read once and every mistake in them is named at once. An override file of the
deployment may add published working-day schedules, say where it is established, and promise
less time than the law allows::

    establishment: {country: DE, zone: Europe/Berlin}
    calendars:
      cn:
        2027: {source: "https://…", off_days: [2027-01-01, …], makeup_workdays: [2027-02-14, …]}
    promises:
      cn_general:
        deletion: {count: 7, unit: working_day}

Several regimes at once: the earliest of every moment; what favours the one who answers
(extension, pause, fee) only if all of them allow it; the duties of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights.domain.calendars import year_to_load
from rights.domain.clock import Due, due, extend, local_day, strictest
from rights.domain.errors import ConfigError, Conflict, FieldError, Invalid
from rights.domain.regime import Clock, Duties, Regime, Span
from rights.services.calendar_files import read_counting, read_establishment
from rights.services.located_yaml import Section, read
from rights.services.regime_blocks import span
from rights.services.regime_checks import KNOWN_KEYS
from rights.services.regime_files import Promises, assemble, read_draft

FOLDER: Final = Path(__file__).parents[1] / "regimes"
FALLBACK: Final = "cn_general"
"""The regime of a request for which none could be settled."""


@dataclass(frozen=True, slots=True)
class Promise:
    """
    What several regimes ask for together.

    Args:
        due: The earliest of every moment.
        governing: The regime whose limit is the earliest.
        by_regime: The deadlines under each regime that offers this right.
        clocks: The rules that were counted, one of each of these regimes.
    """

    due: Due
    governing: str
    by_regime: Mapping[str, Due]
    clocks: tuple[Clock, ...]

    @property
    def due_at(self) -> datetime:
        """What we keep."""
        return self.due.due_at

    @property
    def promised_at(self) -> datetime:
        """What the person is told."""
        return self.due.promised_at

    @property
    def may_extend(self) -> bool:
        """Whether more time may be taken: only if every regime allows it."""
        return all(clock.extension.allowed for clock in self.clocks)

    @property
    def may_pause(self) -> bool:
        """Whether the clock may stand still: only if every regime allows it."""
        return all(clock.pause.allowed for clock in self.clocks)

    @property
    def may_charge(self) -> bool:
        """Whether a fee is possible: only if every regime allows it."""
        return all(clock.fee.allowed for clock in self.clocks)

    @property
    def duties(self) -> Duties:
        """What is asked for beside the deadline, by any of the regimes."""
        return reduce(Duties.and_those_of, (clock.duties for clock in self.clocks))


def load(folder: Path = FOLDER, override: Path | None = None) -> Mapping[str, Regime]:
    """
    Read every regime of *folder*, with what the deployment's *override* file adds.

    Raises:
        ConfigError: anything is wrong in any of the files; all of it is named.
    """
    problems: list[str] = []
    own = read(override, problems) if override is not None else _nothing(problems)
    counting = read_counting(
        read(folder / "counting.yaml", problems),
        read_establishment(own.section("establishment")),
        own.section("calendars"),
    )
    files = sorted(file for file in folder.glob("*.yaml") if file.name != "counting.yaml")
    drafts = {file.stem: read_draft(read(file, problems), file.stem) for file in files}
    promises = _promises(own.section("promises"), drafts)
    own.done()
    found = assemble(drafts, counting, promises)
    if problems:
        raise ConfigError(
            f"the regimes have {len(problems)} mistake(s); correct each line", problems
        )
    return MappingProxyType(found)


def _nothing(problems: list[str]) -> Section:
    return Section("(none)", "", {}, {}, problems)


def _promises(section: Section | None, regimes: Mapping[str, object]) -> Promises:
    found: dict[str, dict[str, Span]] = {}
    for name, inside in section.sections() if section is not None else ():
        if name not in regimes:
            inside.complain(f"is not a regime; known: {', '.join(sorted(regimes))}")
        for key, promise in inside.sections():
            if key not in KNOWN_KEYS:
                promise.complain("is not a kind, nor a kind/option")
            found.setdefault(name, {})[key] = span(promise)
            promise.done()
    return found


@lru_cache(maxsize=4)
def regimes(override: Path | None = None) -> Mapping[str, Regime]:
    """Return the built-in regimes, read once per override file."""
    return load(override=override)


def at_once(kind: str, option: str | None, names: Iterable[str]) -> bool:
    """Return whether one of the laws *names* wants this done at once."""
    clocks = _known_clocks(kind, option, names)
    return any(clock.response.immediate for clock in clocks)


def agreement_holds(kind: str, option: str | None, names: Iterable[str]) -> bool:
    """
    Return whether a row may be kept for what was agreed: one of the laws *names* says so.

    Source: E-Commerce Law 24(2).
    """
    clocks = _known_clocks(kind, option, names)
    return any(clock.duties.agreement_hold_allowed for clock in clocks)


def never_disclosed(kind: str, option: str | None, names: Iterable[str]) -> frozenset[str]:
    """Return the classes of secrets that one of the laws *names* never lets out in clear."""
    clocks = _known_clocks(kind, option, names)
    return frozenset(secret for clock in clocks for secret in clock.duties.never_disclose)


def _known_clocks(kind: str, option: str | None, names: Iterable[str]) -> Iterator[Clock]:
    """Yield the rules of these laws; a law that was taken away since then says nothing."""
    book = regimes()
    for name in names:
        if name in book and (clock := book[name].clock(kind, option)) is not None:
            yield clock


def promise(
    kind: str,
    option: str | None,
    names: Sequence[str],
    received_at: datetime,
    *,
    verified_at: datetime | None = None,
    paused_days: int = 0,
    book: Mapping[str, Regime] | None = None,
) -> Promise:
    """
    Return the strictest deadlines of a request under the regimes *names*.

    Args:
        names: Empty means that none could be settled: the fallback applies.
        book: The loaded regimes; the built-in ones without it.

    Raises:
        Invalid: a regime is unknown, or none of them offers this right.
    """
    clocks = _clocks(kind, option, names, received_at, regimes() if book is None else book)
    dues = {
        regime.name: due(
            clock,
            received_at,
            regime.counting,
            verified_at=verified_at,
            paused_days=paused_days,
        )
        for regime, clock in clocks
    }
    return _together(clocks, dues)


def extended(
    kind: str,
    option: str | None,
    names: Sequence[str],
    received_at: datetime,
    *,
    reason: str,
    notified_at: datetime,
    times_used: int = 0,
    paused_days: int = 0,
    taken: bool = False,
    book: Mapping[str, Regime] | None = None,
) -> Promise:
    """
    Return the deadlines after an extension, which every one of the regimes must allow.

    Args:
        taken: It counts already. A regime that does not allow it was added since, and is counted
            without: one that does is enough.

    Raises:
        Conflict: one of them knows no extension here, it was used, or it comes too late.
        Invalid: a regime is unknown, or the reason is not one that the law names.
    """
    clocks = _clocks(kind, option, names, received_at, regimes() if book is None else book)
    more: dict[str, Any] = {"reason": reason, "notified_at": notified_at, "times_used": times_used}
    dues, refused = dict[str, Due](), list[Conflict | Invalid]()
    for regime, clock in clocks:
        about = (clock, received_at, regime.counting)
        try:
            dues[regime.name] = extend(*about, **more, paused_days=paused_days)
        except (Conflict, Invalid) as error:
            refused.append(error)
            dues[regime.name] = due(*about, paused_days=paused_days)
    if refused and (not taken or len(refused) == len(clocks)):
        raise refused[0]
    return _together(clocks, dues)


def _clocks(
    kind: str,
    option: str | None,
    names: Sequence[str],
    received_at: datetime,
    book: Mapping[str, Regime],
) -> list[tuple[Regime, Clock]]:
    """Return the clocks that bind on the day of receipt; if none does yet, all that are offered."""
    unknown = [name for name in names if name not in book]
    if unknown:
        message = f"unknown regime: {', '.join(unknown)}"
        raise Invalid(message, [FieldError("regimes", message, tuple(book))])
    offered = [
        (regime, clock)
        for regime in (book[name] for name in (names or (FALLBACK,)))
        if (clock := regime.clock(kind, option)) is not None
    ]
    if not offered:
        message = f"'{kind}' is not offered under {', '.join(names)}"
        raise Invalid(message, [FieldError("kind", message)])
    binding = [
        (regime, clock)
        for regime, clock in offered
        if clock.binds(local_day(regime.counting, received_at))
    ]
    return binding or offered


def _together(clocks: Sequence[tuple[Regime, Clock]], dues: Mapping[str, Due]) -> Promise:
    governing, earliest = strictest(dues)
    return Promise(earliest, governing, dues, tuple(clock for _, clock in clocks))


def option_in_force(
    kind: str,
    option: str,
    names: Sequence[str],
    received_at: datetime,
    *,
    book: Mapping[str, Regime] | None = None,
) -> str:
    """
    Return the option under which a request is handled: its own, once a law of it binds.

    Before that it is what each of the laws has for the kind as a whole, if they agree; a right
    that is asked for too early is not refused.

    Raises:
        Invalid: as :func:`promise`.
    """
    clocks = _clocks(kind, option, names, received_at, regimes() if book is None else book)
    if any(clock.binds(local_day(regime.counting, received_at)) for regime, clock in clocks):
        return option
    instead = {_of_kind(regime, kind) for regime, _ in clocks}
    return (instead.pop() or option) if len(instead) == 1 else option


def _of_kind(regime: Regime, kind: str) -> str:
    """Return the option that a law has for a kind as a whole: ``rules`` for ``explanation``."""
    whole = regime.clocks.get(kind)
    return (whole.maps_to or "").partition("/")[2] if whole else ""


def schedules_to_load(today: date, book: Mapping[str, Regime] | None = None) -> Mapping[str, int]:
    """
    Return the years whose working-day schedule is missing, by the counting that needs it.

    Staff and operators are told from 60 days before a year begins; until the year is loaded
    every deadline that reaches into it is provisional.
    """
    places = {regime.counting for regime in (regimes() if book is None else book).values()}
    found = {}
    for place in sorted(places, key=lambda each: each.name):
        year = year_to_load(place.calendar, today) if place.calendar is not None else None
        if year is not None:
            found[place.name] = year
    return found
