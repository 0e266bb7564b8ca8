"""``manifest.json``: what the package is, holds and lacks, for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files as resources
from typing import Any, Final

import orjson

from connectors.sdk import DataMap
from workflows.packages.facts import CategoryFacts, Gone, Withheld
from workflows.packages.spool_index import Spooled
from workflows.packages.terms import FORMAT, About, Disputed, Missing
from workflows.packages.words import both, word
from workflows.packages.writer import FileEntry

SCHEMA_NAME: Final = "package.schema.json"


@lru_cache(maxsize=1)
def schema_bytes() -> bytes:
    """Return the published JSON Schema of the manifest."""
    return resources(__package__).joinpath(SCHEMA_NAME).read_bytes()


def instant(moment: datetime) -> str:
    """Spell a moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(
    *,
    about: About,
    datamap: DataMap,
    spooled: Sequence[Spooled],
    files: Sequence[FileEntry],
    categories: Iterable[CategoryFacts],
    missing: Sequence[Missing],
    withheld: Iterable[Withheld],
    redacted: Iterable[Gone] = (),
    disputed: Iterable[Disputed] = (),
) -> bytes:
    """Return the manifest's bytes; it lists every file but itself."""
    body = {
        "format": FORMAT,
        "request_id": about.request_id,
        "kind": about.kind,
        "option": about.option,
        "regimes": list(about.regimes),
        "generated_at": instant(about.generated_at),
        "data_map": {"version": datamap.version, "hash": datamap.hash},
        "controller": dict(datamap.controller),
        "complete": not missing,
        "missing": [missing_to_json(m) for m in missing],
        "withheld": [_withheld_to_json(w) for w in withheld],
        "redacted": [_gone_to_json(g) for g in redacted],
        "disputed": [_disputed_to_json(d) for d in disputed],
        "categories": [_category_to_json(c) for c in categories],
        "collections": _collections(datamap, spooled, files),
        "files": [_file_to_json(f) for f in files],
    }
    # The data map's mappings are read-only views, at any depth; JSON knows only the plain ones.
    return orjson.dumps(body, default=dict, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def missing_to_json(of: Missing) -> dict[str, Any]:
    """Return one omission as the manifest spells it."""
    return {
        "store": of.store,
        "collection": of.collection or None,
        "code": of.code,
        "basis": of.basis or None,
        "until": of.until.isoformat() if of.until else None,
        "text": both(of.text, of.code).to_json(),
    }


def _withheld_to_json(of: Withheld) -> dict[str, Any]:
    return {
        "collection": of.collection,
        "field": of.field,
        "category": of.category,
        "code": of.code,
        "text": of.text.to_json(),
    }


def _gone_to_json(of: Gone) -> dict[str, Any]:
    return {
        "collection": of.collection,
        "field": of.field,
        "code": "other_people",
        "counts": dict(of.counts),
        "text": word("redacted", "other_people").to_json(),
    }


def _disputed_to_json(of: Disputed) -> dict[str, Any]:
    return {
        "collection": of.collection,
        "field": of.field,
        "code": of.code,
        "since": instant(of.since),
        "request_id": of.request_id,
        "claimed": of.claimed,
        "statement": of.statement,
        "text": word("disputed", of.code).to_json(),
    }


def _category_to_json(of: CategoryFacts) -> dict[str, Any]:
    return {
        "category": of.name,
        "title": of.title.to_json(),
        "sensitive": of.sensitive,
        "purposes": [
            {"name": p.name, "title": p.title.to_json(), "basis": p.basis.to_json()}
            for p in of.purposes.values()
        ],
        "bases": [b.to_json() for b in of.bases.values()],
        "sources": [str(source) for source in of.sources],
        "retention": [
            {
                "collection": r.collection,
                "period": r.period or None,
                "from": r.from_ or None,
                "basis": r.basis or None,
                "rank": r.rank or None,
                "text": r.text.to_json(),
            }
            for r in of.retention.values()
        ],
        "recipients": [
            {
                "name": r.name,
                "contact": r.contact,
                "purpose": r.purpose,
                "method": r.method,
                "country": r.country,
                "condition": r.condition or None,
            }
            for r in of.recipients.values()
        ],
        "collections": [*of.main, *of.also],
    }


def _collections(
    datamap: DataMap, spooled: Iterable[Spooled], files: Iterable[FileEntry]
) -> list[dict[str, Any]]:
    data: dict[str, list[str]] = {}
    for file in files:
        if file.role == "data":
            data.setdefault(file.collection, []).append(file.path)
    titles = {c.path: both(c.title, c.name) for c in datamap.collections}
    return [
        {
            "collection": of.collection,
            "title": titles[of.collection].to_json(),
            "records": of.records,
            "documents": of.documents,
            "data": data.get(of.collection, []),
        }
        for of in spooled
    ]


def _file_to_json(of: FileEntry) -> Mapping[str, Any]:
    return {
        "path": of.path,
        "role": of.role,
        "media_type": of.media_type,
        "bytes": of.bytes,
        "sha256": of.sha256,
        "collection": of.collection or None,
        "records": of.records,
    }
