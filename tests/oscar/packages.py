"""Reading a package as the person would: files out of a ZIP."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

_SUFFIX = ".jsonl"


def records(package: str | Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records by collection; collections without any are left out."""
    out: dict[str, list[dict[str, Any]]] = {}
    with zipfile.ZipFile(package) as file:
        for name in file.namelist():
            if name.endswith(_SUFFIX):
                collection = name.rpartition("/")[2].removesuffix(_SUFFIX)
                lines = file.read(name).decode().splitlines()
                if lines:
                    out[collection] = [json.loads(line) for line in lines]
    return out


def keys(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Return the ids of the records by collection, as text, sorted as text."""
    return {name: sorted(str(row["id"]) for row in rows) for name, rows in found.items()}


def text(package: str | Path) -> str:
    """Return everything the package says, in one string."""
    with zipfile.ZipFile(package) as file:
        return "\n".join(file.read(name).decode("utf-8", "replace") for name in file.namelist())


def answer(package: str | Path) -> list[dict[str, Any]]:
    """Return what is told in sentences."""
    with zipfile.ZipFile(package) as file:
        found: list[dict[str, Any]] = json.loads(file.read("answer.json"))
    return found


def redacted(package: str | Path) -> list[dict[str, Any]]:
    """Return of which fields how much was taken out for another person's sake."""
    with zipfile.ZipFile(package) as file:
        found: list[dict[str, Any]] = json.loads(file.read("manifest.json"))["redacted"]
    return found
