"""Deletion and account cancellation: what goes, what law holds, and what never changes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.oscar.conftest import Shop
from tests.oscar.digest import Picture, Rows, mentions
from tests.oscar.people import (
    ANNA,
    CLERK,
    CROWD,
    FRIEND,
    GUEST,
    LEO,
    LOOKALIKES,
    MEI,
    VENDOR,
    Person,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

LAW = "E-Commerce Law Art. 31"


def _sets(rows: dict[str, list[str]]) -> Rows:
    return {table: set(keys) for table, keys in rows.items()}


def _within(found: Rows, allowed: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return what of *found* is not allowed."""
    extra = {t: keys - set(allowed.get(t, ())) for t, keys in found.items()}
    return {t: keys for t, keys in extra.items() if keys}


@pytest.mark.parametrize("person", [ANNA, GUEST, FRIEND])
def test_a_deletion_takes_the_persons_rows_and_touches_no_other(shop: Shop, person: Person) -> None:
    _erase_and_compare(shop, person, "deletion")


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize("person", [LEO, MEI, VENDOR, *LOOKALIKES])
def test_a_deletion_of_anybody_else_does_too(shop: Shop, person: Person) -> None:
    _erase_and_compare(shop, person, "deletion")


def test_an_account_is_closed_and_then_emptied(shop: Shop) -> None:
    number = shop.ask("people", ANNA.email)["auth_user"][0]

    outcome = _erase_and_compare(shop, ANNA, "account_cancellation")

    assert outcome["collections"][0]["action"] == "close"
    account = _one(shop, f"SELECT is_active, email, password FROM auth_user WHERE id = {number}")
    assert (bool(account[0]), account[1], account[2]) == (False, "", "")


def _erase_and_compare(shop: Shop, person: Person, kind: str) -> dict[str, Any]:
    """Run *kind*, and make sure of every row of every table."""
    due, cascade = shop.ask("erasure", person.email), shop.ask("cascade", person.email)
    before = Picture.of(shop.url)

    outcome = shop.run(kind, person.email)

    after = Picture.of(shop.url)
    assert (outcome["exit"], outcome["state"]) == (0, "fulfilled"), outcome["problems"]
    assert before.gone(after) == _sets(due["gone"])
    assert _within(before.changed(after), due["touched"]) == {}
    assert before.new(after) == {}
    assert shop.ask("orphans") == []
    # What Django itself would have taken along is gone, or it is among what has to stay.
    kept = {t: set(keys) & after.tables[t].keys() for t, keys in cascade.items()}
    stays = {t: {*due["held"].get(t, ()), *due["touched"].get(t, ())} for t in kept}
    assert {t: keys - stays[t] for t, keys in kept.items() if keys - stays[t]} == {}
    return outcome


def test_orders_that_law_holds_are_reported_and_put_out_of_use(shop: Shop) -> None:
    due = shop.ask("erasure", ANNA.email)

    outcome = shop.run("deletion", ANNA.email)

    lines = {line["collection"]: line for line in outcome["collections"]}
    held = {t: len(keys) for t, keys in due["held"].items()}
    assert {n: x["retained"] for n, x in lines.items() if x["retained"]} == held
    assert {lines[name]["because"] for name in held} == {LAW}
    engine = sa.create_engine(shop.url)
    with engine.connect() as connection:
        keys = ", ".join(due["held"]["order_order"])
        rows = connection.exec_driver_sql(
            "SELECT o.analytics_tracked, o.basket_id, a.notes, a.search_text, a.last_name"
            " FROM order_order o JOIN order_shippingaddress a ON a.id = o.shipping_address_id"
            f" WHERE o.id IN ({keys})"
        ).all()
    engine.dispose()
    assert [(bool(r[0]), r[1], r[2], r[3], r[4]) for r in rows] == [
        (True, None, "", "", ANNA.last)
    ] * 3


def test_of_somebody_the_law_holds_nothing_of_no_word_is_left(shop: Shop) -> None:
    assert mentions(shop.url, LEO.email, "leo.old", f"{LEO.first} {LEO.last}")

    shop.run("deletion", LEO.email)

    assert mentions(shop.url, LEO.email, "leo.old", f"{LEO.first} {LEO.last}") == {}


def test_two_people_are_anonymised_one_after_the_other(shop: Shop) -> None:
    people = CROWD[4:6]

    states = [shop.run("deletion", person.email)["state"] for person in people]

    assert states == ["fulfilled", "fulfilled"]
    assert mentions(shop.url, *(p.email for p in people)) == {}
    assert shop.ask("orphans") == []


def test_deleting_again_finds_nothing_and_changes_nothing(shop: Shop) -> None:
    number = shop.ask("people", MEI.email)["auth_user"][0]
    shop.run("deletion", MEI.email)
    before = Picture.of(shop.url)

    outcome = shop.run("deletion", user_id=number)

    assert outcome["state"] == "fulfilled"
    assert sum(line["affected"] for line in outcome["collections"]) == 0
    assert Picture.of(shop.url) == before


def test_the_log_of_what_staff_did_survives_the_member_of_staff(shop: Shop) -> None:
    before = Picture.of(shop.url)

    outcome = shop.run("deletion", CLERK.email)

    after = Picture.of(shop.url)
    assert outcome["state"] == "fulfilled"
    assert set(before.gone(after)) == {"auth_user_groups", "auth_user_user_permissions"}
    kept = {x["collection"]: x["because"] for x in outcome["collections"] if x["retained"]}
    assert kept["offer_rangeproductfileupload"] == "kept by the data map"
    assert shop.ask("orphans") == []


def test_anonymising_keeps_the_rows_and_takes_the_person_out(shop: Shop) -> None:
    before = Picture.of(shop.url)

    outcome = shop.run("deletion", LEO.email, "option=anonymise")

    after = Picture.of(shop.url)
    assert outcome["state"] == "fulfilled"
    assert before.gone(after) == {}
    assert mentions(shop.url, LEO.email, "leo.old", f"{LEO.first} {LEO.last}") == {}
    assert shop.ask("orphans") == []


def test_a_dry_run_counts_and_changes_nothing(shop: Shop) -> None:
    before = Picture.of(shop.url)

    outcome = shop.run("deletion", GUEST.email, dry_run=True)

    assert outcome["state"] == "planned"
    counts = {x["collection"]: x["affected"] for x in outcome["collections"] if x["affected"]}
    assert counts == {t: len(keys) for t, keys in shop.ask("people", GUEST.email).items()}
    assert Picture.of(shop.url) == before


def _one(shop: Shop, query: str) -> Any:
    engine = sa.create_engine(shop.url)
    with engine.connect() as connection:
        row = connection.exec_driver_sql(query).one()
    engine.dispose()
    return row
