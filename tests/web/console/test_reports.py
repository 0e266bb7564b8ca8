"""Reports as pages of the console: what stands on them, and the same as a file."""

from __future__ import annotations

import json

import pytest

from rights.domain.lifecycle import Event
from rights.services import requests
from rights.store.models import Request
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import House


@pytest.fixture
def asked(house: House) -> list[str]:
    """Let three people ask; return the references."""
    return [str(house.asserted("copy")["id"]) for _ in range(2)] + [
        str(house.asserted("deletion")["id"])
    ]


@pytest.mark.requirement("R-44-1")
def test_figures_are_a_page_and_the_same_is_taken_as_a_file(house: House, asked: list[str]) -> None:
    otto, year = clerk(house, "otto", "auditor"), str(house.clock.now().year)

    page = reporting.made(house, otto, report="figures", year=year)

    assert page.status == 200, page.text
    assert f"{year}-01-01" in page.text
    assert "The period is not over" in page.text
    for title in ("By right and option", "By way in", "Why requests were denied"):
        assert f'<caption class="unseen">{title}</caption>' in page.html
    assert "What recipients confirm is not recorded." in page.text
    assert '<figure class="picture" aria-labelledby="kinds-received-title">' in page.html
    sha256 = json.loads(reporting.file(otto, page, "json").data)["sha256"]
    assert sha256 in page.html
    assert reporting.file(otto, page, "csv").data.startswith(b"\xef\xbb\xbf")

    public = reporting.made(house, otto, report="figures", year=year, public="1")
    assert public.html.count("not shown, too small") > 50
    assert "could be worked out from it" in public.text, "the mark is explained"
    assert '<figure class="picture"' not in public.html, "nothing is drawn that is not shown"
    told = [(event, who.partition(":")[0]) for event, who in events(house)]
    assert told.count(("report_asked", "staff")) == told.count(("report_made", "system")) == 2
    assert told.count(("report_taken", "staff")) == 4, "two pages, two files"
    assert len(asked) == 3


@pytest.mark.requirement("R-44-1:bad")
def test_figures_for_the_public_say_where_others_of_overlapping_days_were_made(
    house: House, asked: list[str]
) -> None:
    otto, today = clerk(house, "otto", "auditor"), house.clock.now()
    said = {"report": "figures", "year": str(today.year), "public": "1"}
    warning = "Publish only one of them, the year or its quarters"

    first = reporting.made(house, otto, **said)
    nested = reporting.made(house, otto, **said, quarter=str((today.month + 2) // 3))

    assert warning not in first.text
    assert warning in nested.text
    flags = json.loads(reporting.file(otto, nested, "json").data)["content"]["flags"]
    assert "other_days_public" in flags
    assert warning in reporting.file(otto, nested, "csv").data.decode()
    assert len(asked) == 3


@pytest.mark.requirement("R-AUD17-1")
def test_evidence_for_an_audit_is_a_page_that_leads_to_requests_and_says_how_it_is_signed(
    house: House, asked: list[str]
) -> None:
    with house.writing() as session:
        row = session.get_one(Request, asked[0])
        requests.record(session, row, Event.REVOKED, actor="subject", now=house.clock.now())
    otto, year = clerk(house, "otto", "auditor"), house.clock.now().year
    days = {"first": f"{year}-01-01", "last": f"{year}-12-31"}
    linked = dict(otto.get(f"/reports?report=audit&first={days['first']}").form("/reports").fields)
    assert (linked["report"], linked["first"]) == ("audit", days["first"]), "a link fills it in"

    page = reporting.made(house, otto, report="audit", items="17, 16", **days)

    assert page.status == 200, page.text
    assert f"/console/requests/{asked[0]}" in page.links
    assert f"rights reports audit --from {year}-01-01 --to {year}-12-31 --items 16,17" in page.text
    assert "not signed" in page.text
    assert otto.get(f"/requests/{asked[0]}").status == 200, "what is named is there"
    as_json = json.loads(reporting.file(otto, page, "json").data)
    assert {one["item"] for one in as_json["content"]["tables"]["metrics"]} == {"16", "17"}


def test_a_report_is_made_and_is_an_entry(house: House) -> None:
    otto, rui = clerk(house, "otto", "auditor"), clerk(house, "rui", "reviewer")
    assert rui.get("/reports").status == 403
    page = otto.get("/reports")
    year = str(house.clock.now().year)

    made = reporting.made(house, otto, page, report="figures", year=year)
    for form, begin in (("csv", b"\xef\xbb\xbf"), ("json", b"{"), ("pdf", b"%PDF")):
        assert reporting.file(otto, made, form).data.startswith(begin)
    refused = {
        "The year is not over": {"report": "california", "year": year},
        f"{year}-": _too_early(house, otto, int(year) - 1),
        "Please look again: Last day": {
            "report": "audit",
            "first": f"{year}-02-01",
            "last": f"{year}-01-01",
        },
    }
    for said, asked in refused.items():
        wrong = reporting.ask(otto, page, **asked)
        assert (wrong.status, said in wrong.text) == (422, True), wrong.text
    mine = [one for one, who in events(house) if who == f"staff:{id_of(house, 'otto')}"]
    assert (mine.count("report_asked"), mine.count("report_taken")) == (2, 4)


def _too_early(house: House, otto: Clerk, year: int) -> dict[str, str]:
    """Ask for a year of before the register; its page says of which days there are figures."""
    asked = {"report": "figures", "year": str(year)}
    assert f"{year + 1}-" in reporting.made(house, otto, **asked).text
    return asked
