"""What a correction may ask for: read-only and ill-formed values are refused by field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.house import ALICE, House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


def _change(field: str, value: Any) -> dict[str, Any]:
    changes = [{"field": field, "value": value}]
    return {"kind": "correction", "subject": ALICE, "values": {"changes": changes}}


@pytest.mark.requirement("R-P46-1:bad")
@pytest.mark.parametrize(
    ("field", "alternative"),
    [("shop.users.shoe", "shop.users.nickname"), ("shop.users.verdict", "explanation")],
    ids=["unknown to the map", "read-only by law"],
)
def test_a_field_that_cannot_be_corrected_is_refused_with_alternatives(
    house: House, field: str, alternative: str
) -> None:
    response = house.post("/v1/requests", _change(field, "x"))

    assert response.status_code == 422
    (error,) = response.json["errors"]
    assert error["field"] == "values.changes.0.field"
    assert alternative in error["allowed"]


@pytest.mark.requirement("R-P46-1:bad")
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("shop.users.nickname", 5, "type"),
        ("shop.users.nickname", "x" * 21, "longer"),
        ("shop.users.nickname", "<b>", "form"),
        ("shop.users.birthday", "yesterday", "type"),
    ],
)
def test_a_value_of_the_wrong_type_length_or_form_is_refused_by_field(
    house: House, field: str, value: Any, said: str
) -> None:
    response = house.post("/v1/requests", _change(field, value))

    assert response.status_code == 422
    (error,) = response.json["errors"]
    assert error["field"] == "values.changes.0.value"
    assert said in error["message"]
    assert str(value) not in str(error["message"])


@pytest.mark.requirement("R-P46-1:bad")
def test_free_text_is_taken_and_asked_about(house: House) -> None:
    made = house.asserted("correction", values={"text": "my name is spelt wrong everywhere"})

    found = house.get(f"/v1/requests/{made['id']}").json

    assert "changes" in str(found["needs"])
