"""Profiles of made-up organisations, as files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

SINCE = date(2026, 1, 1)


def profile_file(folder: Path, **said: Any) -> Path:
    """Write a profile; return its file."""
    file = folder / "organisation.yaml"
    file.write_text(yaml.safe_dump({"since": SINCE, **said}, allow_unicode=True), encoding="utf-8")
    return file
