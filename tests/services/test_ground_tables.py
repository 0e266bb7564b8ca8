"""The tables of grounds in the regime files: whole, with their articles, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import ConfigError
from rights.services.regimes import load, regimes
from tests.services.regime_files import change

ARTICLES = {
    "erase": [f"GDPR 17(1)({letter})" for letter in "abcdef"],
    "keep": [f"GDPR 17(3)({letter})" for letter in "abcde"],
    "restrict": [f"GDPR 18(1)({letter})" for letter in "abcd"],
    "object": ["GDPR 21(1)", "GDPR 21(2), 21(3)"],
}
ROW: Any = {"zh-CN": "理由", "en": "A ground", "source": "GDPR 17", "confidence": "C"}


BRAZIL: dict[str, list[str]] = {
    "erase": ["LGPD 15 I, 16, 18 IV", "LGPD 15 III, 16, 18 VI", "LGPD 18 IV"],
    "keep": ["LGPD 16 I", "LGPD 16 II"],
    "restrict": ["LGPD 18 IV", "LGPD 18 IV"],
    "object": [],
}


@pytest.mark.parametrize(
    ("law", "articles", "absolute"),
    [
        ("eu_gdpr", ARTICLES, ["direct_marketing"]),
        ("uk_gdpr", ARTICLES, ["direct_marketing"]),
        ("br_lgpd", BRAZIL, []),
    ],
)
def test_every_row_is_there_with_its_article_and_words_in_both_languages(
    law: str, articles: dict[str, list[str]], absolute: list[str]
) -> None:
    table = regimes()[law].grounds
    assert table is not None
    found = table.sections()

    assert {s: [r.source.text for r in rows.values()] for s, rows in found.items()} == articles
    rows = [row for each in found.values() for row in each.values()]
    assert all(row.texts["zh-CN"] and row.texts["en"] for row in rows)
    assert [row.code for row in rows if row.absolute] == absolute


def test_a_law_without_a_table_has_none() -> None:
    assert regimes()["cn_general"].grounds is None


@pytest.mark.parametrize(
    ("keys", "to", "said"),
    [
        (("erase", "because"), ROW, "nothing judges it"),
        (("erase", "unlawful"), None, "does not name unlawful"),
        (("restrict",), None, "has no restrict"),
        (("keep", "legal_claims", "source"), "", "say source as text"),
        (("object", "own_situation", "en"), "", "say en as text"),
        (("object", "own_situation", "absolut"), True, "did you mean absolute"),
        (("restrict", "unnecessary_or_excessive"), ROW, "nothing judges it"),
        (("keep", "legal_claims", "holds"), ["because"], "because is no code of the hold"),
        (("keep", "legal_claims", "holds"), "litigation_hold", "say holds as a list"),
        (("erase", "unlawful", "holds"), ["litigation_hold"], "holds"),
    ],
)
def test_a_row_that_is_missing_or_that_nothing_judges_is_refused(
    folder: Path, keys: tuple[str, ...], to: object, said: str
) -> None:
    change(folder / "eu_gdpr.yaml", "grounds", *keys, to=to)

    with pytest.raises(ConfigError) as refused:
        load(folder)

    assert any(said in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("keys", "to", "said"),
    [
        (("keep", "legal_claims"), ROW, "nothing judges it"),
        (("erase", "consent_withdrawn"), None, "does not name consent_withdrawn"),
        (("object",), {"own_situation": ROW}, "nothing judges it"),
    ],
)
def test_a_table_of_brazil_has_the_rows_of_that_law_and_no_others(
    folder: Path, keys: tuple[str, ...], to: object, said: str
) -> None:
    change(folder / "br_lgpd.yaml", "grounds", *keys, to=to)

    with pytest.raises(ConfigError) as refused:
        load(folder)

    assert any(said in problem for problem in refused.value.problems)


def test_an_exception_that_is_no_reason_under_that_law_is_refused(folder: Path) -> None:
    table = load(folder)["eu_gdpr"].grounds
    assert table is not None
    raw = {
        name: {code: ROW | {"absolute": row.absolute} for code, row in rows.items()}
        for name, rows in table.sections().items()
    }
    change(folder / "cn_general.yaml", "grounds", to=raw)

    with pytest.raises(ConfigError) as refused:
        load(folder)

    assert len(refused.value.problems) == len(table.keep)
    assert all("is no reason" in problem for problem in refused.value.problems)
