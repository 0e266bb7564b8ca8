"""Pages of a test, each in a browser context of its own, and what they complain of."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.servers.browser import TIMEOUT_MS, Running

if TYPE_CHECKING:
    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Frame,
        Page,
        Request,
        WebError,
    )

# What became of a request when its page was left, or when its answer was a download.
_GIVEN_UP = "net::ERR_ABORTED"
# A browser asks for it unbidden, at a time of its own: a test could not know whether it did.
_UNBIDDEN = "/favicon.ico"


class Pages:
    """
    Opens pages; the fixture ``new_page``.

    ``complaints`` has a line for each error on a console, error of a script, and request that
    failed or was blocked. An answer with a status from 400 on is an error on the console.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._contexts: list[BrowserContext] = []
        self._expected: list[str] = []
        self.complaints: list[str] = []

    def __call__(
        self,
        *,
        language: str = "zh-CN",
        width: int = 1280,
        dark: bool = False,
        javascript: bool = True,
        expects: Collection[str] = (),
        **more: Any,
    ) -> Page:
        """
        Return an empty page of a person nobody has seen before.

        Args:
            expects: Complaints with one of these in them do not fail the test.
            more: Whatever else a context of Playwright takes.
        """
        self._running.begin()
        self._expected += expects
        context = self._running.browser.new_context(
            locale=language,
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(TIMEOUT_MS)
        self._listen(context)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> list[str]:
        """Close every page; return the complaints that nobody expected."""
        self._running.begin()
        for context in self._contexts:
            context.close()
        self._running.end()
        return [
            line for line in self.complaints if not any(part in line for part in self._expected)
        ]

    def shown(self) -> str:
        """Return the address and the text of every open page, and of each frame in it."""
        pages = [page for context in self._contexts for page in context.pages]
        return "\n\n".join(_shown(frame) for page in pages for frame in page.frames)

    def _listen(self, context: BrowserContext) -> None:
        context.on("console", partial(_on_console, self.complaints))
        context.on("weberror", partial(_on_error, self.complaints))
        context.on("requestfailed", partial(_on_failed, self.complaints))


def _shown(frame: Frame) -> str:
    from playwright.sync_api import Error  # noqa: PLC0415 - only tests in a browser load it

    try:
        return f"{frame.url}\n{frame.locator('body').inner_text(timeout=1000)}"
    except Error as error:  # it is on its way to another page, or has none
        return f"{frame.url}\n({error.message})"


def _on_console(complaints: list[str], message: ConsoleMessage) -> None:
    address = message.location["url"]
    if message.type == "error" and not address.endswith(_UNBIDDEN):
        complaints.append(f"console: {message.text} ({address})")


def _on_error(complaints: list[str], error: WebError) -> None:
    complaints.append(f"script: {error.error}")


def _on_failed(complaints: list[str], request: Request) -> None:
    if request.failure != _GIVEN_UP:
        complaints.append(f"request: {request.failure} ({request.method} {request.url})")
