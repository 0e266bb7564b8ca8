"""Reports that staff ask for at the console: the relay makes them, and a page waits."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from rights import failpoints
from rights.domain.period import Period
from rights.services.reports import making
from rights.services.reports.making import Wanted
from rights.store.db import open_engine
from rights.store.models import AskedReport
from tests.services.reports import town
from tests.services.reports.asked import ASKED, FORMS, entries
from tests.services.reports.terminal import Terminal
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House

ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
RESTED_ON = ("checkpoint_leaf", "FROM request", "FROM entry", "FROM notice", "FROM security_inc")
"""Tables that a report is worked out from; the entries of a day go by ``day_chain``."""


@contextmanager
def _statements(house: House) -> Iterator[list[str]]:
    """Collect what the register is asked."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(house.engine, "before_cursor_execute", note)
    yield seen
    event.remove(house.engine, "before_cursor_execute", note)


def _rests(statements: list[str]) -> set[str]:
    return {one for one in RESTED_ON if any(one in said for said in statements)}


def _all(staff: Clerk, path: str) -> dict[str, bytes]:
    """Return a report in each form; of the page what does not belong to who reads it."""
    page = staff.get(path)
    own = rf'name="key" value="[^"]*"|--as {staff.name}'
    shown = re.sub(own, "", page.html.partition("<main")[2].partition("</main>")[0])
    found = {"page": shown.encode()}
    return found | {form: reporting.file(staff, page, form).data for form in FORMS[1:]}


def _row(session: Session, path: str) -> AskedReport:
    found: AskedReport = session.get_one(AskedReport, path.rpartition("/")[2])
    return found


@pytest.mark.requirement("R-44-1", "R-AUD17-1", "R-US7102-1")
@pytest.mark.parametrize("asked", ASKED)
def test_the_web_works_no_report_out_and_the_relay_does(
    house: House, otto: Clerk, asked: str
) -> None:
    with _statements(house) as web:
        waits = reporting.ask(otto, **ASKED[asked])
    assert waits.response.headers["Refresh"]
    assert "looks again by itself" in waits.text

    with _statements(house) as relay:
        assert reporting.relay(house) == 1
    with _statements(house) as more:
        found = _all(otto, reporting.path_of(waits))

    assert _rests([*web, *more]) == set()
    assert "checkpoint_leaf" in _rests(relay), "what is looked for would have been seen"
    assert b"<table" in found["page"]
    assert "Refresh" not in otto.get(reporting.path_of(waits)).response.headers


@ON_A_FILE
@pytest.mark.parametrize("asked", ASKED)
def test_a_report_is_the_same_to_the_last_byte_for_whoever_takes_it(
    house: House, otto: Clerk, asked: str
) -> None:
    path = reporting.path_of(reporting.made(house, otto, **ASKED[asked]))
    first = _all(otto, path)
    spoilt = "UPDATE request SET state = 'denied', reason = 'repeated'"
    with house.writing() as session:
        assert session.connection().exec_driver_sql(spoilt).rowcount > 0
    house.clock.forward(hours=20)
    other = clerk(house, "zhou", "dpo")

    again = _all(other, path)

    assert {form for form in FORMS if first[form] != again[form]} == set()
    assert len(first) == len(FORMS)
    assert path in other.get("/reports").html
    assert reporting.path_of(reporting.ask(other, **ASKED[asked])) == path, "it is not made twice"


@ON_A_FILE
@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ("figures", ["figures", "--year", "2026"]),
        ("public", ["figures", "--year", "2026", "--quarter", "2", "--public"]),
        ("california", ["california", "--year", "2026"]),
        ("incidents", ["incidents", "--from", "2026-04-01", "--to", "2026-06-30"]),
    ],
)
def test_it_says_what_the_command_line_says(
    house: House, otto: Clerk, terminal: Terminal, asked: str, typed: list[str]
) -> None:
    page = reporting.made(house, otto, **ASKED[asked])

    found = json.loads(reporting.file(otto, page, "json").data)

    assert found["content"] == terminal.report(*typed)["content"]
    assert "signature" not in found


@ON_A_FILE
def test_the_public_form_leaves_out_small_numbers_and_the_other_is_another_report(
    house: House, otto: Clerk
) -> None:
    inside = reporting.made(house, otto, report="figures", year="2026", quarter="2")
    public = reporting.made(house, otto, **ASKED["public"])

    assert reporting.path_of(inside) != reporting.path_of(public)
    assert "not shown, too small" in public.html
    assert "not shown, too small" not in inside.html
    said = reporting.file(otto, public, "csv").data.decode()
    assert ",*," in said
    assert "reasons_by" not in said


