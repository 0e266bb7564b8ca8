"""A folder of the trail is checked with openssl alone, by the very commands of its text."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rights.domain.period import between
from rights.services import trail_export
from rights.services.checkpoints import checkpoint
from rights.services.words import LANGUAGES
from rights.store.db import transaction
from tests.servers.missing import install, missing
from tests.services.registers import NOW, new_request, opened, signer, write

HOLDS = "Signature Verified Successfully"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two checkpoints, taken along."""
    if shutil.which("openssl") is None:
        missing("openssl", install(debian="openssl", macos="openssl"))
    register = opened(request, "sqlite")
    for number in (1, 2):
        with transaction(register) as session:
            write(session, new_request(session, number), "received", "completed")
        with transaction(register) as session:
            assert checkpoint(session, signer(), NOW + timedelta(minutes=number))
    day = between(date(2026, 11, 22), date(2026, 11, 22), ZoneInfo("Asia/Shanghai"))
    out = tmp_path / "trail"
    trail_export.write(register, signer(), day, out, now=NOW + timedelta(days=2))
    return out


def _said(folder: Path, language: str = "en") -> str:
    commands = (folder / f"README.{language}.txt").read_text(encoding="utf-8").split("\n-----\n")[1]
    done = subprocess.run(
        ["sh", "-c", commands], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_signature_holds(folder: Path, language: str) -> None:
    said = _said(folder, language)

    assert (said.count(HOLDS), "NOT" in said) == (3, False)
    manifest = (folder / "manifest.json").read_text()
    sums = [line.split("= ")[1] for line in said.splitlines() if "= " in line]
    assert [one in manifest for one in sums] == [True] * 3
    (key,) = signer().public().values()
    (file,) = folder.glob("key-*.pem")
    assert f"MCowBQYDK2VwAyEA{key}" in file.read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("manifest.json", "2026-11-22", "2026-11-21", "NOT: manifest.json"),
        ("checkpoints.jsonl", "rights-checkpoint/1", "rights-checkpoint/2", 'NOT: {"id":1'),
    ],
)
def test_what_was_changed_does_not_hold(
    folder: Path, name: str, old: str, new: str, told: str
) -> None:
    file = folder / name
    file.write_text(file.read_text().replace(old, new, 1))

    said = _said(folder)

    assert (said.count(HOLDS), told in said) == (2, True)
