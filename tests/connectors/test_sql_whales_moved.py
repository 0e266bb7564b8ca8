"""Rows that somebody moves behind a large erasure go too, and are looked for only then."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connectors.sdk import Unfinished
from tests.connectors.contract import work
from tests.connectors.database import Database
from tests.connectors.keys import aim, held
from tests.connectors.whales import EVENTS, ME, MINE, SMALL, events, noted
from tests.servers import postgres

TARGET = aim(EVENTS, held(users=ME))


@pytest.fixture
def quiet_server() -> Iterator[str]:
    """A server on which nobody writes but the test."""
    with postgres.server() as at:
        url = postgres.create(at)
        yield url
        postgres.drop(at, url)


@pytest.mark.parametrize("somebody_writes", [False, True])
def test_the_pages_are_read_again_only_if_somebody_else_wrote(
    quiet_server: str, *, somebody_writes: bool
) -> None:
    database = Database(quiet_server)
    events(database)
    connector, read, boundaries = database.connector(**SMALL), list[str](), itertools.count()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        read.append(statement)

    def boundary() -> bool:
        if somebody_writes and next(boundaries) == 1:
            database.run("UPDATE events SET note = note WHERE id = (SELECT MAX(id) FROM events)")
        return False

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        receipt = connector.erase(TARGET, replace(work(), strained=boundary))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)

    again = [s for s in read if s.startswith("SELECT count") and "ctid >=" in s]
    assert receipt.affected == MINE
    assert bool(again) is somebody_writes
    database.close()


def test_a_row_that_moved_behind_us_goes_too(clean_postgres_url: str) -> None:
    """An UPDATE by somebody else puts a row into a page that was done."""
    database = Database(clean_postgres_url)
    events(database)
    unit, connector = work(), database.connector(**SMALL)
    with pytest.raises(Unfinished):
        connector.erase(TARGET, replace(unit, until=unit.deadline - timedelta(days=1)))
    vacuum = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
    with vacuum.connect() as connection:
        connection.execute(sa.text("VACUUM events"))  # makes room in the pages that were done
    vacuum.dispose()
    last = database.value(f"SELECT MAX(id) - 2000 FROM events WHERE user_id = {ME}")
    place = f"SELECT ctid::text FROM events WHERE id = {last}"
    was = database.value(place)
    for _ in range(50):
        database.run(f"UPDATE events SET note = note || 'x' WHERE id = {last}")
        if _page(database.value(place)) < _page(was):
            break
    assert _page(database.value(place)) < _page(was)

    receipt = connector.erase(TARGET, replace(unit, fence=2))

    assert receipt.affected == MINE
    assert database.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}") == 0
    database.close()


def _page(ctid: str) -> int:
    return int(ctid.strip("()").partition(",")[0])


def test_a_chunk_that_takes_too_long_is_ended_and_tried_in_smaller_ones(
    clean_postgres_url: str,
) -> None:
    """A trigger makes one row in four slow: the first range would take two seconds."""
    database = Database(clean_postgres_url)
    events(database)
    database.run(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_sleep(0.001); RETURN OLD; END$$",
        "CREATE TRIGGER slowly BEFORE DELETE ON events FOR EACH ROW WHEN (OLD.id % 4 = 1)"
        " EXECUTE FUNCTION slowly()",
    )
    unit, connector = work(), database.connector(whale_rows=200, chunk_s=0.2)

    receipt = connector.erase(TARGET, unit)

    assert receipt.affected == MINE == sum(rows for _, rows, _ in noted(database, unit))
    assert len(noted(database, unit)) > 3
    assert database.value("SELECT COUNT(*) FROM events") == MINE // 3
    database.close()


def test_rows_that_a_trigger_of_theirs_moves_go_too(quiet_server: str) -> None:
    """Each deletion writes a later row of the same person, whose new version is beyond the end."""
    database = Database(quiet_server)
    events(database)
    database.run(
        "CREATE FUNCTION renumber() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " UPDATE events SET note = 'moved' WHERE id = OLD.id + 4000; RETURN NULL; END$$",
        "CREATE TRIGGER renumber AFTER DELETE ON events FOR EACH ROW EXECUTE FUNCTION renumber()",
    )

    receipt = database.connector(**SMALL).erase(TARGET, work())

    assert receipt.affected == MINE
    assert database.value(f"SELECT COUNT(*) FROM events WHERE user_id = {ME}") == 0
    database.close()
