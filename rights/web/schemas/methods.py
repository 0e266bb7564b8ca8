"""Documents about how rights are used here."""

from __future__ import annotations

from marshmallow import fields

from rights.domain.kinds import Kind, Option
from rights.domain.policy import CHANNELS
from rights.services.words import LANGUAGES
from rights.web.schemas.shapes import Choice, Closed, nullable


class MethodsQuery(Closed):
    """In which language."""

    lang = fields.String(
        load_default=LANGUAGES[0],
        metadata={"description": "`zh-CN` or `en`; anything else is answered in Chinese."},
    )


class Channel(Closed):
    """One road by which requests come."""

    channel = Choice(CHANNELS, required=True)
    text = fields.String(required=True)


class Time(Closed):
    """How soon, under one regime."""

    regime = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)


class MethodOption(Closed):
    """One option of a right."""

    option = Choice(Option, required=True)
    title = fields.String(required=True)
    proof = fields.String(required=True, metadata={"description": "What has to be shown."})
    times = fields.List(fields.Nested(Time), required=True)


class Method(Closed):
    """One right that can be used here."""

    kind = Choice(Kind, required=True)
    title = fields.String(required=True)
    about = fields.String(required=True)
    options = fields.List(fields.Nested(MethodOption), required=True)


class Under14(Closed):
    """The block about children under fourteen."""

    title = fields.String(required=True)
    about = fields.String(required=True)
    rules = nullable(fields.String, metadata={"description": "Where those rules stand."})
    html = fields.String(required=True, metadata={"description": "A fragment to embed."})


class Methods(Closed):
    """How rights are used here, as this deployment is configured."""

    format = fields.Integer(required=True)
    version = fields.String(required=True, metadata={"description": "Changes with the content."})
    language = Choice(LANGUAGES, required=True)
    title = fields.String(required=True)
    opening = fields.String(required=True)
    portal = fields.String(required=True)
    contact = nullable(fields.String)
    complaints = nullable(fields.String)
    channels = fields.List(fields.Nested(Channel), required=True)
    methods = fields.List(fields.Nested(Method), required=True)
    blockers = fields.List(fields.String(), required=True)
    under_14 = fields.Nested(Under14, required=True)
    html = fields.String(required=True, metadata={"description": "A fragment to embed."})
