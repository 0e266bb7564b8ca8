"""Every page of the console by its keys alone: as wide as a desk, and as narrow as a zoomed one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
from flask import template_rendered
from playwright.sync_api import expect

from rights.domain.representation import AgeBand
from rights.services.security_incidents import opening
from rights.services.security_incidents.opening import New
from rights.store.models import Request, Staff
from tests.architecture.tree import ROOT
from tests.browser.axe import violations
from tests.browser.console import left_over, planned
from tests.browser.console.conftest import Office
from tests.browser.console.keyboard import Walk
from tests.browser.console.people import Person
from tests.browser.console.test_pages import REPORTS, SEEN_BY
from tests.browser.pages import Pages
from tests.web.house import ALICE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

_DESK: Final = 1280
LOOKS: Final = [("zh-CN", 320), ("en", _DESK)]
NO_PAGES: Final = {
    "console-listing.exported": "a file",
    "console-incidents.exported": "a file",
    "console-health.ready": "an answer for the balancer",
    "console-provider.back": "leads on; without a provider there is nothing",
}
"""Addresses that are opened and are no page, and why."""

AT_A_PROVIDER: Final = {"going.html"}
"""Shown on the way to a provider, which this office has none of: one link."""

OPENED: Final = {
    "ana": (
        "/",
        "/requests?state=all&kind=deletion&clock=late",
        "/requests",
        "/log?ask=restriction/restrict",
        "/log?ask=copy/all&writer.role=agent",
        "/waiting",
        "/complaints",
        "/appeals",
        "/holds",
        "/stores",
        "/stores/shop",
        "/rechecks",
        "/incidents",
        "/reports",
        "/organisation",
        "/account",
        "/account/passkeys",
        "/nothing-here",
    ),
    "otto": ("/reports?report=california", "/reports?report=audit"),
    "ada": ("/products", "/trail", "/settings", "/staff"),
    "vera": ("/waiting",),
}
"""Pages that open with an address alone, by who looks."""


@dataclass
class Tour:
    """
    Every page that is gone through in one language and width.

    Args:
        seen: Endpoints and templates of the pages that were gone through.
    """

    office: Office
    new_page: Pages
    language: str
    width: int
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    _last: str = ""

    def page(self, *, expects: str = "status of 404") -> Page:
        """Return a page of somebody nobody has seen before."""
        return self.new_page(language=self.language, width=self.width, expects=[expects])

    def at(self, page: Page, what: str) -> None:
        """Go through the page that is open; as wide as a desk, axe looks at every page too."""
        if self.width == _DESK:
            self.found += [f"{what}: {line}" for line in violations(page)]
        Walk(page, self.found).at(f"{what} ({self.language}, {self.width})")
        with self.office.house.app.test_request_context(urlsplit(page.url).path) as here:
            self.seen |= {str(here.request.endpoint), self._last}

    def goto(self, page: Page, path: str) -> None:
        """Open a page by its address and go through it."""
        page.goto(self.office.address + path)
        self.at(page, path.partition("?")[0])

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note which template each page is made with."""

        def made(_: Any, template: Any, **__: Any) -> None:
            name = str(template.name)
            if name.startswith("console/"):
                self._last = name.partition("/")[2]

        with template_rendered.connected_to(made, self.office.house.app):
            yield


def _coming_in(tour: Tour) -> None:
    """Go through the pages before the first one."""
    page = tour.page(expects="status of 4")
    ana = Person(tour.office, page, "ana")
    page.goto(ana.invitation())
    tour.at(page, "invitation")
    ana.set_password()
    tour.at(page, "sign-in")
    page.locator("#name").fill("ana")
    page.locator("#password").fill("not it")
    ana.send()
    expect(page.locator("#mistakes")).to_be_focused()
    tour.at(page, "sign-in, refused")
    ana.give_password()
    tour.at(page, "set-up")
    ana.set_up_app()
    page.locator(".codes").wait_for()
    tour.at(page, "recovery")
    page.locator("main a.button").click()
    page.locator(".me button").click()
    ana.give_password()
    page.locator("#code").wait_for()
    tour.at(page, "code")


