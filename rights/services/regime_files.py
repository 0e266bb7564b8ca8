"""
Regime files to regimes: inheritance, defaults, and clocks that stand in for others.

A clock takes each block from the first of these that has it: its own file, the file that one
inherits from, the clock it maps to, the defaults of its own file, the defaults inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain.calendars import Counting
from rights.domain.ground_table import GroundTable
from rights.domain.regime import (
    Ack,
    Clock,
    Denial,
    Duties,
    Extension,
    Fee,
    Pause,
    Period,
    Regime,
    Response,
    Span,
    Unit,
    Unproved,
)
from rights.services import regime_blocks as blocks
from rights.services.ground_blocks import table
from rights.services.located_yaml import Section
from rights.services.regime_checks import KNOWN_KEYS, mistakes

LANGUAGES: Final = ("zh-CN", "en")
_REQUIRED: Final = ("response", "ack", "extension", "pause", "fee", "denial")
Promises = Mapping[str, Mapping[str, Span]]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What one place says of a clock; None is what it leaves to others."""

    response: Response | None = None
    ack: Ack | None = None
    extension: Extension | None = None
    pause: Pause | None = None
    fee: Fee | None = None
    denial: Denial | None = None
    level: int | None = None
    effective_from: date | None = None
    maps_to: str | None = None
    duties: Duties = field(default_factory=Duties)

    def over(self, below: _Blocks) -> _Blocks:
        """Return this, with every gap filled from *below* and the duties of both."""
        names = [each.name for each in fields(self) if getattr(self, each.name) is None]
        filled = {name: getattr(below, name) for name in names}
        return replace(self, **filled, duties=self.duties.and_those_of(below.duties))


@dataclass(frozen=True, slots=True)
class _Draft:
    """One file as read, before anything is inherited."""

    root: Section
    name: str
    titles: Mapping[str, str]
    law: str
    counting: str
    inherits: str
    keep_records: Period | None
    unproved: Unproved | None
    grounds: GroundTable | None
    defaults: _Blocks
    clocks: dict[str, _Blocks]
    places: dict[str, Section]


def read_draft(root: Section, name: str) -> _Draft:
    """Read one regime file; *name* is what the file is called."""
    if root.text("regime") != name:
        root.complain(f"must be the name of the file, {name}", "regime")
    places = dict(root.sections("clocks"))
    inherits = root.text("inherits", "")
    draft = _Draft(
        root,
        name,
        _titles(root),
        root.text("law"),
        root.text("counting", "" if inherits else None),
        inherits,
        _keep_records(root.section("keep_records")),
        _unproved(root.section("unproved")),
        table(root.section("grounds"), name),
        _read_blocks(root.section("defaults")),
        {key: _read_blocks(place) for key, place in places.items()},
        places,
    )
    for key in set(places) - KNOWN_KEYS:
        places[key].complain("is not a kind, nor a kind/option")
    root.done()
    return draft


def _titles(root: Section) -> Mapping[str, str]:
    section = root.section("title")
    if section is None:
        root.complain("give a title in zh-CN and en", "title")
        return {}
    titles = {language: section.text(language) for language in LANGUAGES}
    section.done()
    return MappingProxyType(titles)


def _keep_records(section: Section | None) -> Period | None:
    if section is None:
        return None
    period = blocks.period(section)
    if period.unit is Unit.WORKING_DAY:
        section.complain("records are kept for days or months", "unit")
    blocks.source(section)
    section.done()
    return period


def _unproved(section: Section | None) -> Unproved | None:
    if section is None:
        return None
    found = Unproved(section.flag("runs", default=None), blocks.source(section))
    section.done()
    return found


def _read_blocks(section: Section | None) -> _Blocks:
    if section is None:
        return _Blocks()
    readers = {name: getattr(blocks, name) for name in (*_REQUIRED, "duties")}
    found: dict[str, Any] = {}
    for name, reader in readers.items():
        inner = section.section(name)
        if inner is not None:
            found[name] = reader(inner)
            inner.done()
    found["level"] = section.count("level", least=0) if section.has("level") else None
    found["effective_from"] = section.day("effective_from")
    found["maps_to"] = section.text("maps_to", "") or None
    section.done()
    return _Blocks(**found)


def assemble(
    drafts: Mapping[str, _Draft], counting: Mapping[str, Counting], promises: Promises
) -> dict[str, Regime]:
    """
    Return the regimes that the drafts describe together.

    Mistakes are noted at their place; a draft too broken to become a regime is left out.
    """
    found = {}
    for name, draft in drafts.items():
        chain = _chain(draft, drafts)
        place = next((each.counting for each in chain if each.counting), "")
        if place not in counting:
            draft.root.complain(f"must be one of {', '.join(counting)}", "counting")
            continue
        clocks = _clocks(chain, counting[place], promises.get(name, {}))
        kept = next((each.keep_records for each in chain if each.keep_records), None)
        found[name] = Regime(
            name,
            draft.titles,
            draft.law,
            counting[place],
            MappingProxyType(clocks),
            draft.inherits or None,
            kept,
            next((each.grounds for each in chain if each.grounds), None),
            next((each.unproved for each in chain if each.unproved is not None), None),
        )
    return found


def _chain(draft: _Draft, drafts: Mapping[str, _Draft]) -> list[_Draft]:
    """Return *draft* and what it inherits from, nearest first."""
    chain = [draft]
    while chain[-1].inherits:
        above = drafts.get(chain[-1].inherits)
        if above is None or above in chain:
            draft.root.complain("must name another regime, and not itself in the end", "inherits")
            break
        chain.append(above)
    return chain


def _clocks(
    chain: list[_Draft], counting: Counting, promises: Mapping[str, Span]
) -> dict[str, Clock]:
    defaults, stated = _Blocks(), dict[str, _Blocks]()
    for draft in reversed(chain):
        defaults = draft.defaults.over(defaults)
        for key, own in draft.clocks.items():
            stated[key] = own.over(stated.get(key, _Blocks()))
    found = {}
    for key in stated:
        place = next((each.places[key] for each in chain if key in each.places), chain[0].root)
        clock = _clock(key, _resolved(key, stated, defaults, place), promises.get(key), place)
        if clock is not None:
            found[key] = clock
            for where, what in mistakes(clock, counting):
                place.complain(what, where)
    return found


def _resolved(
    key: str, stated: Mapping[str, _Blocks], defaults: _Blocks, place: Section
) -> _Blocks:
    """Follow ``maps_to`` to its end and fill what is left from the defaults."""
    result, seen = stated[key], [key]
    target = result.maps_to
    while target is not None:
        if target not in stated or target in seen:
            place.complain("must name another clock of this regime, and not itself", "maps_to")
            break
        seen.append(target)
        result = result.over(replace(stated[target], maps_to=None))
        target = stated[target].maps_to
    return result.over(defaults)


def _clock(key: str, said: _Blocks, promise: Span | None, place: Section) -> Clock | None:
    response, ack, extension = said.response, said.ack, said.extension
    pause, fee, denial = said.pause, said.fee, said.denial
    if not (response and ack and extension and pause and fee and denial):
        missing = [name for name in _REQUIRED if getattr(said, name) is None]
        place.complain(f"nothing says {', '.join(missing)}: add it here or to defaults")
        return None
    return Clock(
        key,
        response,
        ack,
        extension,
        pause,
        fee,
        denial,
        duties=said.duties,
        level=said.level,
        maps_to=said.maps_to,
        effective_from=said.effective_from,
        promise=promise,
    )
