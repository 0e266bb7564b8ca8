"""The few pages for people who build on the API: the contract, what each problem means."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from apispec import APISpec
from flask import Blueprint, Flask, render_template
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.web import examples
from rights.web.auth import Guard, enter
from rights.web.problems import catalogue, status_of


def register(app: Flask, spec: APISpec) -> None:
    """Serve ``/docs``, ``/openapi.yaml`` and ``/problems/<code>``; all of them are public."""
    pages = Blueprint("pages", __name__)
    pages.guard = Guard.PUBLIC  # type: ignore[attr-defined]  # for the test of guards
    pages.before_request(lambda: enter(Guard.PUBLIC, ""))

    @cache
    def document() -> dict[str, Any]:
        found: dict[str, Any] = spec.to_dict()
        return found

    @cache
    def text() -> str:  # a third of a second: made when somebody asks
        return written(document())

    @pages.get("/openapi.yaml")
    def openapi() -> Response:
        return Response(text(), content_type="application/yaml")

    @pages.get("/docs")
    def docs() -> str:
        said = document()
        return render_template("docs.html", calls=examples.calls(said), info=said["info"])

    @pages.get("/problems/<code>")
    def problem(code: str) -> str:
        if code not in catalogue():
            raise NotFound("there is no such problem")
        entry = catalogue()[code]
        return render_template("problem.html", code=code, entry=entry, status=status_of(code))

    app.register_blueprint(pages)


def written(document: dict[str, Any]) -> str:
    """Return a contract as the text that is committed."""
    return yaml.safe_dump(document, sort_keys=True, allow_unicode=True, width=100)
