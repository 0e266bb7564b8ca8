"""A child asks, a guardian answers on a page; and what somebody arranges for after their death."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import arrangements, requests
from rights.store.models import Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_acting import ask, attach
from tests.web.verifying import PDF, accepted


def _child_asks(shop: House, reader: Reader) -> tuple[Page, str]:
    reader.enter({"user_id": "u-12", "email": "kid@example.com"}, "mfa")
    page = ask(
        reader,
        "deletion",
        acting__role="child",
        acting__relation="guardian.parent",
        guardian__email="mum@example.com",
    )
    with shop.reading() as session:
        made = session.exec(select(Request)).one()
    return page, made.id


def _held(shop: House, request_id: str) -> None:
    with shop.writing() as session:
        request = requests.locked(session, request_id)
        request.wait = Wait.GUARDIAN
        requests.record(session, request, Event.HELD, actor="system", now=shop.clock.now())
        request.wait = Wait.GUARDIAN


@pytest.mark.requirement("R-P31-1")
def test_a_child_asks_and_a_guardian_answers_on_a_page(shop: House, reader: Reader) -> None:
    page, request_id = _child_asks(shop, reader)
    assert "We have asked the guardian by e-mail." in page.text
    _held(shop, request_id)
    mother = Reader(shop)
    mother.begin()
    form = mother.get("/portal/guardian")

    wrong = mother.send(form, "/guardian", reference=request_id, code="000000")
    nobody = mother.send(form, "/guardian", reference="0" * 32, code="000000")
    assert wrong.status == nobody.status == 401
    page = mother.send(
        form, "/guardian", reference=request_id, code=shop.code(request_id, "guardian")
    )
    assert "Do you agree that the rest is done?" in page.text
    page = mother.send(page, "/guardian/answer", answer="yes")
    assert "please show it with a document as well" in page.text
    page = attach(mother, page, (PDF, "birth.pdf"))
    assert accepted(shop, request_id) == State.IN_PROGRESS


def test_a_guardian_who_says_no_ends_it(shop: House, reader: Reader) -> None:
    _, request_id = _child_asks(shop, reader)
    mother = Reader(shop)
    mother.begin()
    code = shop.code(request_id, "guardian")
    page = mother.send(mother.get("/portal/guardian"), "/guardian", reference=request_id, code=code)

    mother.send(page, "/guardian/answer", answer="no")

    with shop.reading() as session:
        assert session.get_one(Request, request_id).state is State.REVOKED


def test_a_child_answers_nothing_for_its_guardian(shop: House, reader: Reader) -> None:
    page, request_id = _child_asks(shop, reader)
    key = page.forms[0].holding()["key"]

    said = reader.post(
        f"/portal/requests/{request_id}/guardian/answer", {"key": key, "answer": "yes"}
    )

    assert said.status == 404


def test_a_child_whose_product_says_its_age_is_asked_for_a_guardian(
    shop: House, reader: Reader
) -> None:
    word = shop.partner.assertion(
        {"user_id": "u-12", "email": "kid@example.com"}, shop.clock.now(), "mfa",
        age_band="under_14",
    )  # fmt: skip
    token = shop.post("/v1/portal-tokens", {"assertion": word}).json["token"]
    reader.post("/portal/enter", {"token": token}, origin="https://shop.example")
    page = ask(reader, "deletion")
    assert "Before we give data out or delete it we ask a guardian" in page.text

    given = {"guardian__email": "mum@example.com", "acting__relation": "guardian.parent"}
    page = reader.send(page, "/guardian", **given)

    assert "We have asked the guardian by e-mail." in page.text


@pytest.mark.requirement("R-P49-2")
def test_somebody_arranges_what_relatives_may_not_have(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, "mfa")
    page = reader.get("/portal/arrangement")
    assert "You have arranged nothing" in page.text

    page = reader.send(page, "/arrangement", deny__copy__child="1", deny__access__child="1")

    assert "Version 1" in page.text
    with shop.reading() as session:
        blinds = arrangements.blinds_of(shop.context, ALICE)
        row = arrangements.latest(session, blinds)
    assert row is not None
    assert (row.rules["copy"]["child"], row.rules["copy"]["spouse"]) == ("deny", "allow")


def test_a_weak_session_arranges_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, "session")
    page = reader.get("/portal/arrangement")
    assert "after signing in with two factors" in page.text
    key = page.forms[0].holding().get("key") or reader.get("/portal/find").forms[0].holding()["key"]

    assert reader.post("/portal/arrangement", {"key": key}).status == 403
    nobody = Reader(shop)
    nobody.begin()
    assert nobody.get("/portal/arrangement").status == 404
