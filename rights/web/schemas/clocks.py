"""Documents about the time of a request."""

from __future__ import annotations

from marshmallow import fields

from rights.services import clock_words
from rights.web.schemas.shapes import Bilingual, Closed, Moment

LONGER = {"description": "More time that was taken, as the law allows; null: none."}
DAYS = {"description": "Whole days that pauses of its clock have added to `due_at`."}
PROVISIONAL = {
    "description": "A year's working days are not loaded: `due_at` may get earlier, never later."
}
STILL = {"description": "While the clock stands still `due_at` does not move; null: it runs."}


class Extension(Closed):
    """That the answer takes longer than was promised at first."""

    reason = fields.String(required=True, metadata={"enum": [*clock_words.reasons()]})
    text = fields.Nested(Bilingual, required=True)
    first_due_at = Moment(required=True, metadata={"description": "What was promised before."})


class Paused(Closed):
    """That the clock stands still, because the person is waited for."""

    cause = fields.String(required=True, metadata={"enum": [*clock_words.causes()]})
    text = fields.Nested(Bilingual, required=True)
    since = Moment(required=True)
