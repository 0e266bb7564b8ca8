"""Documents about the organisation itself."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.compliance import Rhythm
from rights.domain.organisation import FIGURES, FLAGS, LARGE, MOST
from rights.domain.staff import ROLES, SCOPES
from rights.web.schemas.shapes import Bilingual, Choice, Closed, nullable


def _people() -> fields.Integer:
    return fields.Integer(validate=validate.Range(0, MOST))


Figures = Closed.from_dict({name: _people() for name in FIGURES}, name="OrganisationFigures")
Figures.__doc__ = "Numbers of people, in place of those of the profile."


class LargePlatform(Closed):
    """What people decided, and when."""

    decided = fields.Boolean(required=True)
    by = fields.String(required=True)
    on = fields.Date(required=True)


class _Profile(Closed):
    """What the organisation says of itself."""

    since = fields.Date(required=True)


Profile = _Profile.from_dict(
    {
        **{name: fields.Integer(required=True) for name in FIGURES},
        **{name: fields.Boolean(required=True) for name in FLAGS},
        LARGE: fields.Nested(LargePlatform, required=True, allow_none=True),
    },
    name="OrganisationProfile",
)


class Clause(Closed):
    """One thing that brings a duty: a number of people within bounds, or what is true."""

    name = Choice((*FIGURES, *FLAGS, LARGE), required=True)
    least = nullable(fields.Integer, metadata={"description": "From here on."})
    above = nullable(fields.Integer, metadata={"description": "Beyond this."})
    most = nullable(fields.Integer, metadata={"description": "Up to here."})


class Period(Closed):
    """When a duty asks for something."""

    rhythm = Choice(Rhythm, required=True)
    by = nullable(fields.String, metadata={"description": "Yearly: month and day, `12-31`."})
    months = nullable(fields.Integer, metadata={"description": "The longest time between two."})


class Duty(Closed):
    """One duty, why it is owed, and who sees to it."""

    duty = fields.String(required=True)
    title = fields.Nested(Bilingual, required=True)
    about = fields.Nested(Bilingual, required=True)
    citation = fields.Nested(Bilingual, required=True)
    confidence = Choice(("A", "B"), required=True)
    because = fields.List(fields.Nested(Clause), required=True)
    by_choice = fields.Boolean(
        required=True, metadata={"description": "The law does not ask for it."}
    )
    period = fields.Nested(Period, required=True)
    starts = fields.Date(required=True)
    owner = Choice((*ROLES, *SCOPES), required=True)
    helps = nullable(fields.String, metadata={"description": "What of this product helps."})


class Duties(Closed):
    """The profile, and the duties it brings."""

    profile = fields.Nested(Profile, required=True)
    undecided = fields.List(Choice((LARGE,)), required=True)
    duties = fields.List(fields.Nested(Duty), required=True)
