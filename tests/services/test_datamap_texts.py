"""Texts of a data map that people read: plain, or in both languages."""

from __future__ import annotations

import pytest

from rights.domain.datamap import DataMap
from rights.domain.texts import grounds
from rights.services.datamap import load, parse
from tests.services.test_datamap import FULL, SMALL
from tests.services.test_datamap_mistakes import the_problem

BECAUSE = "    erasure: keep\n    because: {}\n"


def said(text: str) -> str:
    return SMALL.replace("    fields:", BECAUSE.format(text) + "    fields:")


@pytest.fixture(scope="module")
def full() -> DataMap:
    return load(FULL)


def test_a_text_in_both_languages_is_kept_in_english_and_found_in_chinese(full: DataMap) -> None:
    number = full.collection("shop.users").field("id_number")
    orders = full.collection("shop.orders").retention
    (to,) = full.store("shop").recipients

    assert number
    assert number.correct
    assert orders
    assert full.text(number.because)["zh"] == "为税务机关保存"
    assert full.text(number.correct.because)["zh"] == "依法不得更改"
    assert full.text(orders.basis) == {"zh": "《电子商务法》第三十一条", "en": "E-Commerce Law 31"}
    assert (full.text(to.purpose)["zh"], full.text(to.method)["zh"]) == ("配送", "接口")
    assert full.text(full.store("shop").horizon_by)["zh"] == "每夜清理"


def test_a_plain_text_is_the_same_in_both_languages() -> None:
    found = parse(said("by law"))

    assert found.text(found.collection("shop.users").because) == {"zh": "by law", "en": "by law"}


def test_a_duty_of_the_catalogue_has_both_languages() -> None:
    found = parse(SMALL.replace("retention: none", "retention: {hold: ecom_trade_3y, from: at}"))
    rule = found.collection("shop.users").retention

    assert rule
    assert found.text(rule.basis) == {"zh": "《电子商务法》第三十一条", "en": "E-Commerce Law 31"}


def test_a_translation_changes_the_maps_hash_and_nothing_that_is_kept() -> None:
    plain, both = parse(said("by law")), parse(said("{zh: 依法, en: by law}"))

    assert plain.chinese == {}
    assert plain.hash != both.hash
    assert both.collection("shop.users") == plain.collection("shop.users")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{zh: 依法}", "because.en: is missing → add it"),
        ("{en: by law}", "because.zh: is missing → add it"),
        (
            "{zh: 依法, en: by law, fr: par la loi}",
            "because.fr: is not a known key → use one of: en, zh",
        ),
        ('{zh: 依法, en: ""}', "because.en: is empty → write a value or remove the line"),
    ],
)
def test_a_mistake_in_a_text_is_told_with_its_line_and_remedy(text: str, problem: str) -> None:
    document = said(text)
    line = next(n for n, t in enumerate(document.splitlines(), 1) if "because" in t)

    assert the_problem(document) == (
        f"datamap.yaml:{line}: stores[shop].collections[users].{problem}"
    )


def test_one_english_text_has_one_chinese_one() -> None:
    document = said("{zh: 依法, en: by law}").replace(
        "category: contact}", "category: contact, because: {zh: 按照法律, en: by law}}"
    )
    line = len(document.splitlines())

    assert the_problem(document) == (
        f"datamap.yaml:{line}: stores[shop].collections[users].fields[email].because:"
        " has another zh elsewhere for the same en → write the same zh, or let the en differ too"
    )


def test_grounds_are_taken_apart_but_not_within_a_text_of_the_map() -> None:
    known = {"a; b", "c"}

    assert grounds("x; a; b; c", known) == ["x", "a; b", "c"]
    assert grounds("a; c", known) == ["a", "c"]
    assert grounds("", known) == []
