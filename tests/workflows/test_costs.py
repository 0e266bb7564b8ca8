"""The model of what a step costs: pure, and never sure of itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk import Foreseen, MapField
from rights.domain.datamap import Secret
from workflows.costs import Changes, known, touched
from workflows.masking import SHORTEST, kind_of, masked

ROWS = st.integers(0, 10**7)
ENGINES = st.sampled_from(sorted(known()))
PLAIN = MapField("note", "content")


@given(ENGINES, ROWS, ROWS, ROWS, st.integers(0, 10**6), st.integers(0, 20))
def test_an_estimate_lies_between_its_bounds_and_grows_with_the_rows(
    engine: str, deleted: int, updated: int, read: int, pages: int, indexes: int
) -> None:
    costs, seen = known()[engine], Foreseen(row_bytes=90, pages=pages, indexes=indexes)
    some, more = Changes(deleted, updated, read), Changes(deleted + 1, updated + 1, read + 1)

    for of in (costs.seconds, costs.logged):
        small, large = of(some, seen), of(more, seen)
        if small is None or large is None:
            assert costs.log is None
            continue
        assert 0 <= small.at_least <= small.estimate <= small.at_most
        assert small.estimate <= large.estimate


@given(ROWS, st.integers(0, 10**6))
def test_no_more_pages_are_touched_than_there_are_rows_or_pages(rows: int, pages: int) -> None:
    found = touched(rows, pages)

    assert 0 <= found <= rows + 1e-6
    assert not pages or found <= pages + 1e-6


def test_rows_all_over_a_table_touch_most_of_its_pages() -> None:
    assert touched(1, 1_000) == pytest.approx(1)
    assert touched(10_000, 1_000) == pytest.approx(1_000, rel=0.001)
    assert touched(1_000, 1_000) == pytest.approx(632, abs=2)
    assert touched(10, 0) == 10


# -- masks ---------------------------------------------------------------------------------------


@given(st.text(max_size=SHORTEST - 1))
def test_of_a_short_text_no_more_than_its_kind_is_shown(text: str) -> None:
    assert set(masked(text, PLAIN)) == {"kind"}


@given(st.text(min_size=SHORTEST, max_size=400))
def test_of_a_long_text_no_more_than_its_first_character_and_length_is_shown(text: str) -> None:
    shown = masked(text, PLAIN)

    assert set(shown) <= {"kind", "starts", "length"}
    assert shown.get("starts", text[0]) == text[0]


@pytest.mark.parametrize(
    "field",
    [
        None,
        MapField("note", "health", sensitive=True),
        MapField("note", "account", secret=Secret.CREDENTIAL),
    ],
)
def test_of_a_sensitive_field_only_the_kind_is_shown(field: MapField | None) -> None:
    assert masked("a text that is long enough", field) == {"kind": "text"}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "empty"),
        ("", "empty"),
        (True, "boolean"),
        (41, "number"),
        (0.5, "number"),
        ([1], "list"),
        ({"a": 1}, "object"),
        ("mia.wang@mail.example", "email"),
        ("13812345678", "mobile"),
        ("0042", "digits"),
        ("9f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b", "identifier"),
        ("2026-11-29T10:00:00+00:00", "time"),
        ("生日快乐，送给妈妈的礼物", "text"),
    ],
)
def test_a_value_is_named_by_its_kind(value: object, kind: str) -> None:
    assert kind_of(value) == kind
    if kind not in {"email", "text"}:
        assert set(masked(value, PLAIN)) == {"kind"}
