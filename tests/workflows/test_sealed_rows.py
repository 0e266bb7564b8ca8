"""Rows that are kept and put away: out of the products' table, minimised, let go in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from rights.store.models import HeldRows
from tests.workflows.held_shop import NOA, Shop, shop_at
from workflows import expiry

Make = Callable[..., Shop]
SOON = timedelta(days=60)
LATE = timedelta(days=1200)
MINIMAL = (
    "{period: 3y, from: created_at, basis: E-Commerce Law 31, rank: law, keep_fields: [total]}"
)


@pytest.fixture
def make(make: Make) -> Make:
    """Return the same, whose held orders are moved to a table of ours."""
    return lambda **rules: make(restriction="seal", **rules)


def orders(shop: Shop) -> list[int]:
    return [r[0] for r in shop.rows("SELECT id FROM orders ORDER BY id")]


def sealed(shop: Shop, name: str = "shop.orders") -> list[dict[str, object]]:
    found = shop.rows(
        f"SELECT body FROM rights_sealed WHERE collection = '{name}' ORDER BY row_key"
    )
    return [json.loads(body) for (body,) in found]


@pytest.mark.requirement("R-24-3", "R-24-10")
def test_a_held_row_is_no_longer_where_products_read(make: Make) -> None:
    shop = make(retention=MINIMAL)

    outcome = shop.erase(kind="account_cancellation")

    assert outcome["state"] == "fulfilled"
    assert orders(shop) == [20, 21, 22]
    assert shop.rows("SELECT email, status FROM users WHERE id = 1") == [(None, "closed")]
    kept = sealed(shop)
    assert [row["id"] for row in kept] == [11, 12]
    assert all(set(row) == {"id", "created_at", "user_id", "total"} for row in kept)
    assert "for 1" not in str(kept)
    line = shop.line(outcome)
    assert (line["affected"], line["retained"], line["missing"]) == (1, 2, "")
    assert shop.rows("SELECT DISTINCT holder FROM rights_sealed") == [(outcome["request"],)]


@pytest.mark.requirement("R-24-3:bad")
def test_a_held_row_that_nothing_puts_out_of_use_is_not_reported_as_done(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    shop = shop_at(sqlite_url, tmp_path, restriction="")
    text = shop.map_file.read_text(encoding="utf-8")
    bare = text.replace(
        "    restriction: {strategy: flag, column: status, value: restricted}\n", ""
    )
    shop.map_file.write_text(bare, encoding="utf-8")

    outcome = shop.erase()

    assert orders(shop) == [11, 12, 20, 21, 22]
    assert shop.line(outcome)["missing"] == "not_restricted"
    assert outcome["state"] == "partially_fulfilled"


def test_without_a_list_of_fields_the_whole_row_is_kept(make: Make) -> None:
    shop = make()

    shop.erase()

    assert [row["note"] for row in sealed(shop)] == ["for 1", "for 1"]


def test_a_row_that_rows_of_others_point_at_stays_emptied(make: Make) -> None:
    shop = make(
        items="{with: orders}", item_restriction="{strategy: flag, column: label, value: x}"
    )

    outcome = shop.erase()

    assert outcome["state"] == "fulfilled", outcome["problems"]
    stubs = "SELECT id, total, note FROM orders WHERE id < 20 ORDER BY id"
    assert shop.rows(stubs) == [(11, None, None), (12, None, None)]
    assert [row["id"] for row in sealed(shop)] == [11, 12]
    assert [row["note"] for row in sealed(shop)] == ["for 1", "for 1"]


def test_when_the_hold_ends_what_was_put_away_goes(make: Make) -> None:
    shop = make(items="{with: orders}", item_restriction="seal")
    request_id = shop.erase()["request"]
    assert [row["order_id"] for row in sealed(shop, "shop.order_items")] == [11, 12]

    assert expiry.run(shop.floor(SOON), request_id) == 2
    assert [row["id"] for row in sealed(shop)] == [12]
    assert [row["order_id"] for row in sealed(shop, "shop.order_items")] == [12]
    assert shop.notices().count("hold_ended") == 1

    assert expiry.run(shop.floor(LATE), request_id) == 2
    assert shop.rows("SELECT 1 FROM rights_sealed") == []
    assert {row.state for row in shop.noted(HeldRows)} == {"ended"}
    assert orders(shop) == [20, 21, 22]


def test_what_is_put_away_for_one_is_not_let_go_with_another(make: Make) -> None:
    shop = make()
    mine, theirs = shop.erase()["request"], shop.erase(NOA)["request"]

    expiry.run(shop.floor(LATE), mine)

    assert orders(shop) == []
    assert shop.rows("SELECT DISTINCT holder FROM rights_sealed") == [(theirs,)]


def test_done_again_after_a_crash_nothing_is_put_away_twice(make: Make) -> None:
    shop = make()
    shop.erase()
    shop.run("UPDATE orders SET note = note")

    shop.erase()

    assert len(sealed(shop)) == 2
