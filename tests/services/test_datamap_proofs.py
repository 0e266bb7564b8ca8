"""Marks for proof that a data map may not make."""

from __future__ import annotations

import pytest

from rights.services.datamap import parse
from rights.services.way_catalogue import marked
from tests.services.test_datamap_mistakes import the_problem
from tests.workflows.facts_shop import BIRTHDAY, BORN, CARD, CITY, MAP, NUMBER, PHONE

FIELD = (
    "- {name: city, title: {zh: 城市, en: City}, category: address, disclose: true, proof: fact}"
)


@pytest.mark.parametrize(
    ("instead", "what"),
    [
        ("- {name: city, category: address, proof: guess}", "guess"),
        ("- {name: city, category: address, proof: {as: fact, compare: sounds}}", "sounds"),
        ("- {name: city, category: address, proof: {compare: text}}", "as: is missing"),
        ("- {name: city, category: address, proof: {as: real_name, compare: last_four}}", "whole"),
        ("- {name: city, category: secret, secret: credential, proof: fact}", "nobody may ask"),
        ("- {name: face, category: secret, secret: biometric, proof: fact}", "nobody may ask"),
        ("- {name: city, category: address, relates_to: other, proof: fact}", "somebody else"),
        ("- {name: extra.city, category: address, proof: fact}", "a value inside another"),
        ("- {name: city, category: address, proof: [fact]}", "proof"),
    ],
)
def test_nonsense_is_refused_with_what_to_do(instead: str, what: str) -> None:
    found = the_problem(MAP.replace(FIELD, instead))

    assert what in found
    assert "→" in found


def test_an_address_that_a_code_can_go_to_is_no_fact() -> None:
    found = the_problem(
        MAP.replace(
            "- {name: email, category: contact, disclose: true}",
            "- {name: email, category: contact, disclose: true, proof: fact}",
        )
    )

    assert "a code proves better" in found


def test_rows_that_are_nobodys_own_prove_nobody() -> None:
    seen = MAP.replace("to: users, role: owner", "to: users, role: accessor")
    one = seen.replace(", proof: {as: fact, compare: last_four}", "")

    assert "nobody's own" in the_problem(one)


def test_a_map_says_what_may_be_asked_for_and_how_it_is_compared() -> None:
    assert marked(parse(MAP), "fact") == {
        BORN: "date",
        CITY: "text",
        PHONE: "digits",
        NUMBER: "text",
        CARD: "last_four",
        BIRTHDAY: "date",
    }
    assert marked(parse(MAP), "real_name", "id_number") == {
        "shop.users.name": "name",
        "shop.users.id_number": "number",
    }
