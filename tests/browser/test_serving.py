"""What serves an application to a browser leaves nothing open, however the browser leaves."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests.browser.serving import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: a socket that is closed says goodbye to nobody."""


@dataclass
class _Answer:
    """A file as ``send_file`` gives it; the last of it is out once the browser has gone."""

    file: IO[bytes]
    gone: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[bytes]:
        yield self.file.read()
        assert self.gone.wait(10)

    def close(self) -> None:
        self.file.close()
        self.closed.set()


def _app(answer: _Answer) -> WSGIApplication:
    def app(_: WSGIEnvironment, start_response: StartResponse) -> _Answer:
        size = os.fstat(answer.file.fileno()).st_size
        start_response("200 OK", [("Content-Length", str(size))])
        return answer

    return app


def test_a_file_is_closed_when_the_browser_drops_the_connection() -> None:
    with Path(__file__).open("rb") as file:
        answer = _Answer(file)
        with serving(_app(answer)) as address:
            where = urlsplit(address)
            with socket.create_connection((where.hostname, where.port)) as browser:
                browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                browser.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                assert browser.recv(1)
            answer.gone.set()

            assert answer.closed.wait(5)
