"""Says last of all what was not run for want of a server, and how to get it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.servers.missing import NEEDS


class _NotRun:
    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if reason.startswith(NEEDS):
                self.reasons[reason] += 1

    @pytest.hookimpl
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        # Here and not in the terminal summary: pytest's own last line comes after that.
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None:
            return
        for reason, count in sorted(self.reasons.items()):
            tests = "1 test needs" if count == 1 else f"{count} tests need"
            terminal.write_line(f"NOT RUN: {tests} {reason.removeprefix(NEEDS)}")


def pytest_configure(config: pytest.Config) -> None:
    """Listen in the process that sees all reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_NotRun(), "not-run")
