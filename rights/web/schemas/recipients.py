"""Shapes of who was told of what was done."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.services.recipients_told import Told
from rights.web.schemas.shapes import Closed, Moment, nullable


class RecipientTold(Closed):
    """One recipient of the data, and whether they were told of what was done."""

    name = fields.String(required=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(tuple(map(str, Told))),
        metadata={"description": "`open`: nobody has written down that they were told."},
    )
    at = nullable(Moment)
    because = nullable(fields.String, metadata={"description": "Why they were not told."})
