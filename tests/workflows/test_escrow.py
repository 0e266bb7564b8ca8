"""Rows that are kept in escrow: encrypted, under lock, out of the database, let go in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rights.store.models import HeldRows
from tests.servers.s3 import Bucket
from tests.workflows.escrow_shop import (
    MINIMAL,
    content,
    escrow_shop,
    in_escrow,
    keys,
    locks,
    orders,
    stored,
)
from tests.workflows.held_shop import NOA, Shop
from workflows import expiry

Make = Callable[..., Shop]
SOON = timedelta(days=60)
LATE = timedelta(days=1200)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def make(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    locked_s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Make]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    made: list[Shop] = []

    def make(**rules: str) -> Shop:
        made.append(escrow_shop(url, tmp_path, locked_s3, monkeypatch, **rules))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.requirement("R-24-3", "R-24-10", "R-NEG-3")
def test_a_held_row_is_only_in_the_bucket_encrypted_locked_and_minimal(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make(retention=MINIMAL)

    outcome = shop.erase(kind="account_cancellation")

    assert outcome["state"] == "fulfilled", outcome
    assert orders(shop) == [20, 21, 22]
    line = shop.line(outcome)
    assert (line["affected"], line["retained"], line["missing"]) == (1, 2, "")
    found = stored(locked_s3)
    assert len(found) == 2
    for one in found:
        assert one["Key"].startswith(f"keep/{outcome['request']}/shop.orders/")
        assert b"created_at" not in content(locked_s3, one)[0]
    kept = in_escrow(shop, locked_s3, outcome["request"])
    assert [(row["id"], row["total"]) for row in kept] == [(11, 100), (12, 100)]
    assert all(set(row) == {"id", "created_at", "user_id", "total"} for row in kept)
    (note,) = shop.noted(HeldRows)
    told = locks(locked_s3, found)
    assert [(mode, flag) for mode, _, flag in told] == [("GOVERNANCE", "OFF")] * 2
    ends = sorted(until for _, until, _ in told if until)
    assert timedelta() <= ends[0] - note.earliest < timedelta(seconds=1)
    assert timedelta() <= ends[1] - note.latest < timedelta(seconds=1)
    index = str(shop.rows("SELECT * FROM rights_escrow"))
    assert "for 1" not in index
    assert "mia" not in index


@pytest.mark.requirement("R-24-5")
def test_when_the_hold_ends_every_version_goes_and_the_person_is_told(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make(items="{with: orders}", item_restriction="escrow")
    request_id = shop.erase()["request"]
    assert shop.rows("SELECT order_id FROM order_items ORDER BY 1") == [(20,), (21,), (22,)]
    assert len(stored(locked_s3)) == 4

    assert expiry.run(shop.floor(SOON), request_id) == 2
    left = in_escrow(shop, locked_s3, request_id)
    assert [row.get("id", row.get("order_id")) for row in left] == [12, 12]
    assert shop.notices().count("hold_ended") == 1
    assert expiry.run(shop.floor(SOON), request_id) == 0

    assert expiry.run(shop.floor(LATE), request_id) == 2
    assert stored(locked_s3) == []
    assert shop.rows("SELECT 1 FROM rights_escrow") == []
    assert {row.state for row in shop.noted(HeldRows)} == {"ended"}
    assert shop.notices().count("hold_ended") == 2
    assert keys(shop) == []
    assert orders(shop) == [20, 21, 22]


def test_what_is_in_escrow_for_one_is_not_let_go_with_another(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make()
    mine, theirs = shop.erase()["request"], shop.erase(NOA)["request"]

    expiry.run(shop.floor(LATE), mine)

    assert orders(shop) == []
    assert {one["Key"].split("/")[1] for one in stored(locked_s3)} == {theirs}
    assert [row.request_id for row in keys(shop)] == [theirs]


def test_a_row_that_rows_of_others_point_at_stays_emptied(make: Make, locked_s3: Bucket) -> None:
    shop = make(
        items="{with: orders}", item_restriction="{strategy: flag, column: label, value: x}"
    )

    outcome = shop.erase()

    assert outcome["state"] == "fulfilled", outcome["problems"]
    stubs = "SELECT id, total, note FROM orders WHERE id < 20 ORDER BY id"
    assert shop.rows(stubs) == [(11, None, None), (12, None, None)]
    kept = in_escrow(shop, locked_s3, outcome["request"])
    assert [(row["id"], row["note"]) for row in kept] == [(11, "for 1"), (12, "for 1")]
