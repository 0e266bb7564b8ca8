"""Mistakes in a data map: collected, placed, sorted and told all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Where a node is in the document: keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One mistake.

    Args:
        path: The node, or where the missing node should be.
        what: What is wrong. Never the value of a setting.
        remedy: What to do about it.
        duty: The map works without it, but its entry cannot be answered for.
    """

    path: Path
    what: str
    remedy: str
    duty: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """
    What was written, and where each part of it stands.

    Args:
        data: Plain mappings, lists and scalars.
        places: One for every node of ``data``; a mapping entry stands where its key does.
    """

    data: dict[str, Any]
    places: dict[Path, Place]

    def place(self, path: Path) -> Place:
        """Return where *path* is, or the nearest node around it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]


def suggest(word: str, known: Iterable[str]) -> str:
    """Return what to write instead: the nearest known word, else all of them."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"use one of: {', '.join(choices)}" if choices else "declare it first"


def report(document: Document, problems: Iterable[Problem]) -> tuple[str, ...]:
    """Return ``file:line: path: what → remedy`` for each problem, in reading order."""
    placed = [(document.place(p.path), p) for p in dict.fromkeys(problems)]
    placed.sort(key=lambda pair: (pair[0].file, pair[0].line))
    return tuple(
        f"{at.file}:{at.line}: {spelled(p.path, document.data)}: {p.what} → {p.remedy}"
        for at, p in placed
    )


def spelled(path: Sequence[str | int], data: Any) -> str:
    """Return a path a reader recognises: list members by their name, not their position."""
    out = ""
    for part in path:
        data = _step(data, part)
        if isinstance(part, int):
            name = data.get("name") if isinstance(data, dict) else None
            out += f"[{name if isinstance(name, str) and name else part}]"
        else:
            out += f".{part}" if out else part
    return out or "the data map"


def _step(data: Any, part: str | int) -> Any:
    if isinstance(part, int) and isinstance(data, list):
        return data[part] if part < len(data) else None
    return data.get(part) if isinstance(data, dict) else None
