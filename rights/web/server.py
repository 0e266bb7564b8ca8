"""
The web server: gunicorn with threads, embedded, so that the command line stays one program.

Access is not logged: addresses and paths are personal data soon enough, and every change has an
entry of its own.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from rights import metrics, traces
from rights.metrics.listener import Listener

_BODY_WAIT_S: Final = 30
_GRACE_S: Final = 20


class Server(BaseApplication):  # type: ignore[misc]  # the library publishes no types
    """One application, built before the fork; connections are opened after it, when needed."""

    def __init__(self, create: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._create = create
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options given in code; there is no configuration file."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """
        Build the application, and leave what it is made of out of every later collection.

        It stays until the process ends. Gone through again and again it makes a call in ten wait
        a quarter of a second, and takes each process a copy of what it could share.
        """
        app = self._create()
        gc.collect()
        gc.freeze()
        return app


def run(
    create: Callable[[], Flask],
    *,
    host: str,
    port: int,
    workers: int,
    threads: int,
    listener: Listener | None = None,
    began: Callable[[], None] = lambda: None,
) -> None:
    """
    Serve until told to stop (SIGTERM, SIGINT): calls under way are finished first.

    Args:
        listener: Serves metrics beside it, in each process from the fork on.
        began: Called in each process after the fork.
    """
    options = {
        "bind": [f"{host}:{port}"],
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "preload_app": True,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "timeout": _BODY_WAIT_S,
        "graceful_timeout": _GRACE_S,
        "keepalive": 30,
        "limit_request_fields": 60,
        "proc_name": "rights-web",
        "control_socket_disable": True,
        "post_worker_init": lambda _worker: _watched(listener, began),
        "worker_exit": lambda _server, _worker: traces.stop(),
    }
    try:
        Server(create, options).run()
    finally:
        metrics.stop()


def _watched(listener: Listener | None, began: Callable[[], None]) -> None:
    began()
    if listener:
        listener.begin()
        metrics.mark("rights_processes", 1, queue="")
