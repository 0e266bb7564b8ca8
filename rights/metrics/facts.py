"""Which metrics there are: read from ``rights/catalogue/metrics.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rights import yaml_file

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "metrics.yaml"


@dataclass(frozen=True, slots=True)
class Fact:
    """
    What one metric is.

    Args:
        type: ``counter``, ``histogram``, ``gauge``; ``reading`` is a gauge whose values are
            replaced all at once.
        processes: Kinds of process that give it.
        labels: None of them holds an id, or anything about a person.
        buckets: Upper bounds of a histogram, in the unit that its name ends in.
    """

    name: str
    type: str
    processes: tuple[str, ...]
    labels: tuple[str, ...]
    about: str
    buckets: tuple[float, ...] = ()

    @property
    def shown_as(self) -> str:
        """The type as whoever scrapes sees it."""
        return "gauge" if self.type == "reading" else self.type

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which its values are scraped."""
        if self.type != "histogram":
            return (self.name,)
        return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")


@cache
def facts() -> Mapping[str, Fact]:
    """Return every metric by its name."""
    read = yaml_file.read(_FILE)["metrics"]
    return MappingProxyType(
        {
            name: Fact(
                name=name,
                type=one["type"],
                processes=tuple(one["from"]),
                labels=tuple(one["labels"]),
                about=one["about"],
                buckets=tuple(float(b) for b in one.get("buckets", ())),
            )
            for name, one in read.items()
        }
    )
