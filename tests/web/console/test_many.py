"""What is shown or sent of many says that there are more, or is not sent at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from rights.services.console import listing, people
from rights.store.ids import new_id
from rights.store.models import Request
from tests.web.console.clerk import clerk
from tests.web.house import ALICE, House


def _of_one_person(house: House, count: int) -> str:
    """Return the request received first of *count* of one person."""
    first = str(house.asserted("access")["id"])
    with house.writing() as session:
        kept = session.get_one(Request, first)
        for number in range(1, count):
            same = kept.model_dump(exclude={"id", "received_at"})
            at = kept.received_at + timedelta(minutes=number)
            session.add(Request(id=new_id(), received_at=at, **same))
    return first


def test_a_person_with_more_requests_than_a_page_holds_is_told_in_full(house: House) -> None:
    rui, first = clerk(house, "rui", "reviewer"), _of_one_person(house, people.MOST + 3)

    found = rui.reader.send(rui.get("/find"), "/find", type="user_id", value=ALICE["user_id"])

    assert f"Requests found: {people.MOST + 3}" in found.text
    assert f"Shown are the {people.MOST} received last." in found.text
    links = {link.rpartition("/")[2] for link in found.links if "/console/requests/" in link}
    assert len(links) == people.MOST
    assert first not in links


def test_a_list_that_a_file_does_not_hold_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = clerk(house, "ana", "approver")
    _of_one_person(house, 4)
    monkeypatch.setattr(listing, "MOST_EXPORTED", 4)
    assert len(ana.get("/requests.csv?state=all").html.splitlines()) == 5
    monkeypatch.setattr(listing, "MOST_EXPORTED", 3)

    page = ana.get("/requests.csv?state=all")

    assert page.status == 422
    assert "A file holds 3 requests at most" in page.text
    with house.reading() as session:
        assert len(session.exec(select(Request.id)).all()) == 4
