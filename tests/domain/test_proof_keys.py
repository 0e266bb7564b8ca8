"""Keys of one's own: how long guessing ends them, and when one counts in place of a code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rights.domain.levels import KEY, Acr, key_counts, level
from rights.domain.proof_keys import pause


@pytest.mark.parametrize(
    ("wrong", "minutes"),
    [(0, 0), (1, 0), (4, 0), (5, 15), (6, 0), (10, 30), (15, 60), (35, 960), (40, 1440),
     (5000, 1440)],
)  # fmt: skip
def test_who_guesses_waits_twice_as_long_each_time(wrong: int, minutes: int) -> None:
    assert pause(wrong, tries=5) == timedelta(minutes=minutes)


def test_guessing_for_a_year_finds_one_of_a_million_codes_hardly_ever() -> None:
    spent, wrong = timedelta(), 0
    while spent < timedelta(days=365):
        wrong += 1
        spent += pause(wrong, tries=5)

    assert wrong * 3 / 1_000_000 < 0.01


@pytest.mark.parametrize(("days", "counts"), [(0, False), (6.99, False), (7, True), (400, True)])
def test_a_key_counts_alone_once_it_is_old_enough(days: float, *, counts: bool) -> None:
    assert key_counts(timedelta(days=days), trust=timedelta(days=7)) is counts


@pytest.mark.parametrize(
    ("acr", "cap", "reached"),
    [(None, 3, 1), (Acr.SESSION, 3, 2), (Acr.SESSION, 1, 1), (Acr.MFA, 3, 2),
     (Acr.REAL_NAME, 3, 3), (Acr.REAL_NAME, 2, 2)],
)  # fmt: skip
def test_beside_the_products_word_a_key_is_worth_what_a_code_is(
    acr: Acr | None, cap: int, reached: int
) -> None:
    assert level(acr, [KEY], cap=cap) == level(acr, ["email"], cap=cap) == reached
