"""What is said of a package: that it is ready, that something came to it, that it ends soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from workflows.notices.facts import Facts
from workflows.notices.letter import Block, paragraph, table
from workflows.notices.parts import about, label

_MIB: Final = 1_048_576


def _package_ready(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("package_ready", "opening"))
    yield from _to_fetch(facts)


def _package_added(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("package_added", "opening"))
    yield from _to_fetch(facts)


def _to_fetch(facts: Facts) -> Iterator[Block]:
    say, package = facts.words, facts.package
    yield _package(facts)
    yield paragraph(say.say("package_ready", "how"))
    if package is not None and package.missing:
        yield paragraph(say.say("package_ready", "missing"))


def _package_expiring(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("package_expiring", "opening"))
    yield _package(facts)
    yield paragraph(facts.words.say("package_ready", "how"))


def _package(facts: Facts) -> Block:
    package = facts.package
    if package is None:
        return table(about(facts))
    left = max(0, package.grants_max - package.grants_used)
    until = facts.moment(package.expires_at) if package.expires_at else ""
    size = f"{max(package.size / _MIB, 0.01):.2f} MiB" if package.size else ""
    return table(
        [
            *about(facts),
            label(facts, "size", size),
            label(facts, "until", until),
            label(facts, "times", str(left)),
        ]
    )


BODIES: Final[Mapping[str, Callable[[Facts], Iterator[Block]]]] = MappingProxyType(
    {
        "package_ready": _package_ready,
        "package_added": _package_added,
        "package_expiring": _package_expiring,
    }
)
"""What is said on each occasion."""
