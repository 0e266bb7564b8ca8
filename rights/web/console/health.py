"""Whether a console's process can show its pages: told to a proxy, or to whoever watches."""

from __future__ import annotations

from werkzeug import Response

from rights.web import ready as readiness
from rights.web.console import door, pages

area = door.public("health")
pages.errors(area)


@area.get("/readyz")
def ready() -> Response:
    """Tell whether the register answers, is migrated, and what is sealed there can be opened."""
    return readiness.staff()
