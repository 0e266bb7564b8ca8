"""The files of the project, as a fresh clone would have them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MADE = {".cache", ".git", ".hypothesis", ".tools", ".venv", "__pycache__", "build", "dist"}


def files() -> list[Path]:
    """Return every file that is tracked or would be; without git, every file nobody made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not _MADE & set(path.relative_to(ROOT).parts)
    ]
