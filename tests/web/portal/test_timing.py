"""A person sees why it takes longer, until when, and that the clock stands still."""

from __future__ import annotations

import pytest

from rights.services import requests, writings
from rights.store.models import ClockPause, ExtensionRow, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader
from tests.web.portal.test_following import ask, only


def _longer(house: House, request_id: str) -> None:
    """Have more time count for a request."""
    now = house.clock.now()
    with house.writing() as session:
        request = requests.locked(session, request_id)
        said = writings.keep(
            session, house.context.vault, request_id, writings.EXTENSION, "Eleven systems", now=now
        )
        session.add(
            ExtensionRow(
                request_id=request_id,
                reason="complexity",
                said_id=said.id,
                asked_by="staff:1",
                asked_at=now,
                notice_id="n",
                state="effective",
                first_due_at=request.promised_at,
                due_at=request.due_at,
                promised_at=request.promised_at,
            )
        )
        request.extension_reason, request.first_due_at = "complexity", request.promised_at


def _still(house: House, request_id: str) -> None:
    now = house.clock.now()
    with house.writing() as session:
        session.add(
            ClockPause(request_id=request_id, cause="identity", began_by="staff:1", began_at=now)
        )
        request: Request = requests.locked(session, request_id)
        request.pause_cause, request.paused_at = "identity", now


@pytest.mark.requirement("R-SLA-6")
def test_the_page_says_that_the_clock_stands_still_and_why(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    ask(reader, "deletion")
    request_id = only(shop).id
    _still(shop, request_id)
    shop.clock.forward(days=60)
    reader.enter(ALICE)

    page, home = reader.get(f"/portal/requests/{request_id}"), reader.get("/portal/")

    assert "the clock stands still" in page.text
    assert "waiting for you to prove who you are" in page.text
    assert "This is late" not in page.text
    assert "the clock stands still" in home.text


def test_the_page_says_why_it_takes_longer_and_what_staff_wrote_only_to_whom_it_is_for(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    request_id = only(shop).id
    _longer(shop, request_id)
    before = reader.get(f"/portal/requests/{request_id}")
    reader.send(page, "/proof", code=shop.code(request_id))
    after = reader.get(f"/portal/requests/{request_id}")

    assert "because your request is complex" in before.text
    assert "Eleven systems" in after.text
    other = Reader(shop)
    other.enter({"user_id": "u-9"})
    assert other.get(f"/portal/requests/{request_id}").status == 404


@pytest.mark.requirement("R-SLA-2:bad")
def test_a_stranger_does_not_say_when_the_request_arrived(shop: House, reader: Reader) -> None:
    reader.begin()
    form = reader.get("/portal/ask/access").form("/ask/access")
    said = {**form.holding(who__email="eve@example.com"), "received_at": "2020-01-01T00:00:00Z"}
    reader.post(form.action, said)

    found = only(shop)
    assert found.received_at == shop.clock.now()
    assert found.promised_at > shop.clock.now()
