"""
The conference system's own environment, made once and kept under ``.cache``.

Its packages do not go together with ours: it pins an older Flask, SQLAlchemy and marshmallow.
Everything it needs stands in ``requirements.lock``, with hashes, and nothing else is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.servers.missing import missing

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).with_name("requirements.lock")
FOLDER = ROOT / ".cache" / "indico"

_MOST_S = 500
"""Seconds that one step of the installation may take; all of it takes about 20."""


@cache
def interpreter() -> Path:
    """
    Return the Python that has the conference system; install it if that was not done yet.

    Where it cannot be installed the test is skipped, or fails with ``CI=true``.
    """
    text = LOCK.read_bytes() + sys.version.encode()
    place = FOLDER / hashlib.sha256(text).hexdigest()[:16]
    with _alone():
        if not (place / "complete").exists():
            shutil.rmtree(FOLDER, ignore_errors=True)  # older ones, and what was left half done
            try:
                _install(place)
            except (OSError, subprocess.SubprocessError) as error:
                missing("the packages of Indico", _remedy(error))
            (place / "complete").touch()
    return place / "bin" / "python"


def _remedy(error: Exception) -> str:
    said = getattr(error, "stderr", "") or str(error)
    last = said.strip().rpartition("\n")[2]
    return f"make the package registry reachable, then run the tests again ({last})"


def _install(place: Path) -> None:
    uv = shutil.which("uv") or shutil.which(str(ROOT / ".tools" / "bin" / "uv"))
    python = str(place / "bin" / "python")
    if uv:
        _run(uv, "venv", "-q", "--python", sys.executable, str(place))
        install = [uv, "pip", "install", "-q", "--python", python]
    else:
        _run(sys.executable, "-m", "venv", str(place))
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    install += ["--no-deps", "--require-hashes"]
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first.lock"
        first.write_text(_builder(), encoding="utf-8")
        _run(*install, "-r", str(first))
    # What comes as sources is built with what the lock file names, not with the newest.
    _run(*install, "--no-build-isolation", "-r", str(LOCK))


def _builder() -> str:
    entries = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))
    return next(entry for entry in entries if entry.startswith("setuptools==")) + "\n"


def _run(*command: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=_MOST_S, env=environment
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time install."""
    FOLDER.parent.mkdir(exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
