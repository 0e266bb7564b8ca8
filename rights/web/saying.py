"""What a call says about itself, and what the contract makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from marshmallow import Schema

from rights.web.auth import Guard

Gives = Mapping[int, type[Schema] | Mapping[str, Any] | None]
"""Status to schema, or to the response object of the contract itself."""

_SECURITY: Final[Mapping[Guard, list[dict[str, list[str]]]]] = MappingProxyType(
    {
        Guard.PUBLIC: [],
        Guard.KEY: [{"backendKey": []}],
        Guard.KEY_OR_PORTAL: [{"backendKey": []}, {"portalToken": []}],
        Guard.GRANT: [{"grant": []}],
    }
)
NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "BadRequest",
        401: "Unauthenticated",
        403: "Forbidden",
        404: "NotFound",
        409: "Conflict",
        410: "Gone",
        412: "PreconditionFailed",
        413: "TooLarge",
        415: "UnsupportedMediaType",
        416: "RangeNotSatisfiable",
        422: "Invalid",
        429: "TooMany",
        500: "ServerError",
        503: "Unavailable",
    }
)
"""The problem responses of the contract, by status."""

_KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a call with the same key within a day and get the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read; the call is refused if it has changed since.",
    "schema": {"type": "string", "maxLength": 80},
}


@dataclass(frozen=True, slots=True)
class Said:
    """
    What is said of one call.

    Args:
        body, words: What its body and its query string must be.
        problems: Statuses beside those that every call of this kind can give.
        once: It honours ``Idempotency-Key``.
        versioned: It honours ``If-Match``.
        parameters: Headers of its own.
        content: Its body, by media type, where that is no JSON: the view reads it itself.
        neutral: It tells nothing of anybody who used a right, so every backend may call it.
    """

    guard: Guard
    gives: Gives
    scope: str
    body: Schema | None
    words: Schema | None
    problems: tuple[int, ...]
    once: bool
    versioned: bool
    parameters: tuple[Mapping[str, Any], ...]
    content: Mapping[str, Any] | None = None
    neutral: bool = False


def documented(name: str, said: Said) -> dict[str, Any]:
    """Return what the library makes the contract of."""
    headers = [
        *([_KEY_HEADER] if said.once else []),
        *([_IF_MATCH] if said.versioned else []),
        *said.parameters,
    ]
    return {
        "arguments": {"parameters": _parameters(said)},
        "response": {"responses": _responses(said)},
        "manual_doc": {
            "operationId": name,
            "security": _SECURITY[said.guard],
            **({"x-scope": said.scope} if said.scope else {}),
            **({"parameters": headers} if headers else {}),
            **_binary(said),
        },
    }


def _binary(said: Said) -> dict[str, Any]:
    if said.content is None:
        return {}
    return {"requestBody": {"required": True, "content": dict(said.content)}}


def _parameters(said: Said) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if said.words:
        found.append({"in": "query", "required": True, "schema": said.words})
    if said.body:
        found.append({"in": "json", "required": True, "schema": said.body})
    return found


def _responses(said: Said) -> dict[str, list[Any]]:
    problems = {429, 500, 503, *said.problems}
    problems |= set() if said.guard is Guard.PUBLIC else {401, 403}
    problems |= {400, 413, 415, 422} if said.body else set()
    problems |= {422} if said.words else set()
    problems |= {409, 422} if said.once else set()
    problems |= {412} if said.versioned else set()
    given = {str(status): [_success(status, what)] for status, what in said.gives.items()}
    return given | {str(s): [NAMES[s]] for s in sorted(problems)}


_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {200: "Done.", 201: "Made.", 202: "Accepted; it is being worked on.", 204: "Done."}
)


def _success(status: int, what: type[Schema] | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(what, Mapping):
        return {"content_type": None, **what}
    shown: dict[str, Any] = {"description": _WORDS[status], "content_type": None}
    if what is not None:
        shown["schema"] = what()
    return shown
