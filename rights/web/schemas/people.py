"""Documents about consents, preferences and portal tokens."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.purposes import MANNERS
from rights.domain.representation import AgeBand
from rights.services.kept_tags import MOST as MOST_TAGS
from rights.services.suppression import MOST
from rights.services.unasked import TRIGGERS
from rights.web.schemas.requests import ASSERTION, Acknowledgement
from rights.web.schemas.shapes import Choice, Closed, Moment, Scalar, Subject, Text, nullable

_GUARDIAN = {"user_id": "u-1000"}


class NewConsent(Closed):
    """A consent that was given."""

    subject = Subject(required=True)
    purpose = Text(required=True, least=1, most=60)
    manner = Choice(MANNERS, load_default="express")
    rule_version = Text(
        required=True, least=1, most=60, metadata={"description": "Which notice was shown."}
    )
    source = Text(load_default="", most=60, metadata={"description": "Where it was given."})
    subject_age_band = Choice(AgeBand, load_default=str(AgeBand.UNKNOWN))
    guardian = Subject(
        metadata={"description": "Who agreed for a child under fourteen.", "example": _GUARDIAN}
    )
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})


class ConsentLine(Closed):
    """One line of the ledger."""

    purpose = fields.String(required=True)
    state = Choice(("granted", "withdrawn"), required=True)
    manner = fields.String(required=True)
    rule_version = fields.String(required=True)
    source = fields.String(required=True)
    given_by = Choice(("self", "guardian"), required=True)
    request_id = nullable(fields.String)
    at = Moment(required=True)


class ConsentQuery(Closed):
    """Whose consents; in the body, since addresses do not belong into URLs."""

    subject = Subject(required=True)
    purpose = Text(least=1, most=60)


class ConsentHistory(Closed):
    """The ledger of one person at this backend, oldest first."""

    items = fields.List(fields.Nested(ConsentLine), required=True)


class Withdrawal(Closed):
    """Consents to take back."""

    subject = Subject(required=True)
    purposes = fields.List(Text(least=1, most=60), required=True, validate=validate.Length(1, 100))
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class PreferenceQuery(Closed):
    """Whose switch; an anonymous device id will do."""

    subject = Subject(required=True)
    name = Text(required=True, least=1, most=60, metadata={"example": "personalised"})


class PreferenceReading(Closed):
    """Where a switch stands."""

    name = fields.String(required=True)
    value = Choice(("on", "off"), required=True)
    effective = fields.Boolean(
        required=True, metadata={"description": "Every serving store has read it back."}
    )
    pending = fields.List(fields.String(), required=True)
    changed_at = nullable(Moment)
    effective_at = nullable(Moment)


class OptOut(Closed):
    """Turn one switch off."""

    subject = Subject()
    name = Text(required=True, least=1, most=60, metadata={"example": "personalised"})
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class OptOutOutcome(Closed):
    """The preference, and the request that makes every store honour it."""

    preference = fields.Nested(PreferenceReading, required=True)
    request = fields.Nested(Acknowledgement, required=True)


class SuppressionItem(Closed):
    """One identifier of something that is about to be imported."""

    type = Text(required=True, least=1, most=40, metadata={"example": "email"})
    value = Text(required=True, least=1, most=320, metadata={"example": "wei.zhang@example.com"})
    recorded_at = fields.AwareDateTime(
        metadata={"description": "How old the data is; left out, it counts as old."}
    )
    collection = Text(
        load_default="",
        most=160,
        metadata={
            "example": "shop.orders",
            "description": "Where it goes; left out, it counts as going where data was erased.",
        },
    )


class SuppressionQuery(Closed):
    """Identifiers to ask about, many at once."""

    items = fields.List(
        fields.Nested(SuppressionItem), required=True, validate=validate.Length(1, MOST)
    )


class SuppressionAnswer(Closed):
    """Whether it may be imported."""

    allowed = fields.Boolean(required=True)
    before = nullable(
        Moment, metadata={"description": "Data older than this was erased; null: none was."}
    )
    kinds = fields.List(fields.String(), required=True)
    partly = fields.Boolean(
        required=True,
        metadata={
            "description": "Only a part was erased: ask again and name the collection it goes to."
        },
    )
    ended = fields.Boolean(
        required=True,
        metadata={
            "description": "This account was cancelled: whoever signs up is a new person and gets a"
            " new account."
        },
    )


class SuppressionAnswers(Closed):
    """One answer for each item, in their order."""

    items = fields.List(fields.Nested(SuppressionAnswer), required=True)


class TagItem(Closed):
    """One tag that is about to be computed for somebody."""

    type = Text(required=True, least=1, most=40, metadata={"example": "user_id"})
    value = Text(required=True, least=1, most=320, metadata={"example": "u-1000"})
    tag = Text(required=True, least=1, most=200, metadata={"example": "night-owl"})
    recorded_at = fields.AwareDateTime(
        metadata={
            "description": "How old the oldest behaviour is that it is computed from; "
            "left out, it counts as old."
        }
    )


class TagQuery(Closed):
    """Tags to ask about, many at once."""

    items = fields.List(
        fields.Nested(TagItem), required=True, validate=validate.Length(1, MOST_TAGS)
    )


class TagAnswer(Closed):
    """Whether it may be computed."""

    allowed = fields.Boolean(required=True)
    before = nullable(
        Moment, metadata={"description": "Younger behaviour may be used; null: there is no such."}
    )
    chosen = fields.Boolean(
        required=True,
        metadata={"description": "The person chose it: leave it as it is, whatever you compute."},
    )


class TagAnswers(Closed):
    """One answer for each item, in their order."""

    items = fields.List(fields.Nested(TagAnswer), required=True)


class TagsOn(Closed):
    """Whose own word this is; nothing beside a portal token."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})


