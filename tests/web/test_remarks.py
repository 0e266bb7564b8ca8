"""What a worker found, told to the person who named the things."""

from __future__ import annotations

import pytest

from rights.services import notes
from tests.web.house import House


@pytest.mark.requirement("R-42-2:bad")
def test_each_named_thing_has_a_status_of_its_own(house: House) -> None:
    made = house.submit()
    told = {"results": [{"item": "tea", "status": 200}, {"item": "none such", "status": 404}]}
    with house.writing() as session:
        notes.keep(session, house.context.vault, made["id"], "told", told, now=house.clock.now())

    reply = house.get(f"/v1/requests/{made['id']}/remarks")

    assert reply.status_code == 200
    assert reply.json == {
        **told,
        "needs": [],
        "choices": [],
        "answers": [],
        "points": [],
        "recipients": [],
    }


def test_choices_are_shown_only_while_something_is_missing(house: House) -> None:
    made = house.submit()
    told = {"needs": "decision", "choices": ["credit"]}
    with house.writing() as session:
        notes.keep(session, house.context.vault, made["id"], "told", told, now=house.clock.now())

    assert house.get(f"/v1/requests/{made['id']}/remarks").json["choices"] == []
