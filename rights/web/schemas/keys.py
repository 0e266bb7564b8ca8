"""Documents about the keys that people prove themselves with."""

from __future__ import annotations

from marshmallow import fields

from rights.domain.proof_keys import Way
from rights.web.schemas.shapes import Choice, Closed, Id, Moment, Text, nullable

_LANGUAGES = ("zh-CN", "en")


class Key(Closed):
    """One passkey or authenticator app. The name its owner gave it is shown in the portal only."""

    id = Id(required=True)
    way = Choice(tuple(Way), required=True)
    counts_alone = fields.Boolean(
        required=True,
        metadata={"description": "It is old enough to stand in place of a code."},
    )
    created_at = Moment(required=True)
    last_used_at = nullable(Moment)


class Keys(Closed):
    """The keys of one person, the oldest first."""

    items = fields.List(fields.Nested(Key), required=True)


class NewCode(Closed):
    """A code to be sent."""

    locale = Choice(_LANGUAGES, load_default="zh-CN")


class Removal(Closed):
    """One fresh proof."""

    code = Text(least=1, most=12, metadata={"example": "123456"})
    totp = Text(least=1, most=12, metadata={"description": "What an authenticator app shows."})
    locale = Choice(_LANGUAGES, load_default="zh-CN")
