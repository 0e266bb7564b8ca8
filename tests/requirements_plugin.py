"""
Which requirements the suite proved: a pytest plugin that writes ``.cache/requirements.json``.

A test says ``@pytest.mark.requirement("R-24-3")`` (or ``"R-24-3:bad"`` for bad input). After a run
of the whole suite the file has ``{"R-24-3": {"passed": true}, …}``: an id passed when every test
with that mark passed; one that was skipped proved nothing. A run of part of the suite leaves the
file as it was. Works under xdist: the ids travel in the reports' ``user_properties``.
"""

from __future__ import annotations

import json

import pytest

FILE = ".cache/requirements.json"
_PROPERTY = "requirement"
_NARROWING = ("keyword", "markexpr", "deselect", "lf", "failedfirst", "stepwise", "collectonly")


class _Proofs:
    """Collects, per id, whether every test with the mark has passed so far."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.called: set[str] = set()

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ids = {str(value) for name, value in report.user_properties if name == _PROPERTY}
        if not report.passed:
            self.failed |= ids
        elif report.when == "call":
            self.called |= ids

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        cut_short = session.shouldstop or session.shouldfail
        if ended and not cut_short and _is_whole(session.config):
            self._write(session.config)

    def _write(self, config: pytest.Config) -> None:
        table = {
            id_: {"passed": id_ not in self.failed} for id_ in sorted(self.failed | self.called)
        }
        file = config.rootpath / FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(table, indent=1) + "\n")


def _is_whole(config: pytest.Config) -> bool:
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return not named and not any(config.getoption(name, None) for name in _NARROWING)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the ids where every report of the test carries them."""
    ids = {id_ for mark in item.iter_markers(_PROPERTY) for id_ in mark.args}
    item.user_properties.extend((_PROPERTY, id_) for id_ in sorted(ids))


def pytest_configure(config: pytest.Config) -> None:
    """Collect in the process that sees all reports: the only one, or xdist's controller."""
    config.addinivalue_line("markers", "requirement(*ids): see tests/requirements_plugin.py")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Proofs(), "requirement-proofs")
