"""Conversations are copied and deleted by message, by session or all, and only the person's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import select

from rights.domain.errors import LevelTooLow
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.domain.lifecycle import State
from rights.services import lookups, subjects
from rights.services.plans import approve
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.store.models import Lookup, Package, Request, Staff, StepRow, Suppression
from tests.workflows.companion import ANN, DIALOGUE, MAP, Companion, in_memory, on_sql
from tests.workflows.house import request_of
from workflows import dialogues
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.lookups import answer
from workflows.plans import read_plan

HELD = MAP.replace(
    "    conversation: {session",
    "    retention: {period: 3y, from: sent_at, basis: a law, rank: law}\n"
    "    restriction: {strategy: flag, column: secret_score, value: 0}\n"
    "    conversation: {session",
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Companion]:
    if request.param == "memory":
        yield in_memory(tmp_path)
        return
    made = on_sql(tmp_path, str(request.getfixturevalue(f"{request.param}_url")))
    yield made
    made.floor.connector("app").close_connections()
    if made.engine is not None:
        made.engine.dispose()


def _state(shop: Companion, request_id: str) -> State:
    return request_of(shop.floor, request_id).state


@pytest.mark.requirement("R-H16-1")
def test_a_message_goes_with_what_hangs_on_it_and_nothing_else(shop: Companion) -> None:
    bo = shop.of_bo()

    done = shop.ask(Kind.DELETION, {"messages": ["100"]})

    assert _state(shop, done) is State.FULFILLED
    assert shop.ids("messages", 1) == [101, 110, 111]
    assert shop.ids("replies", 1) == [101, 110, 111]
    assert shop.ids("chats", 1) == [10, 11]
    assert (shop.ids("users"), shop.ids("notes", 1)) == ([1, 2], [1])
    assert shop.of_bo() == bo
    # What Bo added is his too: it stays, and points at nothing any more.
    assert [(r["id"], r["message_id"]) for r in shop.content("reactions")] == [(7, None)]


@pytest.mark.requirement("R-H16-1")
def test_a_session_goes_whole(shop: Companion) -> None:
    bo = shop.of_bo()

    done = shop.ask(Kind.DELETION, {"session": "10"})

    assert _state(shop, done) is State.FULFILLED
    assert (shop.ids("chats", 1), shop.ids("messages", 1)) == ([11], [110, 111])
    assert (shop.ids("replies", 1), shop.ids("notes", 1)) == ([110, 111], [1])
    assert shop.ids("users") == [1, 2]
    assert shop.of_bo() == bo


@pytest.mark.requirement("R-H16-1")
def test_all_of_them_go_and_the_account_stays(shop: Companion) -> None:
    bo = shop.of_bo()

    done = shop.ask(Kind.DELETION, {})

    assert _state(shop, done) is State.FULFILLED
    assert [shop.ids(name, 1) for name in ("chats", "messages", "replies")] == [[], [], []]
    assert (shop.ids("users"), shop.ids("notes", 1)) == ([1, 2], [1])
    assert shop.of_bo() == bo


@pytest.mark.parametrize("named", [{"messages": ["200"]}, {"session": "20"}, {"session": "nope"}])
def test_what_is_another_persons_is_left_alone_and_nothing_is_told(
    shop: Companion, named: dict[str, Any]
) -> None:
    before = {name: shop.content(name) for name in ("users", "chats", "messages", "replies")}

    done = shop.ask(Kind.DELETION, named)
    unknown = shop.ask(Kind.DELETION, {"messages": ["999999"]})

    assert {name: shop.content(name) for name in before} == before
    told = [_told(shop, one) for one in (done, unknown)]
    assert _state(shop, done) is _state(shop, unknown)
    assert {r for r in told[0] if "chats" not in r} == {r for r in told[1] if "chats" not in r}


def _told(shop: Companion, request_id: str) -> set[str]:
    with reading(shop.floor.register) as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        return {
            f"{path} {r['affected']}"
            for x in rows
            for path, r in x.result.get("collections", {}).items()
        }


def test_a_message_counts_only_in_the_conversation_that_is_named(shop: Companion) -> None:
    shop.ask(Kind.DELETION, {"session": "11", "messages": ["100", "110"]})

    assert shop.ids("messages", 1) == [100, 101, 111]


@pytest.mark.requirement("R-H16-1")
def test_a_copy_is_of_what_was_named(shop: Companion) -> None:
    done = shop.ask(Kind.COPY, {"session": "10"})

    assert _state(shop, done) is State.FULFILLED
    with reading(shop.floor.register) as session:
        assert session.exec(select(Package)).one().request_id == done
    found = _read(shop, done)
    assert found == {"chats": 1, "messages": 2, "replies": 2, "reactions": 1}


def _read(shop: Companion, request_id: str) -> dict[str, int]:
    with reading(shop.floor.register) as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
    spools = [row.result["spool"] for row in rows if "spool" in row.result]
    return {
        c["collection"].partition(".")[2]: c["records"]
        for spool in spools
        for c in spool["collections"]
        if c["records"]
    }


def test_the_rest_of_the_person_may_still_be_imported(shop: Companion) -> None:
    shop.ask(Kind.DELETION, {"messages": ["100"]})

    with reading(shop.floor.register) as session:
        assert session.exec(select(Suppression)).all() == []


def test_a_row_that_a_law_holds_is_held(tmp_path: Path) -> None:
    shop = in_memory(tmp_path, HELD)

    done = shop.ask(Kind.DELETION, {"messages": ["100"]})

    assert _state(shop, done) is State.FULFILLED
    assert shop.ids("messages", 1) == [100, 101, 110, 111]
    restricted = [r["id"] for r in shop.content("messages") if r["secret_score"] == 0]
    assert restricted == [100]


def test_it_is_approved_as_it_will_be_done(tmp_path: Path) -> None:
    shop = in_memory(tmp_path, approval_kinds=("deletion",))
    waits = shop.ask(Kind.DELETION, {"messages": ["100"]})

    with reading(shop.floor.register) as session:
        plan, _ = read_plan(session, waits)
    assert plan is not None
    rows = {path: found["rows"] for path, found in plan.counts.items()}
    assert rows == {DIALOGUE: 1, "app.replies": 1, "app.reactions": 1}
    assert shop.ids("messages", 1) == [100, 101, 110, 111]
    with transaction(shop.floor.register) as session:
        staff = Staff(name="wei", roles=["approver"], created_at=shop.clock())
        session.add(staff)
        session.flush()
        approve(session, session.get_one(Request, waits), plan.hash, staff, shop.clock())
    work_on(shop.floor, waits)

    assert _state(shop, waits) is State.FULFILLED
    assert shop.ids("messages", 1) == [101, 110, 111]


# -- what a page shows ---------------------------------------------------------------------


def _asked(floor: Floor, about: dict[str, Any], acr: Acr | None = Acr.MFA) -> tuple[Lookup, Any]:
    context = floor.context
    person = Person(
        backend_id="b",
        identifiers=ANN,
        attested=frozenset(ANN) if acr else frozenset(),
        acr=acr,
        subjects=subjects.subjects_of(context.vault, context.datamap, ANN),
    )
    with transaction(floor.register) as session:
        row = lookups.ask_for(
            session, context, person, "conversations", cap=2, now=floor.now(), about=about
        )
        lookup_id = row.id
    answer(floor, lookup_id)
    with reading(floor.register) as session:
        return lookups.read_for(
            session, context, person, lookup_id, "conversations", now=floor.now()
        )


def test_conversations_are_listed_with_dates_and_counts(shop: Companion) -> None:
    row, found = _asked(shop.floor, {})

    assert row.state == "answered", row.code
    told = found["places"][DIALOGUE]
    assert [(s["session"], s["rows"]) for s in told["sessions"]] == [("11", 2), ("10", 2)]
    assert told["sessions"][1]["from"] == "2026-01-01 10:100"
    assert told["more"] is False
    assert "said" not in orjson.dumps(found).decode(), "nothing is read that is not shown"


def test_opening_one_shows_what_was_said_and_no_more_than_may_be_shown(shop: Companion) -> None:
    _, found = _asked(shop.floor, {"collection": DIALOGUE, "session": "10", "page": 0})

    told = found["places"][DIALOGUE]["messages"]
    assert [(m["id"], m["text"]) for m in told] == [("100", "said 100"), ("101", "said 101")]
    assert "secret_score" not in orjson.dumps(found).decode()


def test_another_persons_conversation_is_like_none(shop: Companion) -> None:
    _, found = _asked(shop.floor, {"collection": DIALOGUE, "session": "20", "page": 0})

    assert found["places"][DIALOGUE] == {"messages": [], "more": False}


def test_pages_have_an_end_and_so_has_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = in_memory(tmp_path)
    monkeypatch.setattr(dialogues, "MOST", 1)

    _, first = _asked(shop.floor, {"collection": DIALOGUE, "session": "10", "page": 0})
    _, second = _asked(shop.floor, {"collection": DIALOGUE, "session": "10", "page": 1})
    monkeypatch.setattr(dialogues, "READ", 3)
    _, many = _asked(shop.floor, {})

    one, two = first["places"][DIALOGUE], second["places"][DIALOGUE]
    assert ([m["id"] for m in one["messages"]], one["more"]) == (["100"], True)
    assert ([m["id"] for m in two["messages"]], two["more"]) == (["101"], False)
    assert many["places"][DIALOGUE] == {"many": 4}


def test_what_was_said_is_not_shown_to_whom_nobody_vouches_for(tmp_path: Path) -> None:
    with pytest.raises(LevelTooLow):
        _asked(in_memory(tmp_path).floor, {}, None)


def test_a_session_alone_shows_nothing_where_reading_records_takes_more(tmp_path: Path) -> None:
    shop = in_memory(tmp_path)
    needed = shop.floor.context.policy.level(*lookups.GLANCES["conversations"])

    assert lookups.GLANCES["conversations"] == (Kind.ACCESS, Option.RECORDS)
    assert needed == 2
    with pytest.raises(LevelTooLow):
        _asked(shop.floor, {}, Acr.SESSION)
