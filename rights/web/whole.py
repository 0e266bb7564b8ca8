"""
Bodies that are whole, or are not read at all.

A server hands on what came of a body whose sender was cut off, as if it were all: a form without
the fields at its end, a text that breaks off. Here its length is compared with what was announced.

Source: RFC 9112 8.
"""

from __future__ import annotations

from typing import IO, Any, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from rights.web.problems import Problem


class _Announced(LimitedStream):
    """A body that says how many bytes it has. Reading past where it breaks off raises Problem."""

    def on_disconnect(self, error: Exception | None = None) -> None:
        """Say that the rest never came."""
        raise Problem("cut_off") from error


class Whole(Request):
    """A call whose body is taken only if every byte of it came."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """What was sent, read once. Reading raises Problem, RequestEntityTooLarge."""
        found: Any = super().stream  # refuses what is too large, before any of it is read
        if self.content_length is None:
            return cast("IO[bytes]", found)
        return cast("IO[bytes]", _Announced(self.environ["wsgi.input"], self.content_length))
