"""A product's signed word about whom it has signed in."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.services import assertions, proving
from rights.services.context import Context
from rights.services.way_catalogue import catalogue
from rights.services.ways.way import Given, Taken
from rights.store.models import Request


class Assertion:
    """A JWS of the product's backend; good once."""

    name = "assertion"

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return the one value."""
        del datamap
        return ("assertion",)

    @property
    def brings(self) -> int:
        """What a session is worth; ``acr`` may say more, up to the backend's cap."""
        return catalogue()[self.name].level

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """Check it. Raises like :func:`assertions.verify` and :func:`proving.answer`."""
        token = given.values.get("assertion", "")
        proof = assertions.verify(session, context, given.caller, token, now=now)
        cap = given.caller.level_cap
        proving.answer(session, context, request, code=None, proof=proof, cap=cap, now=now)
        return Taken()
