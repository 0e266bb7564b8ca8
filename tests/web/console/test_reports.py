"""Reports as pages of the console: what stands on them, and the same as a file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rights.domain.lifecycle import Event
from rights.services import requests
from rights.store.models import Request
from tests.web.console.clerk import Clerk, clerk, events
from tests.web.house import House


@pytest.fixture
def asked(house: House) -> list[str]:
    """Let three people ask; return the references."""
    return [str(house.asserted("copy")["id"]) for _ in range(2)] + [
        str(house.asserted("deletion")["id"])
    ]


def _made(staff: Clerk, **said: Any) -> Any:
    page = staff.get("/reports")
    return page, staff.reader.send(page, "/reports", **said)


@pytest.mark.requirement("R-44-1")
def test_figures_are_a_page_and_the_same_is_taken_as_a_file(house: House, asked: list[str]) -> None:
    otto, year = clerk(house, "otto", "auditor"), str(house.clock.now().year)

    _, page = _made(otto, report="figures", year=year, form="page")

    assert page.status == 200, page.text
    assert f"{year}-01-01" in page.text
    assert "The period is not over" in page.text
    for title in ("By right and option", "By way in", "Why requests were denied"):
        assert f'<caption class="unseen">{title}</caption>' in page.html
    assert "What recipients confirm is not recorded." in page.text
    assert '<figure class="picture" aria-labelledby="kinds-received-title">' in page.html
    sha256 = json.loads(otto.reader.send(page, "/reports", form="json").html)["sha256"]
    assert sha256 in page.html
    assert otto.reader.send(page, "/reports", form="csv").response.data.startswith(b"\xef\xbb\xbf")

    _, public = _made(otto, report="figures", year=year, form="page", public="1")
    assert public.html.count("not shown, too small") > 50
    assert "could be worked out from it" in public.text, "the mark is explained"
    assert '<figure class="picture"' not in public.html, "nothing is drawn that is not shown"
    assert [one for one, _ in events(house)].count("report_made") == 4
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

    _, page = _made(otto, report="audit", form="page", items="17, 16", **days)

    assert page.status == 200, page.text
    assert f"/console/requests/{asked[0]}" in page.links
    assert f"rights reports audit --from {year}-01-01 --to {year}-12-31 --items 17,16" in page.text
    assert "not signed" in page.text
    assert otto.get(f"/requests/{asked[0]}").status == 200, "what is named is there"
    as_json = json.loads(otto.reader.send(page, "/reports", form="json").html)
    assert {one["item"] for one in as_json["content"]["tables"]["metrics"]} == {"16", "17"}
