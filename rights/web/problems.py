"""
Errors as RFC 9457 problems: the only module that knows status codes.

What a code means and what to do is in ``rights/catalogue/problems.yaml``; the same words are on
``/problems/<code>`` and in the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson
from flask import Flask, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from rights import yaml_file
from rights.domain import errors
from rights.domain.errors import RightsError
from rights.domain.minors import ContentClosed
from rights.logs import get

TYPE: Final = "application/problem+json"
_FILE: Final = Path(__file__).parents[1] / "catalogue" / "problems.yaml"

STATUS: Final[Mapping[type[RightsError], int]] = MappingProxyType(
    {
        errors.Invalid: 422,
        errors.NotFound: 404,
        errors.IllegalTransition: 409,
        errors.Conflict: 409,
        errors.Gone: 410,
        errors.Forbidden: 403,
        ContentClosed: 403,
        errors.Unauthenticated: 401,
        errors.LevelTooLow: 401,
        errors.TooMany: 429,
        errors.Unavailable: 503,
    }
)
"""What each deliberate error is over HTTP. Whatever is not here is a fault of ours: 500."""

_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "bad_request",
        404: "not_found",
        405: "method_not_allowed",
        406: "not_acceptable",
        412: "precondition_failed",
        413: "too_large",
        415: "unsupported_media_type",
        416: "range_not_satisfiable",
        429: "too_many",
        503: "unavailable",
    }
)


class Problem(Exception):
    """A problem that only exists over HTTP, by its code in the catalogue."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.headers = dict(headers or {})


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return every code with its words."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return MappingProxyType(dict(found["problems"]))


def status_of(code: str) -> int:
    """Return the status that goes with a code of the catalogue."""
    entry = catalogue()[code]
    return int(entry["http"]) if "http" in entry else STATUS[getattr(errors, entry["error"])]


def codes_of(status: int) -> list[str]:
    """Return every code that a call of the API may answer a status with; none of staff's pages."""
    return [
        code
        for code, entry in catalogue().items()
        if status_of(code) == status and not entry.get("console")
    ]


def respond(
    code: str,
    *,
    status: int | None = None,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return the problem document of *code*."""
    entry = catalogue()[code]
    number = status if status is not None else status_of(code)
    body = {
        "type": f"/problems/{code}",
        "title": entry["title"]["en"],
        "status": number,
        "code": code,
        "detail": detail or entry["about"]["en"],
        **more,
    }
    response = Response(orjson.dumps(body), number, content_type=TYPE)
    response.headers.extend(dict(headers or {}))
    if number == 401:  # noqa: PLR2004 - RFC 9110 15.5.2 asks for the header
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def register(app: Flask) -> None:
    """Let every error of *app* become a problem."""
    app.register_error_handler(RightsError, _deliberate)
    app.register_error_handler(Problem, _ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _fault)


def _deliberate(error: RightsError) -> Response:
    status = STATUS.get(type(error))
    if status is None:
        return _fault(error)
    code = error.code if error.code in catalogue() else type(error).code
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, errors.Invalid):
        more["errors"] = [
            {"field": e.field, "message": e.message, "allowed": list(e.allowed)}
            for e in error.errors
        ]
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    return respond(code, status=status, detail=str(error), headers=headers, **more)


def _ours(error: Problem) -> Response:
    return respond(error.code, headers=error.headers)


def code_of(status: int) -> str:
    """Return the code of the catalogue for a status that werkzeug gave."""
    return _BY_STATUS.get(status, "server_error")


def unforeseen(error: Exception) -> str:
    """Return the code for an error nobody raised on purpose; log it by type and place, no text."""
    if isinstance(error, StaleDataError):
        return "conflict"
    if isinstance(error, DBAPIError | PoolTimeout):
        get().error("web.register_unavailable", error=type(error).__name__)
        return "unavailable"
    get().error("web.fault", exc_info=error)
    return "server_error"


def again_in(code: str) -> dict[str, str]:
    """Return the headers that say when to come back, where that is known."""
    return {"Retry-After": "5"} if code == "unavailable" else {}


def _of_http(error: HTTPException) -> Response:
    """Werkzeug's own errors keep their status and headers; its texts quote URLs, so they go."""
    code = code_of(error.code or 500)
    kept = ("Allow", "Retry-After", "Content-Range")
    headers = {name: value for name, value in error.get_headers() if name in kept}
    return respond(code, headers=headers)


def _fault(error: Exception) -> Response:
    code = unforeseen(error)
    return respond(code, headers=again_in(code))
