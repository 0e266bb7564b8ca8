"""Documents about the tags that people choose."""

from __future__ import annotations

from marshmallow import fields

from rights.web.schemas.requests import ASSERTION, Acknowledgement, ItemResult
from rights.web.schemas.shapes import Bilingual, Choice, Closed, Moment, Subject, Text, nullable
from rights.web.schemas.wishes import chosen_tags, removed_tags


class TagsQuery(Closed):
    """Whose choice of tags."""

    subject = Subject(required=True)


class OfferedTag(Closed):
    """One tag that people may choose, and whether this person did."""

    tag = fields.String(required=True)
    title = fields.Nested(Bilingual, required=True)
    chosen = fields.Boolean(required=True)
    changed_at = nullable(
        Moment, metadata={"description": "When the person last chose or removed it; null: never."}
    )


class TagChoices(Closed):
    """Every tag that is offered, and where the person's choice stands."""

    items = fields.List(fields.Nested(OfferedTag), required=True)
    effective = fields.Boolean(
        required=True, metadata={"description": "Every serving store has read the choice back."}
    )
    pending = fields.List(fields.String(), required=True)


class NewChoice(Closed):
    """Which tags a person chooses, and which of theirs they remove; one of the two at least."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    chosen = chosen_tags()
    removed = removed_tags()
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class TagsOutcome(Closed):
    """The choice as it stands, what became of each tag, and the request that carries it out."""

    tags = fields.Nested(TagChoices, required=True)
    results = fields.List(fields.Nested(ItemResult), required=True)
    request = fields.Nested(Acknowledgement, required=True)
