"""What a run of the suite writes about requirements, and what it says it did not run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.architecture.tree import ROOT
from tests.requirements_plugin import FILE

_TESTS = """
import os
import pytest
from tests.servers.missing import install, missing

@pytest.mark.requirement("R-1-1", "R-1-2")
def test_passes(): pass

@pytest.mark.requirement("R-1-2")
def test_fails(): assert os.environ.get("ALL_WELL")

@pytest.mark.requirement("R-1-3:bad")
@pytest.mark.parametrize("n", [1, 2])
def test_passes_twice(n): pass

@pytest.mark.requirement("R-1-4")
def test_needs_a_server(): missing("MariaDB", install(debian="mariadb-server", macos="mariadb"))

@pytest.fixture
def broken(): raise OSError

@pytest.mark.requirement("R-1-5")
def test_whose_fixture_breaks(broken): pass

@pytest.fixture
def ends_badly():
    yield
    raise OSError

@pytest.mark.requirement("R-1-6")
def test_whose_end_breaks(ends_badly): pass
"""
_TABLE = {
    "R-1-1": {"passed": True},
    "R-1-2": {"passed": False},
    "R-1-3:bad": {"passed": True},
    "R-1-4": {"passed": False},
    "R-1-5": {"passed": False},
    "R-1-6": {"passed": False},
}


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini(
        "[pytest]\ntestpaths = suite\naddopts = --strict-markers --disable-plugin-autoload"
        " -p xdist -p tests.requirements_plugin -p tests.not_run_plugin\n"
    )
    pytester.mkdir("suite").joinpath("test_it.py").write_text(_TESTS)
    return pytester


def _written(suite: pytest.Pytester) -> Any:
    file = suite.path / FILE
    return json.loads(file.read_text()) if file.exists() else None


@pytest.mark.parametrize("processes", ["0", "2"])
def test_an_id_passes_when_every_test_with_it_passed(
    suite: pytest.Pytester, processes: str
) -> None:
    suite.runpytest_subprocess("-n", processes)

    assert _written(suite) == _TABLE


@pytest.mark.parametrize(
    "part",
    [("suite/test_it.py",), ("-k", "passes"), ("-m", "requirement"), ("-x",), ("--collect-only",)],
    ids=" ".join,
)
def test_a_run_of_a_part_writes_nothing(suite: pytest.Pytester, part: tuple[str, ...]) -> None:
    suite.runpytest_subprocess(*part)

    assert _written(suite) is None


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_was_not_run_is_said_last_with_the_remedy(
    suite: pytest.Pytester, processes: str
) -> None:
    result = suite.runpytest_subprocess("-n", processes, "-k", "needs_a_server")

    last = [line for line in result.outlines if line.strip()][-1]
    assert last.startswith("NOT RUN: 1 test needs MariaDB: ")
    assert "install mariadb" in last
    result.assert_outcomes(skipped=1)


def test_with_ci_a_missing_server_is_a_failure(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    result = suite.runpytest_subprocess("-k", "needs_a_server")

    result.assert_outcomes(failed=1)
    assert not any(line.startswith("NOT RUN") for line in result.outlines)