class TagsAllowed(Closed):
    """What the person's word changed."""

    changed = fields.Boolean(
        required=True, metadata={"description": "There were deleted tags that may come again now."}
    )


class NewDeletion(Closed):
    """What obliges the company to delete, and whose data."""

    trigger = Choice(TRIGGERS, required=True)
    subject = Subject(required=True)
    purposes = fields.List(Text(least=1, most=60), validate=validate.Length(1, 100))
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class Lifting(Closed):
    """Why a restriction ends although the person did not ask for it, and when."""

    because = Text(
        required=True,
        least=1,
        most=2000,
        metadata={"description": "In words for the person, in their language; sealed."},
    )
    on = fields.Date(
        required=True,
        metadata={"description": "The day from which data is used again: YYYY-MM-DD."},
    )


class ImportValue(Closed):
    """One value that is about to be written."""

    field = Text(required=True, least=5, most=200, metadata={"example": "shop.users.nickname"})
    key = fields.List(
        Scalar(required=True),
        required=True,
        validate=validate.Length(1, 16),
        metadata={"description": "The row's key, in the order of the collection's."},
    )
    value = Scalar(required=True, allow_none=True)


class ImportQuery(Closed):
    """Values to ask about, many at once."""

    items = fields.List(
        fields.Nested(ImportValue), required=True, validate=validate.Length(1, MOST)
    )


class ImportAnswer(Closed):
    """Whether it may be written."""

    allowed = fields.Boolean(required=True)
    corrected_at = nullable(
        Moment, metadata={"description": "When it was corrected; null: it was not."}
    )


class ImportAnswers(Closed):
    """One answer for each item, in their order."""

    items = fields.List(fields.Nested(ImportAnswer), required=True)


class NewPortalToken(Closed):
    """For whom: a signed assertion about the user, or who is signed in."""

    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    subject = Subject()


class PortalToken(Closed):
    """A token to act as this person with."""

    token = fields.String(required=True)
    expires_at = Moment(required=True)
