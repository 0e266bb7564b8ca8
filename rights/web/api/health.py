"""Whether this process is up, and whether it can take calls."""

from __future__ import annotations

from werkzeug import Response

from rights.web import ready
from rights.web.answers import Answer
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.schemas import parties as shapes

area = Area("health", prefix="", guard=Guard.PUBLIC, about="For whoever watches this process.")


@area.call("GET", "/healthz", gives={200: shapes.Health})
def read_health() -> Response:
    """Tell whether this process is up."""
    return Answer({"status": "ok"}).response()


@area.call("GET", "/readyz", gives={200: shapes.Readiness})
def read_readiness() -> Response:
    """
    Tell whether calls can be taken.

    503 (`not_ready`) when the register cannot be reached or is not migrated, when packages or
    documents cannot be reached, or a key is missing: `detail` names which. Likewise where nobody
    is named whom people can complain to, and when the policy has switched off what a regime in use
    asks for (`rights_missing`).
    """
    return Answer(ready.people()).response()
