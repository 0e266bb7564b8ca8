"""What proofs are worth together."""

from __future__ import annotations

import pytest

from rights.domain.levels import Acr, Matched, level

FACTS, NAME = Matched.KNOWN_FACTS, Matched.REAL_NAME
MAIL = ("email",)


@pytest.mark.parametrize(
    ("acr", "codes", "matched", "worth"),
    [
        (None, (), (FACTS,), 0),
        (None, (), (FACTS, NAME), 0),
        (None, MAIL, (), 1),
        (None, MAIL, (FACTS,), 2),
        (None, MAIL, (FACTS, NAME), 3),
        (None, ("email", "phone"), (FACTS,), 2),
        (Acr.SESSION, (), (FACTS,), 1),
        (Acr.SESSION, (), (NAME,), 1),
        (Acr.SESSION, MAIL, (NAME,), 3),
        (Acr.REAL_NAME, (), (FACTS,), 2),
    ],
)
def test_what_was_matched_counts_beside_a_code_and_never_in_its_place(
    acr: Acr | None, codes: tuple[str, ...], matched: tuple[Matched, ...], worth: int
) -> None:
    assert level(acr, codes, cap=3, matched=matched) == worth


def test_the_cap_of_a_products_word_holds_nothing_down_that_it_did_not_say() -> None:
    assert level(Acr.REAL_NAME, MAIL, cap=1, matched=(FACTS,)) == 2
    assert level(Acr.REAL_NAME, (), cap=1, matched=(FACTS, NAME)) == 1
