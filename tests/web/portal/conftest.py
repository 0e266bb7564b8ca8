"""
Fixtures of the portal's tests.

``shop``
    A web application with a backend whose pages may show the portal.
``reader``
    A browser without JavaScript, in English.
``town``
    The shop, whose people sign in at a provider of our making.
``desk``
    That provider.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rights.services import backends
from tests.web.house import House
from tests.web.portal.desk import Desk
from tests.web.portal.reader import SHOP, Reader
from tests.web.portal.town import ALICE, Town, opened


@pytest.fixture
def register_url(_migrated_file: Path, tmp_path: Path) -> str:
    """SQLite only: what the register does is tested on PostgreSQL through the API."""
    file = tmp_path / "register.db"
    shutil.copy(_migrated_file, file)
    return f"sqlite:///{file}"


@pytest.fixture
def shop(furnished: Callable[..., House]) -> House:
    house = furnished()
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    return house


@pytest.fixture
def reader(shop: House) -> Reader:
    return Reader(shop)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(Desk(person=dict(ALICE))) as one:
        yield one


@pytest.fixture
def town(furnished: Callable[..., House], desk: Desk) -> Town:
    house = furnished(webhook_allow="127.0.0.0/8")
    desk.now = lambda: house.clock.now().timestamp()
    made = Town(house, desk)
    made.configure()
    return made
