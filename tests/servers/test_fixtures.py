"""Every server of the fixtures answers, and gives each test a corner of its own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, inspect, text

from tests.servers.names import is_left_behind, new_name
from tests.servers.s3 import Bucket


@pytest.fixture
def engine_of() -> Iterator[Callable[[str], Engine]]:
    engines: list[Engine] = []

    def make(url: str) -> Engine:
        engines.append(create_engine(url))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


def _fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER PRIMARY KEY)"))
    engine.dispose()


@pytest.mark.parametrize("url_of", ["postgres_url", "mariadb_url", "sqlite_url"])
def test_a_database_is_there_and_empty(
    url_of: str, request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]
) -> None:
    engine = engine_of(request.getfixturevalue(url_of))

    assert inspect(engine).get_table_names() == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("factory", ["postgres_database", "mariadb_database"])
def test_two_databases_of_one_test_are_two(
    factory: str, request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]
) -> None:
    create = request.getfixturevalue(factory)
    first, second = create(), create()
    _fill(first)

    assert inspect(engine_of(second)).get_table_names() == []


def test_a_template_is_filled_once_and_copied_each_time(
    postgres_template: Callable[[str, Callable[[str], None]], str],
    engine_of: Callable[[str], Engine],
) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        _fill(url)

    urls = [postgres_template("fixtures-test", fill) for _ in range(2)]

    assert len(filled) == 1
    assert len({*urls, *filled}) == 3
    assert all(inspect(engine_of(url)).get_table_names() == ["orders"] for url in urls)


def test_mariadb_speaks_all_of_unicode(
    mariadb_url: str, engine_of: Callable[[str], Engine]
) -> None:
    with engine_of(mariadb_url).connect() as connection:
        assert connection.scalar(text("SELECT '𠮷野家😀'")) == "𠮷野家😀"


@pytest.mark.parametrize("attempt", [1, 2])
def test_redis_is_empty_at_the_start_of_every_test(redis_url: str, attempt: int) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", attempt)


def test_the_private_redis_is_not_the_machines(private_redis_url: str) -> None:
    assert private_redis_url.startswith("unix://")


def test_s3_gives_an_empty_bucket_that_keeps_versions(s3: Bucket) -> None:
    client = s3.client()
    assert client.list_objects_v2(Bucket=s3.bucket)["KeyCount"] == 0
    client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        client.put_object(Bucket=s3.bucket, Key="avatar", Body=body)
    client.delete_object(Bucket=s3.bucket, Key="avatar")

    listed = client.list_object_versions(Bucket=s3.bucket)
    client.close()

    assert len(listed["Versions"]) == 2
    assert len(listed["DeleteMarkers"]) == 1


def test_a_free_port_can_be_listened_on(free_port: Callable[[], int]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))


def test_only_databases_of_ended_processes_count_as_left_behind() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()

    assert is_left_behind(f"rights_test_{ended.pid}_ab12")
    assert not is_left_behind(new_name())
    assert not is_left_behind("rights_test_of_somebody")
    assert not is_left_behind("shop")
