"""A report that nothing makes says so on its page, and whom to tell."""

from __future__ import annotations

from rights.services.reports.making import zone_of
from tests.web.console import reporting
from tests.web.console.clerk import clerk
from tests.web.house import House

SIGNING = "It is being made and signed."
MAKING = "It is being made from the register."
NOTHING = "Nothing has made it yet. Reports are made by rights relay, and none may be running now"


def test_a_report_that_waits_longer_than_a_minute_says_what_makes_it(house: House) -> None:
    dana = clerk(house, "dana", "auditor")
    page = reporting.ask(dana, report="figures", year="2026")
    path = reporting.path_of(page)
    assert MAKING in page.text

    house.clock.forward(minutes=1)
    assert MAKING in dana.get(path).text, "a minute is not longer than a minute"
    house.clock.forward(seconds=1)
    page = dana.get(path)

    assert NOTHING in page.text
    assert "tell whoever operates this service" in page.text
    assert MAKING not in page.text
    assert page.response.headers["Refresh"].startswith("2; url=/console/")
    assert "请告知负责运维本系统的人员" in dana.get(f"{path}?lang=zh-CN").text
    reporting.relay(house)
    assert NOTHING not in dana.get(path).text


def test_evidence_that_nothing_signs_says_so_too(house: House) -> None:
    dana = clerk(house, "dana", "auditor")
    today = f"{house.clock.now().astimezone(zone_of(house.context)):%Y-%m-%d}"
    made = reporting.made(house, dana, report="audit", first=today, last=today)
    page = dana.reader.send(made, "/reports/signed")
    path = reporting.path_of(page)
    assert SIGNING in page.text

    house.clock.forward(seconds=61)

    page = dana.get(path)
    assert (NOTHING in page.text, SIGNING in page.text) == (True, False)
    assert page.response.headers["Refresh"].startswith("2; url=/console/")
    reporting.relay(house)
    assert NOTHING not in dana.get(path).text
