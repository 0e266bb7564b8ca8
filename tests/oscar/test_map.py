"""The data map beside the live shop, and what our own tools make of its schema."""

from __future__ import annotations

import io
import os

import pytest
import yaml

from tests.oscar.conftest import MAP, Shop
from workflows.datamap_cli import check_command, diff_command, discover_command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_map_agrees_with_the_live_shop(shop: Shop) -> None:
    out = io.StringIO()

    code = check_command(MAP, environ=os.environ, out=out)

    found = [line for line in out.getvalue().splitlines() if not line.startswith("warning")]
    assert (code, found) == (0, [found[-1]])
    assert found[-1].startswith("0 errors")


def test_the_draft_our_tool_makes_has_every_collection_of_the_map(shop: Shop) -> None:
    stub = shop.out.with_suffix(".yaml")
    stub.write_text(
        "stores: [{name: oscar, connector: sql, settings: {url: '${secret:OSCAR_URL}'}}]"
    )
    out = io.StringIO()

    assert discover_command(stub, environ=os.environ, out=out) == 0

    draft = yaml.safe_load(out.getvalue())["stores"][0]["collections"]
    mine = yaml.safe_load(MAP.read_text(encoding="utf-8"))["stores"][0]["collections"]
    drafted = {c["name"]: {tuple(k["columns"]) for k in c.get("links", [])} for c in draft}
    assert {c["name"] for c in mine} - set(drafted) == {
        "order_shippingaddress",  # these two are suggested in comments: orders point at them
        "order_billingaddress",
    }
    missed = {
        (c["name"], column)
        for c in mine
        for link in c.get("links", [])
        for column in link["columns"]
        if (column,) not in drafted.get(c["name"], {(column,)})
    }
    assert missed == {
        ("basket_basket", "id"),  # the way back from a guest's order
        ("django_admin_log", "object_id"),  # generic: no foreign key
    }


def test_nothing_is_in_the_shop_that_the_map_does_not_know(shop: Shop) -> None:
    out = io.StringIO()

    diff_command(MAP, environ=os.environ, out=out)

    assert [line for line in out.getvalue().splitlines() if line.startswith("-")] == []


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_request_without_the_stores_secret_is_bad_input_and_names_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RIGHTS_SECRET_OSCAR_URL")

    outcome = shop.run("copy", "nobody@example.com")

    assert outcome["exit"] == 2
    assert "RIGHTS_SECRET_OSCAR_URL" in outcome["said"]
