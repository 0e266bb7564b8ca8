"""The contract as the code sees it: flask-smorest's API with problems as RFC 9457 asks."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api
from marshmallow import fields

from rights.web.ids import HexId
from rights.web.problems import TYPE, codes_of
from rights.web.saying import NAMES
from rights.web.schemas.shapes import Closed

TITLE = "Rights"
VERSION = "1"


class FieldProblem(Closed):
    """One wrong field."""

    field = fields.String(required=True)
    message = fields.String(required=True)
    allowed = fields.List(fields.String(), required=True)


class ProblemDocument(Closed):
    """A problem, as RFC 9457 describes it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblem))


class Contract(Api):  # type: ignore[misc]  # the library publishes no types
    """The API of this product, and its description."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = ProblemDocument

    def _register_error_handlers(self) -> None:
        """Errors are ``rights.web.problems``' business."""

    def _register_responses(self) -> None:
        for status, name in NAMES.items():
            response: dict[str, Any] = {
                "description": "A problem; its `code` is one of `x-codes`.",
                "x-codes": codes_of(status),
                "content": {TYPE: {"schema": ProblemDocument}},
            }
            self.spec.components.response(name, response, lazy=True)

    def _register_pagination_header(self) -> None:
        """Pages have cursors in their bodies."""

    def _register_etag_headers(self) -> None:
        """Versions are named where they are given."""


def contract(app: Flask) -> Contract:
    """Return the contract of *app*, ready for its areas."""
    app.config.update(API_TITLE=TITLE, API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    app.url_map.converters["id"] = HexId
    options = {
        "info": {
            "description": (
                "Take people's rights over their personal data: access, copy, correction, "
                "deletion and the rest. Problems are RFC 9457 documents; `code` is stable."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
    }
    found = Contract(app, spec_kwargs=options)
    found.register_converter(HexId, lambda _: {"type": "string", "pattern": "^[0-9a-f]{32}$"})
    bearer = {"type": "http", "scheme": "bearer"}
    for name, about in (
        ("backendKey", "An API key of a product backend: `rk_…`."),
        ("portalToken", "A portal token of a signed-in person: `pt_…`, good for ten minutes."),
        ("grant", "A grant to download one package: `gr_…`, good for half an hour."),
    ):
        found.spec.components.security_scheme(name, {**bearer, "description": about})
    return found
