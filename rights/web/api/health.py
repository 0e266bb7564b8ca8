"""Whether this process is up, and whether it can take calls."""

from __future__ import annotations

from werkzeug import Response

from rights.domain.errors import Unavailable
from rights.services import complaints, methods
from rights.store.db import reading
from rights.web.answers import Answer
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
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

    503 when the register cannot be reached, where nobody is named whom people can complain to, and
    when the policy has switched off what a regime in use asks for (`rights_missing`).
    """
    here = parts()
    complaints.contact(here.context)
    with reading(here.engine) as session:
        regimes = methods.regimes_in_use(session, here.context)
    if lacking := methods.lacking(here.context, regimes):
        said = f"the policy does not offer what {', '.join(regimes)} ask for: {', '.join(lacking)}"
        raise Unavailable(said, code="rights_missing")
    redis = here.limits.reachable()
    body = {"status": "ok" if redis else "degraded", "register": "up"}
    return Answer({**body, "redis": "up" if redis else "down"}).response()
