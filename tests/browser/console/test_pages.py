"""Every page of the console is for everybody: both languages, light and dark, small and large."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.console import left_over, pictured, planned
from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.pages import Pages
from tests.browser.shots import shot
from tests.web.house import ALICE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LOOKS: Final = [
    ("zh-CN", 320, False),
    ("zh-CN", 1280, True),
    ("en", 320, True),
    ("en", 1280, False),
]
PLAIN: Final = {
    "overview": "/",
    "list": "/requests?state=all&kind=deletion&clock=late",
    "list-all": "/requests",
    "log": "/log?ask=restriction/restrict",
    "waiting": "/waiting",
    "holds": "/holds",
    "stores": "/stores",
    "store": "/stores/shop",
    "rechecks": "/rechecks",
    "reports": "/reports",
    "organisation": "/organisation",
    "account": "/account",
    "passkeys": "/account/passkeys",
    "app": "/set-up",
    "nothing-here": "/nothing-here",
}
"""Pages that open with an address alone."""

LISTS: Final = {
    "queue": "/waiting?queue=tasks&after=2020-01-01T00:00:00Z|-",
    "complaints": "/complaints?regime=cn_general",
    "appeals": "/appeals",
}
"""Lists that go on from page to page, or tell of what is over."""

REPORTS: Final = {
    "figures": {"year": "2026", "public": "1"},
    "audit": {"first": "2026-10-01", "last": "2026-11-25", "items": "16"},
    "incidents": {"first": "2026-10-01", "last": "2026-11-25"},
}
"""What is typed to read a report as a page."""

SEEN_BY: Final = {
    "ana": (
        "late",
        "failed",
        "by_hand",
        "proposed",
        "denied",
        "minor",
        "asked",
        "done",
        "restricted",
    ),
    "vera": ("stopped", "documents", "verifying"),
}
"""Which requests are looked at, and by whom: each sees other forms."""

OPENED: Final = {
    "late": "plan",
    "proposed": "proposal",
    "documents": "authority",
}
"""What is opened on the page of a request."""


@dataclass
class Look:
    """
    One language, width and brightness, and what is wrong in it.

    Args:
        name: Part of the name of a picture.
    """

    page: Page
    name: str
    found: list[str] = field(default_factory=list)

    def shown(self, what: str) -> None:
        """Take a picture of the page that is open; it is the page that the picture is said of."""
        pictured.check(what, self.page.url)
        shot(self.page, f"{what}-{self.name}")
        pictured.check(what, self.page.url)  # it has not gone on meanwhile

    def at(self, what: str) -> None:
        """Note the barriers of the page that is open, and whether it is wider than its window."""
        self.page.wait_for_load_state("load")
        self.shown(what)
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        self.found += [f"{what}: {line}" for line in violations(self.page)]
        if wide > 0:
            self.found.append(f"{what}: {wide} px too wide")


def looked(new_page: Pages, language: str, width: int, *, dark: bool, expects: str = "") -> Look:
    """Return an empty page that looks so; *expects* is what the browser may complain of."""
    waits = [expects] if expects else []
    page = new_page(language=language, width=width, dark=dark, expects=waits)
    return Look(page, f"{language}-{width}-{'dark' if dark else 'light'}")


def unfolded(page: Page) -> None:
    """Open whatever can be opened on a page."""
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_coming_in_has_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark, expects="status of 4")
    page, ana = look.page, Person(office, look.page, "ana")
    page.goto(ana.invitation())
    look.at("invitation")
    ana.set_password()
    look.at("sign-in")
    page.locator("#name").fill("ana")
    page.locator("#password").fill("not it")
    ana.send()
    expect(page.locator("#mistakes")).to_be_focused()
    look.at("sign-in-wrong")
    ana.give_password()
    look.at("set-up")
    ana.set_up_app()
    look.at("recovery")
    page.locator("main a.button").click()
    page.locator(".me button").click()
    ana.give_password()
    look.at("code")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_has_a_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark, expects="status of 404")
    ana = Person(office, look.page, "ana")
    ana.come_in()
    for name, path in PLAIN.items():
        look.page.goto(office.address + path)
        look.shown(name)
        unfolded(look.page)
        look.at(f"{name}-unfolded")
    look.page.goto(f"{office.address}/find")
    ana.page.locator("#type").select_option("email")
    ana.page.locator("#value").fill(ALICE["email"])
    ana.send()
    look.at("find")
    look.page.goto(f"{office.address}/complaints/{office.made['complaint']}")
    look.at("complaint")
    ana.send()
    look.at("opened-complaint")
    look.page.goto(f"{office.address}/holds/{office.made['hold']}")
    look.at("hold")
    look.page.locator("form[action$='/read-release'] button").click()
    expect(look.page.locator("#opened")).to_be_focused()
    look.at("hold-opened")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_list_has_a_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    Person(office, look.page, "ana").come_in()
    for name, path in LISTS.items():
        look.page.goto(office.address + path)
        expect(look.page.locator("main .rows, main table.list").first).to_be_visible()
        look.at(name)

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_events_that_were_given_up_and_evidence_that_was_signed_have_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    hook = left_over.lost(office.house, office.made["late"])
    evidence = left_over.signed(office.house)
    look = looked(new_page, language, width, dark=dark)
    Person(office, look.page, "ada").come_in()
    look.page.goto(f"{office.address}/products/webhooks/{hook}/lost")
    expect(look.page.locator("main .rows > li")).to_have_count(2)
    look.shown("lost")
    unfolded(look.page)
    look.at("lost-unfolded")
    look.page.goto(f"{office.address}/reports/signed/{evidence}")
    look.at("signed")

    assert look.found == []


@pytest.mark.requirement("R-44-1", "R-AUD17-1", "R-33-1")
@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_report_has_a_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    ana, page = Person(office, look.page, "ana"), look.page
    ana.come_in()
    for name, typed in REPORTS.items():
        page.goto(f"{office.address}/reports?{urlencode({'report': name, **typed})}")
        ana.send()
        expect(page.locator("main [role=status]")).to_be_visible()
        if name == "figures":
            look.at("report-waits")
        assert left_over.made(office.house) == 1
        expect(page.locator("table.report").first).to_be_visible()
        look.at(f"report-{name}")
    page.goto(f"{office.address}/reports?report=figures&year=2020")
    ana.send()
    expect(page.locator("main [role=status]")).to_be_visible()
    assert left_over.made(office.house) == 0
    expect(page.locator("#mistakes")).to_be_visible()
    look.at("report-refused")
    page.goto(f"{office.address}/organisation")
    page.locator("form[action$='/outbound'] button").click()
    expect(page.locator("table.report").first).to_be_visible()
    look.at("report-outbound")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
@pytest.mark.parametrize("name", SEEN_BY)
def test_no_request_has_a_barrier_with_every_form_open(
    office: Office, new_page: Pages, name: str, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    Person(office, look.page, name).come_in()
    for one in SEEN_BY[name]:
        look.page.goto(f"{office.address}/requests/{office.made[one]}")
        look.shown(f"request-{one}")
        unfolded(look.page)
        look.at(f"request-{one}-unfolded")
        if one in OPENED:
            _opened(look, OPENED[one])

    assert look.found == []


def _opened(look: Look, what: str) -> None:
    """Open what was written. Where it is told, the focus is."""
    look.page.locator(f"form[action$='/open/{what}'] button").click()
    expect(look.page.locator("#opened")).to_be_focused()
    look.at(f"opened-{what}")


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_the_staff_page_has_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    Person(office, look.page, "ada").come_in()
    look.page.goto(f"{office.address}/staff")
    look.shown("staff")
    unfolded(look.page)
    look.at("staff-unfolded")
    look.page.locator("form[action$='/staff'] #name").fill("mei")
    look.page.locator("form[action$='/staff'] input[value=reviewer]").check()
    look.page.locator("form[action$='/staff'] button").click()
    look.at("staff-link")
    look.page.goto(f"{office.address}/products")
    look.at("products")
    look.page.goto(f"{office.address}/trail")
    look.at("trail")
    look.page.goto(f"{office.address}/settings")
    look.shown("settings")
    form = look.page.locator("form[action$='/settings/staff_hours']")
    look.page.locator("#staff_hours summary").click()
    form.locator("[name=value]").fill("24")
    form.locator("[name=because]").fill("night shifts")
    form.get_by_role("button").first.click()
    expect(look.page.locator("section[aria-labelledby=waiting-title]")).to_be_visible()
    unfolded(look.page)
    look.at("settings-unfolded")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_masked_records_of_a_copy_and_what_a_minor_wrote_have_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    rui = Person(office, look.page, "rui")
    rui.come_in()
    look.page.goto(f"{office.address}/requests/{office.made['done']}")
    look.page.locator("form[action$='/sample'] button").click()
    look.page.wait_for_url("**/sample/*")
    office.house.looked_up({"collections": planned.SAMPLED, "more": False})
    expect(look.page.locator("main section table")).to_have_count(2)
    look.at("sample")
    planned.let(office.house, office.made["minor"], "rui")
    look.page.goto(f"{office.address}/requests/{office.made['minor']}")
    look.page.locator("form[action$='/open/messages'] button").click()
    expect(look.page.locator("#opened .watermark")).to_be_visible()
    look.at("opened-minor")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_a_document_about_a_minor_has_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    made = left_over.minors_paper(office.house)
    planned.let(office.house, made, "vera")
    look = looked(new_page, language, width, dark=dark)
    Person(office, look.page, "vera").come_in()
    look.page.goto(f"{office.address}/requests/{made}")
    with look.page.expect_popup() as opened:
        look.page.locator("form[action*='/documents/'] button").first.click()
    look.page = opened.value
    expect(look.page.locator(".picture-shown .watermark")).to_be_visible()
    look.at("document")

    assert look.found == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_what_was_taken_out_of_a_copy_has_no_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    look = looked(new_page, language, width, dark=dark)
    rui = Person(office, look.page, "rui")
    rui.come_in()
    look.page.goto(f"{office.address}/requests/{office.made['done']}")
    look.page.locator("form[action$='/passages'] button").click()
    look.page.wait_for_url("**/passages/*")
    office.house.looked_up({"rows": planned.TAKEN_OUT, "more": False})
    expect(look.page.locator("td input[type=checkbox]")).to_have_count(2)
    look.at("passages")
    look.page.locator("td input[type=checkbox]").first.check()
    look.page.locator("form[action$='/release_passages'] button").click()
    expect(look.page.locator("main [role=status]")).to_be_visible()
    look.at("passages-released")

    assert look.found == []
