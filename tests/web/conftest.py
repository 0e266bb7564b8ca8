"""
Fixtures of the web's tests.

``register_url``
    A migrated register, empty: once on SQLite, once on PostgreSQL.
``settings_of(**values)``
    Settings of a web process on that register.
``house``
    A web application on it, with a clock that stands still and a backend that may call it.
``office``
    Where staff work with it on the command line, and letters go out to a server of the test.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rights import logs
from rights.settings import Settings
from rights.store.migrate import upgrade
from tests.web.correspondence import Office
from tests.web.house import House, furnish, settings_for
from tests.web.rounds import told_by_mail
from workflows.embedded.smtp import Sink


@pytest.fixture(autouse=True)
def _logs() -> None:
    """As a web process logs: by type and place, never by text."""
    logs.configure()


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("register") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def register_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        copy: Callable[..., str] = request.getfixturevalue("postgres_template")
        return copy("web-register", upgrade)
    file = tmp_path / "register.db"
    shutil.copy(request.getfixturevalue("_migrated_file"), file)
    return f"sqlite:///{file}"


@pytest.fixture
def settings_of(
    register_url: str, private_redis_url: str, tmp_path: Path
) -> Callable[..., Settings]:
    def make(**values: Any) -> Settings:
        redis_url = values.pop("redis_url", private_redis_url)
        return settings_for(register_url, redis_url, tmp_path, **values)

    return make


@pytest.fixture
def furnished(settings_of: Callable[..., Settings]) -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def make(**values: Any) -> House:
        made.append(furnish(settings_of(**values)))
        return made[-1]

    yield make
    for house in made:
        house.engine.dispose()
        house.parts.limits.close()


@pytest.fixture
def house(furnished: Callable[..., House]) -> House:
    return furnished()


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """Return an office whose staff and people are mailed; tests with another one have their own."""
    return told_by_mail(furnished, smtp_sink, tmp_path, monkeypatch)
