"""Access, copy and portability: exactly the person's rows, guest orders among them."""

from __future__ import annotations

import pytest

from tests.oscar.conftest import Shop
from tests.oscar.packages import answer, keys, records, text
from tests.oscar.people import ANNA, CLERK, FRIEND, GUEST, LEO, LOOKALIKES, MEI, VENDOR, Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ANY_ENGINE = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
"""What is told here does not depend on the database."""


@pytest.mark.parametrize("person", [ANNA, GUEST, FRIEND])
def test_a_copy_holds_exactly_the_rows_the_shops_models_call_theirs(
    shop: Shop, person: Person
) -> None:
    _compare(shop, person)


@ANY_ENGINE
@pytest.mark.parametrize("person", [VENDOR, *LOOKALIKES])
def test_a_copy_for_somebody_who_looks_alike_holds_their_own_rows(
    shop: Shop, person: Person
) -> None:
    _compare(shop, person)


def _compare(shop: Shop, person: Person) -> None:
    expected = shop.ask("people", person.email)

    outcome = shop.run("copy", person.email)

    assert (outcome["exit"], outcome["state"]) == (0, "fulfilled")
    assert keys(records(outcome["package"])) == expected
    assert "order_order" in expected


def test_an_account_number_finds_the_guest_orders_under_its_address(shop: Shop) -> None:
    number = shop.ask("people", ANNA.email)["auth_user"][0]

    outcome = shop.run("access", "", "option=records", user_id=number)

    orders = records(outcome["package"])["order_order"]
    assert sorted(o["guest_email"] for o in orders if o["guest_email"]) == [
        "Anna.Liu@Example.COM",
        "anna.liu@example.com",
    ]
    assert len(orders) == 5


def test_nobody_elses_words_and_no_secret_are_in_a_package(shop: Shop) -> None:
    outcome = shop.run("copy", ANNA.email)

    said = text(outcome["package"])
    others = [p.email for p in (GUEST, LEO, MEI, VENDOR, CLERK, *LOOKALIKES)]
    assert [e for e in others if f'"{e}"' in said] == []
    assert "md5$" not in said
    assert "vault-anna" not in said
    assert "Fran's" not in said
    assert ANNA.first in said


def test_a_summary_counts_what_the_shops_models_count(shop: Shop) -> None:
    expected = {f"oscar.{t}": len(keys) for t, keys in shop.ask("people", ANNA.email).items()}

    outcome = shop.run("access", ANNA.email, "option=summary")

    told = answer(outcome["package"])[0]["data"]
    assert {path: count for path, count in told.items() if count} == expected


def test_a_portable_file_holds_what_was_provided_or_observed_and_nothing_derived(
    shop: Shop,
) -> None:
    outcome = shop.run("portability", ANNA.email)

    found = records(outcome["package"])
    assert outcome["state"] == "fulfilled"
    assert {row["query"] for row in found["analytics_usersearch"]} == {"tea for 安娜"}
    assert [o["guest_email"] for o in found["order_order"]].count("") == 3
    assert all("total_spent" not in row for row in found["analytics_userrecord"])


@ANY_ENGINE
@pytest.mark.parametrize("option", ["recipients", "ai_use"])
def test_who_gets_the_data_and_what_learns_from_it_is_told(shop: Shop, option: str) -> None:
    outcome = shop.run("access", ANNA.email, f"option={option}")

    assert outcome["state"] == "fulfilled"
    assert answer(outcome["package"])[0]["name"] == option


@ANY_ENGINE
def test_an_explanation_tells_the_rules(shop: Shop) -> None:
    outcome = shop.run("explanation", ANNA.email, "option=rules")

    assert outcome["state"] == "fulfilled"
    told = str(answer(outcome["package"]))
    assert "E-Commerce Law Art. 31" in told
    assert "浏览分析" in told


@ANY_ENGINE
def test_a_telephone_number_alone_reaches_nobody(shop: Shop) -> None:
    outcome = shop.run("copy", phone="+8613800138000")

    assert outcome["package"] is None
    assert outcome["exit"] != 0
