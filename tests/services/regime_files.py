"""Regime files that tests may spoil."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def change(file: Path, *keys: str, to: object) -> None:
    """Set one value deep in a YAML file."""
    values: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    inside = values
    for key in keys[:-1]:
        inside = inside.setdefault(key, {})
    inside[keys[-1]] = to
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")


def change_new(file: Path, values: object) -> None:
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
