"""A value fills one place between two slashes, and never more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.s3_objects.templates import Template
from connectors.sdk import Misconfigured, Refused


def template(text: object) -> Template:
    return Template(text, "files.avatars")


def test_a_template_that_ends_in_a_slash_is_a_folder() -> None:
    place = template("avatars/{user_id}/").place({"user_id": "u1"})

    assert place is not None
    assert (place.key, place.is_folder) == ("avatars/u1/", True)
    assert place.holds("avatars/u1/a/b.png")
    assert not place.holds("avatars/u10/a.png")


def test_a_template_that_does_not_is_one_object() -> None:
    place = template("invoices/{order_id}.pdf").place({"order_id": 7})

    assert place is not None
    assert (place.key, place.is_folder) == ("invoices/7.pdf", False)
    assert not place.holds("invoices/7.pdf.bak")


def test_several_placeholders_stand_between_slashes() -> None:
    place = template("{tenant}/u-{user_id}/").place({"tenant": "t", "user_id": "1"})

    assert place is not None
    assert place.key == "t/u-1/"


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_value_reaches_nothing(value: str | None) -> None:
    assert template("{tenant}/{user_id}/").place({"tenant": "t", "user_id": value}) is None


@pytest.mark.parametrize(
    "value",
    [
        "a/b",
        "/",
        "..",
        "../u2",
        "a..b",
        ".",
        "\\",
        "a\\b",
        "\n",
        "\x00",
        "\u202e",
        "a\u2028b",
        1.5,
        True,
    ],
)
def test_a_value_that_could_reach_further_is_refused_and_not_shown(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        template("avatars/{user_id}/").place({"user_id": value})
    assert repr(value) not in str(refused.value)


def test_a_key_longer_than_the_store_allows_is_refused() -> None:
    with pytest.raises(Refused):
        template("avatars/{user_id}/").place({"user_id": "\u4e2d" * 400})


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        7,
        "avatars/",
        "/avatars/{user_id}/",
        "avatars//{user_id}/",
        "avatars/../{user_id}/",
        "avatars/{user_id}//",
        "avatars/{a}{b}/",
        "avatars/{a}-{b}.png",
        "avatars/{a}/{a}/",
        "avatars/{}/",
        "avatars/{user id}/{x}",
        "avatars/{user_id/",
        "avatars/{user_id}}/",
    ],
)
def test_a_template_that_could_reach_others_is_misconfigured(text: object) -> None:
    with pytest.raises(Misconfigured):
        template(text)


def _filled(values: dict[str, str]) -> str | None:
    try:
        place = template("x/{a}/y-{b}.z/{c}/").place(values)
    except Refused:
        return None
    return place.key if place else None


_VALUES = st.fixed_dictionaries({name: st.text(max_size=6) for name in "abc"})


@given(one=_VALUES, other=_VALUES)
def test_no_two_people_share_a_place_and_no_place_holds_another(
    one: dict[str, str], other: dict[str, str]
) -> None:
    here, there = _filled(one), _filled(other)

    if here is not None and there is not None and one != other:
        assert here != there
        assert not here.startswith(there)
