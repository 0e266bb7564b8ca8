"""What a call was sent, read and checked: every mistake is named by its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from flask import request
from marshmallow import Schema, ValidationError

from rights.domain.errors import FieldError, Invalid
from rights.web.problems import Problem

_PIECE: Final = 64 * 1024


def pieces(stream: Any) -> Iterator[bytes]:
    """Yield what is uploaded, a little at a time."""
    while piece := stream.read(_PIECE):
        yield piece


def body(schema: Schema) -> Any:
    """Return the JSON body. Raises the problem that it is, or Invalid."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise Problem("unsupported_media_type")
    data = request.get_data(cache=True)
    most = request.max_content_length or len(data) + 1
    if request.content_length is None and len(data) >= most:
        raise Problem("too_large")  # a body without a length is cut there without a word
    if not data.strip():
        raise Problem("empty_body")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Problem("malformed_json") from None
    if not isinstance(document, dict):
        raise Problem("malformed_json")
    return loaded(schema, document)


def query(schema: Schema) -> Any:
    """Return the query string. Raises Invalid, for a parameter given twice too."""
    several = [name for name, values in request.args.lists() if len(values) > 1]
    if several:
        wrong = [FieldError(name, "is given twice") for name in several]
        raise Invalid("a parameter stands twice", wrong)
    return loaded(schema, request.args.to_dict())


def loaded(schema: Schema, document: Mapping[str, Any]) -> Any:
    """Return the document as *schema* reads it. Raises Invalid, naming every field."""
    try:
        return schema.load(document)
    except ValidationError as error:
        found = list(_field_errors("", error.messages))
        raise Invalid("some values are wrong", found) from None


def _field_errors(path: str, messages: Any) -> list[FieldError]:
    """Flatten marshmallow's nested messages; ``{message, allowed}`` is one of our own."""
    if isinstance(messages, Mapping):
        if set(messages) == {"message", "allowed"}:
            return [FieldError(path, messages["message"], tuple(messages["allowed"]))]
        return [
            error
            for key, inner in messages.items()
            for error in _field_errors(_joined(path, key), inner)
        ]
    found: list[FieldError] = []
    for each in messages if isinstance(messages, list) else [messages]:
        if isinstance(each, Mapping):
            found += _field_errors(path, each)
        else:
            found.append(FieldError(path, str(each)))
    return found


def _joined(path: str, key: object) -> str:
    if key in ("_schema", "value", "key") and path:
        return path
    return f"{path}.{key}" if path else str(key)
