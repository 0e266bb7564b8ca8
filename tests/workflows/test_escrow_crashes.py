"""
Whatever ends a worker, and wherever: a held row is live or in escrow, never both, never neither.

Forks end themselves at every call to the bucket and at every commit in the store, before it and
after it, when nothing of theirs is on its way; then somebody else goes on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from connectors.parts.escrow import Sealer, rows_of
from rights.failpoints import Point
from rights.store.migrate import upgrade
from rights.store.models import Entry, HeldRows, Request
from tests.servers.s3 import Bucket
from tests.workflows.endings import ended
from tests.workflows.escrow_shop import content, escrow_shop, in_escrow, key_of, stored
from tests.workflows.held_shop import Shop
from workflows import expiry
from workflows.jobs import work_on

Make = Callable[[str], Shop]

LATER: Final = timedelta(minutes=10)
"""After this nobody takes the worker that ended for alive."""

LATE: Final = timedelta(days=1200)
_COMMITS: Final = ((Point.STORE_BEFORE, 1, 1), (Point.STORE_AFTER, 1, 1))
ENDINGS: Final = (*((Point.OBJECTS_AFTER, first, 4) for first in (1, 3)), *_COMMITS)
"""Point, the first time it ends a worker, and how many times further on the next one is ended."""

LATE_ENDINGS: Final = ((Point.OBJECTS_AFTER, 3, 6), *_COMMITS)
HELD: Final = {11, 12}


@pytest.fixture
def make(tmp_path: Path, locked_s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Shop] = []
    empty = tmp_path / "empty"

    def make(url: str) -> Shop:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        if made:  # a register takes a second to make
            shutil.copytree(empty, folder / "state")
        made.append(escrow_shop(url, folder, locked_s3, monkeypatch))
        if len(made) == 1:
            upgrade(made[0].settings.database_url)
            shutil.copytree(made[0].state, empty)
        return made[-1]

    yield make
    for one in made:
        one.close()


def settled(bucket: Bucket, expected: set[str]) -> set[str]:
    """Return the versions there are, once the bucket's listing has come after what was deleted."""
    ends = time.monotonic() + 10
    while True:
        found = {one["VersionId"] for one in stored(bucket)}
        if found == expected or time.monotonic() > ends:
            return found
        time.sleep(0.2)


def live(shop: Shop) -> set[int]:
    return {row[0] for row in shop.rows("SELECT id FROM orders WHERE id < 20 AND total = 100")}


def referred_to(shop: Shop, bucket: Bucket, request_id: str) -> list[int]:
    """Return the ids of the rows that the store says are in escrow, as they are in the bucket."""
    if not stored(bucket) or not shop.there(
        "SELECT name FROM sqlite_master WHERE name = 'rights_escrow'"
    ):
        return []
    sealer = Sealer.of(key_of(shop, request_id))
    out = []
    for name, version in shop.rows("SELECT object, version FROM rights_escrow WHERE NOT doomed"):
        sealed, _ = content(bucket, {"Key": name, "VersionId": version})
        out += [row["id"] for row in rows_of(sealer.open(name, sealed))]
    return sorted(out)


def let_go(shop: Shop, request_id: str) -> int:
    return expiry.run(shop.floor(LATE), request_id)


def finished(shop: Shop) -> Request:
    floor = shop.floor(LATER)
    request: Request = shop.noted(Request)[0]
    for _ in range(5):
        if not request.closed_at:
            work_on(floor, request.id)
            request = shop.noted(Request)[0]
    return request


@pytest.mark.requirement("R-24-3")
@pytest.mark.parametrize(("point", "first", "step"), ENDINGS)
def test_a_held_row_is_live_or_in_escrow_wherever_the_worker_ends(
    make: Make, tmp_path: Path, locked_s3: Bucket, point: Point, first: int, step: int
) -> None:
    for number in count(first, step):
        shop = make(f"sqlite:///{tmp_path}/{number}.db")
        before = {one["VersionId"] for one in stored(locked_s3)}

        died = ended(point, number, shop.erase)

        (request,) = shop.noted(Request)
        there = referred_to(shop, locked_s3, request.id)
        assert live(shop) - {10} == HELD - set(there), number
        assert str(finished(shop).state) == "fulfilled", number
        assert referred_to(shop, locked_s3, request.id) == sorted(HELD), number
        assert live(shop) == set()
        (note,) = shop.noted(HeldRows)
        assert note.count == len(HELD)

        assert let_go(shop, request.id) == len(HELD)
        assert settled(locked_s3, before) == before, number
        if not died:
            break
    assert number > first


@pytest.mark.requirement("R-24-5")
@pytest.mark.parametrize(("point", "first", "step"), LATE_ENDINGS)
def test_what_goes_at_the_end_is_counted_and_told_once_wherever_the_worker_ends(
    make: Make, tmp_path: Path, locked_s3: Bucket, point: Point, first: int, step: int
) -> None:
    for number in count(first, step):
        shop = make(f"sqlite:///{tmp_path}/{number}.db")
        request_id = shop.erase()["request"]

        died = ended(point, number, partial(let_go, shop, request_id))

        let_go(shop, request_id)
        assert stored(locked_s3) == [], number
        assert shop.rows("SELECT 1 FROM rights_escrow") == []
        (note,) = shop.noted(HeldRows)
        assert note.state == "ended"
        (told,) = [e.data for e in shop.noted(Entry) if e.event == "hold_ended"]
        assert (told["affected"], told["left"]) == (len(HELD), 0), number
        assert shop.notices().count("hold_ended") == 1, number
        if not died:
            break
    assert number > first


@pytest.mark.parametrize("engine", ["sqlite", "postgres", "mariadb"])
def test_very_many_rows_go_in_chunks_and_one_that_breaks_off_is_gone_on_with(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    locked_s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = str(request.getfixturevalue(f"{engine}_url"))
    more = ", whale_rows: 400, chunk_s: 0.2"
    shop = escrow_shop(url, tmp_path, locked_s3, monkeypatch, more=more)
    placed = datetime.now(UTC) - timedelta(days=30)
    for start in range(1000, 3000, 500):
        values = ", ".join(
            f"({n}, 1, 7, 'n{n}', '{placed + timedelta(minutes=n):%Y-%m-%d %H:%M:%S}')"
            for n in range(start, start + 500)
        )
        shop.run(f"INSERT INTO orders (id, user_id, total, note, created_at) VALUES {values}")

    assert ended(Point.STORE_AFTER, 3, shop.erase)

    (asked,) = shop.noted(Request)
    (there,) = shop.rows("SELECT sum(row_count) FROM rights_escrow")
    (still,) = shop.rows("SELECT count(*) FROM orders WHERE user_id = 1 AND id > 10")
    assert 0 < int(there[0]) < 2002
    assert int(there[0]) + still[0] == 2002
    assert str(finished(shop).state) == "fulfilled"
    (line,) = [row for row in shop.noted(HeldRows) if row.collection == "shop.orders"]
    assert line.count == 2002
    kept = in_escrow(shop, locked_s3, asked.id)
    assert [row["id"] for row in kept] == [11, 12, *range(1000, 3000)]
    assert shop.rows("SELECT count(*) FROM orders WHERE user_id = 1") == [(0,)]
    assert len(stored(locked_s3)) < 40
    shop.close()
