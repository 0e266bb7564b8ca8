"""Correction, restriction and switches, and what this shop has no column for."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.oscar.conftest import Shop
from tests.oscar.digest import Picture
from tests.oscar.people import ANNA, GUEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_a_name_is_corrected_and_nothing_else(shop: Shop) -> None:
    number = shop.ask("people", ANNA.email)["auth_user"][0]
    before = Picture.of(shop.url)

    outcome = shop.run("correction", ANNA.email, "oscar.auth_user.first_name=安妮")

    assert outcome["state"] == "fulfilled"
    after = Picture.of(shop.url)
    assert before.changed(after) == {"auth_user": {number}}
    assert (before.gone(after), before.new(after)) == ({}, {})
    assert _names(shop, number) == ("安妮", ANNA.last)


def test_a_field_nobody_may_correct_is_left_to_staff(shop: Shop) -> None:
    before = Picture.of(shop.url)

    outcome = shop.run("correction", ANNA.email, "oscar.order_order.total_incl_tax=0")

    assert (outcome["exit"], outcome["state"]) == (4, "on_hold")
    assert Picture.of(shop.url) == before


def test_a_restriction_stops_the_account_the_alerts_the_reviews_and_the_orders(
    shop: Shop,
) -> None:
    mine = shop.ask("people", ANNA.email)
    flagged = ("auth_user", "customer_productalert", "reviews_productreview", "order_order")
    before = Picture.of(shop.url)

    outcome = shop.run("restriction", ANNA.email)

    assert outcome["state"] == "fulfilled"
    after = Picture.of(shop.url)
    assert before.changed(after) == {table: set(mine[table]) for table in flagged}
    assert (before.gone(after), before.new(after)) == ({}, {})


def test_a_guest_without_an_account_is_restricted_too(shop: Shop) -> None:
    mine = shop.ask("people", GUEST.email)
    before = Picture.of(shop.url)

    outcome = shop.run("restriction", GUEST.email)

    flagged = ("customer_productalert", "reviews_productreview", "order_order")
    assert before.changed(Picture.of(shop.url)) == {table: set(mine[table]) for table in flagged}
    assert outcome["state"] == "fulfilled"


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("recommendation_opt_out", ["option=personalised_off"]),
        ("recommendation_opt_out", ["option=push_off"]),
        ("recommendation_opt_out", ["option=commercial_messages_off"]),
        ("recommendation_opt_out", ["option=tags_list"]),
        ("restriction", ["option=object_marketing"]),
        ("explanation", ["option=automated_decision"]),
    ],
)
def test_what_the_shop_has_no_column_for_is_not_faked(
    shop: Shop, kind: str, options: list[str]
) -> None:
    before = Picture.of(shop.url)

    outcome = shop.run(kind, ANNA.email, *options)

    assert outcome["exit"] != 0
    assert outcome.get("state") != "fulfilled"
    assert Picture.of(shop.url) == before


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_taking_back_the_consent_to_analyse_deletes_the_analysis_though_no_switch_stops_it(
    shop: Shop,
) -> None:
    mine = shop.ask("people", ANNA.email)
    before = Picture.of(shop.url)

    outcome = shop.run("consent_withdrawal", ANNA.email, "purposes=insight")

    assert (outcome["exit"], outcome["state"], outcome["wait"]) == (4, "on_hold", "task")
    assert [one["state"] for one in outcome["follows"]] == ["fulfilled"]
    after = Picture.of(shop.url)
    figures = ("analytics_userproductview", "analytics_userrecord", "analytics_usersearch")
    assert before.gone(after) == {table: set(mine[table]) for table in figures}
    assert (before.changed(after), before.new(after)) == ({}, {})


def _names(shop: Shop, number: str) -> tuple[str, str]:
    engine = sa.create_engine(shop.url)
    query = f"SELECT first_name, last_name FROM auth_user WHERE id = {number}"
    with engine.connect() as connection:
        first, last = connection.exec_driver_sql(query).one()
    engine.dispose()
    return first, last
