"""What many of these tests begin with; a module that needs something else says so itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workflows.afterwards import MAP, Tables, filled
from tests.workflows.desk import Desk
from tests.workflows.held_shop import Shop, shop_at
from tests.workflows.house import Clock, floor_over
from tests.workflows.people_in_stores import People
from tests.workflows.restricted_shop import shop_on
from workflows.embedded.smtp import Sink
from workflows.floor import Floor

ENGINES = ("sqlite", "postgres", "mariadb")


@pytest.fixture
def desk(tmp_path: Path, smtp_sink: Sink) -> Iterator[Desk]:
    """Return a deployment that sends its mail to the sink."""
    made = Desk(tmp_path, (smtp_sink.host, smtp_sink.port))
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that is moved by hand."""
    return Clock()


@pytest.fixture
def tables() -> Tables:
    """Return what the company of ``afterwards.py`` knows of Ann and Bo."""
    return filled()


@pytest.fixture
def floor(tmp_path: Path, tables: Tables, clock: Clock) -> Floor:
    """Return a worker's floor over these."""
    return floor_over(tmp_path, MAP, tables, clock, backoff_s=(5.0,))


@pytest.fixture(params=ENGINES)
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Shop]]:
    """Return what makes shops whose orders have to stay, on each database."""
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    made: list[Shop] = []

    def make(**rules: str) -> Shop:
        made.append(shop_at(url, tmp_path, **rules))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def restricted(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Return the shop of ``restricted_shop.py``."""
    yield from shop_on(sqlite_url, tmp_path, monkeypatch)


@pytest.fixture(params=ENGINES)
def restricted_anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """Return the same on each database."""
    url = request.getfixturevalue(f"{request.param}_url")
    yield from shop_on(url, tmp_path, monkeypatch)
