"""Which requirements are proved: the table of ids, and what the last test run showed."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml


@lru_cache(maxsize=1)
def table() -> tuple[dict[str, str], ...]:
    """Return every requirement: id, scope and one line in our own words."""
    text = files(__package__).joinpath("requirements.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text))


def report(results: Path) -> dict[str, Any]:
    """
    Return the core requirements by how far they are proved.

    Args:
        results: What the last full run of the tests wrote; without it nothing is proved.
    """
    core = [row["id"] for row in table() if row["scope"] == "core"]
    passed = _passed(results)
    halves = {i: {i, f"{i}:bad"} & passed for i in core}
    return {
        "core": len(core),
        "proved": [i for i in core if len(halves[i]) == 2],  # noqa: PLR2004 - both halves
        "half": [i for i in core if len(halves[i]) == 1],
        "open": [i for i in core if not halves[i]],
    }


def _passed(results: Path) -> set[str]:
    if not results.exists():
        return set()
    found = json.loads(results.read_text(encoding="utf-8"))
    return {i for i, state in found.items() if state.get("passed")}
