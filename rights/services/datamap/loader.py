"""A file, or a folder of files, to a data map; or every mistake in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

from rights.domain import graph
from rights.domain.datamap import DataMap, Store
from rights.domain.errors import ConfigError
from rights.services.datamap import (
    credentials,
    products,
    references,
    required,
    resolve,
    rules,
    texts,
)
from rights.services.datamap.build import build
from rights.services.datamap.digest import content_hash
from rights.services.datamap.files import Source, joined, sources
from rights.services.datamap.mistakes import shaped
from rights.services.datamap.problems import Document, Problem, report
from rights.services.datamap.walking import collections, stores

Tell = Callable[[str], None]

_cache: dict[str, tuple[tuple[Any, ...], DataMap]] = {}
_cache_lock: Final = threading.Lock()


def load(path: str | FilePath, *, tell: Tell | None = None) -> DataMap:
    """
    Read the data map at *path*: one file, or all ``*.yaml`` and ``*.yml`` of a folder.

    Reading the same unchanged files again costs a few ``stat`` calls.

    Args:
        tell: Given what an entry owes the law but does not need in order to work. Without it,
            that is a mistake like any other.

    Raises:
        ConfigError: ``problems`` lists every mistake as ``file:line: path: what → remedy``.
    """
    found = sources(FilePath(path))
    if tell is not None:
        return _checked(*joined(found), tell=tell)
    stamp = tuple(source.stamp for source in found)
    key = str(FilePath(path).resolve())
    with _cache_lock:
        known = _cache.get(key)
    if known is not None and known[0] == stamp:
        return known[1]
    datamap = _checked(*joined(found))
    with _cache_lock:
        _cache[key] = (stamp, datamap)
    return datamap


def parse(text: str, name: str = "datamap.yaml") -> DataMap:
    """
    Read a data map from *text*.

    Args:
        name: How the text is called in messages.

    Raises:
        ConfigError: as :func:`load`.
    """
    return _checked(*joined((Source(name, text.encode),)))


def stubs(path: str | FilePath) -> tuple[Store, ...]:
    """
    Read only name, connector and settings of each store, for a map still to be written.

    Raises:
        ConfigError: the file cannot be read, or a store names no connector.
    """
    document, problems = joined(sources(FilePath(path)))
    problems += list(credentials.in_clear(document.data))
    out: list[Store] = []
    for where, raw in stores(document.data):
        name, connector, settings = (raw.get(k) for k in ("name", "connector", "settings"))
        if not isinstance(name, str) or not isinstance(connector, str):
            problems.append(Problem(where, "lacks a name or a connector", "add both"))
        elif settings is not None and not isinstance(settings, Mapping):
            problems.append(Problem((*where, "settings"), "is not a mapping", "write key: value"))
        else:
            out.append(Store(name=name, connector=connector, settings=settings or {}))
    if not out and not problems:
        problems.append(Problem((), "names no store", "add stores: with a name and a connector"))
    _refuse(document, problems)
    return tuple(out)


def _checked(document: Document, problems: list[Problem], tell: Tell | None = None) -> DataMap:
    if not document.data:
        _refuse(document, problems)
    valid, found = shaped(document.data)
    built = resolve.resolved(build(valid))
    datamap = replace(built, chinese=texts.chinese(document.data, built))
    mistakes = [*problems, *found, *_wrong(document, datamap, found)]
    if tell is not None:
        for line in report(document, [p for p in mistakes if p.duty]):
            tell(line)
        mistakes = [p for p in mistakes if not p.duty]
    _refuse(document, mistakes)
    return replace(graph.letting_go(datamap), hash=content_hash(datamap))


def _wrong(document: Document, datamap: DataMap, found: list[Problem]) -> Iterator[Problem]:
    targets = [*resolve.unknown_targets(datamap), *references.unknown_identifiers(datamap)]
    yield from required.missing(document.data)
    yield from credentials.in_clear(document.data)
    yield from targets
    yield from references.unknown_purposes(document.data)
    yield from references.unknown_contracts(datamap)
    yield from references.unknown_columns(datamap)
    yield from references.unknown_fields(datamap)
    yield from references.unknown_switches(datamap)
    yield from texts.ambiguous(document.data)
    yield from products.twice(document.data)
    yield from rules.broken_rules(datamap)
    yield from rules.unreached(datamap, _with_broken_links(datamap, [*found, *targets]))


def _with_broken_links(datamap: DataMap, problems: list[Problem]) -> frozenset[str]:
    """Return the collections about whose reach nothing can be said before they are mended."""
    wrong = {p.path[:4] for p in problems} | {p.path for p in problems}
    return frozenset(
        c.path for path, c in collections(datamap) if path in wrong or path[:3] in wrong
    )


def _refuse(document: Document, problems: list[Problem]) -> None:
    if problems:
        lines = report(document, problems)
        count = f"{len(lines)} mistake{'s' if len(lines) > 1 else ''}"
        raise ConfigError(f"the data map has {count}:", lines)
