"""Whether a console's process can show its pages: told to a proxy, or to whoever watches."""

from __future__ import annotations

from typing import Final

import orjson
from werkzeug import Response

from rights.services.readiness import UP
from rights.web.console import door, pages
from rights.web.parts import parts

area = door.public("health")
pages.errors(area)

_NEEDED: Final = ("register", "keys")
"""Without Redis it counts limits by itself; it gives no package out."""


@area.get("/readyz")
def ready() -> Response:
    """Tell whether the register answers, is migrated, and what is sealed there can be opened."""
    said = parts().readiness.look()
    well = all(said[name] == UP for name in _NEEDED)
    body = {"status": "ok" if well else "not_ready"} | {
        name: said[name] for name in (*_NEEDED, "redis")
    }
    return Response(orjson.dumps(body), 200 if well else 503, content_type="application/json")