def _one_by_one(tour: Tour) -> None:
    """Go through what opens with an address, and the pages of requests."""
    for name in OPENED:
        page = tour.page()
        Person(tour.office, page, name).come_in()
        for path in OPENED[name]:
            tour.goto(page, path)
        for one in SEEN_BY.get(name, ()):
            page.goto(f"{tour.office.address}/requests/{tour.office.made[one]}")
            tour.at(page, f"request, {one}")


def _sent(tour: Tour) -> None:
    """Go through what comes of forms: a search, what is opened, a report, passages."""
    office, page = tour.office, tour.page()
    ana = Person(office, page, "ana")
    ana.come_in()
    page.goto(f"{office.address}/find")
    page.locator("#type").select_option("email")
    page.locator("#value").fill(ALICE["email"])
    ana.send()
    tour.at(page, "find, found")
    page.goto(f"{office.address}/complaints/{office.made['complaint']}")
    ana.send()
    tour.at(page, "complaint, opened")
    tour.goto(page, f"/complaints/{office.made['complaint']}")
    tour.goto(page, f"/incidents/{_incident(office)}")
    tour.goto(page, f"/holds/{office.made['hold']}")
    page.locator("form[action$='/read-release'] button").click()
    tour.at(page, "hold, why it is to be released")
    page.goto(f"{office.address}/requests/{office.made['late']}")
    page.locator("form[action$='/open/plan'] button").click()
    tour.at(page, "plan, opened")
    _in_part(tour, ana)
    _reports(tour, ana)


def _reports(tour: Tour, ana: Person) -> None:
    """Go through every report as it is asked for, made, and refused."""
    office, page = tour.office, ana.page
    for name, typed in REPORTS.items():
        page.goto(f"{office.address}/reports?{urlencode({'report': name, **typed})}")
        ana.send()
        expect(page.locator("main [role=status]")).to_be_visible()
        assert left_over.made(office.house) == 1
        expect(page.locator("table.report").first).to_be_visible()
        tour.at(page, f"report, {name}")
    page.goto(f"{office.address}/reports?report=figures&year=2020")
    ana.send()
    expect(page.locator("main [role=status]")).to_be_visible()
    assert left_over.made(office.house) == 0
    expect(page.locator("#mistakes")).to_be_visible()
    tour.at(page, "report, refused")


def _in_part(tour: Tour, ana: Person) -> None:
    """Go through a request while somebody is to agree that a part of it is left out."""
    form = ana.form("propose_parts")
    form.locator("select").last.select_option(index=1)
    form.locator("textarea").fill("案卷正在由主管机关办理。")
    form.locator("button").click()
    expect(ana.page).to_have_url(re.compile("done=propose_parts"))
    tour.at(ana.page, "part, proposed")


def _of_a_minor(tour: Tour) -> None:
    """Go through the page that a document of a minor's request is shown in."""
    office, page, made = tour.office, tour.page(), tour.office.made["documents"]
    with office.house.writing() as session:
        session.get_one(Request, made).age_band = AgeBand.FROM_14
    planned.let(office.house, made, "vera")
    Person(office, page, "vera").come_in()
    page.goto(f"{office.address}/requests/{made}")
    with page.expect_popup() as beside:
        page.locator("form[action*='/documents/'] button").click()
    tour.at(beside.value, "document, of a minor")


def _left_over(tour: Tour) -> None:
    """Go through events that were given up, and evidence that was signed."""
    office, page = tour.office, tour.page()
    Person(office, page, "ada").come_in()
    hook = left_over.lost(office.house, office.made["late"])
    tour.goto(page, f"/products/webhooks/{hook}/lost")
    tour.goto(page, f"/reports/signed/{left_over.signed(office.house)}")


