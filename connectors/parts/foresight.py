"""What an erasure would come to, counted row by row where a store has no query language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.parts.fates import KEPT, Fate, Outcome
from connectors.parts.retention import since
from connectors.parts.types import Foreseen
from rights.domain.datamap import Collection, Erasure

_COUNTED = {
    Outcome.DELETE: "deleted",
    Outcome.ANONYMISE: "anonymised",
    Outcome.CUT: "decorrelated",
}


class Foresight:
    """
    Adds rows up; holds none of them.

    Args:
        engine: The kind of store, as the costs name it.
    """

    def __init__(self, collection: Collection, engine: str) -> None:
        self._collection = collection
        self._engine = engine
        self._counts: dict[str, Any] = dict.fromkeys(
            (*_COUNTED.values(), "held", "kept", "undated"), 0
        )
        self._newest: datetime | None = None
        self._bytes = self._rows = 0

    def weigh(self, size: int) -> None:
        """Take the size of one row that is reached."""
        self._bytes += size
        self._rows += 1

    def add(self, row: Mapping[str, Any], due: Fate, *, full: bool = True) -> None:
        """
        Take what an erasure would do to one row.

        Args:
            full: Something is there that has to be empty; what is empty already is not counted.
        """
        if due.outcome is Outcome.HOLD:
            self._hold(row, due)
        elif due.outcome in _COUNTED and (full or due.outcome is Outcome.DELETE):
            self._counts[_COUNTED[due.outcome]] += 1

    def _hold(self, row: Mapping[str, Any], due: Fate) -> None:
        by_link = due.because == KEPT and self._collection.erasure is not Erasure.KEEP
        self._counts["kept" if by_link else "held"] += 1
        rule = self._collection.retention
        if by_link or rule is None or not rule.from_:
            return
        began = since(row.get(rule.from_))
        self._counts["undated"] += began is None
        self._newest = max(filter(None, (self._newest, began)), default=None)

    def foreseen(self) -> Foreseen:
        """Return what all rows came to."""
        average = self._bytes / self._rows if self._rows else 0.0
        counted = Foreseen(**self._counts)
        return replace(
            counted,
            newest=self._newest,
            row_bytes=average,
            measured=self._rows,
            engine=self._engine,
        )


def weight(row: Mapping[str, Any]) -> int:
    """Return about how many bytes a row says."""
    return len(json.dumps(row, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass"))
