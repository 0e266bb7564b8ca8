"""What is left out of public figures cannot be worked out from what is left."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.suppression import LEAST, small
from rights.domain.suppression import hidden as hidden_of

PARTS = st.lists(st.integers(0, 40), min_size=1, max_size=9).map(
    lambda numbers: {f"p{n}": number for n, number in enumerate(numbers)}
)


def hidden(parts: dict[str, int]) -> frozenset[str]:
    """Return what is left out of the parts of one sum."""
    return hidden_of(parts, [dict.fromkeys(parts, 1)])


def test_a_small_part_takes_the_next_larger_one_with_it() -> None:
    assert hidden({"a": 3, "b": 40, "c": 15}) == {"a", "c"}


def test_nothing_is_left_out_where_nothing_is_small() -> None:
    assert hidden({"a": 10, "b": 40}) == frozenset()


def test_two_small_parts_whose_sum_is_small_take_another_with_them() -> None:
    assert hidden({"a": 1, "b": 2, "c": 50, "d": 60}) == {"a", "b", "c"}


def test_parts_that_are_all_as_large_as_a_small_number_can_be_take_another_with_them() -> None:
    assert hidden({"a": 9, "b": 9, "c": 50, "d": 60}) == {"a", "b", "c"}


def test_of_a_small_sum_every_part_is_left_out() -> None:
    assert hidden({"a": 0, "b": 4, "c": 5}) == {"a", "b", "c"}


@given(PARTS)
def test_no_small_number_is_shown(parts: dict[str, int]) -> None:
    gone = hidden(parts)

    assert all(name in gone for name, number in parts.items() if small(number))


@pytest.mark.requirement("R-44-1")
@given(PARTS)
def test_from_the_sum_and_what_is_shown_no_part_follows(parts: dict[str, int]) -> None:
    """Whoever knows the sum and what is shown finds a wide range for every part."""
    gone, total = sorted(hidden(parts)), sum(parts.values())
    if not gone or small(total):
        return  # a small sum is left out itself
    rest = total - sum(number for name, number in parts.items() if name not in gone)
    possible = [
        guess
        for guess in product(range(rest + 1), repeat=len(gone) - 1)
        if sum(guess) <= rest
    ] if len(gone) <= 3 else None  # fmt: skip

    assert len(gone) > 1 or len(parts) == 1
    assert rest >= LEAST
    for at in range(len(gone) - 1) if possible is not None else ():
        assert len({guess[at] for guess in possible or ()}) > LEAST
