"""A file, or a folder of files, to a data map; or every mistake in it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

from rights.domain.datamap import DataMap, Store
from rights.domain.errors import ConfigError
from rights.services.datamap import credentials, references, required, resolve, rules
from rights.services.datamap.build import build
from rights.services.datamap.digest import content_hash
from rights.services.datamap.files import Source, joined, sources
from rights.services.datamap.mistakes import shaped
from rights.services.datamap.problems import Document, Problem, report
from rights.services.datamap.walking import collections, stores

_cache: dict[str, tuple[tuple[Any, ...], DataMap]] = {}
_cache_lock: Final = threading.Lock()


def load(path: str | FilePath) -> DataMap:
    """
    Read the data map at *path*: one file, or all ``*.yaml`` and ``*.yml`` of a folder.

    Reading the same unchanged files again costs a few ``stat`` calls.

    Raises:
        ConfigError: ``problems`` lists every mistake as ``file:line: path: what → remedy``.
    """
    found = sources(FilePath(path))
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


def _checked(document: Document, problems: list[Problem]) -> DataMap:
    if not document.data:
        _refuse(document, problems)
    valid, found = shaped(document.data)
    datamap = resolve.resolved(build(valid))
    targets = [*resolve.unknown_targets(datamap), *references.unknown_identifiers(datamap)]
    _refuse(
        document,
        [
            *problems,
            *found,
            *required.missing(document.data),
            *credentials.in_clear(document.data),
            *targets,
            *references.unknown_purposes(document.data),
            *references.unknown_columns(datamap),
            *references.unknown_fields(datamap),
            *references.unknown_switches(datamap),
            *rules.broken_rules(datamap),
            *rules.unreached(datamap, _with_broken_links(datamap, [*found, *targets])),
            *rules.circles(datamap),
        ],
    )
    return replace(datamap, hash=content_hash(datamap))


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
