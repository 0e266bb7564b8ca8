"""The block that a product embeds in its rules page: how each right is used here."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from flask import render_template, request
from werkzeug import Response

from rights.services import methods
from rights.services.words import LANGUAGES, Words
from rights.store.db import reading
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import methods as shapes

area = Area(
    "rights-methods",
    prefix="/public/rights-methods",
    guard=Guard.PUBLIC,
    about="How each right is used here, for the product's own rules page.",
)

_MINUTES_S = 300


@area.call(
    "GET",
    "",
    query=shapes.MethodsQuery,
    gives={200: shapes.Methods, 304: {"description": "It is still what the ETag names."}},
)
def read_methods(asked: dict[str, Any]) -> Response:
    """
    Read methods, channels and promised times as this deployment is configured.

    `html` and `under_14.html` are fragments to embed as they are. Another language than those there
    are is answered in Chinese; `Content-Language` says which it is.
    """
    language = asked["lang"] if asked["lang"] in LANGUAGES else LANGUAGES[0]
    body = orjson.dumps(_block(language))
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = f"public, max-age={_MINUTES_S}"
    # Anybody's page may read it: it is about the company, and the same for everybody.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request.environ)


def _block(language: str) -> dict[str, Any]:
    here, words = parts(), Words(language, {})
    with reading(here.engine) as session:
        regimes = methods.regimes_in_use(session, here.context)
    found = methods.block(here.context, regimes, words)
    say = {name: words.either(text) for name, text in methods.texts().items() if "en" in text}
    rules = words.either(methods.texts()["under_14"]["rules"])
    whole, children = (
        render_template(f"public/{name}.html", block=found, say=say, rules=rules)
        for name in ("methods", "under_14")
    )
    content = {**found, "html": whole, "under_14": {**found["under_14"], "html": children}}
    version = hashlib.sha256(orjson.dumps(content)).hexdigest()[:16]
    return {**content, "version": version}
