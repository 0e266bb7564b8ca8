"""A real name and the number of the identity card, matched with what is held."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.domain.levels import Matched
from rights.services import matching
from rights.services.context import Context
from rights.services.way_catalogue import catalogue
from rights.services.ways.way import Given, Taken
from rights.store.models import Request


class RealName:
    """Fields that the data map marks ``proof: real_name`` and ``proof: id_number``."""

    name = "real_name"

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return name and number; which fields they are compared with nobody has to know."""
        del datamap
        return tuple(matching.OF_REAL_NAME)

    @property
    def brings(self) -> int:
        """The third level, once the second was reached."""
        return catalogue()[self.name].level

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """Have them compared. Raises like :func:`matching.typed_name` and ``ask``."""
        values = matching.typed_name(context, given.values)
        way = Matched.REAL_NAME
        lookup = matching.ask(session, context, request, way, values, visit=given.visit, now=now)
        return Taken(lookup=lookup)
