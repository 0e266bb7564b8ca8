"""A sentence takes the form of a word that fits its number."""

from __future__ import annotations

import pytest

from rights.domain.wording import filled


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 rows wait"),
        (1, "1 row waits"),
        (2, "2 rows wait"),
        (11, "11 rows wait"),
        (21, "21 rows wait"),
        ("1", "1 row waits"),
        ("1,001", "1,001 rows wait"),
        ("10", "10 rows wait"),
    ],
)
def test_one_is_one_and_every_other_number_is_many(count: object, said: str) -> None:
    text = "{count} {count:row|rows} {count:waits|wait}"

    assert filled(text, {"count": count}) == said


def test_each_number_of_a_sentence_has_its_own_form() -> None:
    text = "{back} {back:row|rows} of {people} {people:person|people}"

    assert filled(text, {"back": 1, "people": 2}) == "1 row of 2 people"
    assert filled(text, {"back": 2, "people": 1}) == "2 rows of 1 person"


@pytest.mark.parametrize(
    ("text", "said"),
    [("{count} 行", "1 行"), ("{size:.1f} kB", "2.5 kB"), ("a {{ brace", "a { brace"), ("", "")],
)
def test_a_sentence_without_forms_is_filled_in_as_ever(text: str, said: str) -> None:
    assert filled(text, {"count": 1, "size": 2.49}) == said


def test_other_forms_and_braces_stand_beside_the_form_of_a_word() -> None:
    text = "{{{size:.1f}}} {count:file|files}"

    assert filled(text, {"size": 2.49, "count": 1}) == "{2.5} file"


@pytest.mark.parametrize("text", ["{rows} {count:row|rows}", "{count:row|rows}"])
def test_what_is_not_there_is_an_error_with_forms_too(text: str) -> None:
    with pytest.raises(KeyError):
        filled(text, {"rows": 1} if "{rows}" in text else {})
