"""Messages and appeals in the portal."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import messages
from rights.store.ids import new_id
from rights.store.models import Appeal, Request, Writing
from tests.web.correspondence import STRANGE, Office
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE, ask


@pytest.fixture
def office(shop: House, tmp_path: Path) -> Office:
    return Office(shop, tmp_path)


@pytest.fixture
def denied(shop: House, office: Office) -> str:
    """Return a deletion of Alice that ana denied."""
    request_id = str(shop.asserted("deletion")["id"])
    office.denied(request_id)
    return request_id


def _count(house: House, model: type[Writing | Appeal]) -> int:
    with house.reading() as session:
        return len(list(session.exec(select(model))))


def _has(page: Page, action: str) -> bool:
    return any(form.action.endswith(action) for form in page.forms)


def test_a_person_writes_and_reads_what_is_answered(
    shop: House, reader: Reader, office: Office, denied: str
) -> None:
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{denied}")

    page = reader.send(page, "/message", message=f"{STRANGE}\r\nsecond line")
    office.run("messages", "send", denied, "--as", "rui", "--file", "FILE", text="<b>您好</b>")
    page = reader.get(f"/portal/requests/{denied}")

    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.html
    assert "&lt;b&gt;您好&lt;/b&gt;" in page.html
    assert 'class="said" dir="auto"' in page.html
    assert page.text.index("second line") < page.text.index("您好")
    assert "Privacy team" in page.text
    assert "rui" not in page.text
    assert "The privacy team wrote to you" in page.text


def test_lines_of_a_form_count_as_the_browser_counts_them(
    shop: House, reader: Reader, denied: str
) -> None:
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{denied}")

    sent = reader.send(page, "/message", message="a\r\n" * 4_999 + "a")

    assert "Your message was sent" in sent.text
    assert _count(shop, Writing) == 1


@pytest.mark.parametrize("text", ["", "  \r\n", "\u200b", "a" * 10_001])
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    shop: House, reader: Reader, denied: str, text: str
) -> None:
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{denied}")

    wrong = reader.send(page, "/message", message=text)
    also = reader.send(page, "/appeal", reasons=text)

    for one, said in ((wrong, "Please write a message"), (also, "Please say why you disagree")):
        assert (one.status, said in one.text) == (422, True)
        assert text.strip() in one.html
    assert (_count(shop, Writing), _count(shop, Appeal)) == (0, 0)


def test_a_double_click_and_going_back_send_once(shop: House, reader: Reader, denied: str) -> None:
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{denied}")

    for _ in range(2):
        reader.send(page, "/message", message="x")
        last = reader.send(page, "/appeal", reasons="y")

    assert last.status == 200
    assert (_count(shop, Writing), _count(shop, Appeal)) == (2, 1)
    assert reader.get(f"/portal/requests/{denied}/message").status == 200
    assert reader.get(f"/portal/requests/{denied}/appeal").status == 200


def test_a_page_that_renews_itself_does_not_take_away_what_is_being_written(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    path = f"/portal/requests/{shop.asserted('restriction')['id']}"
    going = reader.get(path)
    writing = reader.get(f"{path}?write=1")
    wrong = reader.send(writing, "/message", message=" ")

    assert 'http-equiv="refresh"' in going.html
    assert not _has(going, "/message")
    for page in (writing, wrong):
        assert 'http-equiv="refresh"' not in page.html
        assert 'data-live=""' in page.html
        assert _has(page, "/message")


def test_who_only_typed_an_address_writes_and_reads_nothing(
    shop: House, reader: Reader, office: Office
) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)
    path = reader.path
    assert "only after the proof" in page.text
    sent = reader.send(page, "/message", message="hello there")
    office.run("messages", "send", path[-32:], "--as", "ana", "--file", "FILE", text="we found it")

    page = reader.get(path)

    assert "Your message was sent" in sent.text
    assert "hello there" not in page.text
    assert "we found it" not in page.text
    page = reader.send(page, "/proof", code=shop.code(path[-32:]))
    assert "we found it" in reader.get(path).text


def test_who_found_a_request_by_a_code_that_is_too_little_does_not_write(
    shop: House, reader: Reader
) -> None:
    request_id = shop.asserted("deletion")["id"]
    reader.begin()
    page = reader.send(reader.get("/portal/find"), "/find", reference=request_id)
    page = reader.send(page, "/find/open", code=shop.code(request_id, "visit"))
    key = reader.get("/portal/ask/access").form("/ask/access").holding()

    assert not _has(page, "/message")
    path = f"/portal/requests/{request_id}/message"
    assert reader.post(path, {**key, "message": ["x"]}).status == 401
    assert _count(shop, Writing) == 0


def test_an_appeal_is_sent_looked_at_and_leads_to_the_request_anew(
    shop: House, reader: Reader, office: Office, denied: str
) -> None:
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{denied}")
    assert "An appeal is optional" in page.text

    page = reader.send(page, "/appeal", reasons=STRANGE)

    assert "Your appeal is being looked at" in page.text
    assert "You appealed" in page.text
    assert "&lt;script&gt;alert(1)" in page.html
    assert not _has(page, "/appeal")
    (appeal,) = office.listed("appeals")
    office.run("appeals", "assign", appeal["appeal"], "--to", "wei", "--as", "ana")
    words = ("appeals", "decide", appeal["appeal"], "--uphold", "--reason-file", "FILE")
    office.run(*words, "--as", "wei", text="<i>You are right.</i>")
    page = reader.get(f"/portal/requests/{denied}")
    assert "Your appeal was upheld" in page.text
    assert "&lt;i&gt;You are right.&lt;/i&gt;" in page.html
    assert "people's court" in page.text
    with shop.reading() as session:
        anew = session.exec(select(Request).where(Request.follows == denied)).one()
    assert f"/portal/requests/{anew.id}" in page.links
    assert "Being worked on" in reader.get(f"/portal/requests/{anew.id}").text


def test_somebody_without_an_account_comes_to_the_request_anew(
    shop: House, reader: Reader, office: Office
) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)
    path = reader.path
    reader.send(page, "/proof", code=shop.code(path[-32:]))
    office.denied(path[-32:])
    reader.send(reader.get(path), "/appeal", reasons="why")
    (appeal,) = office.listed("appeals")
    office.run("appeals", "assign", appeal["appeal"], "--to", "wei", "--as", "ana")
    words = ("appeals", "decide", appeal["appeal"], "--uphold", "--reason-file", "FILE")
    office.run(*words, "--as", "wei", text="yes")

    page = reader.send(reader.get(path), "/anew")

    assert page.status == 200
    assert reader.path != path
    assert "Being worked on" in page.text


def test_nothing_to_appeal_no_form_and_a_forged_one_is_refused(shop: House, reader: Reader) -> None:
    request_id = shop.asserted("restriction")["id"]
    reader.enter(ALICE)
    page = reader.get(f"/portal/requests/{request_id}?write=1")

    assert not _has(page, "/appeal")
    form = page.form("/message").holding(reasons="x")
    refused = reader.post(f"/portal/requests/{request_id}/appeal", form)
    assert (refused.status, "nothing to appeal against" in refused.text) == (409, True)
    forged = {**form, "key": ["0" * 64]}
    assert reader.post(f"/portal/requests/{request_id}/message", forged).status == 403


def test_what_is_late_can_be_appealed(shop: House, reader: Reader) -> None:
    request_id = shop.asserted("restriction")["id"]
    shop.clock.forward(days=60)
    reader.enter(ALICE)

    page = reader.get(f"/portal/requests/{request_id}?write=1")
    page = reader.send(page, "/appeal", reasons="too late")

    assert "Your appeal is being looked at" in page.text


def test_what_was_done_in_part_can_be_appealed_and_what_was_done_not(
    shop: House, reader: Reader, office: Office
) -> None:
    partly, done = (shop.asserted(kind)["id"] for kind in ("access", "copy"))
    office.ended(partly, Event.PARTLY_COMPLETED, by="")
    office.ended(done, Event.COMPLETED, by="")
    reader.enter(ALICE, "mfa")

    assert _has(reader.get(f"/portal/requests/{partly}"), "/appeal")
    assert not _has(reader.get(f"/portal/requests/{done}"), "/appeal")


def test_on_somebody_elses_request_nothing_is_written(shop: House, office: Office) -> None:
    theirs = shop.asserted("deletion", subject=BOB)["id"]
    office.denied(theirs)
    alice, visitor = Reader(shop), Reader(shop)
    alice.enter(ALICE)
    visitor.begin()

    for reader in (alice, visitor):
        key = reader.get("/portal/ask/access").form("/ask/access").holding()["key"]
        for action, field in (("message", "message"), ("appeal", "reasons"), ("anew", "x")):
            said = [
                reader.post(f"/portal/requests/{one}/{action}", {"key": key, field: "x"})
                for one in (theirs, new_id())
            ]
            assert [one.status for one in said] == [404, 404]
            one, other = (
                page.html.replace(ref, "") for page, ref in zip(said, (theirs, ""), strict=True)
            )
            assert len(one) == len(other) or one[:200] == other[:200]
    assert (_count(shop, Writing), _count(shop, Appeal)) == (0, 0)


def test_fifty_messages_and_no_more(shop: House, reader: Reader, denied: str) -> None:
    with shop.writing() as session:
        request = session.get_one(Request, denied)
        for number in range(messages.MOST):
            messages.from_person(
                session, shop.context, request, str(number), actor="subject", now=shop.clock.now()
            )
    reader.enter(ALICE)

    full = reader.send(reader.get(f"/portal/requests/{denied}"), "/message", message="x")

    assert (full.status, "no room for more messages" in full.text) == (409, True)
