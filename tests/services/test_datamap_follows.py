"""``retention: {with: …}``: rows that are held as long as the row they belong to."""

from __future__ import annotations

import pytest

from rights.domain.errors import ConfigError
from rights.services.datamap import parse
from tests.services.test_datamap import SMALL

ORDERS = """\
  - name: orders
    basis: contract
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 3y, from: made_at, basis: a law, rank: regulation}
  - name: lines
    basis: contract
    links: [{columns: [order_id], to: orders, role: owner}]
    retention: {with: orders}
  - name: engravings
    basis: contract
    links: [{columns: [line_id], to: lines, role: owner}]
    retention: {with: shop.lines, keep_fields: [line_id]}
"""


def test_a_collection_that_follows_another_says_what_that_one_says() -> None:
    datamap = parse(SMALL + ORDERS)

    lines, letters = (datamap.collection(f"shop.{n}").retention for n in ("lines", "engravings"))
    assert lines is not None
    assert letters is not None
    assert (lines.with_, letters.with_) == ("shop.orders", "shop.lines")
    for rule in (lines, letters):
        assert (rule.period, rule.from_, rule.basis) == ("3y", "", "a law")
        assert rule.rank == "administrative_regulation"
    assert letters.keep_fields == ("line_id",)
    [link] = datamap.collection("shop.engravings").follows
    assert link.to == "shop.lines"


@pytest.mark.parametrize(
    ("was", "wrong", "what"),
    [
        ("{with: orders}", "{with: users}", "no link of this collection points at"),
        ("{with: orders}", "{with: nowhere}", "no link of this collection points at"),
        ("{with: orders}", "{with: orders, period: 3y}", "is not a known key"),
        ("{with: orders}", "{with: 3}", "is not text"),
        (
            "{period: 3y, from: made_at, basis: a law, rank: regulation}",
            "none",
            "follows shop.orders, which nothing holds",
        ),
    ],
)
def test_following_nothing_is_a_mistake(was: str, wrong: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(SMALL + ORDERS.replace(was, wrong))

    assert any(what in problem for problem in caught.value.problems)
