"""
Whether this process is up and can take calls: the same at the root of every surface.

The API says it by its contract (``rights.web.api.health``); where it is not served, a process says
it with these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from flask import Blueprint
from werkzeug import Response

from rights.domain.errors import Unavailable
from rights.services import complaints, methods
from rights.services.readiness import UP
from rights.store.db import reading
from rights.web.auth import Guard, enter
from rights.web.parts import parts

_NAME: Final = "health"
"""Like the area of the API: what answers without the register (``rights.web.keeping_up``)."""

_INNER: Final = ("register", "keys", "evidence")
"""What a console needs. Without Redis it counts limits by itself; it gives no package out."""


def people() -> dict[str, str]:
    """
    Return what there is for those who serve people: the API and the portal.

    Raises:
        Unavailable: something is not there, nobody is named whom people can complain to, or the
            policy does not offer what the law asks for.
    """
    here = parts()
    said = here.readiness.look()
    if missing := [f"{name}: {how}" for name, how in said.items() if how != UP and name != "redis"]:
        raise Unavailable(f"not ready: {', '.join(missing)}", code="not_ready")
    complaints.contact(here.context)
    with reading(here.engine) as session:
        regimes = methods.regimes_in_use(session, here.context)
    if lacking := methods.lacking(here.context, regimes):
        why = f"the policy does not offer what {', '.join(regimes)} ask for: {', '.join(lacking)}"
        raise Unavailable(why, code="rights_missing")
    well = said["redis"] == UP
    return {**said, "redis": UP if well else "down", "status": "ok" if well else "degraded"}


def staff() -> Response:
    """Tell whether a console can show its pages; documents count where it has a place of them."""
    said = parts().readiness.look()
    needed = [name for name in _INNER if name in said]
    well = all(said[name] == UP for name in needed)
    body = {"status": "ok" if well else "not_ready"} | {n: said[n] for n in (*needed, "redis")}
    return _told(body, 200 if well else 503)


def at_the_root(look: Callable[[], Response]) -> Blueprint:
    """Return ``/healthz`` and ``/readyz`` for a process without the API."""
    made = Blueprint(_NAME, __name__)
    made.guard = Guard.PUBLIC  # type: ignore[attr-defined]  # for the test of guards
    made.before_request(lambda: enter(Guard.PUBLIC, ""))
    made.get("/healthz")(_up)
    made.get("/readyz")(look)
    return made


def portal() -> Response:
    """Tell whether the portal can serve people."""
    return _told(people(), 200)


def _up() -> Response:
    return _told({"status": "ok"}, 200)


def _told(body: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")
