"""What the demo says while it works: on standard error, so that standard output stays clean."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Final

from workflows.embedded.sms import Received

_CODE: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{6}(?![0-9A-Za-z])")
BEGINNING: Final = 5
WHOLE: Final = 200
"""Lines of a mail that are shown: where many come at once, and to somebody who follows each."""
_WIDTH: Final = 400


class Terminal:
    """
    A clock that starts now, and lines that carry it.

    Args:
        lines: How many lines of a mail are shown.
    """

    def __init__(self, *, lines: int = BEGINNING) -> None:
        self._start = time.monotonic()
        self._lines = lines

    def say(self, text: str) -> None:
        """Print one line with the seconds since the start."""
        seconds = time.monotonic() - self._start
        print(f"{seconds:6.1f}s  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say *text* once the block is done, with what it took."""
        begun = time.monotonic()
        yield
        self.say(f"{text} ({time.monotonic() - begun:.1f} s)")

    def mail(self, message: EmailMessage) -> None:
        """Show a mail as it arrives: whom it is for, its code if it has one, and its text."""
        code = code_in(message)
        said = f"  CODE {code}" if code else ""
        self.say(f"mail to {message['X-Envelope-To']}: {message['Subject']}{said}")
        lines = [line.strip() for line in body(message).splitlines() if line.strip()]
        for line in lines[: self._lines]:
            print(f"         | {line[:_WIDTH]}", file=sys.stderr, flush=True)
        if len(lines) > self._lines:
            print(
                f"         | … {len(lines) - self._lines} more lines", file=sys.stderr, flush=True
            )

    def text(self, message: Received) -> None:
        """Show a text message as it arrives."""
        code = _code(message.text)
        said = f"  CODE {code}" if code else ""
        self.say(f"sms to {message.to}: {message.text}{said}")


def code_in(message: EmailMessage) -> str:
    """Return the one-time code a mail carries; empty when it has none."""
    return _code(body(message))


def _code(text: str) -> str:
    match = _CODE.search(text)
    return match[0] if match else ""


def body(message: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = message.get_body(("plain",))
    return part.get_content() if part is not None else ""
