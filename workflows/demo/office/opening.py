"""Opening the office of a running demo: its staff let in, its desks laid, its door served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import SecretStr

from rights.settings import Settings
from rights.store.db import open_engine
from workflows.building import context_for
from workflows.demo.company import datamap_file
from workflows.demo.house.building import House
from workflows.demo.office import happenings
from workflows.demo.office.door import Door
from workflows.demo.office.happenings import Register
from workflows.demo.office.members import office


@contextmanager
def opened(house: House) -> Iterator[str]:
    """Yield the address of the page on which one becomes one of the staff."""
    where, now = house.addresses, datetime.now(UTC)
    with house.terminal.step("the privacy office opened"):
        clerks = office(house.folder, where.register_url, where.console_url, now=now)
        if not house.again:
            _lay(house, now)
    door = Door(clerks, where.console_url)
    try:
        yield door.url
    finally:
        door.stop()


def _lay(house: House, now: datetime) -> None:
    """Lay the desks, in a register that is new."""
    settings = Settings(
        database_url=house.addresses.register_url,
        redis_url=house.addresses.redis,
        blobs_url=f"file://{house.addresses.folder / 'blobs'}",
        keys=SecretStr(house.credentials.keys),
        datamap=datamap_file(),
    )
    engine = open_engine(settings.database_url)
    try:
        register = Register(engine, context_for(settings), house.backend.id)
        happenings.happen(register, house.company, now)
    finally:
        engine.dispose()
