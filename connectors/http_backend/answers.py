"""
What the service answered, read strictly.

An answer that lacks what it should say is refused and never read as "nothing there": a service
that changed its mind about a name would otherwise look like a person without data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from connectors.sdk import Refused

_LONGEST_CURSOR = 2048


class Answer:
    """
    One JSON object from the service.

    Args:
        about: Verb and collection, for messages. Values are never shown.
    """

    def __init__(self, about: str, document: Mapping[str, Any]) -> None:
        self.about = about
        self._document = document

    def count(self, name: str) -> int:
        """Return a number of rows the answer must state."""
        value = self._document.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.refused(f"does not say {name!r} as a number of 0 or more")
        return value

    def rows(self, columns: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return the rows of one page: of each the *columns* that were asked for, and no more."""
        rows = self._document.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.refused("does not say 'rows' as a list of objects")
        wanted = tuple(columns)
        for row in rows:
            lacking = [column for column in wanted if column not in row]
            if lacking:
                raise self.refused(f"has a row without {lacking[0]!r}; say null for no value")
        return [{column: row[column] for column in wanted} for row in rows]

    def cursor(self) -> str | None:
        """Return where the next page begins; None when this was the last, said so."""
        if "next" not in self._document:
            raise self.refused("does not say 'next': null marks the last page")
        value = self._document["next"]
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_CURSOR:
            raise self.refused("says a 'next' that is not a short text or null")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return an object of objects the answer must state."""
        value = self._document.get(name)
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            raise self.refused(f"does not say {name!r} as an object of objects")
        return value

    def refused(self, what: str) -> Refused:
        """Return the error that says the answer breaks the protocol."""
        return Refused(f"the service's answer to {self.about} {what}")


def parsed(about: str, content_type: str, body: bytes) -> Answer:
    """
    Return the answer in *body*.

    Raises:
        Refused: it is not one JSON object, said to be JSON.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(f"the service's answer to {about} is not application/json")
    document: Any = None
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # it carries the whole document: no error of ours may have it as its context
    if not isinstance(document, dict):
        raise Refused(f"the service's answer to {about} is not one JSON object")
    return Answer(about, document)
