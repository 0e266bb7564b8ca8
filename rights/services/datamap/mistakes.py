"""The schema's verdict as a flat list of problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.schemas import MapShape


def shaped(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the part of *data* that has the right shape, and what has not."""
    try:
        return dict(MapShape().load(data)), []
    except ValidationError as error:
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        return valid, list(_flat(error.messages, ()))


def _flat(messages: Any, path: Path) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else (*path, key))
        return
    for message in messages:
        what, _, remedy = str(message).partition(" → ")
        yield Problem(path, what, remedy)
