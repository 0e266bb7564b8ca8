"""Documents about what the person gets."""

from __future__ import annotations

from marshmallow import fields

from rights.web.schemas.shapes import Choice, Closed, Id, Moment, Open, nullable


class Missing(Open):
    """Something that is not in a package, and why: codes and names only."""


class Package(Closed):
    """One package."""

    id = Id(required=True)
    state = Choice(("ready", "purged"), required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes of the ZIP."})
    sha256 = fields.String(required=True)
    complete = fields.Boolean(required=True)
    missing = fields.List(fields.Nested(Missing), required=True)
    grants_left = fields.Integer(required=True)
    created_at = Moment(required=True)
    expires_at = nullable(Moment)
    level_needed = fields.Integer(
        required=True, metadata={"description": "What a download has to prove afresh."}
    )


class Packages(Closed):
    """The packages of a request, the newest first."""

    items = fields.List(fields.Nested(Package), required=True)


class Grant(Closed):
    """Leave to download: the token is shown once."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)
    grants_left = fields.Integer(required=True)
    content = fields.String(required=True, metadata={"description": "Where to download."})


class Effect(Open):
    """What one step did to one collection: counts, and a digest of the rows' keys."""


class Receipt(Closed):
    """The signed statement of outcome."""

    request_id = Id(required=True)
    body = fields.String(
        required=True, metadata={"description": "JSON text, byte for byte as it was signed."}
    )
    key_id = fields.String(required=True)
    signature = fields.String(required=True, metadata={"description": "Ed25519, base64."})
    created_at = Moment(required=True)
    salt = fields.String(
        metadata={"description": "Opens the root in `body`; base64. For the person alone."}
    )
    leaves = fields.List(
        fields.Nested(Effect), metadata={"description": "What the root in `body` covers."}
    )


class Dispute(Closed):
    """One disputed value, without the value and without what is said of it."""

    collection = fields.String(required=True)
    field = fields.String(required=True)
    code = Choice(
        ("pending", "disputed"),
        required=True,
        metadata={"description": "`pending` while the correction runs, `disputed` once it ended."},
    )
    since = Moment(required=True)


class Disputes(Closed):
    """What a request marked as disputed."""

    items = fields.List(fields.Nested(Dispute), required=True)


class Quantity(Closed):
    """How many records of one kind a store has."""

    store = fields.String(required=True)
    category = fields.String(required=True)
    records = fields.Integer(required=True)


class Quantities(Closed):
    """Kinds and quantities."""

    items = fields.List(fields.Nested(Quantity), required=True)
