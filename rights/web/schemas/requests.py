"""Documents about requests."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.domain.representation import (
    RELATIONS,
    REPRESENTATIVE,
    SUBJECT,
    TEXTS,
    AgeBand,
    Role,
    Scope,
)
from rights.services import regime_choice
from rights.web.schemas.clocks import DAYS, LONGER, PROVISIONAL, STILL, Extension, Paused
from rights.web.schemas.denials import Denial
from rights.web.schemas.recipients import RecipientTold
from rights.web.schemas.shapes import Bilingual, Choice, Closed, Id, Moment, Subject, Text, nullable
from rights.web.schemas.wishes import Parameters, Values

PASTED = "From the mail of the code, in place of its digits; good once, as long as they are."
ASSERTION = "A JWS signed by the backend about its logged-in user; good once."
REGIMES = {
    "example": ["cn_general"],
    "description": (
        "Empty: those of the product, else the deployment's own. A name that is none keeps no"
        " request out: cn_general counts in its place, and `regimes_because` says so."
    ),
}
BECAUSE = {
    "enum": [*regime_choice.REASONS, None],
    "description": (
        "Why these: they were `asked`, are those of the `product` or the `deployment`, or the"
        " `fallback` counts because one that was named is not known; null: not written down."
    ),
}


class Wish(Closed):
    """One right to exercise."""

    kind = Choice(Kind, required=True)
    option = Choice(Option, metadata={"description": "Absent: the kind's default."})
    parameters = fields.Nested(Parameters)
    values = fields.Nested(Values)


_MATTERS = {"description": "What the authority is for: kinds."}
_SCOPE = {"description": "`receive`: the agent may also receive the answer."}
_TERM = {"description": "The last day of the authority's term: YYYY-MM-DD."}
_SIGNED = {"description": "The principal has signed it."}
_INTEREST = {"description": "A close relative's own lawful interest, in their words; sealed."}
_CONTACT = {
    "description": "How they themselves are reached; never used to find the subject's data.",
    "example": {"email": "li.na@example.com"},
}
_BAND = {"description": "How old the subject is; an assertion's `age_band` goes before it."}
_RELATION = {"description": "What they are to the subject; a wrong one is told which there are."}


class Authority(Closed):
    """What a representative may do, field by field; what is missing is asked for."""

    name = Text(least=1, most=TEXTS["name"], metadata={"description": "Of the agent; sealed."})
    matters = fields.List(Choice(Kind), validate=validate.Length(1, 20), metadata=_MATTERS)
    scope = Choice(Scope, metadata=_SCOPE)
    until = fields.Date(metadata=_TERM)
    signed = fields.Boolean(metadata=_SIGNED)
    interest = Text(least=1, most=TEXTS["interest"], metadata=_INTEREST)


class Requester(Authority):
    """Who asks for the subject; a second person."""

    role = Choice([role for role in Role if role is not Role.SELF], required=True)
    relation = Text(required=True, least=1, most=40, metadata=_RELATION)
    contact = Subject(metadata=_CONTACT)


class Guardian(Closed):
    """The guardian of a child that asks for itself."""

    relation = Choice(RELATIONS[Role.GUARDIAN], required=True)
    contact = Subject(required=True, metadata=_CONTACT)


_NOBODY = (
    "Identifier type to value; the types are the data map's. Empty where it is not known yet how"
    " the person can be found: the request is taken in and waits for that."
)


class NewRequest(Wish):
    """A request. With a portal token, whose it is stays out: the token says so."""

    subject = Subject(least=0, metadata={"description": _NOBODY})
    subject_age_band = Choice(AgeBand, metadata=_BAND)
    requester = fields.Nested(Requester)
    guardian = fields.Nested(Guardian)
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    regimes = fields.List(Text(least=1, most=40), validate=validate.Length(0, 8), metadata=REGIMES)
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")
    follows = Id(metadata={"description": "The closed request that this one follows."})


class NewBundle(Closed):
    """Several requests of one person, taken in together or not at all."""

    requests = fields.List(fields.Nested(Wish), required=True, validate=validate.Length(1, 10))
    subject = Subject()
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    regimes = fields.List(Text(least=1, most=40), validate=validate.Length(0, 8), metadata=REGIMES)
    locale = Choice(("zh-CN", "en"), load_default="zh-CN")


class NextStep(Closed):
    """What the person does next."""

    code = Choice(
        ("code", "proof", "information", "guardian", "cooling_off", "wait", "closed"), required=True
    )
    text = fields.Nested(Bilingual, required=True)


class Door(Closed):
    """A call that can be made about this request, in words for the person."""

    href = fields.String(required=True)
    text = fields.Nested(Bilingual, required=True)


_PROCEED = {"description": "While it waits because the person chose so: to go on at once."}


class Acknowledgement(Closed):
    """A request as it stands; the same whether we know the person or not."""

    id = Id(required=True, metadata={"description": "The reference number."})
    kind = Choice(Kind, required=True)
    option = Choice(Option, required=True)
    state = Choice(State, required=True)
    wait = fields.String(
        required=True,
        allow_none=True,
        metadata={"enum": [*(str(w) for w in Wait if w), None], "description": "Why it waits."},
    )
    bundle_id = nullable(fields.String)
    follows = nullable(fields.String)
    merged_into = nullable(fields.String)
    reason = nullable(fields.String)
    denial = fields.Nested(Denial, required=True, allow_none=True)
    regimes = fields.List(fields.String(), required=True)
    regimes_because = nullable(fields.String, metadata=BECAUSE)
    locale = fields.String(required=True)
    level = fields.Integer(required=True)
    level_needed = fields.Integer(required=True)
    requester_role = Choice(Role, required=True)
    subject_age_band = Choice(AgeBand, required=True)
    delivers_to = Choice(
        (SUBJECT, REPRESENTATIVE),
        required=True,
        metadata={"description": "Who of the two people gets results and packages."},
    )
    needs = fields.List(fields.String(), required=True)
    received_at = Moment(required=True)
    received_at_local = Moment(required=True)
    due_at = Moment(required=True, metadata={"description": "The date that is promised."})
    due_provisional = fields.Boolean(required=True, metadata=PROVISIONAL)
    extension = fields.Nested(Extension, required=True, allow_none=True, metadata=LONGER)
    paused = fields.Nested(Paused, required=True, allow_none=True, metadata=STILL)
    paused_days = fields.Integer(required=True, metadata=DAYS)
    waits_until = nullable(
        Moment, metadata={"description": "Until when the person chose to wait; null: at once."}
    )
    closed_at = nullable(Moment)
    next_step = fields.Nested(NextStep, required=True)
    information = fields.Nested(Door, required=True)
    cancel = fields.Nested(Door, required=True)
    proceed = fields.Nested(Door, required=True, allow_none=True, metadata=_PROCEED)
    contact = nullable(
        fields.String, metadata={"description": "The personal information protection officer."}
    )


class Page(Closed):
    """Which page of a list."""

    cursor = Text(most=200, metadata={"description": "`next` of the page before."})
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 100), metadata={"example": 20}
    )
    state = Choice(State)
    kind = Choice(Kind)


class RequestPage(Closed):
    """Requests, newest first."""

    items = fields.List(fields.Nested(Acknowledgement), required=True)
    next = nullable(fields.String, metadata={"description": "Cursor of the next page, if any."})


class BundleConflict(Closed):
    """A correction and an erasure of the same data: the erasure waits to be told which prevails."""

    correction = Id(required=True)
    erasure = Id(required=True)
    choices = fields.List(fields.String(), required=True)


class Bundle(Closed):
    """A bundle and its requests."""

    id = Id(required=True)
    received_at = Moment(required=True)
    requests = fields.List(fields.Nested(Acknowledgement), required=True)
    conflicts = fields.List(fields.Nested(BundleConflict), required=True)


class Event(Closed):
    """One thing that happened."""

    seq = fields.Integer(required=True)
    at = Moment(required=True)
    event = fields.String(required=True)
    by = Choice(("subject", "backend", "staff", "system"), required=True)
    state = nullable(fields.String)
    reason = nullable(
        fields.String, metadata={"description": "Code of why, where an event has a reason."}
    )


class Timeline(Closed):
    """Everything that happened to a request, oldest first."""

    events = fields.List(fields.Nested(Event), required=True)


class ItemResult(Closed):
    """What became of one thing that was named."""

    item = fields.String(required=True)
    status = fields.Integer(
        required=True, metadata={"description": "200: done. 404: the person has none such."}
    )


class AskedPoint(Closed):
    """One thing that staff ask for."""

    name = fields.String(
        required=True,
        metadata={
            "description": "As in `needs`: a parameter, a value, `question_1` or `identify_1`."
        },
    )
    question = fields.String(
        required=True, metadata={"description": "In words; empty for what has a name."}
    )
    why = fields.String(required=True)


class Remarks(Closed):
    """What a worker found that the person must know beside the outcome."""

    results = fields.List(fields.Nested(ItemResult), required=True)
    needs = fields.List(fields.String(), required=True)
    choices = fields.List(
        fields.String(), required=True, metadata={"description": "What the missing value can be."}
    )
    answers = fields.List(
        fields.String(), required=True, metadata={"description": "What staff said, oldest first."}
    )
    points = fields.List(
        fields.Nested(AskedPoint),
        required=True,
        metadata={"description": "What staff ask for in words; `needs` has every name."},
    )
    recipients = fields.List(
        fields.Nested(RecipientTold),
        required=True,
        metadata={"description": "Who was told of what was done, and who was not and why."},
    )


class Information(Closed):
    """What is added to an open request."""

    parameters = fields.Nested(Parameters)
    values = fields.Nested(Values)
    subject = Subject()
    answers = fields.Dict(
        keys=Text(form="^(question|identify)_[1-9][0-9]?$", most=12),
        values=Text(least=1, most=10_000),
        validate=validate.Length(max=12),
        metadata={
            "maxProperties": 12,
            "example": {"question_1": "The one in Chengdu."},
            "description": "Answers to questions in words, by the names in `needs`.",
        },
    )


class StartVerification(Closed):
    """Send a code."""

    purpose = Choice(
        ("request", "grant", "proceed"),
        load_default="request",
        metadata={
            "description": "`grant`: for the download of a package. `proceed`: to go on at once "
            "with what the person chose to wait for."
        },
    )
    to = Text(
        least=1,
        most=40,
        metadata={
            "description": "The type of the identifier that gets it: one of the request's, an "
            "e-mail address or, where text messages are set up, a telephone.",
            "example": "email",
        },
    )


class Sent(Closed):
    """A code is on its way."""

    to = fields.String(required=True, metadata={"description": "The type of the identifier."})
    expires_at = Moment(required=True)
    again_at = Moment(required=True, metadata={"description": "When another can be asked for."})


class Proof(Closed):
    """A code or its token, an assertion, or both; or the code of the person's own app."""

    code = Text(least=1, most=12, metadata={"example": "123456"})
    token = Text(least=1, most=2048, metadata={"description": PASTED})
    assertion = Text(least=1, most=8192, metadata={"description": ASSERTION})
    totp = Text(
        least=1,
        most=12,
        metadata={
            "description": "What the person's authenticator app shows, with a portal token only: "
            "in place of a code, once the app was added long enough ago.",
        },
    )


class NewLookup(Closed):
    """A question that a worker answers."""

    question = Choice(("counts",), required=True)


class Lookup(Closed):
    """A question and, once there is one, its answer."""

    id = Id(required=True)
    question = fields.String(required=True)
    state = Choice(("waiting", "answered", "failed"), required=True)
    code = nullable(fields.String, metadata={"description": "Why it failed."})
    answer = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"type": "object", "description": "By collection."},
    )
    expires_at = Moment(required=True)
