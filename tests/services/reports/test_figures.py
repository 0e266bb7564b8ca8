"""Figures for the yearly report: every cell against a count that is made request by request."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.kinds import OPTIONS
from rights.domain.representation import Role
from rights.services import audit, laws_added
from rights.services.recipients_told import EVENT
from rights.store.db import open_engine, reading, transaction
from rights.store.models import Entry, Notice, Request, SecurityIncident
from tests.services.reports import town
from tests.services.reports.expected import CHANNELS, Count
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import Case

YEAR = ("figures", "--year", "2026")
PERIODS = [
    (YEAR, (2026, 1, 1), (2027, 1, 1)),
    ((*YEAR, "--quarter", "3"), (2026, 7, 1), (2026, 10, 1)),
]
REGIMES = (
    "br_lgpd", "cn_credit", "cn_ecommerce", "cn_general", "cn_minor",
    "eu_gdpr", "uk_gdpr", "us_ca", "several", "other",
)  # fmt: skip
AGES = ("under_14", "14_17", "adult", "unknown", "unsettled")
Of = Callable[[Case], bool]
ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def _same(read: Callable[[Case], object], value: object) -> Of:
    return lambda case: read(case) == value


def _groups(count: Count) -> Iterator[tuple[str, dict[str, str], Of]]:
    """Yield every row that a report has: its table, its key, and who is in it."""
    yield "total", {}, lambda _: True
    for kind, options in OPTIONS.items():
        for option in options:
            key = {"kind": str(kind), "option": str(option)}
            yield "kinds", key, _same(lambda c: (c.kind, c.option), (kind, option))
    for name in (*CHANNELS, "other"):
        of = _same(lambda c: c.channel if c.channel in CHANNELS else "other", name)
        yield "channels", {"channel": name}, of
    for age in AGES:
        yield "ages", {"age": age}, _same(count.age, age)
    for law in REGIMES:
        of = _same(lambda c: c.laws[0] if len(c.laws) == 1 else "several", law)
        yield "regimes", {"regime": law}, of
    for asker in ("minor", *map(str, Role)):
        yield "askers", {"asker": asker}, _same(count.asker, asker)


@pytest.mark.requirement("R-44-1")
@pytest.mark.parametrize(("words", "first", "after"), PERIODS)
def test_every_cell_is_what_counting_one_by_one_gives(
    terminal: Terminal, all_of: list[Case], words: Any, first: Any, after: Any
) -> None:
    count = Count(all_of, first, after)
    found = terminal.report(*words)["content"]["tables"]

    expected: dict[str, list[dict[str, Any]]] = {}
    for table, key, of in _groups(count):
        expected.setdefault(table, []).append({**key, **count.row(of)})
    for name, rows in expected.items():
        assert found[name] == sorted(rows, key=lambda row: _place(found[name], row, name))
        assert len(found[name]) == len(rows)
    denied = [c for c in count.cases if count.within(c.closed) and c.state == "denied"]
    reasons = {row["reason"]: row["denied"] for row in found["reasons"]}
    assert reasons["no_ground"] == sum(c.reason == "no_ground" for c in denied)
    assert sum(reasons.values()) == len(denied) == expected["total"][0]["denied"]


def _place(rows: list[dict[str, Any]], row: dict[str, Any], name: str) -> int:
    keys = {"kinds": ("kind", "option"), "channels": ("channel",), "ages": ("age",)}
    keys |= {"regimes": ("regime",), "askers": ("asker",), "total": ()}
    return next(
        (n for n, r in enumerate(rows) if all(r[k] == row[k] for k in keys[name])), len(rows)
    )


@pytest.mark.requirement("R-44-1")
def test_sums_are_consistent(terminal: Terminal) -> None:
    year = terminal.report(*YEAR)["content"]["tables"]
    quarters = [
        terminal.report(*YEAR, "--quarter", str(n))["content"]["tables"] for n in range(1, 5)
    ]

    ends = ("fulfilled", "partially_fulfilled", "denied", "revoked", "merged", "expired")
    (total,) = year["total"]
    for name in ("total", "kinds", "channels", "ages", "regimes", "askers"):
        for row in year[name]:
            ended = sum(row[end] for end in ends)
            assert row["open_before"] + row["received"] == ended + row["open_after"], row
            assert row["sent"] == row["on_time"] + row["late"]
        for column in (*ends, "received", "accepted", "sent", "unsent", "overdue", "open_after"):
            assert sum(row[column] for row in year[name]) == total[column], (name, column)
    for column in (*ends, "received", "accepted", "sent", "late"):
        assert sum(q["total"][0][column] for q in quarters) == total[column]
    for before, after in itertools.pairwise(quarters):
        assert before["total"][0]["open_after"] == after["total"][0]["open_before"]
    by = [row for row in year["reasons_by"] if row["by"] == "kinds"]
    assert sum(row["denied"] for row in by) == total["denied"]
    assert total["received"] > 100


@ON_A_FILE
@pytest.mark.requirement("R-44-1:bad")
def test_a_period_that_is_not_over_is_marked_provisional(terminal: Terminal) -> None:
    open_one = terminal.report("figures", "--year", "2027", "--quarter", "1")["content"]
    closed = terminal.report(*YEAR)["content"]

    assert (open_one["provisional"], open_one["flags"]) == (True, ["period_open"])
    assert (closed["provisional"], closed["flags"]) == (False, [])
    csv = terminal.file("figures", "--year", "2027", "--quarter", "1", "--format", "csv").decode()
    assert "about,,provisional,true," in csv
    assert "about,,period_open,true,期间尚未结束，数字可能变化。" in csv


@ON_A_FILE
def test_the_same_report_is_the_same_to_the_byte_but_for_when_it_was_made(
    terminal: Terminal,
) -> None:
    first = terminal.report(*YEAR)
    terminal.now += timedelta(days=40)
    again = terminal.report(*YEAR, who="dana")

    assert first.pop("made_at") != again.pop("made_at")
    assert first == again


def test_what_happens_later_changes_no_report_of_the_past(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    quarter = (*YEAR, "--quarter", "2")
    before = terminal.report(*quarter)["content"]
    end = Count(all_of, (2026, 4, 1), (2026, 7, 1)).end
    late = terminal.now + timedelta(days=1)
    _go_on(url, all_of, end, late)
    terminal.now += timedelta(days=2)

    assert terminal.report(*quarter)["content"] == before


def _go_on(url: str, all_of: list[Case], end: Any, late: Any) -> None:
    """Log an old letter, end what was open, and learn how old somebody is."""
    engine = open_engine(url)
    letter = Case("e" * 32, *_asked(all_of[0]), end - timedelta(days=30), late, late)
    letter.channel = "letter"
    town_of = [letter]
    with transaction(engine) as session:
        for case in all_of:
            row = session.get_one(Request, case.id)
            if row.closed_at is None or row.closed_at >= end:
                row.age_band = "under_14" if case.age == "unknown" else case.age  # type: ignore[assignment]
            if row.closed_at is None:
                row.state, row.closed_at, row.verified_at = "fulfilled", late, case.verified or late  # type: ignore[assignment]
    _log(engine, town_of)
    engine.dispose()


ADDED = {"us_ca", "eu_gdpr", "uk_gdpr"}


@pytest.mark.requirement("R-44-1", "R-US7102-1")
def test_a_law_that_is_added_later_changes_no_report_of_the_past(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    quarters = [(*YEAR, "--quarter", str(n)) for n in (1, 2, 3, 4)]
    reports = [YEAR, *quarters, ("california", "--year", "2026")]
    before = [terminal.report(*one)["content"] for one in reports]
    still_open = [case for case in all_of if case.closed is None and not ADDED & set(case.laws)]
    ends = [Count([], (2026, 1, 1), (2026, month, 1)).end for month in (4, 7, 10)]
    assert any(
        c.verified and c.verified < end <= c.promised and c.received + timedelta(days=1) < end
        for c in still_open
        for end in ends
    ), "of one the promise moves over the end of a period"
    _add_laws(url, still_open, [["us_ca"], ["eu_gdpr", "uk_gdpr"]], terminal.now)
    terminal.now += timedelta(hours=1)

    assert [terminal.report(*one)["content"] for one in reports] == before
    now = terminal.report("figures", "--year", "2027")["content"]["tables"]["regimes"]
    several = next(row for row in now if row["regime"] == "several")
    assert several["open_after"] > len(still_open) > 5


def _add_laws(url: str, to: list[Case], added: list[list[str]], at: Any) -> None:
    engine = open_engine(url)
    with transaction(engine) as session:
        for case in to:
            request = session.get_one(Request, case.id)
            for some in added:
                was, request.regimes = request.promised_at, [*request.regimes, *some]
                request.promised_at = min(was, case.received + timedelta(days=1))
                dates = {"from": was.isoformat(), "until": request.promised_at.isoformat()}
                line = audit.Line(laws_added.EVENT, "staff:s1", {"regimes": some, **dates})
                audit.append(session, request, [line], now=at)
    engine.dispose()


def _asked(case: Case) -> tuple[Any, Any]:
    return case.kind, case.option


def _log(engine: Any, made: list[Case]) -> None:
    with transaction(engine) as session:
        for case in made:
            for row in town.rows(case):
                session.add(row)
            session.flush()
            request = session.get_one(Request, case.id)
            line = audit.Line("received", "system", {})
            audit.append(session, request, [line], now=case.entered)


@ON_A_FILE
def test_an_answer_that_waits_to_be_sent_is_said_to_wait(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    count = Count(all_of, (2026, 1, 1), (2027, 1, 1))
    case = next(
        c for c in count.cases if count.within(c.closed) and c.letters and c.letters[0][1]
        and count.within(c.letters[0][1]) and len(c.letters) == 1
    )  # fmt: skip
    sent = terminal.report(*YEAR)["content"]["tables"]["total"][0]["sent"]
    engine = open_engine(url)
    with transaction(engine) as session:
        for notice in session.exec(select(Notice).where(Notice.request_id == case.id)):
            notice.state, notice.sent_at = "waiting", None
    engine.dispose()

    found = terminal.report(*YEAR)["content"]
    assert found["flags"] == ["letters_waiting"]
    assert found["provisional"] is True
    assert found["tables"]["total"][0]["sent"] == sent - 1


@ON_A_FILE
def test_what_nothing_records_is_named_and_not_printed_as_nought(terminal: Terminal) -> None:
    content = terminal.report(*YEAR)["content"]

    missing = {one["figure"] for one in content["missing"]}
    assert missing == {
        "recipients_confirmed",
        "transfers_domestic",
        "transfers_abroad",
        "fees",
        "complaint_outcomes",
    }
    assert not missing & {row["figure"] for row in content["tables"]["others"]}


@pytest.mark.requirement("R-44-1")
def test_recipients_that_were_told_and_incidents_are_counted_in_their_period(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    june, later = datetime(2026, 6, 5, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
    engine = open_engine(url)
    with transaction(engine) as session:
        request = session.get_one(Request, all_of[0].id)
        for at, outcome in ((june, "impossible"), (june, "told"), (later, "told")):
            said = {"recipient": "mill", "outcome": outcome}
            audit.append(session, request, [audit.Line(EVENT, "staff:1", said)], now=at)
        session.add_all([_incident(june, later), _incident(june), _incident(june, drill=True)])
    engine.dispose()

    tables = terminal.report(*YEAR, "--quarter", "2")["content"]["tables"]

    others = {row["figure"]: row["number"] for row in tables["others"]}
    assert (others["recipients_told"], others["recipients_not_told"]) == (1, 1)
    assert (others["incidents_opened"], others["incidents_closed"]) == (2, 0)
    assert others["incidents_open_after"] == 2, "what ended after the period was open at its end"


def _incident(
    opened: datetime, closed: datetime | None = None, *, drill: bool = False
) -> SecurityIncident:
    return SecurityIncident(
        kind="breach",
        severity="general",
        operator="other",
        discovered_at=opened,
        opened_at=opened,
        opened_by="staff:1",
        closed_at=closed,
        drill=drill,
    )


@ON_A_FILE
def test_who_may_not_make_reports_is_refused_and_making_one_is_an_entry(
    terminal: Terminal, url: str
) -> None:
    said = terminal.run("reports", *YEAR, "--as", "rui", code=1)
    made = terminal.report(*YEAR)

    assert "report is for admin, approver, auditor, dpo, legal" in said
    engine = open_engine(url)
    query = select(Entry).where(col(Entry.chain).like("day:%")).order_by(col(Entry.id))
    with reading(engine) as session:
        entries = [(e.event, e.data) for e in session.exec(query)]
    engine.dispose()
    assert [event for event, _ in entries] == ["key_used", "staff_refused", "report_made"]
    assert entries[-1][1]["sha256"] == made["sha256"]


REFUSED = [
    (("figures", "--year", "2028"), "has not begun"),
    (("figures", "--year", "2023"), "purged at the end of their time"),
    (("figures", "--year", "2024", "--quarter", "4"), "before the register began"),
    (("figures", "--year", "2026", "--quarter", "5"), "1, 2, 3 or 4"),
    (("figures", "--year", "1"), "year from 2000"),
]


@ON_A_FILE
def test_a_period_of_which_nothing_can_be_said_is_refused(terminal: Terminal) -> None:
    for words, why in REFUSED:
        assert why in terminal.run("reports", *words, "--as", "otto", code=1)
