"""What staff do by hand: the list on the command line says where, how, and whom to ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rights.store.models import StepState
from tests.web.console.clerk import planned
from tests.web.correspondence import Office
from tests.web.house import House


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


def test_the_list_says_how_something_is_done_by_hand_and_whom_to_ask(office: Office) -> None:
    planned(office.house, state=StepState.MANUAL)
    planned(office.house, "restriction", action="restrict", state=StepState.MANUAL)

    read = office.run("tasks", "list").output
    told = {
        one["action"]: one["by_hand"]
        for one in json.loads(office.run("tasks", "list", "--json").output)
    }

    for said in (
        "shop.users (shop.users): rows 3",
        "how: Close them on the page of members",
        "how: the data map does not say: ask the owner",
        "owner: shop team",
    ):
        assert said in read, said
    assert told["erase"]["owner"] == "shop team"
    assert told["erase"]["collections"][0]["how"]["zh"] == "在后台的“会员”页注销"
    assert told["restrict"]["collections"][0]["how"] == {}
