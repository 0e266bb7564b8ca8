"""
What a summary tells beside what is held, where a law says what such an answer contains.

Each point of the law has a section, and each section is made from the data map in force and from
what was found; a template in which a point is missing answers nothing.

Source: GDPR 15(1)(a)-(h), 15(2); UK GDPR 15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import yaml

from connectors.sdk import Collection, DataMap
from rights.domain.errors import ConfigError
from rights.services import remedies
from rights.services.reasons import family
from workflows.packages import statements
from workflows.packages.statements import Statement
from workflows.packages.words import Both, both, word

_FILE: Final = "access_content.yaml"


@dataclass(frozen=True, slots=True)
class Template:
    """
    What is told under which law.

    Args:
        contents: Family of laws to its points, each with the name of its section.
        near: Family of laws to the countries that are no third ones.
    """

    contents: Mapping[str, Mapping[str, str]]
    near: Mapping[str, frozenset[str]]
    words: Mapping[str, Both]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a section is made from."""

    datamap: DataMap
    held: tuple[Collection, ...]
    template: Template
    law: str

    def say(self, name: str) -> Both:
        return self.template.words[name]


@lru_cache(maxsize=1)
def template() -> Template:
    """Return the template this product comes with. Raises ConfigError as :func:`parse`."""
    return parse(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))


def parse(text: str) -> Template:
    """
    Read a template.

    Raises:
        ConfigError: under one of its laws a point is missing, or has a section that is none.
    """
    raw: dict[str, Any] = yaml.safe_load(text)
    contents: dict[str, dict[str, str]] = raw["contents"]
    problems = [p for law, said in contents.items() for p in _wrong(law, said, raw["points"])]
    if problems:
        raise ConfigError("what a summary contains is not whole:", problems)
    near = {law: frozenset(map(str, names)) for law, names in raw["near"].items()}
    words = {name: both(said) for name, said in raw["words"].items()}
    return Template(MappingProxyType(contents), MappingProxyType(near), MappingProxyType(words))


def _wrong(law: str, said: Mapping[str, str], points: Iterable[str]) -> Iterator[str]:
    for point in points:
        if point not in said:
            yield f"{law}: nothing answers {point}: name its section"
        elif said[point] not in SECTIONS:
            known = ", ".join(sorted(SECTIONS))
            yield f"{law}: {point}: {said[point]} is no section: one of {known}"


def sections(
    datamap: DataMap, regimes: Iterable[str], found: Mapping[str, Mapping[str, int]]
) -> tuple[Statement, ...]:
    """
    Return the sections that the laws of a request ask for, none twice; none where none does.

    Args:
        found: By collection, how many records of the person there are.
    """
    made: dict[str, Statement] = {}
    held = tuple(datamap.collection(path) for path, n in found.items() if n["rows"])
    for law in dict.fromkeys(family(name) for name in regimes):
        told = _Told(datamap, held, template(), law)
        for name in template().contents.get(law, {}).values():
            made.setdefault(name, SECTIONS[name](told))
    return tuple(made.values())


def _categories(told: _Told) -> Statement:
    names = sorted({f.category for one in told.held for f in one.fields})
    lines = tuple(word("categories", name) for name in names)
    data = {"categories": names}
    return Statement("categories", told.say("categories"), lines or (told.say("nothing"),), data)


def _rights(told: _Told) -> Statement:
    return Statement("rights", told.say("rights"), (told.say("rights_text"),), {})


def _complaint(told: _Told) -> Statement:
    line = both(remedies.words()["supervisory_authority"])
    return Statement("complaint", told.say("complaint"), (line,), {})


def _sources(told: _Told) -> Statement:
    found = {one.path: sorted({str(f.source) for f in one.fields}) for one in told.held}
    lines = tuple(_source_line(one, found[one.path]) for one in told.held)
    return Statement("sources", told.say("sources"), lines or (told.say("nothing"),), found)


def _source_line(collection: Collection, names: Iterable[str]) -> Both:
    title, said = both(collection.title, collection.name), [word("sources", n) for n in names]
    zh, en = "、".join(one.zh for one in said), ", ".join(one.en for one in said)
    return Both(f"{title.zh}：{zh}", f"{title.en}: {en}")


def _decisions(told: _Told) -> Statement:
    made = [statements.logic(decision) for decision in told.datamap.decisions]
    lines = tuple(line for one in made for line in (one.title, *one.lines)) or (
        told.say("no_decisions"),
    )
    data = {"decisions": [one.name for one in made]}
    return Statement("decisions", told.say("decisions"), lines, data)


def _transfers(told: _Told) -> Statement:
    near = told.template.near[told.law]
    found = [one for one in _places(told.datamap) if one["country"] and one["country"] not in near]
    lines = tuple(_transfer_line(told, one) for one in found)
    data = {"transfers": found}
    return Statement("transfers", told.say("transfers"), lines or (told.say("no_transfers"),), data)


def _places(datamap: DataMap) -> Iterator[dict[str, str]]:
    """Yield where data is, and who gets it where, with the condition under which it went there."""
    for store in datamap:
        country = store.location.get("country", "")
        yield {"name": store.name, "country": country, "safeguard": ""}
        for to in store.recipients:
            yield {"name": to.name, "country": to.country, "safeguard": to.condition}


def _transfer_line(told: _Told, one: Mapping[str, str]) -> Both:
    text = told.datamap.text(one["safeguard"]) if one["safeguard"] else {}
    safeguard, line = both(text) if text else told.say("no_safeguard"), told.say("transfer")
    return Both(
        line.zh.format(name=one["name"], country=one["country"], safeguard=safeguard.zh),
        line.en.format(name=one["name"], country=one["country"], safeguard=safeguard.en),
    )


SECTIONS: Final[Mapping[str, Callable[[_Told], Statement]]] = MappingProxyType(
    {
        "purposes": lambda told: statements.purposes(told.datamap),
        "categories": _categories,
        "recipients": lambda told: statements.recipients(told.datamap),
        "retention": lambda told: statements.kept(told.datamap),
        "rights": _rights,
        "complaint": _complaint,
        "sources": _sources,
        "decisions": _decisions,
        "transfers": _transfers,
    }
)
"""What can answer a point."""
