"""Labs on every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.links.case import Case
from tests.links.lab import Lab, impatient, opened, register
from tests.servers import mariadb, postgres


@pytest.fixture(scope="session")
def register_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return register(tmp_path_factory.mktemp("register"))


@pytest.fixture(scope="module")
def sqlite_lab(tmp_path_factory: pytest.TempPathFactory, register_template: Path) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("lab") / "lab.db"
    path.touch()
    with opened(f"sqlite:///{path}", register_template) as lab:
        yield lab


@pytest.fixture(scope="module")
def postgres_lab(_postgres: URL, register_template: Path) -> Iterator[Lab]:
    url = postgres.create(_postgres)
    with opened(url, register_template) as lab:
        yield lab
    postgres.drop(_postgres, url)


@pytest.fixture(scope="module")
def mariadb_lab(_mariadb: URL, register_template: Path) -> Iterator[Lab]:
    url = mariadb.create(_mariadb)
    with opened(url, register_template) as lab:
        yield lab
    mariadb.drop(_mariadb, url)


Cases = Callable[..., Case]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.inline.upgrade", lambda _: None)  # the template's is done
    monkeypatch.setattr("workflows.inline.settings_in", impatient)


@pytest.fixture
def case(tmp_path: Path, register_template: Path) -> Cases:
    """Return what makes a case: on SQLite, a file for each store, unless given an address."""

    def make(collections: str | dict[str, str], **urls: str) -> Case:
        stores = {"shop": collections} if isinstance(collections, str) else collections
        places = {n: urls.get(n) or f"sqlite:///{tmp_path / n}.db" for n in stores}
        for place in places.values():
            if place.startswith("sqlite"):
                Path(place.removeprefix("sqlite:///")).touch()
        return Case(tmp_path, register_template, places, stores)

    return make


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def anywhere(request: pytest.FixtureRequest, case: Cases) -> Cases:
    """Return what makes a case on each engine in turn."""
    url = "" if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url")
    return lambda collections: case(collections, shop=url)
