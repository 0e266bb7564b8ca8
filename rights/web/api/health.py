"""Whether this process is up, and whether it can take calls."""

from __future__ import annotations

from werkzeug import Response

from rights.domain.errors import Unavailable
from rights.services import complaints, methods
from rights.services.readiness import UP
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

    503 (`not_ready`) when the register cannot be reached or is not migrated, when packages cannot
    be reached, or a key is missing: `detail` names which. Likewise where nobody is named whom
    people can complain to, and when the policy has switched off what a regime in use asks for
    (`rights_missing`).
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
    body = {**said, "redis": UP if well else "down", "status": "ok" if well else "degraded"}
    return Answer(body).response()
