"""A day of each role: what is late, one of it opened, something done about it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.store.models import Appeal, Complaint, Request, StepRow, StepState
from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.console.scene import DISAGREES, FACTS, LETTER
from tests.browser.pages import Pages
from tests.web.console.clerk import told
from tests.web.house import ALICE

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _state(office: Office, name: str) -> State:
    with office.house.reading() as session:
        return State(session.get_one(Request, office.made[name]).state)


@pytest.mark.requirement("R-NEG-28")
def test_an_approver_sees_what_is_late_and_decides(office: Office, new_page: Pages) -> None:
    ana = Person(office, new_page(language="en"), "ana")
    ana.come_in()
    page = ana.page
    expect(page.locator("#late-title + .scroll")).to_contain_text("12 days late")
    ana.open("late")
    page.locator("form[action$='/open/plan'] button").click()
    expect(page.locator("#opened")).to_contain_text("begins with “a”, 17 characters")
    ana.act("approve")
    assert "plan was approved" in ana.told()
    assert _state(office, "late") is State.IN_PROGRESS

    ana.area("Waiting for staff")
    ana.open("proposed")
    page.locator("form[action$='/open/proposal'] button").click()
    expect(page.locator("#opened")).to_contain_text(FACTS)
    ana.act("confirm")
    assert "Denied" in ana.told()
    assert _state(office, "proposed") is State.DENIED

    ana.area("Waiting for staff")
    ana.open("denied")
    page.locator("form[action$='/assign_appeal'] select").select_option(label="ana")
    page.locator("form[action$='/assign_appeal'] button").click()
    page.locator("form[action$='/open/appeal'] button").click()
    expect(page.locator("#opened")).to_contain_text(DISAGREES)
    page.get_by_label("Uphold: do it anew").check()
    ana.act("decide_appeal", reasons="订单已经完成，理由成立。")
    assert "Decided" in ana.told()
    with office.house.reading() as session:
        appeal = session.get_one(Appeal, _appeal(office))
    assert (appeal.outcome, bool(appeal.led_to)) == ("upheld", True)


def _appeal(office: Office) -> str:
    with office.house.reading() as session:
        query = select(Appeal.id).where(Appeal.request_id == office.made["denied"])
        return str(session.exec(query).one())


def test_a_reviewer_mends_what_failed_and_writes(office: Office, new_page: Pages) -> None:
    rui = Person(office, new_page(language="en"), "rui")
    rui.come_in()
    page = rui.page
    rui.area("Waiting for staff")
    rui.open("failed")
    expect(page.locator(".steps .failed").first).to_contain_text("connection refused")
    rui.act("retry")
    assert "tried again" in rui.told()

    rui.area("Waiting for staff")
    rui.open("by_hand")
    rui.act("complete", proof="T-17")
    assert "Noted" in rui.told()
    with office.house.reading() as session:
        step = session.get_one(StepRow, f"{office.made['by_hand']}-03-erase-recommender")
    assert (step.state, step.result) == (StepState.DONE, {"proof": "T-17"})

    rui.area("Waiting for staff")
    rui.open("late")
    page.locator("form[action$='/open/messages'] button").click()
    expect(page.locator("#opened")).to_contain_text(LETTER)
    rui.act("write", text="明天办完。")
    assert "on its way" in rui.told()


@pytest.mark.requirement("R-M36-1")
def test_a_reviewer_needs_a_colleague_for_what_a_minor_wrote(
    office: Office, new_page: Pages
) -> None:
    rui = Person(office, new_page(language="en"), "rui")
    rui.come_in()
    page = rui.page
    rui.area("Waiting for staff")
    rui.open("minor")
    expect(page.locator("form[action*='/open/']")).to_have_count(0)
    assert LETTER not in page.content()
    rui.act("ask_minor", purpose="answer")
    assert "a colleague decides" in rui.told()
    _let(office, new_page)
    page.reload()
    page.locator("form[action$='/open/messages'] button").click()
    opened = page.locator("#opened")
    expect(opened).to_contain_text(LETTER)

    mark = page.locator(".watermark")
    expect(mark).to_be_visible()
    inner = opened.evaluate("one => [one.clientWidth, one.clientHeight]")
    assert mark.evaluate("one => [one.clientWidth, one.clientHeight]") == inner
    assert "rui" in (mark.text_content() or "")
    assert office.made["minor"][:8] in (mark.text_content() or "")
    without, with_it = _drawn(page, mark="none"), _drawn(page, mark="block")
    assert without != with_it  # it is not only there: it is seen
    page.keyboard.press("Control+A")
    assert LETTER not in page.evaluate("getSelection().toString()")
    copy = "new ClipboardEvent('copy', {bubbles: true, cancelable: true})"
    assert page.evaluate(f"document.body.dispatchEvent({copy})") is False
    page.emulate_media(media="print")
    expect(opened).to_be_hidden()
    expect(page.get_by_text("What a minor's request says is not printed.")).to_be_visible()


def _drawn(page: Page, *, mark: str) -> bytes:
    """Return how what is opened looks with its mark, or without."""
    page.locator(".watermark").evaluate("(one, how) => { one.style.display = how; }", mark)
    return page.locator("#opened").screenshot()


@pytest.mark.requirement("R-ID-3")
def test_a_verifier_looks_at_a_document_and_sends_it_back(office: Office, new_page: Pages) -> None:
    vera = Person(office, new_page(language="en"), "vera")
    vera.come_in()
    page = vera.page
    vera.area("Waiting for staff")
    vera.open("documents")
    page.locator("form[action$='/open/authority'] button").click()
    expect(page.locator("#opened")).to_contain_text("child")
    with page.expect_popup() as beside:
        page.get_by_role("button", name="Open picture 1").click()
    picture = beside.value
    picture.wait_for_load_state()
    assert picture.evaluate("[document.images[0].naturalWidth, origin]") == [300, "null"]
    assert "evidence_opened" in told(office.house, office.made["documents"])

    page.get_by_text("Send back and ask for what is missing").first.click()
    page.get_by_label("a document that shows how the two are related").check()
    page.locator("form[action$='/return_documents'] button").click()

    assert "what is missing is asked for" in vera.told()
    expect(page.locator("#documents")).to_have_count(0)


def _let(office: Office, new_page: Pages) -> None:
    """Let a colleague approve what waits for them about the minor, for rui."""
    wei = Person(office, new_page(language="en"), "wei")
    wei.come_in()
    wei.area("Waiting for staff")
    asked = wei.page.locator("li", has_text="asked by rui")
    asked.get_by_label("Hours").fill("2")
    asked.get_by_role("button", name="Approve").click()
    expect(asked).to_have_count(0)


def test_a_reviewer_finds_a_person_and_answers_a_complaint(office: Office, new_page: Pages) -> None:
    rui = Person(office, new_page(language="en"), "rui")
    rui.come_in()
    page = rui.page
    rui.area("Find a person")
    page.locator("#type").select_option("email")
    page.locator("#value").fill(ALICE["email"])
    rui.send()
    expect(page.get_by_role("heading", name="Requests found: 4")).to_be_visible()
    assert ALICE["email"] not in page.url

    rui.area("Waiting for staff")
    page.locator(f"a[href$='/complaints/{office.made['complaint']}']").click()
    page.locator("form[action$='/open'] button").click()
    expect(page.locator("#opened")).to_contain_text("答复太慢")
    page.locator("#text").fill("对不起，明天办完。")
    page.locator("form[action$='/answer'] button").click()
    expect(page.locator("form[action$='/answer']")).to_have_count(0)
    with office.house.reading() as session:
        assert session.get_one(Complaint, office.made["complaint"]).answered_at is not None


def test_a_verifier_finds_out_who_asked(office: Office, new_page: Pages) -> None:
    vera = Person(office, new_page(language="en"), "vera")
    vera.come_in()
    page = vera.page
    expect(page.locator("#mine-title + .counts")).to_contain_text('"not me" to find out about 1')
    vera.open("stopped")
    vera.act("release", why="Called back on the number of 2023.")
    assert "Work goes on" in vera.told()
    assert "not_me_released" in told(office.house, office.made["stopped"])

    page.goto(f"{office.address}/requests/{office.made['verifying']}")
    way = page.locator("form[action$='/ask_proof'] option").first.get_attribute("value")
    vera.act("ask_proof", way=way or "", why="A large account.")
    assert "person is told" in vera.told()


def test_an_auditor_sees_everything_and_can_do_nothing(office: Office, new_page: Pages) -> None:
    otto = Person(office, new_page(language="en"), "otto")
    otto.come_in()
    page = otto.page
    otto.open("late")
    expect(page.locator(".timeline li").first).to_contain_text("Received")
    expect(page.locator("main form")).to_have_count(0)
    otto.area("Requests")
    page.locator("#state").select_option("all")
    page.locator("#kind").select_option("deletion")
    page.get_by_role("button", name="Show").click()
    assert page.locator("main tbody tr").count() > 5
    with page.expect_download() as download:
        page.get_by_role("link", name="As a CSV file").click()
    assert download.value.suggested_filename == "requests.csv"
    otto.area("Stores")
    expect(page.locator("tr", has_text="recommender")).to_contain_text("not well")


def test_an_administrator_lets_somebody_new_in(office: Office, new_page: Pages) -> None:
    ada = Person(office, new_page(language="en"), "ada")
    ada.come_in()
    page = ada.page
    ada.area("Staff")
    form = page.locator("form[action$='/console/staff']")
    form.locator("#name").fill("mei")
    form.get_by_label("Reviewer").check()
    form.get_by_role("button").click()
    link = page.locator("main .next code").inner_text()
    mei = Person(office, new_page(language="zh-CN"), "mei")
    mei.page.goto(link)
    mei.set_password()
    mei.give_password()
    mei.set_up_app()
    expect(mei.page.locator(".codes li")).to_have_count(10)

    row = page.locator("li", has_text="mei")
    row.locator("summary").click()
    row.get_by_role("button", name="Close the account").click()
    expect(page.locator("li", has_text="mei").locator(".state")).to_contain_text("closed on")
    mei.page.goto(f"{office.address}/")
    expect(mei.page.locator("#password")).to_be_visible()
