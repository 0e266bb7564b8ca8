"""Files as rows: where a target's files are, and which columns a file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.s3_objects.bucket import Stored
from connectors.s3_objects.templates import Place, Template
from connectors.sdk import Collection, Misconfigured, Reach, Target

Row = dict[str, Any]

KEY = ("key",)
CONTENT = "content"
COLUMNS: Mapping[str, str] = {
    "key": "text",
    "size": "integer",
    "last_modified": "timestamp",
    "content_type": "text",
    CONTENT: "file",
}


def places(target: Target) -> Iterator[Place]:
    """
    Yield every place of the people in *target*, each once, ordered.

    Raises:
        Misconfigured: the links do not name exactly the template's placeholders.
        Refused: a value could change which folder is meant.
    """
    template = _template(target.collection)
    found: dict[str, Place] = {}
    for reach in target.predicate:
        _check(reach, template, target.collection)
        for key in target.keys.keys(reach.anchor):
            place = template.place(dict(zip(reach.columns, key, strict=True)))
            if place is not None:
                found[place.key] = place
    yield from (found[name] for name in sorted(found))


def row_of(stored: Stored, place: Place) -> Row:
    """Return the row a file is; its media type is known once it was asked for."""
    return {
        **dict.fromkeys(COLUMNS),
        **place.values,
        "key": stored.key,
        "size": stored.size,
        "last_modified": stored.modified.isoformat(),
    }


def disclosable(collection: Collection) -> tuple[str, ...]:
    """Return the fields a person is shown. Raises Misconfigured for one no file has."""
    known = (*COLUMNS, *_template(collection).names)
    for name in collection.disclosed:
        if name not in known:
            raise Misconfigured(
                f"{collection.path}: a file has no field {name!r}, only {', '.join(known)}"
            )
    return collection.disclosed


def _template(collection: Collection) -> Template:
    return Template(collection.settings.get("template"), collection.path)


def _check(reach: Reach, template: Template, collection: Collection) -> None:
    if reach.link is not None and reach.link.type_column:
        raise Misconfigured(f"{collection.path}: a file has no column to tell link types apart")
    if sorted(reach.columns) != sorted(template.names):
        raise Misconfigured(
            f"{collection.path}: each link must name the template's placeholders as its columns: "
            f"{', '.join(template.names)}"
        )
