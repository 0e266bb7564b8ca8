"""Complaints in the portal: for anybody, with an address to reply to, read by whom it reaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from rights.services import writings
from rights.store.ids import new_id
from rights.store.models import Complaint, Entry, IdentifierRow
from tests.web.correspondence import STRANGE, Office
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE


@pytest.fixture
def office(shop: House, tmp_path: Path) -> Office:
    return Office(shop, tmp_path)


def _rows(house: House) -> list[Complaint]:
    with house.reading() as session:
        return list(session.exec(select(Complaint)))


def _complain(reader: Reader, text: str = STRANGE, **said: str) -> Page:
    return reader.send(reader.get("/portal/complaint"), "/complaint", text=text, **said)


def _answered(office: Office, complaint: str, text: str = "We are sorry.") -> None:
    words = ("complaints", "answer", complaint, "--as", "rui", "--file", "FILE")
    assert office.run(*words, text=text).exit_code == 0


def test_it_is_reached_from_the_landing_the_overview_and_a_request(
    shop: House, reader: Reader
) -> None:
    assert "/portal/complaint" in reader.get("/portal/").links
    begin = reader.get("/portal/complaint")
    assert "privacy@example.com" in begin.text
    assert any(f.action.endswith("/complaint") for f in reader.send(begin, "/begin").forms)
    request_id = shop.asserted()["id"]
    reader.enter(ALICE)
    assert "/portal/complaint" in reader.get("/portal/").links
    page = reader.get(f"/portal/requests/{request_id}")
    link = f"/portal/complaint?about={request_id}"
    assert link in page.links
    assert ("reference", request_id) in reader.get(link).form("/complaint").fields
    reader.enter(ALICE, view="complaint")
    assert reader.path == "/portal/complaint"


@pytest.mark.requirement("R-20-1")
def test_a_complaint_about_a_request_stands_among_what_happened_to_it(
    shop: House, reader: Reader
) -> None:
    request_id = shop.asserted()["id"]
    reader.enter(ALICE)

    page = reader.send(
        reader.get(f"/portal/complaint?about={request_id}"), "/complaint", text=STRANGE
    )

    (row,) = _rows(shop)
    assert reader.path == f"/portal/complaints/{row.id}"
    assert "You get an answer by" in page.text
    assert row.id in page.text
    assert "<script>alert" not in page.html
    assert row.request_id == request_id
    assert "You complained" in reader.get(f"/portal/requests/{request_id}").text


def test_somebody_without_an_account_reads_the_answer_with_a_code_only(
    shop: House, reader: Reader, office: Office
) -> None:
    reader.begin()
    page = _complain(reader, "my own words", who__email=EVE)
    reference = reader.path.rpartition("/")[2]
    assert "my own words" in page.text
    _answered(office, reference)
    assert "We are sorry" not in reader.get(f"/portal/complaints/{reference}").text
    shop.clock.forward(minutes=2)
    other = Reader(shop)
    other.begin()
    assert other.get(f"/portal/complaints/{reference}").status == 404

    page = other.send(other.get("/portal/find"), "/find", reference=reference)
    page = other.send(page, "/find/open", code=shop.code(reference, "visit"))

    assert other.path == f"/portal/complaints/{reference}"
    assert "We are sorry" in page.text
    assert "my own words" in page.text
    with shop.reading() as session:
        said = session.exec(select(Entry).where(Entry.event == "code_answered")).one()
    assert (said.chain[:4], said.data["complaint"]) == ("day:", reference)


def test_a_wrong_code_opens_nothing_and_says_the_same_as_for_no_reference(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    _complain(reader, who__email=EVE)
    reference = reader.path.rpartition("/")[2]
    shop.clock.forward(minutes=2)
    other = Reader(shop)
    other.begin()

    said = []
    for one in (reference, new_id()):
        page = other.send(other.get("/portal/find"), "/find", reference=one)
        opened = other.send(page, "/find/open", code="000000x")
        said.append([(p.status, p.html.replace(one, "")) for p in (page, opened)])

    assert said[0] == said[1]
    assert other.get(f"/portal/complaints/{reference}").status == 404


def test_a_person_reads_the_answer_at_once_and_finds_it_again(
    shop: House, reader: Reader, office: Office
) -> None:
    reader.enter(ALICE)
    _complain(reader)
    (row,) = _rows(shop)
    _answered(office, row.id, "<b>We are sorry.</b>")
    again, bob = Reader(shop), Reader(shop)
    again.enter(ALICE)
    bob.enter(BOB)

    assert f"/portal/complaints/{row.id}" in again.get("/portal/complaint").links
    assert "&lt;b&gt;We are sorry.&lt;/b&gt;" in again.get(f"/portal/complaints/{row.id}").html
    assert bob.get(f"/portal/complaints/{row.id}").status == 404
    assert f"/portal/complaints/{row.id}" not in bob.get("/portal/complaint").links


def test_a_reference_that_is_not_ones_own_is_kept_for_staff_and_tells_nothing(
    shop: House, office: Office
) -> None:
    theirs = shop.asserted(subject=BOB)["id"]
    shown = []
    for one in (theirs, new_id()):
        visitor = Reader(shop)
        visitor.begin()
        page = _complain(visitor, "x", who__email=EVE, reference=one)
        shown.append((page.status, len(page.html), one in page.html))

    assert shown[0] == shown[1]
    assert [row.request_id for row in _rows(shop)] == ["", ""]
    with shop.reading() as session:
        entries = session.exec(select(Entry.event).where(Entry.chain == theirs)).all()
        kept = {
            writings.one(session, shop.context.vault, row.id, writings.COMPLAINT_CLAIM)
            for row in _rows(shop)
        }
    assert "complaint_made" not in entries
    assert theirs in kept
    first = next(r.id for r in _rows(shop))
    assert office.run("complaints", "show", first, "--as", "rui").exit_code == 0


@pytest.mark.parametrize("text", ["", " \r\n ", "\u200b", "a" * 10_001])
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    shop: House, reader: Reader, text: str
) -> None:
    reader.begin()
    page = _complain(reader, text, who__email=EVE)

    assert (page.status, _rows(shop)) == (422, [])
    assert "Please say what it is about" in page.text
    assert EVE in page.html
    assert text.strip() in page.html


@pytest.mark.parametrize("address", ["", "nobody", "<b>@"])
def test_somebody_without_an_account_says_where_to_reply_to(
    shop: House, reader: Reader, address: str
) -> None:
    reader.begin()
    page = _complain(reader, "kept text", who__email=address)

    assert page.status == 422
    assert "kept text" in page.html
    assert _rows(shop) == []


def test_an_account_that_was_typed_makes_it_nobody_elses_complaint(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    page = reader.get("/portal/complaint")
    form = page.form("/complaint").holding(text="x", who__email=EVE, who__user_id=ALICE["user_id"])
    reader.post("/portal/complaint", form)

    with shop.reading() as session:
        assert {row.type for row in session.exec(select(IdentifierRow))} == {"email"}


def test_a_double_click_is_one_complaint(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.get("/portal/complaint")

    shown = [reader.send(page, "/complaint", text="x").text for _ in range(2)]

    assert len(_rows(shop)) == 1
    assert shown[0] == shown[1]


def test_a_form_of_another_page_is_refused(shop: House, reader: Reader) -> None:
    reader.begin()
    form = reader.get("/portal/complaint").form("/complaint")

    for change, origin in (({"key": "0"}, "http://localhost"), ({}, "https://evil.example")):
        data = form.holding(text="x", who__email=EVE, **change)
        assert reader.post("/portal/complaint", data, origin=origin).status == 403
    assert _rows(shop) == []


def test_twelve_an_hour_about_one_address(shop: House, reader: Reader) -> None:
    reader.begin()

    pages = [_complain(reader, f"number {n}", who__email=EVE) for n in range(13)]

    assert [page.status for page in pages] == [200] * 12 + [429]
