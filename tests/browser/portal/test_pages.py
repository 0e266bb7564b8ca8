"""Every page of the portal is for everybody: both languages, light and dark, phone and desktop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, Wait
from rights.domain.parameters import offered
from rights.services import appeals, asking, messages
from rights.services import requests as lifecycle
from rights.services.askable import Point
from rights.store.models import Request, Staff
from tests.browser.axe import violations
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.shots import shot
from tests.web.house import ALICE, House
from tests.web.portal.test_beforehand import FORESEEN
from tests.web.portal.test_following import close
from tests.web.portal.test_tags import FOUND as TAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

KINDS = [kind for kind in Kind if offered(kind)]
COUNTS = {"shop.users": {"rows": 1, "restricted": 2}, "recommender.switches": {"rows": 0}}
VALUES = {"shop.users.email": ["alice@example.com"], "shop.users.verdict": ["none"]}
ANSWERS = (
    ("held", "held", "held-answered", COUNTS),
    ("tags", "tags", "tags-answered", TAGS),
    ("ask/deletion", "beforehand/deletion", "beforehand", FORESEEN),
    ("ask/correction", "values", "values", VALUES),
)
"""Pages that wait for a worker: where each begins, its form, its name, and what is answered."""

PLAIN = (
    *("consents", "held", "tags", "several", "find", "arrangement", "guardian"),
    "nothing-here",
)
"""Pages that are there for everybody who is signed in, by their address."""

LOOKS = [("zh-CN", 320, False), ("zh-CN", 1280, True), ("en", 320, True), ("en", 1280, False)]

_ENTER = """([action, token, lang]) => {
  const form = document.createElement("form");
  form.method = "post"; form.action = action;
  for (const [name, value] of Object.entries({token, lang})) {
    const field = document.createElement("input");
    field.name = name; field.value = value; form.append(field);
  }
  document.body.append(form); form.submit();
}"""


def enter(street: Street, page: Page, language: str) -> None:
    """Come in as Alice, on a page of its own."""
    page.goto(f"{street.rights}/portal/?lang={language}")
    token = street.product._token()  # noqa: SLF001 - what its page would ask for
    with page.expect_navigation():
        page.evaluate(_ENTER, ["/portal/enter", token, language])
    page.locator("#switches").wait_for()


def _asked(street: Street, kind: str, acr: str = "mfa", **more: Any) -> str:
    return str(street.house.asserted(kind, ALICE, acr, **more)["id"])


def _scene(street: Street) -> dict[str, str]:
    """Make a request in each state a person can find one in; return their references."""
    house = street.house
    for purpose in ("newsletter", "service"):
        house.post("/v1/consents", {"subject": ALICE, "purpose": purpose, "rule_version": "v1"})
    correction = {"text": "my name is wrong"}
    made = {
        "verifying": _asked(street, "deletion", "session"),
        "working": _asked(street, "restriction"),
        "missing": _asked(street, "correction", values=correction),
        "done": _asked(street, "access"),
        "denied": _asked(street, "explanation"),
    }
    made["appealed"] = _asked(street, "copy")
    made["asked"] = _asked(street, "access", option="summary")
    close(house, made["done"], "disclosed")
    house.package(made["done"], b"x" * 4096)
    now = house.clock.now()
    with house.writing() as session:
        missing = session.get_one(Request, made["missing"])
        lifecycle.record(session, missing, Event.HELD, actor="system", now=now)
        missing.wait = Wait.NEEDS_INFO
        denied = session.get_one(Request, made["denied"])
        appealed = session.get_one(Request, made["appealed"])
        for one in (denied, appealed):
            one.reason = "no_ground"
            lifecycle.record(session, one, Event.DENIED, actor="staff:1", now=now)
    _written(house, made["appealed"])
    _questioned(house, made["asked"])
    return made


def _questioned(house: House, request_id: str) -> None:
    """Let staff ask the person what a request lacks."""
    points = [
        Point(question="您指的是哪一个账号？", why="您的邮箱登记在两个账号上。"),
        Point(name="categories", why="请选择您需要的种类，这样我们可以更快答复您。"),
    ]
    with house.writing() as session:
        staff = Staff(name="ana", roles=["reviewer"], created_at=house.clock.now())
        session.add(staff)
        session.flush()
        request, now = session.get_one(Request, request_id), house.clock.now()
        asking.ask(session, house.context, request, points, staff, now=now)


def _written(house: House, request_id: str) -> None:
    """Let both sides write about a request, and an appeal about it be dismissed."""
    with house.writing() as session:
        now, long = house.clock.now(), "很长的一句话没有空格 " + "x" * 200
        staff = Staff(name="wei", roles=["approver"], created_at=now)
        session.add(staff)
        session.flush()
        request = session.get_one(Request, request_id)
        context = house.context
        messages.from_person(session, context, request, long, actor="subject", now=now)
        messages.from_staff(session, context, request, "您好，我们看过了。", staff, now=now)
        made = appeals.make(session, context, request, long, actor="subject", now=now)
        session.flush()
        appeals.assign(session, request, made, staff, staff, now=now)
        appeals.decide(
            session, context, request, made, staff, uphold=False, reasons="理由如下。", now=now
        )


def _complaint(page: Page, name: str, look: str, street: Street) -> list[str]:
    """Make a complaint; return what axe finds on the way."""
    page.goto(f"{street.rights}/portal/complaint")
    found = _barriers(page, f"{name}", look)
    page.locator("#text").fill("x" * 300)
    page.locator("main form button").click()
    page.get_by_role("status").wait_for()
    return [*found, *_barriers(page, f"{name}-made", look)]


def _barriers(page: Page, name: str, look: str) -> list[str]:
    """Return what axe finds, and whether the page is wider than its window."""
    page.wait_for_load_state("load")  # before its style has come, a page has no width of its own
    shot(page, f"{name}-{look}")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = [f"{name}: {line}" for line in violations(page)]
    return [*found, f"{name}: {wide} px too wide"] if wide > 0 else found


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_no_page_has_a_barrier(
    street: Street, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    made = _scene(street)
    page = new_page(language=language, width=width, dark=dark, expects=["status of 404"])
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    found: list[str] = []
    page.goto(f"{street.rights}/portal/?lang={language}")
    found += _barriers(page, "landing", look)
    page.goto(f"{street.rights}/portal/complaint")
    found += _barriers(page, "complaint-begin", look)
    street.product.acr = "mfa"
    enter(street, page, language)
    found += _barriers(page, "home", look)
    for kind in KINDS:
        page.goto(f"{street.rights}/portal/ask/{kind}")
        for summary in page.locator("summary:visible").all():
            summary.click()
        found += _barriers(page, f"ask-{kind}", look)
    for name, request_id in made.items():
        page.goto(f"{street.rights}/portal/requests/{request_id}")
        found += _barriers(page, f"request-{name}", look)
    for name in PLAIN:
        page.goto(f"{street.rights}/portal/{name}")
        found += _barriers(page, name, look)
    page.goto(f"{street.rights}/portal/requests/{made['working']}?write=1")
    found += _barriers(page, "request-writing", look)
    found += _complaint(page, "complaint", look, street)
    for start, action, name, answer in ANSWERS:
        page.goto(f"{street.rights}/portal/{start}")
        page.locator(f"form[action='/portal/{action}'] button").click()
        page.get_by_role("status").wait_for()
        street.house.looked_up(answer)
        page.locator("main table, main form:not([action$='/choose']) fieldset").first.wait_for()
        found += _barriers(page, name, look)

    found += _several(page, look, street)

    assert found == []


def _several(page: Page, look: str, street: Street) -> list[str]:
    page.goto(f"{street.rights}/portal/several")
    for ticked in (Kind.CORRECTION, Kind.DELETION):
        page.locator(f"input[value={ticked}]").check()
    page.locator("main form button").click()
    page.locator("main .rows").wait_for()
    return _barriers(page, "several-sent", look)


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_what_went_wrong_is_said_where_everybody_finds_it(
    street: Street, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark, expects=["status of 422"])
    look = f"{language}-{width}-{'dark' if dark else 'light'}"
    page.goto(f"{street.rights}/portal/?lang={language}")
    page.locator("main form button").click()
    page.goto(f"{street.rights}/portal/ask/account_cancellation")

    page.locator("main form button").click()
    page.get_by_role("alert").wait_for()

    expect(page.locator("#mistakes")).to_be_focused()
    assert _barriers(page, "mistakes", look) == []


def test_the_first_load_is_light_and_shown_at_once(street: Street, new_page: Pages) -> None:
    page = new_page(language="en")
    bytes_of: dict[str, int] = {}
    page.on("response", lambda r: bytes_of.update({r.url: len(r.body())}) if r.ok else None)
    enter(street, page, "en")
    page.wait_for_load_state("networkidle")
    lcp = page.evaluate(
        """() => new Promise((done) => new PerformanceObserver(
             (list) => done(list.getEntries().at(-1).startTime)
           ).observe({type: "largest-contentful-paint", buffered: true}))"""
    )

    assert sum(bytes_of.values()) < 60 * 1024, bytes_of
    assert len(bytes_of) <= 6
    assert lcp < 1000
