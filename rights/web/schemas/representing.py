"""Documents about who acts for somebody: authority, delegation, a guardian's word, evidence."""

from __future__ import annotations

from marshmallow import fields

from rights.domain.representation import Role
from rights.web.schemas.requests import ASSERTION, PASTED
from rights.web.schemas.shapes import Choice, Closed, Id, Moment, Text, nullable


class Representation(Closed):
    """The second person of a request, as far as it may be shown."""

    role = Choice(Role, required=True)
    relation = fields.String(required=True)
    method = Choice(
        ("", "attested", "delegated", "documents"),
        required=True,
        metadata={"description": "What shows it; empty: nothing yet."},
    )
    result = Choice(("", "accepted", "refused"), required=True)
    matters = fields.List(fields.String(), required=True)
    scope = fields.String(required=True)
    until = nullable(fields.Date)
    missing = fields.List(fields.String(), required=True)
    confirmed_at = nullable(Moment, metadata={"description": "A guardian's yes."})
    decided_at = nullable(Moment)


class Delegation(Closed):
    """The principal's own proof, unless a portal token already speaks for them."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})


class GuardianAnswer(Closed):
    """A guardian's word, with a code or its token, or a signed assertion that links the two."""

    confirmed = fields.Boolean(required=True)
    code = Text(least=1, most=12, metadata={"example": "123456"})
    token = Text(least=1, most=2048, metadata={"description": PASTED})
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})


class Document(Closed):
    """One document, as far as it is shown: it cannot be read back here."""

    id = Id(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    uploaded_at = Moment(required=True)
    destroy_at = Moment(required=True, metadata={"description": "At the latest."})
    destroyed_at = nullable(Moment)


class Documents(Closed):
    """The documents of a request."""

    items = fields.List(fields.Nested(Document), required=True)
