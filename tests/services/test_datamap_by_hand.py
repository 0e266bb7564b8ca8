"""How a data map says that something is done by hand: for staff, and no part of any plan."""

from __future__ import annotations

import pytest

from rights.services.datamap import parse
from tests.services.test_datamap import SMALL
from tests.services.test_datamap_mistakes import the_problem

HOW = "by_hand: {erase: {zh: 在档案室填写销毁单, en: Fill in the form of the archive}}"


def said(text: str, *, of: str = "    fields:") -> str:
    indent = of[: len(of) - len(of.lstrip())]
    return SMALL.replace(of, f"{indent}{text}\n{of}", 1)


def test_a_collection_says_how_itself_else_its_store_does_and_no_plan_depends_on_it() -> None:
    plain = parse(SMALL)
    mine = parse(said(HOW))
    stores = parse(said(HOW, of="  connector:"))

    assert mine.collection("shop.users").by_hand["erase"]["zh"] == "在档案室填写销毁单"
    assert stores.store("shop").by_hand["erase"]["en"] == "Fill in the form of the archive"
    assert plain.hash == mine.hash == stores.hash


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "by_hand: {erasee: {zh: 销毁, en: Shred it}}",
            "by_hand.erasee: is no work in a store: erasee → did you mean erase?; one of: ",
        ),
        ("by_hand: {erase: {en: Shred it}}", "by_hand.erase.zh: is missing → add it"),
        ("by_hand: {erase: Shred it}", "by_hand.erase: is not a mapping → write `key: value`"),
        ("by_hand: shred it", "by_hand: is not a mapping → write `name: value` lines"),
    ],
)
@pytest.mark.parametrize(
    ("of", "path"), [("    fields:", ".collections[users]"), ("  connector:", "")]
)
def test_a_mistake_in_it_is_told_with_its_place_and_remedy(
    text: str, problem: str, of: str, path: str
) -> None:
    document = said(text, of=of)
    line = next(n for n, t in enumerate(document.splitlines(), 1) if "by_hand" in t)

    told = the_problem(document)

    assert told.startswith(f"datamap.yaml:{line}: stores[shop]{path}.{problem}")
