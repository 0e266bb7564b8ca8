"""
Texts that a person reads, written plainly or in both languages.

Everything that is kept (plans, receipts, notes of held rows) has the English one, so that nothing
depends on who reads it; the Chinese one is looked up by it where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from rights.domain.datamap import DataMap
from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import members, stores
from rights.services.hold_catalogue import catalogue

RECIPIENT: Final = ("purpose", "method", "condition")
"""What is said of a recipient in words."""


def plain(text: Any) -> str:
    """Return the text that is kept: the English one, else the only one."""
    if isinstance(text, Mapping):
        return str(text.get("en") or text.get("zh") or "")
    return text or ""


def chinese(data: Mapping[str, Any], datamap: DataMap) -> Mapping[str, str]:
    """Return the Chinese text for every kept one that has it, the hold catalogue's among them."""
    rules = (c.retention for c in datamap.collections if c.retention)
    duties = (catalogue().duties.get(rule.hold) for rule in rules)
    out = {duty.basis: duty.chinese for duty in duties if duty}
    out |= {text["en"]: text["zh"] for _, text in reversed(list(_translated(data)))}
    return MappingProxyType(out)


def ambiguous(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each text that is the same in English as another, and not in Chinese."""
    first: dict[str, str] = {}
    for path, text in _translated(data):
        if first.setdefault(text["en"], text["zh"]) != text["zh"]:
            what = "has another zh elsewhere for the same en"
            yield Problem(path, what, "write the same zh, or let the en differ too")


def _translated(data: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, str]]]:
    for path, text in _texts(data):
        if isinstance(text, Mapping) and all(isinstance(text.get(k), str) for k in ("zh", "en")):
            yield path, text


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield every text that a person may read, as written."""
    for path, store in stores(data):
        yield from _of((*path, "horizon"), store.get("horizon"), "by")
        for index, recipient in members(store, "recipients"):
            yield from _of((*path, "recipients", index), recipient, *RECIPIENT)
        yield from _retention((*path, "defaults"), store.get("defaults"))
        for index, collection in members(store, "collections"):
            yield from _collection((*path, "collections", index), collection)


def _collection(path: Path, raw: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from _of(path, raw, "because")
    yield from _retention(path, raw)
    for index, field in members(raw, "fields"):
        here = (*path, "fields", index)
        yield from _of(here, field, "because")
        yield from _of((*here, "correct"), field.get("correct"), "because")
    for index, link in members(raw, "links"):
        yield from _of((*path, "links", index), link, "because")


def _retention(path: Path, raw: Any) -> Iterator[tuple[Path, Any]]:
    rule = raw.get("retention") if isinstance(raw, Mapping) else None
    yield from _of((*path, "retention"), rule, "basis")


def _of(path: Path, raw: Any, *keys: str) -> Iterator[tuple[Path, Any]]:
    for key in keys if isinstance(raw, Mapping) else ():
        if key in raw:
            yield (*path, key), raw[key]
