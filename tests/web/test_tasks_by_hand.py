"""What staff do by hand: the list on the command line says where, how, and whom to ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rights.services import task_documents
from rights.store.models import StepState
from tests.web.console.clerk import events, planned, told
from tests.web.correspondence import Office
from tests.web.house import House
from tests.web.verifying import PDF


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


def test_a_file_shows_it_and_an_auditor_opens_it_again(office: Office, tmp_path: Path) -> None:
    made = planned(office.house, state=StepState.MANUAL)
    step = f"{made}-01-erase-shop"
    attach = ("tasks", "complete", step, "--as", "rui", "--proof", "T-1", "--proof-file", "FILE")

    wrong = office.run(*attach, text="<html>")
    assert wrong.exit_code == 1
    done = office.run(*attach, text=PDF)
    assert done.exit_code == 0, done.output
    with office.house.reading() as session:
        (kept,) = task_documents.of_request(session, made)
    mine = ("tasks", "open-document", kept.id, "--out", str(tmp_path / "desk"), "--as")
    assert office.run(*mine, "rui").exit_code == 1
    read = office.run(*mine, "otto")

    assert Path(read.output.strip()).read_bytes() == PDF
    assert told(office.house, made)[-1] == "task_document_opened"
    assert [e for e, _ in events(office.house)].count("staff_refused") == 2
