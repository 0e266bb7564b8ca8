"""
Failures of interfaces, in the trail: what could not be reached, by id and code, and how often told.

A disturbance that has a beginning and an end is written down at both. Where nobody knows its end,
it is written down once a day for each that is concerned, however often it is met.

Source: NDSR 9; CSL 23(3); PIPL 51.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from rights.logs import get
from rights.services import audit
from rights.store.db import transaction
from rights.store.models import Entry
from rights.store.models.audit import OF_A_DAY

STORE_PAUSED: Final = "store_paused"
STORE_RESUMED: Final = "store_resumed"
STORE_UNREACHABLE: Final = "store_unreachable"
STORE_REACHABLE: Final = "store_reachable"
DELIVERY_DEAD: Final = "delivery_dead"
SIGN_IN: Final = "sign_in_unavailable"
BRIDGE: Final = "network_identity_unavailable"
VALUE_DROPPED: Final = "value_dropped"

Tell = Callable[[str, str], None]
"""Told of whom an interface failed for, a backend's id, and of the code."""


def note(session: Session, event: str, *, now: datetime, **said: str) -> None:
    """Write down the beginning or the end of one, in the transaction that knows of it."""
    audit.append_day(session, audit.Line(event, "system", said), now=now)


def once_a_day(session: Session, event: str, subject: str, *, now: datetime, **said: str) -> None:
    """
    Write it down unless the day has it already.

    Args:
        subject: The one of *said* by which the day's entries differ; a code does not count.
    """
    mine = select(Entry.data).where(
        text(OF_A_DAY),
        col(Entry.event) == event,
        col(Entry.chain) == f"day:{now.date().isoformat()}",
    )
    if all(one.get(subject) != said[subject] for one in session.exec(mine)):
        note(session, event, now=now, **said)


def teller(engine: Engine, event: str, now: Callable[[], datetime]) -> Tell:
    """
    Return what writes down a failure that is met outside any transaction.

    The failure is answered as one in any case: that it could not be written down is logged.
    """

    def tell(backend_id: str, code: str) -> None:
        try:
            with transaction(engine) as session:
                once_a_day(session, event, "backend", now=now(), backend=backend_id, code=code)
        except SQLAlchemyError as error:
            get().error("disturbance.unwritten", code=code, error=type(error).__name__)

    return tell


def nobody(backend_id: str, code: str) -> None:
    """Tell nobody: whoever asked sees it."""
