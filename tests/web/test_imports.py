"""Asking before an import whether a value was corrected, and what is written down of a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from rights.services import correction_guard, suppression
from rights.services.correction_guard import Corrected
from rights.store.models import CorrectionGuard, Entry
from tests.web.house import ALICE, House

FIELD = "shop.users.nickname"
REQUEST = "c" * 32


def _corrected(house: House, old: str = "Ally", new: str = "Alice") -> None:
    with house.writing() as session:
        correction_guard.keep(
            session,
            house.context.vault,
            request_id=REQUEST,
            person="p",
            found=[(Corrected("shop.users", "nickname", ("u-1",)), old)],
            value=new,
            now=house.clock.now(),
        )


def _ask(house: House, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = house.post("/v1/suppression/values", {"items": list(items)})
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def _refusals(house: House) -> list[dict[str, Any]]:
    with house.reading() as session:
        query = select(Entry).where(Entry.event == "import_refused").order_by(col(Entry.at))
        return [entry.data for entry in session.exec(query)]


@pytest.mark.requirement("R-P46-2:bad", "R-NEG-30:bad")
def test_a_row_with_a_value_that_was_corrected_is_set_aside_and_that_is_written_down(
    house: House,
) -> None:
    _corrected(house)
    row = {"field": FIELD, "key": ["u-1"], "value": "Ally"}

    stale, right, newer, elsewhere, other = _ask(
        house,
        row,
        {**row, "value": "Alice"},
        {**row, "value": "Al"},
        {**row, "field": "shop.users.email"},
        {**row, "key": ["u-2"]},
    )

    assert stale["allowed"] is False
    assert stale["corrected_at"] == house.clock.now().isoformat()
    free = {"allowed": True, "corrected_at": None}
    assert [right, newer, elsewhere, other] == [free] * 4
    assert _refusals(house) == [{"why": "corrected", "items": 1, "requests": [REQUEST]}]


@pytest.mark.requirement("R-NEG-30:bad")
def test_an_import_of_somebody_who_was_erased_is_refused_and_that_is_written_down(
    house: House,
) -> None:
    now = house.clock.now()
    with house.writing() as session:
        suppression.write(
            session,
            house.context.vault,
            house.context.datamap,
            {name: [value] for name, value in ALICE.items()},
            request_id=REQUEST,
            kind="deletion",
            before=now,
            expires_at=now.replace(year=now.year + 1),
        )
    ask = {"items": [{"type": name, "value": value} for name, value in ALICE.items()]}

    answers = house.post("/v1/suppression/check", ask).json["items"]

    assert [one["allowed"] for one in answers] == [False, False]
    assert _refusals(house) == [{"why": "erased", "items": 2, "requests": [REQUEST]}]
    assert "alice" not in str(_refusals(house))


def test_what_may_come_in_leaves_no_entry(house: House) -> None:
    _ask(house, {"field": FIELD, "key": ["u-1"], "value": "Ally"})
    house.post("/v1/suppression/check", {"items": [{"type": "user_id", "value": "u-9"}]})

    assert _refusals(house) == []
    with house.reading() as session:
        assert session.exec(select(CorrectionGuard)).all() == []


@pytest.mark.parametrize(
    "item",
    [
        {"field": "shop.users.shoe_size", "key": ["u-1"], "value": "43"},
        {"field": "nowhere.users.nickname", "key": ["u-1"], "value": "x"},
        {"field": "nickname", "key": ["u-1"], "value": "x"},
        {"field": FIELD, "key": [], "value": "x"},
        {"field": FIELD, "key": [{"id": 1}], "value": "x"},
        {"field": FIELD, "key": ["u-1"], "value": ["x"]},
        {"field": FIELD, "key": ["u-1"]},
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(house: House, item: dict[str, Any]) -> None:
    answer = house.post("/v1/suppression/values", {"items": [item]})

    assert answer.status_code == 422
    assert all(error["field"].startswith("items.0") for error in answer.json["errors"])
