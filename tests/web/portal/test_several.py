"""Several kinds ticked on the first page are sent together, once, and proved with one code."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.models import Bundle, Notice, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader


def _requests(shop: House) -> dict[Kind, Request]:
    with shop.reading() as session:
        query = select(Request).order_by(col(Request.received_at))
        return {one.kind: one for one in session.exec(query)}


def _send(reader: Reader, page: Page, *kinds: str, **more: Any) -> Page:
    return reader.send(page, "/several", kind=list(kinds), **more)


def test_what_is_ticked_becomes_one_bundle_each_with_its_own_clock(
    shop: House, reader: Reader
) -> None:
    page = _send(reader, reader.enter(ALICE, "mfa"), "copy", "restriction", "access")

    made = _requests(shop)
    assert list(made) == [Kind.ACCESS, Kind.COPY, Kind.RESTRICTION]
    assert len({one.bundle_id for one in made.values()}) == 1
    assert reader.path == f"/portal/several/{made[Kind.COPY].bundle_id}"
    assert {one.state for one in made.values()} == {State.IN_PROGRESS}
    assert {one.channel for one in made.values()} == {"portal"}
    for one in made.values():
        assert f"/portal/requests/{one.id}" in page.links
    assert page.text.count("answer by") == 3


def test_one_code_is_sent_and_counts_for_all(shop: House, reader: Reader) -> None:
    page = _send(reader, reader.enter(ALICE), "deletion", "copy", "restriction")
    with shop.reading() as session:
        coded = session.exec(select(Notice).where(col(Notice.challenge_id) != "")).all()
    (asked,) = {one.request_id for one in coded}
    assert "One code is enough" in page.text

    reader.send(page, "/proof", code=shop.code(asked))

    assert {one.state for one in _requests(shop).values()} == {State.IN_PROGRESS}


def test_who_has_no_account_is_asked_for_an_address_once_and_may_read_all_of_it(
    shop: House, reader: Reader
) -> None:
    page = _send(reader, reader.begin(), "restriction", "explanation")
    assert (page.status, reader.path) == (200, "/portal/several")
    assert "Please look" not in page.text
    empty = reader.send(page, "/several")
    assert empty.status == 422

    page = reader.send(page, "/several", who__email="eve@example.com")

    made = _requests(shop)
    assert reader.path.startswith("/portal/several/")
    reader.send(page, "/proof", code=shop.code(made[Kind.RESTRICTION].id))
    for one in made.values():
        assert reader.get(f"/portal/requests/{one.id}").status == 200
    assert {one.state for one in _requests(shop).values()} == {State.IN_PROGRESS}
    other = Reader(shop)
    other.begin()
    assert other.get(f"/portal/several/{made[Kind.RESTRICTION].bundle_id}").status == 404


@pytest.mark.requirement("R-23-7:bad")
def test_what_contradicts_itself_is_taken_in_and_asked_about_once(
    shop: House, reader: Reader
) -> None:
    page = _send(reader, reader.enter(ALICE), "correction", "deletion")

    made = _requests(shop)
    erasure = made[Kind.DELETION]
    assert "contradict each other" in page.text
    assert page.links.count(f"/portal/requests/{erasure.id}") == 2, "in the list, and to say which"
    assert "prevails" in erasure.needs


def test_one_alone_is_asked_for_on_its_own_form_and_none_is_said(
    shop: House, reader: Reader
) -> None:
    home = reader.enter(ALICE)

    _send(reader, home, "portability")
    alone = reader.path
    none = _send(reader, home)
    unknown = _send(reader, home, "nonsense")

    assert alone == "/portal/ask/portability"
    assert (none.status, unknown.status) == (422, 422)
    assert "Please tick" in none.text
    assert _requests(shop) == {}


def test_sent_twice_it_is_one_bundle(shop: House, reader: Reader) -> None:
    home = reader.enter(ALICE)

    for _ in range(3):
        _send(reader, home, "copy", "restriction")
        paths = reader.path

    with shop.reading() as session:
        (bundle,) = session.exec(select(Bundle)).all()
        assert len(session.exec(select(Request)).all()) == 2
    assert paths == f"/portal/several/{bundle.id}"


def test_what_is_open_already_is_shown_and_not_made_again(shop: House, reader: Reader) -> None:
    _send(reader, reader.enter(ALICE), "copy", "restriction")

    page = _send(reader, reader.get("/portal/"), "copy", "restriction")

    assert page.status == 200
    assert reader.path.startswith("/portal/requests/")
    assert len(_requests(shop)) == 2


def test_a_form_of_another_page_is_refused(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)

    page = reader.post("/portal/several", {"kind": ["copy", "restriction"], "key": "x"})

    assert page.status == 403
    assert _requests(shop) == {}
