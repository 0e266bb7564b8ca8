"""What a call takes, field by field, read from the contract: for its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

_DEEPEST: Final = 4
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_LENGTHS: Final = (("minItems", "at least"), ("maxItems", "at most"))


@dataclass(frozen=True, slots=True)
class Taken:
    """
    One thing a call takes.

    Args:
        name: As it is written: ``limit``, ``subject``, ``values.changes[].field``.
        place: ``path``, ``query``, ``header`` or ``body``.
        about: Its type, what it may be, and what it means; plain text.
    """

    name: str
    place: str
    needed: bool
    about: str


def taken(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Taken]:
    """Yield what a call takes: parameters first, then the fields of its body, nested ones too."""
    for given in operation.get("parameters", []):
        if "name" in given:
            needed = bool(given.get("required"))
            yield Taken(given["name"], given["in"], needed, _about(given, given["schema"]))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield from _fields(document, body["schema"], "", depth=0)


def _fields(
    document: Mapping[str, Any], schema: Mapping[str, Any], before: str, *, depth: int
) -> Iterator[Taken]:
    whole = _resolved(document, schema)
    for name, raw in whole.get("properties", {}).items():
        of = _resolved(document, raw)
        within = _resolved(document, of.get("items", {}))
        path = f"{before}{name}"
        yield Taken(path, "body", name in whole.get("required", ()), _about(raw, of, within))
        inner, mark = (within, "[].") if within.get("properties") else (of, ".")
        if depth < _DEEPEST:
            yield from _fields(document, inner, f"{path}{mark}", depth=depth + 1)


def _about(
    said: Mapping[str, Any], of: Mapping[str, Any], within: Mapping[str, Any] = _NOTHING
) -> str:
    """Return type, allowed values, default and meaning as one line."""
    kind = of.get("type", "")
    if kind == "array":
        limits = [f"{word} {of[key]}" for key, word in _LENGTHS if of.get(key)]
        kind = ", ".join([f"list of {within.get('type', 'anything')}s", *limits])
    allowed = of.get("enum") or within.get("enum")
    parts = [kind if isinstance(kind, str) else " or ".join(kind)]
    if allowed:
        parts.append(f"one of {', '.join(str(a) for a in allowed)}")
    if "default" in of:
        parts.append(f"default {of['default']}")
    text = "; ".join(p for p in parts if p)
    meaning = said.get("description") or of.get("description", "")
    return f"{text}. {meaning}".strip() if meaning else text


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for ref in (schema, *schema.get("allOf", ())):
        if "$ref" in ref:
            name = ref["$ref"].rpartition("/")[2]
            found: Mapping[str, Any] = document["components"]["schemas"][name]
            return found
    return schema
