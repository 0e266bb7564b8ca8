"""Portal tokens: a backend lets its signed-in user act here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import portal
from rights.web.answers import Answer, commit
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes

area = Area(
    "portal-tokens",
    prefix="/v1/portal-tokens",
    guard=Guard.KEY,
    about="A token with which a signed-in person reaches their own requests.",
)


@area.call(
    "POST",
    "",
    scope="portal:issue",
    takes=shapes.NewPortalToken,
    gives={201: shapes.PortalToken},
)
def issue_portal_token(new: dict[str, Any]) -> Response:
    """Issue a token for a signed-in person, good for ten minutes."""

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        known = taking.known(session, who, new, now=now)
        person = portal.Person(
            who.backend.id,
            known.identifiers,
            known.attested,
            known.acr,
            role=known.role,
            second=known.second,
            age_band=known.age_band,
        )
        token, expires_at = portal.issue(context, person, now=now)
        return Answer({"token": token, "expires_at": expires_at.isoformat()}, 201)

    return commit(work)
