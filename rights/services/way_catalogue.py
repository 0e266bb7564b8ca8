"""
Ways to prove who asks: what each is worth and asks for, in ``rights/catalogue/ways.yaml``.

Source: PIPL 6; GB/T 35273-2020 8.5(c), 8.7(a).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights import yaml_file
from rights.domain import facts
from rights.domain.datamap import DataMap

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "ways.yaml"
CONTACT: Final = "contact"


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the catalogue says about one way.

    Args:
        level: What it brings.
        beside: The way that has to be taken first; empty for none.
        after: The level that has to be reached first.
        least: The level below which a request never asks for it.
        asks: What it asks a person for, and how many of each.
        staff: A member of staff has to look.
        only_if_asked: Never offered before a member of staff asked for it with a reason.
        voluntary: Each person's own choice: nobody may be asked for it.
        also: Other names under which somebody may try it.
    """

    name: str
    level: int
    beside: str
    after: int
    least: int
    asks: Mapping[str, int]
    staff: bool
    only_if_asked: bool
    voluntary: bool
    also: tuple[str, ...]
    title: Mapping[str, str]
    about: Mapping[str, str]


@cache
def catalogue() -> Mapping[str, Said]:
    """Return every way by its name, in the order people see."""
    found = yaml_file.read(_FILE)["ways"]
    return MappingProxyType({name: _said(name, raw) for name, raw in found.items()})


def _said(name: str, raw: Mapping[str, Any]) -> Said:
    return Said(
        name=name,
        level=raw["level"],
        beside=raw.get("beside", ""),
        after=raw.get("after", raw["level"] - 1),
        least=raw["from"],
        asks=MappingProxyType(dict(raw["asks"])),
        staff=raw.get("staff", False),
        only_if_asked=raw.get("only_if_asked", False),
        voluntary=raw.get("voluntary", False),
        also=tuple(raw.get("also", ())),
        title=raw["title"],
        about=raw["about"],
    )


def named(name: str) -> Said | None:
    """Return the way that is called *name* or is tried under that name."""
    ways = catalogue()
    return ways.get(name) or next((one for one in ways.values() if name in one.also), None)


def marked(datamap: DataMap, *proofs: str) -> dict[str, str]:
    """Return the fields that may prove somebody, and how each is compared; all kinds if none."""
    wanted = proofs or tuple(facts.USUALLY)
    return {
        f"{c.path}.{f.name}": facts.compared(f)
        for c in datamap.collections
        for f in c.fields
        if f.proof in wanted
    }


def within(said: Said, datamap: DataMap, filled: frozenset[str] | None) -> bool:
    """
    Tell whether a way asks for nothing but what is held.

    Args:
        filled: The marked fields that hold something of this very person; None while nobody
            knows, and then the map alone decides.
    """
    for kind, count in said.asks.items():
        if kind == CONTACT:
            held = sum(one.kind == CONTACT for one in datamap.identifiers.values())
        else:
            held = sum(filled is None or path in filled for path in marked(datamap, kind))
        if held < count:
            return False
    return True
