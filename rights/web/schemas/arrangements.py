"""Documents about what people arrange in their lifetime."""

from __future__ import annotations

from marshmallow import fields

from rights.web.schemas.requests import ASSERTION
from rights.web.schemas.shapes import Closed, Subject, Text, nullable

_RULES = {
    "description": "Kind or `*` to relative or `*` to `allow` or `deny`; the most exact counts.",
    "example": {"*": {"*": "deny"}, "copy": {"spouse": "allow"}},
    "minProperties": 0,
    "maxProperties": 5,
}


class NewArrangement(Closed):
    """What relatives may ask for after the person's death, as the person says."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    subject = Subject()
    rules = fields.Dict(
        keys=Text(least=1, most=40),
        values=fields.Dict(keys=Text(least=1, most=40), values=Text(least=1, most=10)),
        required=True,
        metadata=_RULES,
    )


class ArrangementQuery(Closed):
    """Whose; nothing with a portal token."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})


class Arrangement(Closed):
    """What is arranged; version 0: nothing."""

    version = fields.Integer(required=True)
    rules = fields.Raw(required=True, metadata={"type": "object"})
    at = nullable(fields.DateTime)
