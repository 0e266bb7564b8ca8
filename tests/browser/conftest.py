"""What the pages of a test showed when it failed stands in its report."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.browser.pages import Pages


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    given: dict[str, Any] = getattr(item, "funcargs", {})
    pages = given.get("new_page")
    if report.failed and call.when == "call" and isinstance(pages, Pages):
        report.sections.append(("What the pages show", pages.shown()))
    return report
