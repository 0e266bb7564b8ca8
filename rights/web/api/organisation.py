"""The duties that follow from what the organisation says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain import compliance
from rights.domain.organisation import with_figures
from rights.services.organisation import calendar, shown
from rights.services.organisation.duty_catalogue import catalogue
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import organisation as shapes

area = Area(
    "organisation",
    prefix="/v1/organisation",
    guard=Guard.KEY,
    about="The duties that follow from the organisation's size and trade.",
)


@area.call(
    "GET",
    "/duties",
    scope="organisation:read",
    query=shapes.Figures,
    gives={200: shapes.Duties},
    problems=(404,),
)
def read_organisation_duties(asked: dict[str, Any]) -> Response:
    """
    Read the profile that this deployment states, and the duties it brings, with citations.

    A figure in the query stands in place of the profile's: what would be owed with so many people.
    Whether the organisation is a large platform is no question of figures alone: `undecided` names
    it where they reach those of one and nobody has decided yet. 404 with `no_profile` where none is
    stated.
    """

    def work(_: Session, __: datetime) -> Answer:
        profile = with_figures(calendar.profile_of(parts().context), asked)
        found = compliance.owed(profile, catalogue().values())
        return Answer(
            {
                "profile": shown.profile(profile),
                "undecided": shown.undecided(profile),
                "duties": [shown.duty(one) for one in found],
            }
        )

    return look(work)
