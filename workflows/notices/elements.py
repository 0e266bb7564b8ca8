"""
What a law wants to be in the receipt of a request, and whether our words have it.

Source: 11 CCR 7021(a).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from rights.domain.regime import Regime
from workflows.notices.facts import Facts
from workflows.notices.letter import Block, paragraph

WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "process": ("received", "process"),
        "verification": ("received", "verification"),
        "expected_time": ("labels", "due"),
    }
)
"""Where the words of each element are; the last one stands in every receipt."""

_APART: Final = ("process", "verification")


def paragraphs(facts: Facts) -> Iterator[Block]:
    """Yield what the laws of a request want in its receipt beyond what every receipt says."""
    kind, option = facts.request.kind, facts.request.option
    clocks = (regime.clock(kind, option) for regime in facts.regimes)
    wanted = {name for clock in clocks if clock for name in clock.ack.must_contain}
    for name in _APART:
        if name in wanted:
            yield paragraph(facts.words.say(*WORDS[name]))


def lacking(book: Mapping[str, Regime], catalogues: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """
    Return what the words of receipts lack, a line each; empty where nothing is.

    Args:
        catalogues: By language, everything that notices can say.
    """
    wanted = {
        name: (regime.name, clock.ack.source.text)
        for regime in book.values()
        for clock in regime.clocks.values()
        for name in clock.ack.must_contain
    }
    return [
        f"{language}: {'.'.join(WORDS[name])} says nothing: {law} wants {name} in every receipt"
        f" ({source})"
        for name, (law, source) in sorted(wanted.items())
        for language, said in catalogues.items()
        if not _said(said, WORDS[name])
    ]


def _said(catalogue: Mapping[str, Any], path: tuple[str, str]) -> bool:
    inside = catalogue.get(path[0])
    found = inside.get(path[1]) if isinstance(inside, Mapping) else None
    return isinstance(found, str) and bool(found.strip())
