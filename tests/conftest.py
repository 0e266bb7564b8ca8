"""
Fixtures that every test may use: real servers, one private corner of each per test.

Where a server comes from: an environment address if set (``RIGHTS_TEST_POSTGRES_URL``,
``RIGHTS_TEST_MARIADB_URL``, ``RIGHTS_TEST_REDIS_URL``, ``RIGHTS_TEST_S3_URL``); else what listens
on the standard local port; else a server the tests start themselves. The browser is the program
``RIGHTS_TEST_CHROMIUM``, else an installed one. With ``CI=true`` a missing server fails the test;
else the test is skipped and listed last as NOT RUN.

Fixtures (all function-scoped unless said; nothing of one test is seen by the next):

``postgres_url: str``
    A fresh, empty database, ``postgresql+psycopg://…``; dropped afterwards.
``postgres_database: Callable[..., str]``
    ``postgres_database()`` makes one more fresh database and returns its address;
    ``postgres_database(template=url)`` copies another of this test's or session's databases.
``postgres_template: Callable[[str, Callable[[str], None]], str]``
    ``postgres_template("register", fill)`` makes a database once per worker, calls ``fill(url)`` on
    it (migrations, say) and returns a fresh copy of it for this test. Copying takes about 50 ms.
``mariadb_url: str``, ``mariadb_database: Callable[[], str]``
    The same on MariaDB, ``mysql+pymysql://…?charset=utf8mb4``.
``sqlite_url: str``
    ``sqlite:///<tmp_path>/test.db``; the file does not exist yet.
``redis_url: str``
    An empty Redis or Valkey. Without ``RIGHTS_TEST_REDIS_URL`` it is the worker's private Valkey.
``private_redis_url: str``
    Always the worker's own embedded Valkey, emptied before the test: FLUSHALL is safe here.
``private_valkey: workflows.embedded.valkey.Valkey``
    A Valkey of this test's own, for tests that stop or kill it: ``url``, ``pid``, ``running``,
    ``stop(keep=False)``, ``kill()``, ``restart()``.
``s3: tests.servers.s3.Bucket``
    A fresh empty bucket on a real S3 server, emptied and removed afterwards: ``endpoint``,
    ``access_key``, ``secret_key``, ``region``, ``bucket``, ``client()`` (boto3).
``locked_s3: tests.servers.s3.Bucket``
    The same with object lock.
``smtp_sink: workflows.embedded.smtp.Sink`` (``host``, ``port``, ``url``, ``messages``,
    ``wait_for(count, timeout_s=10)``) A real SMTP server that keeps what it is sent, parsed as
    ``email.message.EmailMessage``.
``new_page: tests.browser.pages.Pages``
    ``new_page(language="zh-CN", width=1280, dark=False, javascript=True)`` opens an empty page in a
    real browser, with no cookies of an earlier one. Whatever its console, its scripts or its
    requests complain of fails the test, unless ``new_page(expects=["part of the line"])`` was said.
    The browser is at ``page.context.browser``; a second page of the same person, at
    ``page.context.new_page()``.
``free_port: Callable[[], int]``
    A TCP port of 127.0.0.1 on which nothing listens.

Marks: ``requirement(*ids)``, ``slow``, ``browser``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from redis import Redis
from sqlalchemy.engine import URL, make_url

from tests.browser.pages import Pages
from tests.servers import browser, mariadb, postgres, s3
from workflows.embedded.ports import free_ports
from workflows.embedded.smtp import Sink
from workflows.embedded.valkey import Valkey

pytest_plugins = [
    "pytester",
    "tests.endings_plugin",
    "tests.garbage_plugin",
    "tests.not_run_plugin",
    "tests.requirements_plugin",
]


@pytest.fixture(autouse=True)
def _logs_end_with_their_test() -> Iterator[None]:
    """Leave the next test no log whose stream was this one's, and is closed."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[URL]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def _templates(_postgres: URL) -> Iterator[dict[str, str]]:
    made: dict[str, str] = {}
    yield made
    for url in made.values():
        postgres.drop(_postgres, url)


@pytest.fixture
def postgres_database(_postgres: URL) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def create(*, template: str | None = None) -> str:
        source = "template0" if template is None else make_url(template).database or ""
        made.append(postgres.create(_postgres, template=source))
        return made[-1]

    yield create
    for url in made:
        postgres.drop(_postgres, url)


@pytest.fixture
def postgres_url(postgres_database: Callable[..., str]) -> str:
    return postgres_database()


@pytest.fixture
def postgres_template(
    _postgres: URL, _templates: dict[str, str], postgres_database: Callable[..., str]
) -> Callable[[str, Callable[[str], None]], str]:
    def copy(name: str, fill: Callable[[str], None]) -> str:
        if name not in _templates:
            url = postgres.create(_postgres)
            fill(url)
            _templates[name] = url
        return postgres_database(template=_templates[name])

    return copy


@pytest.fixture(scope="session")
def _mariadb() -> Iterator[URL]:
    with mariadb.server() as url:
        yield url


@pytest.fixture
def mariadb_database(_mariadb: URL) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def create() -> str:
        made.append(mariadb.create(_mariadb))
        return made[-1]

    yield create
    for url in made:
        mariadb.drop(_mariadb, url)


@pytest.fixture
def mariadb_url(mariadb_database: Callable[[], str]) -> str:
    return mariadb_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(scope="session")
def _valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.stop()


@pytest.fixture
def private_redis_url(_valkey: Valkey) -> str:
    with Redis.from_url(_valkey.url) as client:
        client.flushall()
    return _valkey.url


@pytest.fixture
def private_valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.stop()


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, worker_id: str) -> str:
    given = os.environ.get("RIGHTS_TEST_REDIS_URL")
    if not given:
        url = request.getfixturevalue("private_redis_url")
        assert isinstance(url, str)
        return url
    # A database of the server for each worker; only that one is emptied.
    number = 1 + int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    url = f"{given.rstrip('/')}/{number}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def _s3() -> Iterator[s3.Bucket]:
    with s3.server() as server:
        yield server


@pytest.fixture
def locked_s3(_s3: s3.Bucket) -> Iterator[s3.Bucket]:
    with s3.fresh_bucket(_s3, locks=True) as bucket:
        yield bucket


@pytest.fixture(name="s3")
def _bucket(_s3: s3.Bucket) -> Iterator[s3.Bucket]:
    with s3.fresh_bucket(_s3) as bucket:
        yield bucket


@pytest.fixture
def smtp_sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def _browser() -> Iterator[browser.Running]:
    with browser.server() as running:
        yield running


@pytest.fixture
def new_page(_browser: browser.Running) -> Iterator[Pages]:
    pages = Pages(_browser)
    yield pages
    if complaints := pages.close():
        pytest.fail("\n".join(("The browser complains:", *complaints)), pytrace=False)


@pytest.fixture
def free_port() -> Callable[[], int]:
    return lambda: free_ports(1, random.Random())[0]
