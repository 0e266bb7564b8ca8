"""A register with a town's requests in it, on either database, and a terminal on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rights import logs
from rights.store.db import open_engine
from tests.services.registers import DATABASES, create
from tests.services.reports import town
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import Case
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House, furnish, settings_for


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logs.configure(level="CRITICAL")


def _settle(url: str) -> None:
    create(url)
    engine = open_engine(url)
    town.fill(engine, town.cases())
    engine.dispose()


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the town's register: it is copied, never written."""
    file = tmp_path_factory.mktemp("town") / "town.db"
    _settle(f"sqlite:///{file}")
    return file


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a register of this test's own with the town's requests in it."""
    if request.param == "postgres":
        copy: Callable[..., str] = request.getfixturevalue("postgres_template")
        return copy("report-town", _settle)
    file = tmp_path / "town.db"
    shutil.copy(request.getfixturevalue("settled"), file)
    return f"sqlite:///{file}"


@pytest.fixture
def all_of() -> list[Case]:
    """Return the town's requests, as they are in the register."""
    return town.cases()


@pytest.fixture
def terminal(url: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, url, town.NOW)


@pytest.fixture
def house(url: str, private_redis_url: str, tmp_path: Path) -> Iterator[House]:
    """Return a web on the town's register, at the town's time."""
    made = furnish(settings_for(url, private_redis_url, tmp_path))
    made.clock.at = town.NOW
    yield made
    made.engine.dispose()
    made.parts.limits.close()


@pytest.fixture
def otto(house: House) -> Clerk:
    """Return an auditor, signed in."""
    return clerk(house, "petra", "auditor")
