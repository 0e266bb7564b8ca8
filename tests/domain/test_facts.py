"""What somebody types and what a store holds: when they are the same, and when that says much."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.facts import COMPARISONS, beyond, comparable, different, holds

DAY = "1990-02-01"


@pytest.mark.parametrize(
    "written",
    [
        "1990-02-01",
        "1990-2-1",
        "1990/02/01",
        "1990.2.1",
        "19900201",
        "1990年2月1日",
        "1990 年 2 月 1 日",
        "１９９０－０２－０１",
        "\u200e1990-02-01\u200b",
        "Feb 1, 1990",
        "february 1st, 1990",
        "1 February 1990",
        "1st Feb 1990",
        "1990-02-01 00:00:00",
        "1990-02-01T08:30:00+08:00",
        date(1990, 2, 1),
        datetime(1990, 2, 1, 8, 30),  # noqa: DTZ001 - as a database without zones gives it
    ],
)
def test_a_day_is_the_same_however_it_is_written(written: object) -> None:
    assert comparable(written, "date") == DAY


@pytest.mark.parametrize(
    "written",
    ["01/02/1990", "2/1/90", "1990", "1990-13-01", "1990-02-30", "soon", "", "0", "1 Foo 1990"],
)
def test_a_day_that_can_be_read_in_two_ways_or_none_proves_nothing(written: str) -> None:
    assert comparable(written, "date") == ""


def test_a_day_with_the_year_last_is_read_where_only_one_reading_is_possible() -> None:
    assert comparable("31/12/1985", "date") == comparable("12/31/1985", "date") == "1985-12-31"
    assert comparable("03/03/1985", "date") == "1985-03-03"


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("王小明", "王 小\u3000明", "name"),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", "name"),
        ("O'Neil-Smith", "o’neil smith", "name"),
        ("上海", "\u2067上海\u2069", "text"),
        ("ＡＢ－１２", "ab-12", "text"),
        ("+86 138-0013-8000", "8613800138000", "digits"),
        ("6222 0202 0000 1234", "1234", "last_four"),
        ("11010119900201123x", "１１０１０１１９９００２０１１２３Ｘ", "number"),
    ],
)
def test_two_spellings_of_one_thing_are_the_same(one: str, other: str, how: str) -> None:
    assert comparable(one, how) == comparable(other, how) != ""


@pytest.mark.parametrize("how", COMPARISONS)
@pytest.mark.parametrize("nothing", [None, "", " ", "\u200b\u200f", "\u202e", True, False, "…"])
def test_nothing_equals_nothing(nothing: object, how: str) -> None:
    value = comparable(nothing, how)

    assert value in ("", "...")  # a text may be made of points
    assert not holds("", [nothing, "", None], how)


@given(st.text(max_size=400), st.sampled_from(COMPARISONS))
def test_whatever_is_typed_is_read_or_proves_nothing(value: str, how: str) -> None:
    found = comparable(value, how)

    assert comparable(found, how) == found or found == ""
    assert holds(found, [value], how) is bool(found)


def test_one_of_the_values_held_is_enough_and_none_of_others_is() -> None:
    assert holds("a-2", ["A-1", None, "Ａ－2"], "text")
    assert not holds("a-2", ["A-1", "A-22", ""], "text")
    assert not holds("a-2", [], "text")


def test_what_another_fact_says_already_is_no_fact_of_its_own() -> None:
    assert different(["1990-02-01", "1990-02-01"]) == ("19900201",)
    assert len(different(["1990-02-01", "110101199002011234"])) == 1
    assert len(different(["上海", "上海市南京路1号"])) == 1
    assert len(different(["上海", "1990-02-01"])) == 2
    assert different(["", "…"]) == ()


def test_what_the_address_of_the_code_says_is_no_fact() -> None:
    said = {"city": "shanghai", "number": "a-1001"}

    assert beyond(said, ["wei.shanghai@example.com"]) == {"number": "a-1001"}


def test_a_way_to_compare_that_is_none_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="compared"):
        comparable("x", "soundex")
