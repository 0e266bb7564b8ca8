"""Signed evidence for an audit: asked for at the API or the console, signed by the relay."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.services import backends, purge
from rights.services.backends import SCOPES, USUAL
from rights.services.reports import asking, awaited
from rights.services.signing import Signer
from rights.store.models import AskedReport, Entry, Request
from tests.services.reports import town
from tests.services.reports.expected import Count
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import Case
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import SEED, House, Partner, partner

AUDIT = "/v1/reports/audit"
QUARTER = "from=2026-04-01&to=2026-06-30"
TYPED = ("audit", "--from", "2026-04-01", "--to", "2026-06-30")
ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def _sign(house: House) -> int:
    return awaited.make_due(house.engine, house.context, Signer(SEED), house.clock.now)


def _events(house: House) -> list[tuple[str, str]]:
    names = ("evidence_asked", "report_made", "evidence_taken")
    with house.reading() as session:
        query = select(Entry).where(col(Entry.event).in_(names)).order_by(col(Entry.id))
        return [(one.event, one.actor.partition(":")[0]) for one in session.exec(query)]


def _share_out(house: House) -> dict[str, Partner]:
    """Say of every request which of two products it came from; return that, by its id."""
    owners: dict[str, Partner] = {}
    with house.writing() as session:
        other = partner(session, house.context, "second", house.clock.now())
        for place, row in enumerate(session.exec(select(Request).order_by(Request.id))):
            owners[row.id] = (house.partner, other)[place % 2]
            row.backend_id = owners[row.id].id
    return owners


def _resolves(house: House, sampled: dict[str, Any], owners: dict[str, Partner]) -> None:
    """A reference leads to the request for the product that it came from, and for no other."""
    for one in {one.id: one for one in owners.values()}.values():
        found = house.get(f"/v1/requests/{sampled['request']}", token=one.key)
        mine = owners[sampled["request"]] is one
        assert found.status_code == (200 if mine else 404)
        if mine:
            told = (found.json["id"], found.json["kind"], found.json["state"])
            assert told == (sampled["request"], sampled["kind"], sampled["state"])


@pytest.mark.requirement("R-AUD17-1")
def test_a_product_gets_the_evidence_of_a_quarter_signed_with_its_own_numbers(
    house: House, terminal: Terminal, all_of: list[Case], tmp_path: Path
) -> None:
    theirs = _share_out(house)
    asked = house.get(f"{AUDIT}?{QUARTER}&items=16,17")
    assert (asked.status_code, asked.json["state"]) == (202, "waiting")
    assert int(asked.headers["Retry-After"]) > 0
    assert house.get(f"{AUDIT}?{QUARTER}&items=17,16").status_code == 202, "the same is asked once"
    assert _sign(house) == 1

    answer = house.get(f"{AUDIT}?{QUARTER}&items=16,17")

    assert answer.status_code == 200, answer.json
    typed = terminal.report(*TYPED, "--items", "16,17")
    assert answer.json["sha256"] == typed["sha256"]
    assert answer.json["content"] == typed["content"]
    count = Count(all_of, (2026, 4, 1), (2026, 7, 1))
    rows = answer.json["content"]["tables"]["metrics"]
    (total,) = [r for r in rows if (r["item"], r["by"]) == ("17", "total")]
    assert count.row(lambda _: True).items() <= total.items()
    for row in answer.json["content"]["tables"]["sample"]:
        assert row["head"]
        _resolves(house, row, theirs)
    file = tmp_path / "audit.json"
    file.write_bytes(answer.data)
    assert "the signature holds" in terminal.run("reports", "verify", str(file))
    file.write_bytes(answer.data.replace(b'"number":0', b'"number":1', 1))
    assert "does NOT hold" in terminal.run("reports", "verify", str(file), code=1)
    assert house.get(f"{AUDIT}?{QUARTER}&items=16,17").data == answer.data
    assert _events(house) == [
        ("evidence_asked", "backend"),
        ("report_made", "system"),
        ("evidence_taken", "backend"),
        ("report_made", "staff"),
        ("evidence_taken", "backend"),
    ]


@pytest.mark.requirement("R-AUD17-1:bad")
@pytest.mark.parametrize("days", ["from=2024-01-01&to=2024-03-31", "from=2031-01-01&to=2031-01-02"])
def test_a_period_that_is_not_there_is_refused_with_the_days_that_are(
    house: House, days: str
) -> None:
    assert house.get(f"{AUDIT}?{days}").status_code == 202
    assert _sign(house) == 0

    wrong = house.get(f"{AUDIT}?{days}")

    assert (wrong.status_code, wrong.json["code"]) == (422, "report_period")
    assert wrong.json["errors"][0]["allowed"] == ["2025-01-01 – 2027-03-01"]
    house.clock.forward(hours=2)
    assert house.get(f"{AUDIT}?{days}").status_code == 202, "it is looked at anew"


@pytest.mark.requirement("R-AUD17-1:bad")
@ON_A_FILE
def test_an_item_that_is_none_is_refused_at_once_with_those_there_are(house: House) -> None:
    wrong = house.get(f"{AUDIT}?{QUARTER}&items=16,99")

    assert wrong.status_code == 422
    (error,) = wrong.json["errors"]
    assert (error["field"], error["allowed"]) == (
        "items",
        ["2", "3", "9", "14", "15", "16", "17", "18"],
    )
    assert _events(house) == []


@ON_A_FILE
@pytest.mark.parametrize(
    "query",
    ["", "?from=2026-04-01", "?from=x&to=y", "?from=2026-04-02&to=2026-04-01", "?year=2026"],
)
def test_what_is_no_period_is_refused(house: House, query: str) -> None:
    assert house.get(f"{AUDIT}{query}").status_code == 422


@ON_A_FILE
def test_a_key_has_to_be_given_leave_by_name_as_evidence_names_requests(house: House) -> None:
    assert "reports:audit" in set(SCOPES) - set(USUAL)
    with house.writing() as session:
        scopes = (*USUAL, "reports:read")
        _, key = backends.issue_key(session, house.partner.id, scopes, now=house.clock.now())

    assert house.get(f"{AUDIT}?{QUARTER}", token=key).status_code == 403


@ON_A_FILE
def test_what_may_still_change_is_made_anew_after_an_hour_and_what_is_over_is_not(
    house: House,
) -> None:
    open_ = f"from=2027-01-01&to={house.clock.now():%Y-%m-%d}&items=18"
    for query in (open_, f"{QUARTER}&items=18"):
        house.get(f"{AUDIT}?{query}")
    assert _sign(house) == 2
    assert house.get(f"{AUDIT}?{open_}").json["content"]["provisional"] is True

    house.clock.forward(hours=2)

    assert house.get(f"{AUDIT}?{open_}").status_code == 202
    assert house.get(f"{AUDIT}?{QUARTER}&items=18").status_code == 200


@ON_A_FILE
def test_what_is_waited_for_is_bounded_and_what_is_kept_has_an_end(house: House) -> None:
    for day in range(1, asking.WAITING + 1):
        assert house.get(f"{AUDIT}?from=2026-04-{day:02}&to=2026-04-30").status_code == 202
    full = house.get(f"{AUDIT}?from=2026-05-01&to=2026-05-02")
    assert (full.status_code, "Retry-After" in full.headers) == (429, True)

    house.clock.forward(days=31)
    counts = purge.purge(house.engine, house.context, house.parts.blobs, now=house.clock.now())

    assert counts["asked_reports"] == asking.WAITING
    assert house.get(f"{AUDIT}?from=2026-05-01&to=2026-05-02").status_code == 202


@ON_A_FILE
def test_nothing_is_signed_but_what_the_relay_worked_out(house: House) -> None:
    """Whoever could write as the web does can name days and items, and no figure."""
    house.get(f"{AUDIT}?{QUARTER}&items=18")
    with house.writing() as session:
        row = session.exec(select(AskedReport)).one()
        row.body = {"content": {"report": "made up"}, "sha256": "0"}

    _sign(house)

    assert house.get(f"{AUDIT}?{QUARTER}&items=18").json["content"]["report"] == "audit"


def _asked(staff: Clerk, **said: str) -> Any:
    days = {"first": "2026-04-01", "last": "2026-06-30"}
    page = staff.get("/reports")
    waits = staff.reader.send(page, "/reports", report="audit", **days, **said)
    _sign(staff.house)
    shown = staff.get(waits.response.request.path.removeprefix("/console"))
    return staff.reader.send(shown, "/reports/signed")


@pytest.mark.requirement("R-AUD17-1")
@ON_A_FILE
def test_staff_take_evidence_signed_from_the_console_in_every_form(
    house: House, terminal: Terminal, tmp_path: Path
) -> None:
    otto = clerk(house, "petra", "auditor")
    waits = _asked(otto, items="16 17")
    assert waits.response.headers["Refresh"]
    assert "This page looks again by itself" in waits.text
    path = waits.response.request.path.removeprefix("/console")
    assert _sign(house) == 1

    page = otto.get(path)
    taken = {
        form: otto.reader.send(page, path, form=form).response.data
        for form in ("json", "csv", "pdf")
    }

    assert "Refresh" not in page.response.headers
    assert "Deletion of personal information" in page.text
    file = tmp_path / "signed.json"
    file.write_bytes(taken["json"])
    assert "the signature holds" in terminal.run("reports", "verify", str(file))
    document = json.loads(taken["json"])
    assert document["signature"].encode() in taken["csv"]
    assert taken["pdf"].startswith(b"%PDF-")
    house.clock.forward(days=2)
    again = clerk(house, "petra2", "auditor")
    page = again.get(path)
    for form, data in taken.items():
        assert again.reader.send(page, path, form=form).response.data == data, form
    assert path in again.get("/reports").html
    told = _events(house)
    assert told.count(("evidence_taken", "staff")) == 6
    assert told.count(("evidence_asked", "staff")) == 1


@pytest.mark.requirement("R-AUD17-1:bad")
@ON_A_FILE
def test_the_console_says_in_both_languages_of_which_days_evidence_can_be_made(
    house: House,
) -> None:
    petra = clerk(house, "petra", "auditor")
    early = {"first": "2024-01-01", "last": "2024-02-01"}
    asked = petra.reader.send(petra.get("/reports"), "/reports", report="audit", **early)
    _sign(house)
    page = petra.get(asked.response.request.path.removeprefix("/console"))
    assert "2025-01-01 – 2027-03-01" in page.text
    shown = _asked(petra)
    path = shown.response.request.path.removeprefix("/console")
    with house.writing() as session:
        row = session.get_one(AskedReport, path.rpartition("/")[2])
        row.first_day, row.last_day = row.first_day - timedelta(days=900), row.first_day

    _sign(house)

    assert "It can be made of these days: 2025-01-01 – 2027-03-01." in petra.get(path).text
    petra.reader.language = "zh-CN"
    assert "可以生成的日期范围：2025-01-01 – 2027-03-01" in petra.get(f"{path}?lang=zh-CN").text


@ON_A_FILE
def test_whoever_may_not_make_reports_takes_none(house: House) -> None:
    rui = clerk(house, "rhea", "reviewer")
    house.get(f"{AUDIT}?{QUARTER}&items=18")
    with house.reading() as session:
        row = session.exec(select(AskedReport)).one()

    assert rui.get(f"/reports/signed/{row.id}").status == 403


@ON_A_FILE
def test_what_cannot_be_made_keeps_no_other_waiting(house: House) -> None:
    spoilt = "UPDATE request SET received_at = '2026-05-xx' WHERE closed_at LIKE '2026-05%'"
    with house.writing() as session:
        assert session.connection().exec_driver_sql(spoilt).rowcount > 0
    later = "from=2026-07-01&to=2026-09-30"
    assert house.get(f"{AUDIT}?{QUARTER}").status_code == 202
    assert house.get(f"{AUDIT}?{later}").status_code == 202

    assert _sign(house) == 1

    assert house.get(f"{AUDIT}?{later}").status_code == 200
    wrong = house.get(f"{AUDIT}?{QUARTER}")
    assert (wrong.status_code, wrong.json["code"]) == (422, "evidence_failed")
    assert _sign(house) == 0
    house.clock.forward(hours=2)
    assert house.get(f"{AUDIT}?{QUARTER}").status_code == 202, "it can be asked for again"


@ON_A_FILE
def test_one_asker_does_not_keep_the_others_out(house: House) -> None:
    now, other = house.clock.now(), clerk(house, "zhou", "auditor")
    kept: dict[str, Any] = {
        "report": "audit", "signed": True, "state": "refused",
        "asked_by": f"backend:{house.partner.id}", "asked_at": now,
    }  # fmt: skip
    with house.writing() as session:
        for number in range(asking.EACH):
            day = town.NOW.date() - timedelta(days=number)
            until = now + asking.KEPT[True]
            session.add(AskedReport(first_day=day, last_day=day, expires_at=until, **kept))

    assert house.get(f"{AUDIT}?{QUARTER}").status_code == 429

    assert _asked(other).status == 200
