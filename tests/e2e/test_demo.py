import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rights.domain.kinds import Kind

ROOT = Path(__file__).parents[2]
CHECKS = {
    "mail_sent": (),
    "package_opens": (),
    "audit_chain": (),
    "canary_gone": ("R-NEG-23",),
    "bystanders_unchanged": (),
    "webhook_delivered": (),
    "receipt_verifies": (),
    "opt_out_honoured": ("R-42-1",),
    "human_decides": ("R-P24-2",),
    "portal_opens": (),
    "console": (),
}
"""What the run looks at when everybody was answered, and the requirements that proves."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def smoke() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflows.demo", "--smoke", "--json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def report(smoke: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    lines = smoke.stdout.splitlines()
    assert lines, smoke.stderr[-4000:]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_the_smoke_run_ends_well(smoke: subprocess.CompletedProcess[str]) -> None:
    assert smoke.returncode == 0, smoke.stdout[-2000:] + smoke.stderr[-4000:]
    assert report(smoke)["ok"] is True


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_fulfilled(smoke: subprocess.CompletedProcess[str], kind: Kind) -> None:
    assert report(smoke)["kinds"][kind]["state"] == "fulfilled"
    assert report(smoke)["kinds"][kind]["seconds"] < 60


@pytest.mark.parametrize(
    "check",
    [pytest.param(c, marks=[pytest.mark.requirement(i) for i in ids]) for c, ids in CHECKS.items()],
)
def test_every_check_holds(smoke: subprocess.CompletedProcess[str], check: str) -> None:
    assert report(smoke)["checks"][check] is True, smoke.stderr[-4000:]


def test_nothing_is_checked_that_is_not_named_here(
    smoke: subprocess.CompletedProcess[str],
) -> None:
    assert set(report(smoke)["checks"]) == set(CHECKS)
    assert set(report(smoke)) == {"ok", "kinds", "checks"}


def test_nothing_is_left_running_or_lying_about(
    smoke: subprocess.CompletedProcess[str],
) -> None:
    folder = next(
        line.split()[-1] for line in smoke.stderr.splitlines() if "everything is in" in line
    )
    assert not Path(folder).exists()
    for status in Path("/proc").glob("[0-9]*/cmdline") if Path("/proc").exists() else ():
        try:
            command = status.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        assert folder not in command
