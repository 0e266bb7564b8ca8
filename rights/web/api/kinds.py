"""What can be asked for here."""

from __future__ import annotations

from werkzeug import Response

from rights.services import catalogue
from rights.web.answers import Answer
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import parties as shapes

area = Area(
    "kinds",
    prefix="/v1/kinds",
    guard=Guard.PUBLIC,
    about="The rights that can be used here, with options, needed fields and promised times.",
)


@area.call("GET", "", gives={200: shapes.Kinds})
def list_kinds() -> Response:
    """List every right that works here, in Chinese and English."""
    here = parts()
    return Answer({"kinds": catalogue.listing(here.context, now=here.now())}).response()
