"""
What the page of tags shows: each tag in words, which ones are offered, and where a choice stands.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rights.domain import choosable
from rights.domain.datamap import Collection
from rights.domain.kinds import Kind, Option
from rights.domain.tags import SWITCH
from rights.services import preferences, tags_said
from rights.store.db import reading
from rights.web.parts import parts
from rights.web.portal import door, pages


def offered() -> bool:
    """Return whether people may choose tags here."""
    return Option.TAGS_EDIT in parts().context.policy.offered(Kind.RECOMMENDATION_OPT_OUT)


def topics(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Return every tag that is offered, ticked where the person has it.

    Args:
        answer: What the stores hold, by collection; empty where they were not asked.
    """
    here, words = parts(), pages.said()
    held = _held(answer)
    with reading(here.engine) as session:
        found = tags_said.read(session, here.context, door.person().identifiers)
    return [
        {
            "tag": one.tag,
            "title": words.either(one.title, one.tag),
            "ticked": one.chosen or one.tag in held,
        }
        for one in found
    ]


def _held(answer: Mapping[str, Any]) -> frozenset[str]:
    """Return the tags that stores hold of a person where tags are offered."""
    paths = [place.collection.path for place in choosable.places(parts().context.datamap)]
    found = (answer.get(path) or {"rows": []} for path in paths)
    return frozenset(row["id"] for one in found for row in one["rows"])


def stands() -> str:
    """Return ``working`` or ``in_force`` for who has chosen, and nothing for who has not."""
    here = parts()
    with reading(here.engine) as session:
        found = preferences.read(session, here.context, door.person().identifiers, SWITCH)
        said = tags_said.read(session, here.context, door.person().identifiers)
    if not any(one.at for one in said):
        return ""
    return "in_force" if found.effective else "working"


def places(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each place of tags in the map's order, with what its tags say in words."""
    words, datamap = pages.said(), parts().context.datamap
    for collection in datamap.collections:
        if collection.path not in answer:
            continue
        found = answer[collection.path]
        titles = {f.name: words.either(f.title, f.name) for f in collection.fields}
        rows = [
            {
                "id": one["id"],
                "lines": [(titles.get(n, n), value) for n, value in one["values"].items() if value],
                "by_you": _by_you(collection, one["values"]),
            }
            for one in (found or {"rows": []})["rows"]
        ]
        yield {
            "title": words.either(collection.title, collection.name),
            "known": found is not None,
            "rows": rows,
            "more": bool(found and found["more"]),
        }


def _by_you(collection: Collection, values: Mapping[str, Any]) -> bool:
    """Return whether a row says that the person chose it."""
    marks = collection.tags.chosen if collection.tags else {}
    return bool(marks) and all(str(values.get(n)) == str(v) for n, v in marks.items())
