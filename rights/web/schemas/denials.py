"""A denial as the API tells it."""

from __future__ import annotations

from marshmallow import fields

from rights.domain.kinds import Kind
from rights.web.schemas.shapes import Bilingual, Choice, Closed


class Remedy(Closed):
    """A way out for who disagrees."""

    code = fields.String(required=True)
    text = fields.Nested(Bilingual, required=True)
    time = fields.Nested(
        Bilingual, required=True, metadata={"description": "How much time there is for it."}
    )


class Offer(Closed):
    """What the person can have in place of what was denied."""

    code = fields.String(required=True)
    kind = Choice(Kind, required=True, metadata={"description": "The request that takes it up."})
    text = fields.Nested(Bilingual, required=True)


class Denial(Closed):
    """Why a request was denied, and where the person can turn."""

    reason = fields.String(required=True)
    text = fields.Nested(Bilingual, required=True)
    basis = fields.List(
        fields.Nested(Bilingual), required=True, metadata={"description": "The law behind it."}
    )
    remedies = fields.List(fields.Nested(Remedy), required=True)
    offers = fields.List(
        fields.Nested(Offer),
        required=True,
        metadata={"description": "What a law of the request wants offered with a denial."},
    )
