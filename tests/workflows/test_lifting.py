"""A restriction ends by the person who asked for it: what it stopped is used again, no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from rights.services import consents, tasks
from rights.store.db import transaction
from rights.store.models import Request, Staff, StepRow
from tests.workflows.held_shop import shop_at
from tests.workflows.people_in_stores import People
from tests.workflows.restricted_shop import ANALYST, BILLING, ask, floor_of, ids, rehearse
from workflows.inline import Order, run, until_still


@pytest.fixture
def each(restricted_anywhere: People) -> People:
    return restricted_anywhere


@pytest.fixture
def shop(restricted: People) -> People:
    return restricted


@pytest.mark.requirement("R-P44-1")
def test_who_asked_for_it_has_it_lifted_and_all_is_as_before(each: People) -> None:
    ask(each, "purposes=analytics")
    ask(each)
    assert (ids(each, ANALYST), ids(each, BILLING)) == ([2], [2])

    outcome = ask(each, "option=lift")

    assert outcome["state"] == "fulfilled"
    assert (ids(each, ANALYST), ids(each, BILLING)) == ([1, 2], [1, 2])
    told = {(x["collection"], x["action"], x["affected"]) for x in outcome["collections"]}
    assert told == {("users", "lift", 1), ("users#purpose:analytics", "resume", 1)}


def test_only_the_purposes_that_were_named_are_taken_up_again(each: People) -> None:
    ask(each, "purposes=analytics")
    ask(each)

    assert ask(each, "option=lift", "purposes=analytics")["state"] == "fulfilled"

    assert ids(each, "SELECT id FROM users WHERE analytics = 1 ORDER BY id") == [1, 2]
    assert ids(each, BILLING) == [2]


def test_another_identifier_of_the_same_person_lifts_it_too(shop: People) -> None:
    ask(shop)

    assert ask(shop, "option=lift", email="ann@mail.example")["state"] == "fulfilled"
    assert ids(shop, BILLING) == [1, 2]


def test_somebody_elses_restriction_stays(shop: People) -> None:
    ask(shop)

    outcome = ask(shop, "option=lift", user_id="2")

    assert (outcome["state"], ids(shop, BILLING)) == ("partially_fulfilled", [2])
    assert [x["missing"] for x in outcome["collections"]] == ["nothing_restricted"]


def test_what_was_lifted_once_is_not_lifted_again(shop: People) -> None:
    ask(shop)
    ask(shop, "option=lift")
    shop.database.run("UPDATE users SET stopped = 1 WHERE id = 1")  # the product's own doing

    outcome = ask(shop, "option=lift", email="ann@mail.example")

    assert (outcome["state"], ids(shop, BILLING)) == ("partially_fulfilled", [2])
    assert [x["missing"] for x in outcome["collections"]] == ["nothing_restricted"]


def test_what_was_off_before_is_not_switched_on(shop: People) -> None:
    shop.database.run("UPDATE users SET analytics = 0, stopped = 1 WHERE id = 1")
    ask(shop, "purposes=analytics")
    ask(shop)

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], ids(shop, BILLING)) == ("partially_fulfilled", [2])
    assert {x["missing"] for x in outcome["collections"]} == {"stopped_otherwise"}


def test_a_consent_that_was_taken_back_meanwhile_keeps_the_use_off(shop: People) -> None:
    ask(shop, "purposes=analytics")
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        request = session.exec(select(Request)).one()
        request.parameters = {"purposes": ["analytics"]}
        consents.withdrawn(session, floor.context, request, {"user_id": "1"}, now=floor.now())
    floor.close()

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], ids(shop, ANALYST)) == ("partially_fulfilled", [2])
    assert [x["missing"] for x in outcome["collections"]] == ["consent_taken_back"]


def test_a_flag_whose_other_value_the_map_does_not_say_is_a_task(shop: People) -> None:
    ask(shop)
    text = shop.map_file.read_text(encoding="utf-8")
    shop.map_file.write_text(text.replace(", lifted: 0", ""), encoding="utf-8")

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no value that lifts is declared for shop.users" in str(outcome["problems"])
    assert ids(shop, BILLING) == [2]


def test_rows_that_a_law_holds_with_the_same_flag_are_for_staff(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    held = shop_at(
        sqlite_url, tmp_path, restriction="{strategy: flag, column: frozen, value: 1, lifted: 0}"
    )
    frozen = "SELECT id FROM orders WHERE user_id = 1 AND frozen = 1 ORDER BY id"
    held.erase(options=["option=delete"])  # what a law holds is flagged, the account emptied
    kept = held.rows(frozen)
    held.run("INSERT INTO orders VALUES (18, 1, 5, 'new', 0, CURRENT_TIMESTAMP)")
    held.erase(kind="restriction")
    assert len(held.rows(frozen)) == len(kept) + 1

    outcome = held.erase(kind="restriction", options=["option=lift"])

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "rows held by law" in str(outcome["problems"])
    assert len(held.rows(frozen)) == len(kept) + 1
    held.close()


def test_what_a_law_holds_stays_out_of_use_however_it_was_erased(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure knew the person by another identifier, which leads to no account any more."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    flag = "{strategy: flag, column: frozen, value: 1, lifted: 0}"
    held = shop_at(sqlite_url, tmp_path, restriction=flag)
    (address,) = held.rows("SELECT email FROM users WHERE id = 1")[0]
    held.erase(kind="restriction")
    given = {"state": held.state, "out": held.folder / "out"}
    run(held.map_file, [Order.read({"kind": "deletion", "options": []}, {"email": address})], given)
    frozen = "SELECT id FROM orders WHERE user_id = 1 AND frozen = 1 ORDER BY id"
    kept = held.rows(frozen)
    assert kept

    outcome = held.erase(kind="restriction", options=["option=lift"])

    assert held.rows(frozen) == kept
    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    held.close()


@pytest.mark.parametrize(("extra", "column"), [("close", "stopped"), ("switch", "analytics")])
def test_a_column_that_says_something_else_too_is_lifted_by_hand(
    shop: People, extra: str, column: str
) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    if extra == "switch":
        other = "{name: push, collection: shop.users, column: analytics, on: 1, off: 0}"
        text = text.replace("switches:\n", f"switches:\n- {other}\n")
    else:
        text = text.replace("lifted: 0}\n", "lifted: 0}\n    close: {stopped: 2}\n")
    shop.map_file.write_text(text, encoding="utf-8")
    ask(shop, *([] if column == "stopped" else ["purposes=analytics"]))

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert f"{column} says more than this restriction" in str(outcome["problems"])
    assert ids(shop, ANALYST) == [2]


def test_a_switch_that_the_map_lost_is_not_passed_over(shop: People) -> None:
    ask(shop, "purposes=analytics")
    ask(shop)
    text = shop.map_file.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if "purpose:analytics" in one)
    shop.map_file.write_text(text.replace(line + "\n", ""), encoding="utf-8")

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no shop.users#purpose:analytics any more" in str(outcome["problems"])
    assert ids(shop, BILLING) == [1, 2]  # what can be lifted does not wait for it


def test_what_staff_lifted_by_hand_is_that_and_nothing_beside_it(shop: People) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    other = "{name: push, collection: shop.users, column: analytics, on: 1, off: 0}"
    shop.map_file.write_text(text.replace("switches:\n", f"switches:\n- {other}\n"), "utf-8")
    ask(shop, "purposes=analytics")
    ask(shop)
    lift = ask(shop, "option=lift", "purposes=analytics")
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=floor.now())
        session.add(staff)
        session.flush()
        (task,) = tasks.open_tasks(session)
        tasks.complete(session, task["step"], staff, now=floor.now(), proof="T-1")
    until_still(floor, lift["request"])
    floor.close()

    assert ask(shop, "option=lift")["state"] == "fulfilled"  # the flag stood still, and is lifted
    assert ids(shop, BILLING) == [1, 2]
    again = ask(shop, "option=lift", email="ann@mail.example")
    assert [x["missing"] for x in again["collections"]] == ["nothing_restricted"]


def test_what_was_not_looked_at_before_is_lifted_by_hand(shop: People) -> None:
    """A restriction of before such looks were written down, or a store that cannot be asked."""
    ask(shop)
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        for step in session.exec(select(StepRow)):
            step.result = {k: v for k, v in step.result.items() if k != "before"}
            session.add(step)
    floor.close()

    outcome = ask(shop, "option=lift")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "was not looked at" in str(outcome["problems"])
    assert ids(shop, BILLING) == [2]


def test_a_consent_taken_back_after_the_plan_was_made_keeps_the_use_off(shop: People) -> None:
    ask(shop, "purposes=analytics")
    planned = rehearse(shop, "option=lift")
    assert planned["state"] == "planned"
    ask(shop, "purposes=analytics", kind="consent_withdrawal")

    outcome = ask(shop, "option=lift")

    assert outcome["state"] != "fulfilled"
    assert ids(shop, ANALYST) == [2]
