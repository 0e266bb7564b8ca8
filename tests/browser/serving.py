"""Serves an application to a browser of the same process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: what is wrong, the browser tells."""


def _closed(app: WSGIApplication) -> WSGIApplication:
    """
    Return *app* with answers that close themselves once they were sent, or given up.

    The server looks for what a browser may still have sent before it closes an answer, and does
    not come to that where the connection was reset: the file of the answer stayed open.
    """

    def closing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        answer = app(environ, start_response)
        try:
            yield from answer
        finally:
            if close := getattr(answer, "close", None):
                close()

    return closing


@contextmanager
def serving(app: WSGIApplication, *, name: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """
    Yield the address at which *app* is served, without a slash at the end.

    Args:
        name: The name the browser knows it by. ``127.0.0.1`` and ``localhost`` are two sites to
            it, ``a.localhost`` and ``b.localhost`` two origins of one site.
        port: A free one, for an application that has to know its address; else any.
    """
    closing = _closed(app)
    server = make_server("127.0.0.1", port, closing, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://{name}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