@pytest.mark.requirement("R-US7102-1")
@ON_A_FILE
def test_the_days_of_californias_report_are_those_of_california(house: House, otto: Clerk) -> None:
    page = reporting.made(house, otto, **ASKED["california"])

    assert making.zone_of(house.context).key == "Asia/Shanghai"
    period = json.loads(reporting.file(otto, page, "json").data)["content"]["period"]
    assert period == {"from": "2026-01-01", "to": "2026-12-31", "zone": "America/Los_Angeles"}
    assert "America/Los_Angeles" in page.text


def test_a_relay_that_dies_half_way_leaves_it_waiting_and_the_next_one_makes_it(
    house: House, otto: Clerk
) -> None:
    waits = reporting.ask(otto, **ASKED["figures"])

    def die(passed: failpoints.Point) -> None:
        if passed is failpoints.Point.REGISTER_BEFORE:
            raise SystemExit(1)

    failpoints.on(die)
    try:
        with pytest.raises(SystemExit):
            reporting.relay(house)
    finally:
        failpoints.on(None)
    assert "Refresh" in otto.get(reporting.path_of(waits)).response.headers
    assert entries(house, "report_made") == []

    assert reporting.relay(house) == 1

    assert "<table" in otto.get(reporting.path_of(waits)).html
    assert len(entries(house, "report_made")) == 1
    assert reporting.relay(house) == 0


@ON_A_FILE
def test_a_report_that_fails_half_way_holds_no_picture_of_the_register(
    house: House, url: str
) -> None:
    """An answer of which rows are left keeps SQLite at the state of then, and its log long."""
    days = date(2026, 4, 1), date(2026, 6, 30)
    period = Period(*days, making.zone_of(house.context))
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE request SET regimes = '5' WHERE closed_at LIKE '2026-05%'"
        )

    with pytest.raises(TypeError) as failed:
        making.work_out(house.engine, house.context, Wanted("california", period), now=town.NOW)

    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE request SET reason = 'x'")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as beside:
        found = beside.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert found[0] == 0, "nobody reads what was there before"
    assert failed.traceback, "whoever handles the error still has it"


def test_asking_making_reading_and_taking_are_entries(house: House, otto: Clerk) -> None:
    page = reporting.made(house, otto, **ASKED["public"])
    sha256 = json.loads(reporting.file(otto, page, "json").data)["sha256"]

    told = entries(house, "report_asked", "report_made", "report_taken")

    days = {"from": "2026-04-01", "to": "2026-06-30"}
    who = told[0]["actor"]
    assert who.startswith("staff:")
    about = {"report": "figures", "public": True, **days}
    hashed = {"sha256": sha256}
    taken = {"event": "report_taken", "actor": who, "report": "figures", **hashed}
    assert told == [
        {"event": "report_asked", "actor": who, **about, "items": ""},
        {**about, "event": "report_made", "actor": "system", "provisional": False, **hashed},
        {**taken, "form": "page"},
        {**taken, "form": "json"},
    ]


@ON_A_FILE
def test_nothing_is_shown_that_the_relay_did_not_make(house: House, otto: Clerk) -> None:
    """Whoever could write as the web does can name a report and its days, and no figure."""
    waits = reporting.ask(otto, **ASKED["figures"])
    with house.writing() as session:
        row = _row(session, reporting.path_of(waits))
        row.body, row.shape = {"content": {"report": "made up"}, "sha256": "0"}, {"x": []}

    reporting.relay(house)

    page = otto.get(reporting.path_of(waits))
    assert json.loads(reporting.file(otto, page, "json").data)["content"]["report"] == "figures"


@ON_A_FILE
def test_evidence_that_was_signed_before_an_upgrade_is_read_by_the_columns_of_then(
    house: House, otto: Clerk
) -> None:
    evidence = reporting.made(house, otto, **ASKED["audit"])
    signed = otto.reader.send(evidence, "/reports/signed")
    reporting.relay(house)
    path = reporting.path_of(signed)
    before = {form: reporting.file(otto, otto.get(path), form).data for form in FORMS[1:]}
    with house.writing() as session:
        _row(session, path).shape = {}

    after = {form: reporting.file(otto, otto.get(path), form).data for form in FORMS[1:]}

    assert {form for form in before if before[form] != after[form]} == set()
