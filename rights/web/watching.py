"""
What operators see of calls: how many, how long, and what the log says while they last.

Addresses and paths are not written down: a call is known by the template of its route.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from flask import Flask, Response, g, has_app_context, request
from sqlalchemy import event
from sqlmodel import Session

from rights import logs, metrics, traces
from rights.store.models import Request

_CALL: Final = "watched"
_NONE: Final = "none"
_PAGES: Final = ("portal", "console")


class _Call:
    """One call, from its arrival to the end of its answer."""

    def __init__(self, surface: str) -> None:
        rule = request.url_rule
        self.surface = surface
        self.route = f"{request.method} {rule.rule}" if rule else _NONE
        self.began = time.perf_counter()
        self.log = ExitStack()
        known = (request.view_args or {}).get("request_id", "")
        self.about, self.brought = known, False
        self.log.enter_context(logs.at_work(surface=surface, route=self.route, request_id=known))


def register(app: Flask) -> None:
    """Watch every call of *app*; before any other hook, so that theirs are within it."""

    @app.before_request
    def _begin() -> None:
        g.watched = _Call(_surface(request.blueprint or _NONE))

    @app.after_request
    def _answered(response: Response) -> Response:
        call: _Call | None = g.get(_CALL)
        if call:
            _counted(call, response.status_code)
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        call: _Call | None = g.pop(_CALL, None)
        if call:
            call.log.close()


def _surface(area: str) -> str:
    """Return which surface an area belongs to; pages are named after theirs."""
    if area == _NONE:
        return _NONE
    named = area.partition("-")[0]
    return named if named in _PAGES else "api"


def received(session: Session, *made: Request) -> None:
    """Count requests that were taken in, and say so in the log, once they are committed."""
    if made:
        event.listen(session, "after_commit", partial(_told, made), once=True)


def took(session: Session, taken: tuple[Request, bool]) -> Request:
    """Return a request that was taken in, counted if it was made just now."""
    request, made = taken
    received(session, *[request] if made else [])
    return request


def _told(made: Sequence[Request], _session: Session) -> None:
    for one in made:
        _brought(one.id)
        metrics.count("rights_requests_received_total", kind=one.kind, channel=one.channel)
        logs.get().info("request.received", request_id=one.id, kind=one.kind, state=one.state)


def _brought(request_id: str) -> None:
    """Let the call that is going on be what the trace of a request begins with."""
    call: _Call | None = g.get(_CALL) if has_app_context() else None
    if call and not call.brought:
        call.about, call.brought = request_id, True


def _counted(call: _Call, status: int) -> None:
    of = {"surface": call.surface, "route": call.route}
    metrics.count("rights_http_requests_total", **of, status=f"{status // 100}xx")
    took = time.perf_counter() - call.began
    metrics.observe("rights_http_seconds", took, **of)
    traces.note("call", call.about, took, first=call.brought, **of, status=str(status))
