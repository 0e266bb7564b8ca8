"""
A browser for tests: Debian's Chromium, started once per test process.

It reaches nothing but this machine: every other name and address is unknown to it. It is the
driver's child, and the driver ends when the pipe to us closes: whatever ends us ends both.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.servers.missing import install, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIMEOUT_MS: Final = 30_000
"""How long anything on a page is waited for: no test is about how fast a busy machine is."""

_ENVIRONMENT: Final = "RIGHTS_TEST_CHROMIUM"
_DEBIAN: Final = "/usr/bin/chromium"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_APPLICATIONS: Final = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_LOOPBACK: Final = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost"
# Added to the driver's own, which turn off updates, first-run pages and the sandbox: root has
# none, nor have many containers, and the pages are ours.
_FLAGS: Final = (
    f"--host-resolver-rules={_LOOPBACK}",
    "--no-proxy-server",  # a proxy of the environment would look names up for it
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
)


@dataclass(frozen=True)
class Running:
    """A started browser, used between ``begin()`` and ``end()`` only."""

    browser: Browser
    _loop: asyncio.AbstractEventLoop

    def begin(self) -> None:
        """Let the driver's event loop count as the one that runs in this thread."""
        asyncio._set_running_loop(self._loop)  # noqa: SLF001 - as the driver itself does

    def end(self) -> None:
        """Let this thread have no running event loop: else no other one can be run in it."""
        asyncio._set_running_loop(None)  # noqa: SLF001 - as the driver itself does


@contextmanager
def server() -> Iterator[Running]:
    """Yield the started browser; end it afterwards."""
    program = _program()
    if program is None:
        missing(
            "Chromium", install(debian="chromium fonts-wqy-microhei", macos="--cask google-chrome")
        )
    # Half a second, which only the processes that run such a test should pay.
    from playwright.sync_api import (  # noqa: PLC0415 - only tests in a browser load it
        expect,
        sync_playwright,
    )

    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=_FLAGS, timeout=2 * TIMEOUT_MS
        )
        running = Running(browser, asyncio.get_running_loop())
        running.end()
        try:
            yield running
        finally:
            running.begin()
            browser.close()


def _program() -> str | None:
    given = os.environ.get(_ENVIRONMENT)
    if given:
        return given
    found = (shutil.which(name) for name in _NAMES)
    candidates = (_DEBIAN, *found, *_APPLICATIONS)
    return next((path for path in candidates if path and Path(path).exists()), None)
