"""A web process works by the settings that hold now: looked at before a call, every few seconds."""

from __future__ import annotations

import time
from typing import Final

from flask import Flask, request

from rights.services.live_settings import values
from rights.web.parts import parts

_WITHOUT: Final = frozenset({"health", "static"})
"""Areas and endpoints that answer without the register."""


def register(app: Flask) -> None:
    """Keep every call of *app* up with what staff set."""

    @app.before_request
    def _look() -> None:
        if request.blueprint in _WITHOUT or request.endpoint in (None, *_WITHOUT):
            return
        here = parts()
        values.refresh(here.engine, here.context, at=time.monotonic())
