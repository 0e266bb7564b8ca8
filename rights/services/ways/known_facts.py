"""Two details that are held already, beside a code."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.domain.levels import Matched
from rights.services import matching
from rights.services.context import Context
from rights.services.way_catalogue import catalogue, marked
from rights.services.ways.way import Given, Taken
from rights.store.models import Request


class KnownFacts:
    """Fields that the data map marks ``proof: fact``, by their paths."""

    name = "known_facts"

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return the paths of the fields that may be asked for."""
        return tuple(marked(datamap, "fact"))

    @property
    def brings(self) -> int:
        """The second level, beside a code."""
        return catalogue()[self.name].level

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """Have them compared. Raises like :func:`matching.typed_facts` and ``ask``."""
        values = matching.typed_facts(context, given.values)
        way = Matched.KNOWN_FACTS
        lookup = matching.ask(session, context, request, way, values, visit=given.visit, now=now)
        return Taken(lookup=lookup)