def _from_a_copy(tour: Tour) -> None:
    """Go through masked records of a copy, and what was taken out of it."""
    office, page = tour.office, tour.page()
    Person(office, page, "rui").come_in()
    page.goto(f"{office.address}/requests/{office.made['done']}")
    page.locator("form[action$='/sample'] button").click()
    page.wait_for_url("**/sample/*")
    office.house.looked_up({"collections": planned.SAMPLED, "more": False})
    expect(page.locator("main section table")).to_have_count(2)
    tour.at(page, "sample")
    page.goto(f"{office.address}/requests/{office.made['done']}")
    page.locator("form[action$='/passages'] button").click()
    page.wait_for_url("**/passages/*")
    office.house.looked_up({"rows": planned.TAKEN_OUT, "more": False})
    expect(page.locator("td input[type=checkbox]")).to_have_count(2)
    tour.at(page, "passages")


def _incident(office: Office) -> str:
    now = office.house.clock.now()
    who, new = Staff(name="w", roles=["dpo"], created_at=now), New("leak", "major", now)
    with office.house.writing() as session:
        return opening.opened(session, office.house.context, who, new, now=now).id


def _pages(office: Office) -> set[str]:
    """Return each page that there is: by the routes, and by the templates of whole pages."""
    routes = office.house.app.url_map.iter_rules()
    found = {str(r.endpoint) for r in routes if "GET" in (r.methods or ())}
    folder: Path = ROOT / "rights" / "web" / "templates" / "console"
    whole = 'extends "console/layout.html"'
    made = {one.name for one in folder.glob("*.html") if whole in one.read_text(encoding="utf-8")}
    return {one for one in found if one.startswith("console-")} | made


@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_every_page_is_used_without_a_mouse(
    office: Office, new_page: Pages, language: str, width: int
) -> None:
    tour = Tour(office, new_page, language, width)
    with tour.listening():
        _coming_in(tour)
        _one_by_one(tour)
        _sent(tour)
        _from_a_copy(tour)
        _of_a_minor(tour)
        _left_over(tour)

    assert tour.found == []
    assert _pages(office) - tour.seen - {*NO_PAGES, *AT_A_PROVIDER} == set()


FAULTS: Final = {
    '<a href="#" style="outline: 0">a</a>': "has no outline|looks the same with the focus",
    '<a href="#" style="outline-color: #fafafa">a</a>': "has a faint outline",
    '<div style="overflow: hidden; width: 3rem"><a href="#">a</a></div>': "is cut off",
    '<a href="#" tabindex="-1">a</a>': "is left out by Tab",
    '<a href="#" tabindex="2">a</a>': "takes the focus out of turn",
    '<span role="button" tabindex="0">a</span>': "is no control of the browser's",
    '<b style="cursor: pointer">a</b>': "is for a mouse only",
    '<p style="display: grid"><a href="#" style="order: 2">a</a><a href="#">b</a>': "lies above",
    '<button style="height: 9px; font-size: 6px; padding: 0">a</button>' * 2: "close to another",
    '<p style="width: 90rem">a</p>': "px too wide",
    '<div style="overflow: auto"><p style="width: 90rem">a</p></div>': "scrolls sideways",
    '<div style="position: fixed; inset: 0"></div><a href="#">a</a>': "is not to be seen",
    "<details><summary>a</summary>b</details>": "does not fold with Escape",
    '<a href="#" id="trap">a</a><a href="#">b</a>': "is not reached by Tab",
}
"""Pieces of pages, and what is said of them. They have none of the console's scripts."""

_TRAP: Final = """() => document.getElementById("trap").addEventListener("keydown", (event) => {
  if (event.key === "Tab") event.preventDefault();
})"""


@pytest.mark.parametrize("piece", FAULTS)
def test_a_fault_is_named(new_page: Pages, piece: str) -> None:
    page = new_page(width=640)
    style = ":focus-visible { outline: 3px solid blue } .skip { position: fixed; top: 0 }"
    page.set_content(
        f"<!doctype html><style>{style}</style><a class=skip href='#main'>skip</a>"
        f"<main id=main tabindex=-1><br>{piece}</main>"
    )
    if "trap" in piece:
        page.evaluate(_TRAP)
    walk = Walk(page)
    walk.at("piece")

    assert any(re.search(FAULTS[piece], line) for line in walk.found), walk.found
