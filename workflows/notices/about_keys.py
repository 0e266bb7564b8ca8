"""What a person is told about their keys: a code to open them, and what happened to one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from workflows.notices.facts import Facts
from workflows.notices.letter import Block, big, paragraph


def _code(facts: Facts) -> Iterator[Block]:
    say = facts.words
    assert facts.code_until is not None, "a code has an end"
    left = (facts.code_until - facts.now).total_seconds()
    yield paragraph(say.say("key_code", "opening"))
    yield big(facts.code)
    until = facts.moment(facts.code_until)
    yield paragraph(say.say("code", "validity", minutes=max(1, math.floor(left / 60)), until=until))
    yield paragraph(say.say("key_code", "not_you"))


def _added(facts: Facts) -> Iterator[Block]:
    say, days = facts.words, facts.context.settings.key_trust_days
    yield paragraph(say.say("key_added", "opening", way=_way(facts)))
    yield paragraph(say.say("key_added", "trust", days=days))
    yield paragraph(say.say("key_added", "not_you"))


def _removed(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("key_removed", "opening", way=_way(facts)))
    yield paragraph(facts.words.say("key_removed", "not_you"))


def _suspected(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("key_suspected", facts.key_way))
    yield paragraph(facts.words.say("key_suspected", "not_you"))


def _way(facts: Facts) -> str:
    return facts.words.say("key_ways", facts.key_way)


BODIES: Final[Mapping[str, Callable[[Facts], Iterator[Block]]]] = MappingProxyType(
    {
        "key_code": _code,
        "key_added": _added,
        "key_removed": _removed,
        "key_suspected": _suspected,
    }
)
"""What is said on each of these occasions."""
