"""The national network identity, by the word of the company's own bridge to the service."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.levels import Matched
from rights.services import matching
from rights.services.context import Context
from rights.services.network_identity import visits
from rights.services.way_catalogue import catalogue
from rights.services.ways.way import Given, Taken
from rights.store.models import Request

STATE: Final = "state"
TICKET: Final = "ticket"
"""What somebody brings back: which visit of ours it was, and what the bridge answers for once."""

_LONGEST: Final = 1024


class NetworkIdentity:
    """A visit to the service that was begun for this request, in this browser."""

    name = "network_identity"

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return what the bridge sends people back with."""
        del datamap
        return (STATE, TICKET)

    @property
    def brings(self) -> int:
        """The third level where a real name was compared, else the second."""
        return catalogue()[self.name].level

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """
        Use the visit up, count the try, and have a worker ask the bridge.

        Raises:
            Invalid: there is no ticket.
            Unauthenticated: the visit was not begun here, is over, or was used.
            others: like :func:`matching.ask`.
        """
        ticket = given.values.get(TICKET, "")
        if not 0 < len(ticket) <= _LONGEST or not (ticket.isascii() and ticket.isprintable()):
            raise Invalid("no ticket was given", [FieldError("values.ticket", "is no ticket")])
        state = given.values.get(STATE, "")
        begun = visits.take(session, context.vault, request.id, state, given.visit, now=now)
        values = {
            TICKET: ticket,
            "nonce": begun.nonce,
            "url": begun.url,
            "since": begun.at.isoformat(),
        }
        way = Matched.NETWORK_IDENTITY
        lookup = matching.ask(session, context, request, way, values, visit=given.visit, now=now)
        return Taken(lookup=lookup)
