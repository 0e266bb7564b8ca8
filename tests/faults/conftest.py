"""
Fixtures of the fault laboratory.

``lab(kind_of_store, people, with_files)``
    A laboratory of this test's own; the stores are on ``postgres``, ``mariadb`` or ``sqlite``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rights.store.migrate import upgrade
from tests.faults.forks import Forks, forks
from tests.faults.laboratory import Laboratory, laboratory
from tests.servers.s3 import Bucket


@pytest.fixture(scope="session")
def _forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("forks") / "forks.log") as preloaded:
        yield preloaded


@pytest.fixture
def lab(
    _forks: Forks,
    tmp_path: Path,
    postgres_template: Callable[[str, Callable[[str], None]], str],
    postgres_database: Callable[..., str],
    private_redis_url: str,
    s3: Bucket,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Laboratory]]:
    with ExitStack() as stack:

        def make(store: str = "postgres", *, people: int, files: range = range(0)) -> Laboratory:
            shop: Any = {
                "postgres": postgres_database,
                "mariadb": lambda: request.getfixturevalue("mariadb_url"),
                "sqlite": lambda: request.getfixturevalue("sqlite_url"),
            }[store]
            one = laboratory(
                tmp_path,
                register_url=postgres_template("faults-register", upgrade),
                shop_url=shop(),
                redis_url=private_redis_url,
                bucket=s3,
                forks=_forks,
                people=people,
                with_files=files,
            )
            return stack.enter_context(one)

        yield make
