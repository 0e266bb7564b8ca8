"""When the console of an organisation with a profile is looked at, and what its trail says."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import select

from rights.services import audit
from rights.store.models import DayChain, Entry
from tests.web.house import House

NOW = datetime(2027, 2, 1, 9, tzinfo=UTC)


def flat(text: str) -> str:
    return " ".join(text.split())


def entries(house: House, name: str) -> list[Entry]:
    with house.reading() as session:
        days = session.exec(select(DayChain.name)).all()
        found = [one for day in days for one in audit.entries(session, day)]
    return [one for one in found if one.event == name]
