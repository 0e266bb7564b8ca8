"""A one-time code: control of an address that was given."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.services import proving
from rights.services.context import Context
from rights.services.way_catalogue import catalogue
from rights.services.ways.way import Given, Taken
from rights.store.models import Request


class Code:
    """The digits of the mail, or the token beside them."""

    name = "code"

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return digits or token."""
        del datamap
        return ("code", "token")

    @property
    def brings(self) -> int:
        """Control of one address."""
        return catalogue()[self.name].level

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """Check it, as the call of its own does. Raises like :func:`proving.answer`."""
        answered = proving.answer(
            session,
            context,
            request,
            code=given.values.get("code"),
            token=given.values.get("token"),
            proof=None,
            cap=given.caller.level_cap,
            now=now,
        )
        return Taken(answered is not None)
