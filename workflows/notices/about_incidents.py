"""
What people are told whom a security incident hit: every element that the law names, by staff.

Source: PIPL 57; NDSR 11(2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from rights.services.security_incidents import facts as catalogue
from rights.services.security_incidents import telling
from workflows.notices.facts import Facts
from workflows.notices.letter import Block, heading, paragraph, table
from workflows.notices.parts import label


def _incident(facts: Facts) -> Iterator[Block]:
    say = facts.words
    yield paragraph(say.say(telling.EVENT, facts.incident_role))
    for name, title in catalogue.titles("elements").items():
        yield heading(say.either(title))
        text = facts.incident[name][say.language]
        yield from (paragraph(part) for part in text.splitlines() if part.strip())
    yield table([label(facts, "reference", facts.reference)])


BODIES: Final[Mapping[str, Callable[[Facts], Iterator[Block]]]] = MappingProxyType(
    {telling.EVENT: _incident}
)
"""Beside what is said about requests: not their state decides whether it is sent."""
