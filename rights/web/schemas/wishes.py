"""What may stand beside a kind and its option."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from rights.domain.cooling import LONGEST
from rights.domain.tags import MOST
from rights.web.schemas.shapes import Closed, Text


def _scalar() -> fields.Raw:
    kinds = ["string", "integer", "number", "boolean"]
    return fields.Raw(allow_none=True, metadata={"type": kinds, "maxLength": 10_000})


class Change(Closed):
    """One field and what it should say."""

    field = Text(
        required=True,
        least=1,
        most=200,
        metadata={
            "description": "`<store>.<collection>.<field>`",
            "example": "shop.users.nickname",
        },
    )
    value = _scalar()
    old = _scalar()


_CATEGORIES = {"description": "Only data of these categories; absent: all of them."}
_GROUND = {"description": "Why; a wrong one is refused with those there are."}
_PURPOSES = {"description": "What consent is withdrawn for; names of the data map."}
_SWITCHES = {"description": "What is turned on again; names of switches of the data map."}
_UNTIL = {"description": "The day on which a restriction ends by itself: YYYY-MM-DD."}
_PRODUCTS = {
    "description": "Of a cancellation: just these products, by the names of the data map; absent:"
    " the whole account."
}
_PREVAILS = {"description": "Of two requests that contradict each other: the kind that counts."}
_AGREED = {"description": "What the person agreed to in place of deletion: anonymise."}
_PAUSE = {"description": "How many days the person chose to wait; absent: none, done at once."}
_DECISION = {"description": "Which automated decision; absent: all of them."}
_TOPIC = {"description": "What is to be explained: recipients, purposes, retention, ai_use …"}
_TAGS = {"description": "Which tags; absent: all of them."}
_CHOSEN = {"description": "Tags that the person chooses, of those that are offered."}
_REMOVED = {"description": "Tags that the person removes, by what the tag's column holds."}
_DIALOGUE = {
    "description": "`<store>.<collection>`, one that the data map marks as a conversation."
}
_SESSION = {"description": "One conversation; absent: any."}
_MESSAGES = {"description": "Messages by their key, as a copy shows it; absent: every one."}
_CONVERSATIONS = {
    "description": "Which messages or conversations it is about; absent: it is about everything."
    " What is not the person's own is left alone."
}
_TEXT = {"description": "In the person's words; staff ask back for what is missing."}


def chosen_tags() -> fields.List[Any]:
    """Return the field of the tags that somebody chooses."""
    return fields.List(Text(least=1, most=200), validate=validate.Length(1, MOST), metadata=_CHOSEN)


def removed_tags() -> fields.List[Any]:
    """Return the field of those that they remove meanwhile."""
    return fields.List(Text(least=1, most=200), validate=validate.Length(1, 500), metadata=_REMOVED)


class Parameters(Closed):
    """What narrows a request; names of the data map only, never personal data."""

    categories = fields.List(
        Text(least=1, most=60), validate=validate.Length(1, 100), metadata=_CATEGORIES
    )
    ground = Text(least=1, most=40, metadata=_GROUND)
    purposes = fields.List(
        Text(least=1, most=60), validate=validate.Length(1, 100), metadata=_PURPOSES
    )
    switches = fields.List(
        Text(least=1, most=60), validate=validate.Length(1, 20), metadata=_SWITCHES
    )
    products = fields.List(
        Text(least=1, most=63), validate=validate.Length(1, 50), metadata=_PRODUCTS
    )
    prevails = Text(least=1, most=20, metadata=_PREVAILS)
    agreed = Text(least=1, most=20, metadata=_AGREED)
    until = Text(least=10, most=10, metadata=_UNTIL)
    wait_days = fields.Integer(strict=True, validate=validate.Range(1, LONGEST), metadata=_PAUSE)
    decision = Text(least=1, most=60, metadata=_DECISION)
    topic = Text(least=1, most=60, metadata=_TOPIC)


class Conversation(Closed):
    """What is named of one dialogue."""

    collection = Text(required=True, least=1, most=200, metadata=_DIALOGUE)
    session = Text(least=1, most=200, metadata=_SESSION)
    messages = fields.List(
        Text(least=1, most=200), validate=validate.Length(1, 500), metadata=_MESSAGES
    )


class Values(Closed):
    """What is about the person; sealed at once."""

    changes = fields.List(fields.Nested(Change), validate=validate.Length(1, 100))
    tags = fields.List(Text(least=1, most=200), validate=validate.Length(1, 500), metadata=_TAGS)
    chosen = chosen_tags()
    removed = removed_tags()
    conversations = fields.List(
        fields.Nested(Conversation), validate=validate.Length(1, 200), metadata=_CONVERSATIONS
    )
    text = Text(least=1, most=10_000, metadata=_TEXT)
