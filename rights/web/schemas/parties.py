"""Documents about webhooks, kinds and health."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.kinds import Kind, Option
from rights.services.webhooks import EVENTS
from rights.web.schemas.shapes import Bilingual, Choice, Closed, Id, Moment, Text, nullable


class NewWebhook(Closed):
    """Where to, and of what."""

    url = Text(required=True, least=1, most=500, metadata={"format": "uri"})
    events = fields.List(Choice(EVENTS), required=True, validate=validate.Length(1, 50))


class WebhookChange(Closed):
    """What is different from now on."""

    url = Text(least=1, most=500, metadata={"format": "uri"})
    events = fields.List(Choice(EVENTS), validate=validate.Length(1, 50))


class Webhook(Closed):
    """A subscription."""

    id = Id(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    created_at = Moment(required=True)


class WebhookMade(Webhook):
    """A subscription just made."""

    secret = fields.String(required=True, metadata={"description": "`whsec_…`; shown once."})


class Webhooks(Closed):
    """The live subscriptions of this backend."""

    items = fields.List(fields.Nested(Webhook), required=True)


class Delivery(Closed):
    """One event on its way."""

    id = Id(required=True)
    event_id = fields.String(required=True)
    event = fields.String(required=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    last_status = nullable(fields.Integer)
    next_at = nullable(Moment)
    created_at = Moment(required=True)
    delivered_at = nullable(Moment)


class Deliveries(Closed):
    """The latest deliveries of a subscription, newest first."""

    items = fields.List(fields.Nested(Delivery), required=True)


class DeliveryQuery(Closed):
    """Which deliveries."""

    state = Choice(("waiting", "delivered", "dead", "discarded"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class Limit(Closed):
    """So many days, working days or months."""

    count = fields.Integer(required=True)
    unit = Choice(("day", "working_day", "month"), required=True)


class Promised(Closed):
    """What one regime promises."""

    regime = fields.String(required=True)
    title = fields.Nested(Bilingual, required=True)
    immediate = fields.Boolean(required=True)
    limit = fields.Nested(Limit, required=True, allow_none=True)
    due_at = Moment(required=True, metadata={"description": "If it were received now."})


class NeededField(Closed):
    """One field that can be filled in."""

    name = fields.String(required=True)
    title = fields.Nested(Bilingual, required=True)
    needed = fields.Boolean(
        required=True, metadata={"description": "Work waits until it is supplied."}
    )


class OfferedOption(Closed):
    """One option that works here."""

    option = Choice(Option, required=True)
    title = fields.Nested(Bilingual, required=True)
    level_needed = fields.Integer(required=True)
    parameters = fields.List(fields.Nested(NeededField), required=True)
    values = fields.List(fields.Nested(NeededField), required=True)
    promised = fields.List(fields.Nested(Promised), required=True)


class OfferedKind(Closed):
    """One right that can be used here."""

    kind = Choice(Kind, required=True)
    title = fields.Nested(Bilingual, required=True)
    about = fields.Nested(Bilingual, required=True)
    default_option = Choice(Option, required=True)
    options = fields.List(fields.Nested(OfferedOption), required=True)


class Kinds(Closed):
    """Everything that can be asked for."""

    kinds = fields.List(fields.Nested(OfferedKind), required=True)


class Health(Closed):
    """Whether this process is up."""

    status = Choice(("ok",), required=True)


class Readiness(Closed):
    """Whether calls can be taken. Without Redis they can: limits are counted per process."""

    status = Choice(("ok", "degraded"), required=True)
    register = Choice(("up",), required=True)
    redis = Choice(("up", "down"), required=True)
    blobs = Choice(("up",), required=True)
    evidence = Choice(("up",), metadata={"description": "Only where documents are taken."})
    keys = Choice(("up",), required=True)


class StoreReadiness(Closed):
    """That a store may serve; when it may not, the answer is a problem."""

    store = fields.String(required=True)
    ready = fields.Boolean(required=True)
