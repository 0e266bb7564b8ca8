"""A failpoint is refused where nobody allowed it, and ends exactly what it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rights import failpoints
from rights.domain.errors import ConfigError
from rights.failpoints import EXIT_CODE, Ending, Point
from rights.settings import load
from tests.architecture.tree import ROOT
from tests.faults.laboratory import settings_of

ROOMS = ("rights", "workflows", "connectors")
_PASSED = re.compile(r"\bhit\(Point\.([A-Z_]+)\)")
_SWITCH = re.compile(r"\bfailpoints\.(on|arm|_act)\b|from rights\.failpoints import .*\b(on|arm)\b")


def _sources() -> dict[str, str]:
    found = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in found}


def test_every_point_stands_somewhere_and_before_and_after_go_together() -> None:
    places = {name: Counter(_PASSED.findall(text)) for name, text in _sources().items()}
    passed = sum(places.values(), Counter[str]())

    assert set(passed) == {point.name for point in Point}
    for name, found in places.items():
        pairs = Counter[str]()
        for point, count in found.items():
            pairs[point.rpartition("_")[0]] += count if point.endswith("_BEFORE") else -count
        assert not any(pairs.values()), name


def test_nothing_but_the_settings_switches_one_on() -> None:
    switching = {name for name, text in _sources().items() if _SWITCH.search(text)}

    assert switching == {"rights/settings.py"}


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = settings_of(tmp_path, "sqlite://", "redis://unused", 0)
    del values["RIGHTS_FAILPOINTS_ALLOWED"]
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def test_a_failpoint_is_refused_unless_it_is_allowed(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_FAILPOINT", "register.commit.before:1")

    with pytest.raises(ConfigError, match="RIGHTS_FAILPOINTS_ALLOWED"):
        load()
    assert failpoints._act is None  # noqa: SLF001 - the switch itself


def test_allowing_them_alone_switches_nothing_on(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_FAILPOINTS_ALLOWED", "true")

    load()

    assert failpoints._act is None  # noqa: SLF001 - the switch itself


@pytest.mark.parametrize(
    "text", ["", "register", "register.commit.before", "no.such:1", "mail.send.after:1:kill"]
)
def test_a_failpoint_that_is_not_one_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"register\.commit\.before"):
        Ending.read(text)


def test_it_ends_the_process_at_the_count_and_not_before(environ: dict[str, str]) -> None:
    program = (
        "from rights.settings import load\n"
        "from rights.failpoints import Point, hit\n"
        "load()\n"
        "for n in range(1, 9):\n"
        "    hit(Point.MAIL_AFTER)\n"
        "    hit(Point.MAIL_BEFORE)\n"
        "    print(n, flush=True)\n"
    )
    more = {"RIGHTS_FAILPOINTS_ALLOWED": "true", "RIGHTS_FAILPOINT": "mail.send.before:3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **more},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split()) == (EXIT_CODE, ["1", "2"])
