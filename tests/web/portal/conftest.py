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
``street``
    The shop with a bridge to the national network identity service; ``unset`` before it has one.
``booth``
    That bridge.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rights.services import backends
from tests.browser.serving import serving
from tests.web.house import House
from tests.web.portal.booth import Booth
from tests.web.portal.desk import Desk
from tests.web.portal.reader import SHOP, Reader
from tests.web.portal.street import ALLOW, BOUND, Street
from tests.web.portal.town import ALICE, Town, opened
from tests.workflows.facts_shop import MAP
from tests.workflows.house import Clock, floor_over, replace


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


@pytest.fixture
def bridged(furnished: Callable[..., House], tmp_path: Path) -> House:
    file = tmp_path / "map.yaml"
    file.write_text(MAP, encoding="utf-8")
    made = furnished(datamap=file, webhook_allow=ALLOW)
    with made.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=made.clock.now())
    return made


@pytest.fixture
def booth(bridged: House) -> Iterator[Booth]:
    made = Booth(now=lambda: bridged.clock.now().timestamp(), account=dict(BOUND))
    with serving(made.app()) as at:
        made.url = at
        yield made


@pytest.fixture
def unset(bridged: House, booth: Booth, tmp_path: Path) -> Iterator[Street]:
    """The street before the bridge was set up."""
    bare = floor_over(tmp_path, MAP, {}, Clock())
    floor = replace(bare, register=bridged.engine, context=bridged.context, now=bridged.clock.now)
    yield Street(bridged, booth, floor)
    bare.register.dispose()


@pytest.fixture
def street(unset: Street) -> Street:
    unset.configure()
    return unset
