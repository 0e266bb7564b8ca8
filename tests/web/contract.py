"""A test client that holds every answer against the committed contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

from rights.web.contract import agreed


class CheckedClient(FlaskClient):
    """Fails the test when an answer is not what ``openapi.yaml`` says."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check(response)
        return response


@cache
def _document() -> Mapping[str, Any]:
    found: Mapping[str, Any] = agreed()
    return found


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(path), path) for path in _document()["paths"]]


def _pattern(path: str) -> re.Pattern[str]:
    ids = re.sub(r"\\{[a-z_]+_id\\}", "[0-9a-f]{32}", re.escape(path))
    return re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", ids))


def check(response: TestResponse) -> None:
    """Hold one answer against the contract; paths outside it must be problems or pages."""
    method, path = response.request.method.lower(), response.request.path
    template = next((name for pattern, name in _paths() if pattern.fullmatch(path)), None)
    operation = _document()["paths"].get(template, {}).get(method)
    if operation is None:
        pages = path in ("/docs", "/openapi.yaml") or path.startswith(
            ("/problems/", "/static/", "/portal/", "/console/")
        )
        assert pages or response.status_code in (404, 405), f"{method} {path} is in no contract"
        return
    status = str(response.status_code)
    if method == "head":
        assert response.data == b"", f"head {template} sent a body"
        return
    assert status in operation["responses"], f"{method} {template} does not say {status}"
    _body(response, _resolved(operation["responses"][status]), f"{method} {template} {status}")


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = _document()
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    resolved: Mapping[str, Any] = found
    return resolved


def _body(response: TestResponse, said: Mapping[str, Any], where: str) -> None:
    content = said.get("content", {})
    if not content:
        assert response.data == b"", f"{where} has a body that is not in the contract"
        return
    kind = (response.content_type or "").partition(";")[0]
    assert kind in content, f"{where} is {kind}, the contract says {', '.join(content)}"
    if "json" in kind:
        schema = {**content[kind]["schema"], "components": _document()["components"]}
        checker = Draft202012Validator(schema, format_checker=FormatChecker())
        mistakes = [f"{e.json_path}: {e.message}" for e in checker.iter_errors(response.json)]
        assert not mistakes, f"{where}: {mistakes}"
