"""Documents about ways to prove who asks."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.lifecycle import State
from rights.web.schemas.requests import ASSERTION, PASTED
from rights.web.schemas.shapes import Bilingual, Choice, Closed, Id, Moment, Text, nullable

_VALUES = {
    "minProperties": 1,
    "maxProperties": 10,
    "example": {"shop.users.born": "1990-02-01", "shop.orders.number": "A-1001"},
    "description": "By name, as the plan's `gives` says; sealed at once, and gone with the answer.",
}
_HELD = {
    "description": (
        "Whether it is known what is held of this person: `unasked` before a code was answered,"
        " `forgotten` after a quarter of an hour. Until it is known the data map alone decides."
    )
}


class OpenWay(Closed):
    """One way that is open."""

    way = fields.String(required=True)
    level = fields.Integer(required=True, metadata={"description": "What it brings."})
    beside = nullable(fields.String, metadata={"description": "The way that comes first."})
    ready = fields.Boolean(required=True, metadata={"description": "It can be taken now."})
    staff = fields.Boolean(required=True, metadata={"description": "A person has to look."})
    asked = fields.Boolean(required=True, metadata={"description": "Staff asked for it."})
    gives = fields.List(
        fields.String(), required=True, metadata={"description": "Names of values it takes."}
    )
    title = fields.Nested(Bilingual, required=True)
    about = fields.Nested(Bilingual, required=True)


class VerificationPlan(Closed):
    """The ways open to a person for a request."""

    level = fields.Integer(required=True)
    level_needed = fields.Integer(required=True)
    held = Choice(
        ("unasked", "waiting", "known", "failed", "forgotten"), required=True, metadata=_HELD
    )
    ways = fields.List(fields.Nested(OpenWay), required=True)


class NewProof(Closed):
    """Something to prove with."""

    way = Text(required=True, least=1, most=40, metadata={"example": "known_facts"})
    values = fields.Dict(
        keys=Text(least=1, most=200),
        values=Text(most=8192),
        required=True,
        validate=validate.Length(1, 10),
        metadata=_VALUES,
    )


class ProofGiven(Closed):
    """
    What became of it.

    `enough` is all that is ever told: not which value was right, nor whether anything is held.
    """

    id = nullable(Id, metadata={"description": "Read it again under this; null: it is decided."})
    way = fields.String(required=True)
    state = Choice(
        ("waiting", "answered", "failed"),
        required=True,
        metadata={"description": "`failed`: a store could not be asked; no try was counted."},
    )
    enough = nullable(fields.Boolean)
    level = fields.Integer(required=True)
    level_needed = fields.Integer(required=True)
    request_state = Choice(State, required=True)
    expires_at = nullable(Moment)


class NewNetworkVisit(Closed):
    """Where somebody comes back to from the national network identity service."""

    back = Text(
        required=True,
        least=9,
        most=800,
        metadata={
            "example": "https://shop.example.com/privacy/back",
            "description": "A page of the product, under one of the backend's origins, without"
            " a query.",
        },
    )


class NetworkVisit(Closed):
    """A visit that was begun: good once, for this request, for ten minutes."""

    go = fields.String(required=True, metadata={"description": "Where the browser goes."})
    state = fields.String(
        required=True,
        metadata={"description": "Comes back with the browser: keep it in the browser's session."},
    )
    expires_at = Moment(required=True)


class FreshProof(Closed):
    """What shows here and now who asks: a code or its token, an assertion, or both."""

    code = Text(least=1, most=12, metadata={"example": "123456"})
    token = Text(least=1, most=2048, metadata={"description": PASTED})
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
