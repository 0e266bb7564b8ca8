"""
Fixtures of the console in a real browser.

``office``
    The console, served, with its staff and a register full of work.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from rights import logs
from rights.store.migrate import upgrade
from tests.browser.console.scene import fill, hire
from tests.browser.serving import serving
from tests.organisations import profile_file
from tests.web.house import Clock, House, furnish, settings_for
from tests.web.recipients import giving

NOW: Final = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
"""A Wednesday, half past ten in the morning where the company is."""


COMPANY: Final = {
    "persons": 10_000_000,
    "registered": 9_000_000,
    "mau": 12_000_000,
    "californians": 10_000_000,
    "is_platform": True,
    "ecommerce": True,
    "minors_service": True,
    "cii_adjacent": True,
    "important_data": True,
    "calendar": {"minors_audit": {"by": "10-31"}},
}
"""What the company says of itself: one day is over, one is near, and a decision is due."""


@dataclass
class Office:
    """
    Where everything is.

    Args:
        made: Requests and a complaint by what is special about each.
    """

    house: House
    address: str
    made: dict[str, str]


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("console") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def office(
    _migrated: Path, tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]
) -> Iterator[Office]:
    logs.configure()
    port, file = free_port(), tmp_path / "register.db"
    shutil.copy(_migrated, file)
    address = f"http://127.0.0.1:{port}"
    own = profile_file(tmp_path, **COMPANY)
    more = {"base_url": address, "organisation": own, "datamap": giving(tmp_path)}
    given = settings_for(f"sqlite:///{file}", private_redis_url, tmp_path, **more)
    house = furnish(given, clock=Clock(NOW))
    hire(house)
    made = fill(house, NOW)
    with serving(house.app, port=port):
        yield Office(house, f"{address}/console", made)
    house.engine.dispose()
    house.parts.limits.close()
