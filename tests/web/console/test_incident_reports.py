"""Security incidents of a period as a report: what was so at its end, whenever it is made."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.services.security_incidents import facts, opening
from rights.store.models import Entry
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk, id_of
from tests.web.console.test_incidents import _opened, _sent
from tests.web.house import House

JUNE = {"first": "2027-06-01", "last": "2027-06-30"}
TABLES = ("incident_sums", "incident_kinds", "incidents", "incident_clocks")


def _staff(house: House, day: str) -> Clerk:
    """Return somebody who has just signed in, on a day in China."""
    house.clock.at = datetime.fromisoformat(f"{day}T10:00+08:00").astimezone(UTC)
    return clerk(house, f"dpo-{day}", "dpo")


def _happened(house: House) -> dict[str, str]:
    """Let incidents come and go around June; return them by what they are for the report."""
    found = {
        "before": _opened(_staff(house, "2027-04-03"), kind="vulnerability", severity="ordinary")
    }
    june = _staff(house, "2027-06-10")
    found["raised"] = _opened(june, kind="leak", severity="ordinary")
    found["drill"] = _opened(june, kind="loss", drill="1")
    found["quick"] = _opened(june, kind="alteration", severity="considerable")
    assert _sent(june, found["quick"], "clocks/network_4h", reference="CAC-17").status == 200
    house.clock.forward(days=1)
    june = _staff(house, "2027-06-12")
    assert _sent(june, found["quick"], "close", because="It never left the house.").status == 200
    assert _sent(june, found["before"], "close", because="A false alarm.").status == 200
    said = {"severity": "considerable", "graver": "More of it was found."}
    assert _sent(june, found["raised"], "graver", **said).status == 200
    return found


def _went_on(house: House, found: dict[str, str]) -> None:
    """Let everything go on in July that may not change what is said of June."""
    july = _staff(house, "2027-07-20")
    said = {"severity": "grave", "graver": "Much more of it was found."}
    assert _sent(july, found["raised"], "graver", **said).status == 200
    with house.writing() as session:
        row = opening.locked(session, found["raised"])
        opening.minors_found(
            session, row, f"staff:{id_of(house, july.name)}", now=house.clock.now()
        )
    assert _sent(july, found["raised"], "close", reference="CAC-18").status == 200
    assert _sent(july, found["drill"], "close", reference="none").status == 200
    _opened(july, kind="loss")


def _report(house: House, **more: str) -> Any:
    otto = clerk(house, f"otto-{house.clock.now():%m%d}", "auditor")
    page = reporting.made(house, otto, report="incidents", **(JUNE | more))
    return json.loads(reporting.file(otto, page, "json").data)


def _by(rows: list[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    return {tuple(row[name] for name in names): row for row in rows}


@pytest.mark.requirement("R-10-1")
def test_a_month_says_what_was_so_at_its_end_however_it_went_on(house: House) -> None:
    found = _happened(house)
    _staff(house, "2027-07-02")
    first = _report(house)
    _went_on(house, found)
    assert house.clock.now() - timedelta(days=1) > datetime(2027, 7, 2, 4, tzinfo=UTC), "anew"

    again = _report(house)

    assert first["sha256"] == again["sha256"]
    assert again["content"]["provisional"] is False
    tables = again["content"]["tables"]
    assert sorted(tables) == sorted(TABLES)
    _incidents(found, tables)
    left = _answers(found, tables)
    told = {one["figure"]: one["number"] for one in tables["incident_sums"]}
    assert told == {
        "incidents_opened": 2,
        "incidents_closed": 2,
        "incidents_open_after": 1,
        "drills_opened": 1,
        "clocks_reported": 1,
        "clocks_not_reportable": left["quick"] + left["before"],
        "clocks_late": left["quick"] + left["before"],
        "clocks_open_after": left["raised"],
    }
    rows = _by(tables["incident_kinds"], "incident_kind", "severity")
    kinds = {
        key: tuple(row[n] for n in ("opened", "closed", "open_after")) for key, row in rows.items()
    }
    assert {key: numbers for key, numbers in kinds.items() if any(numbers)} == {
        ("leak", "considerable"): (1, 0, 1),
        ("alteration", "considerable"): (1, 1, 0),
        ("vulnerability", "ordinary"): (0, 1, 0),
    }


def _incidents(found: dict[str, str], tables: dict[str, Any]) -> None:
    """See that each incident is told as it was at the end of June."""
    told = _by(tables["incidents"], "incident")
    assert {key[0] for key in told} == set(found.values())
    raised = told[found["raised"],]
    assert (raised["incident_kind"], raised["severity"]) == ("leak", "considerable")
    assert (raised["minors"], raised["closed_at"]) == ("no", None)
    assert told[found["drill"],]["drill"] == "yes"
    assert told[found["quick"],]["closed_at"].startswith("2027-06-12T02:")


def _answers(found: dict[str, str], tables: dict[str, Any]) -> dict[str, int]:
    """See how the clocks stood at the end; return how many there were beside the reported one."""
    clocks = _by(tables["incident_clocks"], "incident", "clock")
    quick = clocks.pop((found["quick"], "network_4h"))
    assert (quick["answer"], quick["late"]) == ("reported", "no")
    closing = clocks.pop((found["before"], "closing"), None)
    assert closing is None or (closing["answer"], closing["late"]) == ("not_reportable", None)
    ends = {"quick": "not_reportable", "before": "not_reportable", "raised": "waits"}
    for one, answer in ends.items():
        rows = [row for (incident, _), row in clocks.items() if incident == found[one]]
        assert all((row["answer"], row["late"]) == (answer, "yes") for row in rows)
    mine = {clock for incident, clock in clocks if incident == found["raised"]}
    rules = {rule.name for rule in facts.rules() if rule.minors or rule.severity == "grave"}
    assert mine
    assert not mine & rules
    return {one: sum(incident == found[one] for incident, _ in clocks) for one in ends}


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_it_is_a_page_and_each_sort_of_file_in_both_languages_without_what_anybody_wrote(
    house: House,
) -> None:
    found = _happened(house)
    _staff(house, "2027-07-02")
    for language, said in (("en", "Clocks answered late"), ("zh-CN", "安全事件及其报告情况")):
        otto = clerk(house, f"otto-{language}", "auditor")
        otto.reader.language = language
        asked = {"report": "incidents", **JUNE}
        page = reporting.made(house, otto, **asked)
        assert page.status == 200
        assert said in page.text
        assert found["raised"] in page.html
        for form, begin in (("csv", b"\xef\xbb\xbf"), ("json", b"{"), ("pdf", b"%PDF")):
            file = reporting.file(otto, page, form)
            assert file.data.startswith(begin)
            assert f"incidents-2027-06-01-2027-06-30.{form}" in file.headers["Content-Disposition"]
            assert b"never left the house" not in file.data
            assert b"CAC-17" not in file.data
        assert "never left the house" not in page.text
    with house.reading() as session:
        taken = session.exec(select(Entry).where(Entry.event == "report_taken")).all()
    assert len(taken) == 8
    assert {one.data["report"] for one in taken} == {"incidents"}


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_days_that_are_none_are_refused_by_name(house: House) -> None:
    otto = clerk(house, "otto", "auditor")
    page = otto.get("/reports")
    days = {"first": "2027-06-30", "last": "2027-06-01"}

    wrong = reporting.ask(otto, page, report="incidents", **days)

    assert wrong.status == 422
    assert "Last day" in wrong.text
    later = house.clock.now() + timedelta(days=9)
    days = {"first": f"{later:%Y-%m-%d}", "last": f"{later:%Y-%m-%d}"}
    assert (
        "does not hold these days"
        in reporting.made(house, otto, page, report="incidents", **days).text
    )
    assert reporting.ask(otto, page, report="incidents", **days).status == 422
