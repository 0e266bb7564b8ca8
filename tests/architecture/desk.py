"""Staff at a console that has its own role alone, beside the house whose requests they see."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import requests
from rights.store.models import Request
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House

EVERY_ROLE = ("reviewer", "approver", "verifier", "admin", "legal", "dpo")


class Office:
    """
    The same register twice: all surfaces as its owner, and the console as its role alone.

    Args:
        house: Where people ask, and where a test looks at what came of it.
        console: Where staff work.
    """

    def __init__(self, house: House, console: House) -> None:
        self.house, self.console = house, console

    def clerk(self, name: str, *roles: str) -> Clerk:
        """Let somebody in, with every role unless some are named."""
        return clerk(self.console, name, *(roles or EVERY_ROLE))

    def asserted(self, kind: str = "access", **more: Any) -> str:
        """Let a person ask for something."""
        return str(self.house.asserted(kind, **more)["id"])

    def request(self, request_id: str) -> Request:
        """Return a request as it is now."""
        with self.house.reading() as session:
            found: Request = session.get_one(Request, request_id)
        return found

    def only(self, model: Any, *where: Any) -> Any:
        """Return the one row of a table."""
        with self.house.reading() as session:
            return session.exec(select(model).where(*where)).one()

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """Return the rows of a table."""
        with self.house.reading() as session:
            return list(session.exec(select(model).where(*where)).all())

    def add(self, *rows: Any) -> None:
        """Write rows as another process would."""
        with self.house.writing() as session:
            session.add_all(rows)

    def ended(self, request_id: str, event: Event, reason: str = "") -> None:
        """End a request as the work would, or somebody of the staff who denies it."""
        actor = "staff:1" if event is Event.DENIED else "system"
        with self.house.writing() as session:
            request = requests.locked(session, request_id)
            request.reason = reason
            now = self.house.clock.now()
            requests.record(session, request, event, actor=actor, now=now)
