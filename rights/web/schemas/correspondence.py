"""Documents about messages, appeals and complaints."""

from __future__ import annotations

from marshmallow import fields

from rights.domain.plain_text import LONGEST
from rights.web.schemas.denials import Remedy
from rights.web.schemas.requests import ASSERTION
from rights.web.schemas.shapes import Bilingual, Choice, Closed, Id, Moment, Subject, Text, nullable

_TEXT = {"description": "Plain text; what looks like HTML stays text."}
_ABOUT = {"description": "The request it is about, if it is about one."}
_WITHHELD = {"description": "Too little was proved in this request to read what was written."}


class NewMessage(Closed):
    """What is written to the privacy team."""

    text = Text(required=True, least=1, most=LONGEST, metadata=_TEXT)


class Message(Closed):
    """One message."""

    id = Id(required=True)
    by = Choice(("person", "staff"), required=True)
    at = Moment(required=True)
    text = fields.String(required=True)


class Messages(Closed):
    """Every message about a request, oldest first."""

    messages = fields.List(fields.Nested(Message), required=True)
    withheld = fields.Boolean(required=True, metadata=_WITHHELD)


class NewAppeal(Closed):
    """Why the outcome of a request is wrong, in the person's words."""

    text = Text(required=True, least=1, most=LONGEST, metadata=_TEXT)


class Appeal(Closed):
    """An appeal as it stands."""

    id = Id(required=True)
    request_id = Id(required=True)
    state = Choice(("open", "upheld", "dismissed"), required=True)
    received_at = Moment(required=True)
    due_at = Moment(required=True, metadata={"description": "By when it is decided."})
    decided_at = nullable(Moment)
    led_to = nullable(fields.String, metadata={"description": "The request that does it anew."})
    text = nullable(
        fields.String, metadata={"description": "What was appealed, as long as it is kept."}
    )
    reasons = nullable(fields.String)
    optional = fields.Nested(Bilingual, required=True)
    remedies = fields.List(
        fields.Nested(Remedy), required=True, metadata={"description": "The ways out beside it."}
    )


class NewComplaint(Closed):
    """A complaint or report. With a portal token, `subject` and `assertion` stay out."""

    text = Text(required=True, least=1, most=LONGEST, metadata=_TEXT)
    request_id = Id(metadata=_ABOUT)
    subject = Subject()
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class Complaint(Closed):
    """A complaint as it stands."""

    id = Id(required=True, metadata={"description": "The reference."})
    request_id = nullable(fields.String)
    state = Choice(("open", "answered"), required=True)
    received_at = Moment(required=True)
    due_at = Moment(required=True, metadata={"description": "By when it is answered."})
    answered_at = nullable(Moment)
    text = nullable(fields.String, metadata={"description": "Null once it is forgotten."})
    answer = nullable(fields.String)
    contact = nullable(fields.String, metadata={"description": "Where people can complain to."})
