"""The audit trail in the console: read by auditors, by index, and every look is on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from rights.services import audit, trail_checks
from rights.services.checkpoints import checkpoint
from rights.services.console import trail
from rights.services.trail_checks import Found
from tests.day_entries import day_entries
from tests.services.registers import signer
from tests.web.console.clerk import clerk, id_of
from tests.web.house import House

DAY = timedelta(days=1)


def _wrote(house: House, count: int, name: str, actor: str = "system") -> None:
    with house.writing() as session:
        for number in range(count):
            line = audit.Line(name, actor, {"number": number})
            audit.append_day(session, line, now=house.clock.now())


@pytest.mark.requirement("R-LOG-1", "R-AUD17-1")
def test_an_auditor_reads_who_did_what_and_that_is_an_entry(house: House) -> None:
    request_id = str(house.asserted("access")["id"])
    otto = clerk(house, "otto", "auditor")
    rui = clerk(house, "rui", "reviewer")
    rui.act(request_id, "assign", to=id_of(house, "rui"))
    otto.house.clock.forward(seconds=1)

    page = otto.get("/trail?event=staff_signed_in")
    assert "Staff signed in" in page.text
    assert "rui" in page.text
    assert "The roles of an account" not in page.html.split("<tbody>")[1]
    mine = otto.get(f"/trail?actor=staff:{id_of(house, 'rui')}")
    assert request_id[:8] in mine.html.split("<tbody>")[1]
    chain = otto.get(f"/trail?chain={request_id}").text
    assert "Received" in chain
    assert rui.get("/trail").status == 403

    day = house.clock.now().date().isoformat()
    week = (house.clock.now() - 6 * DAY).date().isoformat()
    assert [said for _, said in day_entries(house.engine, "trail_read")] == [
        {"from": week, "to": day, "event": "staff_signed_in"},
        {"from": week, "to": day, "of": f"staff:{id_of(house, 'rui')}"},
        {"chain": request_id},
    ]


def test_what_is_typed_and_is_no_code_stands_in_no_entry(house: House) -> None:
    otto = clerk(house, "otto", "auditor")
    for typed in ("chain=ann@example.com", "event=ann@example.com", "actor=ann", "first=ann"):
        page = otto.get(f"/trail?{typed}&after=ann|1")
        assert page.status == 200
    assert "what was typed was not used" in otto.get("/trail?chain=ann@example.com").text
    said = str(day_entries(house.engine, "trail_read"))
    assert "ann" not in said


@pytest.mark.parametrize("asked", ["", "&event=key_used", "&actor=system"])
def test_every_entry_is_on_one_page_and_only_one(house: House, asked: str) -> None:
    _wrote(house, 70, "key_used")
    house.clock.at += DAY
    _wrote(house, 60, "key_used")
    otto = clerk(house, "otto", "auditor")
    found, path = list[str](), f"/trail?x=1{asked}"
    for _ in range(4):
        page = otto.get(path)
        rows = page.html.split("<tbody>")[1].split("<tr>")[1:]
        found += [row.split("?chain=")[1].split("</span>")[0] for row in rows if "key_used" in row]
        more = [link for link in page.links if "after=" in link and "lang=" not in link]
        if not more:
            break
        path = more[0].removeprefix("/console")
    assert len(found) == len(set(found)) == 130


def test_how_the_trail_stands_is_said(house: House) -> None:
    otto, now = clerk(house, "otto", "auditor"), house.clock.now()
    assert "Nothing has checked" in otto.get("/trail").text
    with house.writing() as session:
        checkpoint(session, signer(), now)
        for found in (
            Found("held", entries=7),
            Found("broken", problems=1, first_problems=("x: 1",)),
        ):
            number = trail_checks.begin(session, timedelta(), now)
            assert number is not None
            trail_checks.end(session, number, found, now)
    assert "THE TRAIL DOES NOT HOLD" in otto.get("/").text
    page = otto.get("/trail").text
    for said in (
        "THE TRAIL DOES NOT HOLD",
        "x: 1",
        "It last held on",
        "Newest checkpoint: number 1",
    ):
        assert said in page


def test_a_page_is_a_walk_along_an_index(house: House) -> None:
    today = house.clock.now().date()
    asked: dict[str, Any] = {"first": today - 30 * DAY, "last": today}
    ways = {
        "ix_entry_day_event": trail.Asked(**asked, event="key_used", after=f"day:{today}|9"),
        "ix_entry_actor": trail.Asked(**asked, actor="staff:1", after=f"{house.clock.now()}|9"),
        "chain_seq": trail.Asked(**asked, after=f"day:{today}|9"),
    }
    _wrote(house, 3, "key_used")
    lite = house.engine.dialect.name == "sqlite"
    for index, one in ways.items():
        seen: list[tuple[str, Any]] = []
        with house.reading() as session:
            connection = session.connection()
            event.listen(
                connection.engine,
                "before_cursor_execute",
                lambda *said, seen=seen: seen.append((said[2], said[3])),
            )
            trail.page(session, one)
        statement, values = next(s for s in seen if "FROM entry" in s[0])
        with house.engine.connect() as connection:
            if not lite:
                connection.execute(text("SET enable_seqscan = off"))
                connection.execute(text("SET enable_sort = off"))
            how = "EXPLAIN QUERY PLAN " if lite else "EXPLAIN "
            plan = str(connection.exec_driver_sql(how + statement, values).all())
        wanted = "sqlite_autoindex_entry_1" if lite and index == "chain_seq" else index
        assert wanted in plan, plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
