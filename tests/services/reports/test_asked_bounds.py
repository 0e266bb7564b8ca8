"""Reports that staff ask for: what is refused, how many, for how long, and who reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rights.domain import duties
from rights.domain import staff as roles
from rights.services import purge
from rights.services.reports import asking
from rights.store.models import AskedReport
from tests.services.reports import town
from tests.services.reports.asked import ASKED
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.mark.requirement("R-44-1:bad")
def test_a_period_that_is_not_there_is_refused_with_the_days_that_are(
    house: House, otto: Clerk
) -> None:
    asked = {"report": "figures", "year": "2024"}
    waits = reporting.ask(otto, **asked)
    assert reporting.relay(house) == 0

    page = otto.get(reporting.path_of(waits))

    assert "Refresh" not in page.response.headers
    assert "does not hold these days" in page.text
    assert "2025-01-01 – 2027-03-01" in page.text
    otto.reader.language = "zh-CN"
    assert "登记簿中没有这段时间" in otto.get(f"{reporting.path_of(waits)}?lang=zh-CN").text
    otto.reader.language = "en"
    again = reporting.ask(otto, **asked)
    assert (again.status, "2025-01-01 – 2027-03-01" in again.text) == (422, True)
    house.clock.forward(hours=2)
    later = clerk(house, "zhou", "auditor")
    assert "Refresh" in reporting.ask(later, **asked).response.headers, "it is looked at anew"


@pytest.mark.requirement("R-US7102-1:bad")
def test_why_californias_report_is_not_made_stands_on_its_page(house: House, otto: Clerk) -> None:
    with house.writing() as session:
        session.connection().exec_driver_sql("UPDATE request SET regimes = '[\"cn_general\"]'")

    page = reporting.made(house, otto, **ASKED["california"])

    assert "Nothing was counted under the law of California" in page.text


def test_what_may_still_change_is_made_anew_after_an_hour_and_what_is_over_is_not(
    house: House, otto: Clerk
) -> None:
    open_ = {"report": "figures", "year": "2027"}
    first = reporting.made(house, otto, **open_)
    over = reporting.made(house, otto, **ASKED["figures"])
    assert "The period is not over" in first.text
    house.clock.forward(minutes=50)
    soon = clerk(house, "zhou", "auditor")
    assert reporting.path_of(reporting.ask(soon, **open_)) == reporting.path_of(first)

    house.clock.forward(minutes=50)

    later = clerk(house, "lin", "auditor")
    assert "Refresh" in reporting.ask(later, **open_).response.headers
    assert reporting.path_of(reporting.ask(later, **ASKED["figures"])) == reporting.path_of(over)
    assert "<table" in later.get(reporting.path_of(first)).html, "who reads it goes on reading"


def test_what_is_waited_for_is_bounded_apart_from_what_is_to_be_signed(
    house: House, otto: Clerk
) -> None:
    for day in range(1, asking.WAITING + 1):
        days = {"first": f"2026-04-{day:02}", "last": "2026-04-30"}
        assert reporting.ask(otto, report="incidents", **days).status == 200

    full = reporting.ask(otto, **ASKED["figures"])

    assert full.status == 429
    signed = house.get("/v1/reports/audit?from=2026-04-01&to=2026-06-30")
    assert signed.status_code == 202, "those to be signed wait in a line of their own"
    assert reporting.relay(house) == asking.WAITING + 1
    assert reporting.ask(otto, **ASKED["figures"]).status == 200


@pytest.mark.parametrize(("kept", "theirs"), [(asking.EACH, 200), (asking.MOST, 429)])
def test_one_asker_does_not_keep_the_others_out_and_all_together_are_bounded(
    house: House, otto: Clerk, kept: int, theirs: int
) -> None:
    with house.writing() as session:
        mine = str(session.connection().exec_driver_sql(
            "SELECT id FROM staff WHERE name = 'petra'"
        ).scalar())  # fmt: skip
        for number in range(kept):
            day = town.NOW.date() - timedelta(days=number)
            session.add(
                AskedReport(
                    report="incidents",
                    signed=False,
                    first_day=day,
                    last_day=day,
                    state="refused",
                    asked_by=f"staff:{mine}" if number < asking.EACH else f"staff:{number}",
                    asked_at=house.clock.now(),
                    expires_at=house.clock.now() + asking.KEPT[False],
                )
            )

    assert reporting.ask(otto, **ASKED["figures"]).status == 429
    other = clerk(house, "zhou", "dpo")
    assert reporting.ask(other, **ASKED["figures"]).status == theirs


def test_it_is_kept_for_a_day_and_then_forgotten(house: House, otto: Clerk) -> None:
    page = reporting.made(house, otto, **ASKED["figures"])
    evidence = reporting.made(house, otto, **ASKED["audit"])
    signed = otto.reader.send(evidence, "/reports/signed")
    house.clock.forward(hours=25)
    later = clerk(house, "zhou", "auditor")
    assert later.get(reporting.path_of(page)).status == 404

    counts = purge.purge(house.engine, house.context, house.parts.blobs, now=house.clock.now())

    assert counts["asked_reports"] == 2
    assert later.get(reporting.path_of(signed)).status == 200, "signed evidence stays for longer"
    assert "Refresh" in reporting.ask(later, **ASKED["figures"]).response.headers


def test_what_cannot_be_made_keeps_no_other_waiting_and_says_so(house: House, otto: Clerk) -> None:
    spoilt = "UPDATE request SET received_at = '2026-05-xx' WHERE closed_at LIKE '2026-05%'"
    with house.writing() as session:
        assert session.connection().exec_driver_sql(spoilt).rowcount > 0
    broken = reporting.ask(otto, **ASKED["audit"])
    whole = reporting.ask(otto, **ASKED["incidents"])

    assert reporting.relay(house) == 1

    assert "<table" in otto.get(reporting.path_of(whole)).html
    assert "The report could not be made" in otto.get(reporting.path_of(broken)).text


@pytest.mark.parametrize("role", [*roles.ROLES, *roles.SCOPES])
def test_what_one_may_ask_for_one_may_read_and_nobody_else(
    house: House, otto: Clerk, role: str
) -> None:
    may = duties.may([role], duties.Act.REPORT)
    path = reporting.path_of(reporting.made(house, otto, **ASKED["audit"]))
    staff = clerk(house, "rhea", role)

    for report in ASKED.values():
        asked = staff.force("/reports", **report)
        assert asked.status == (200 if may else 403), report
    read = staff.get(path)
    taken = staff.force(path, form="csv")

    assert (read.status, taken.status) == ((200, 200) if may else (403, 403))
    assert ("<table" in read.html) is may
    assert taken.response.data.startswith(b"\xef\xbb\xbf") is may


def test_a_form_that_is_none_is_refused_and_what_waits_cannot_be_taken(
    house: House, otto: Clerk
) -> None:
    waits = reporting.ask(otto, **ASKED["figures"])
    path = reporting.path_of(waits)
    assert otto.force(path, form="csv").status == 404
    assert otto.force(path, form="xls").status == 422
    reporting.relay(house)

    wrong = otto.force(path, form="xls")

    assert (wrong.status, "<table" in wrong.html) == (422, True)
    assert otto.get(f"/reports/signed/{path.rpartition('/')[2]}").status == 404
    assert otto.get("/reports/made/" + "0" * 32).status == 404
