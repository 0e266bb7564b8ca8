"""Switching off: one action, at once, and it is shown where it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import preferences
from rights.store.models import Consent, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader
from tests.web.portal.test_weight import MAP


def _consent(house: House, purpose: str = "newsletter") -> None:
    body = {"subject": ALICE, "purpose": purpose, "rule_version": "v1"}
    assert house.post("/v1/consents", body).status_code == 201


@pytest.mark.requirement("R-42-1")
def test_a_switch_is_one_form_and_holds_at_once(shop: House, reader: Reader) -> None:
    home = reader.enter(ALICE)

    after = reader.send(home, "/switches/personalised/off")

    assert reader.path == "/portal/"
    assert "Off, and being carried out" in after.text
    assert not any(f.action.endswith("/personalised/off") for f in after.forms)
    with shop.reading() as session:
        request = session.exec(select(Request)).one()
        now = preferences.read(session, shop.context, ALICE, "personalised")
        preferences.confirmed(session, request.id, stores=["recommender"], now=shop.clock.now())
        session.commit()
    assert (request.kind, request.channel) == (Kind.RECOMMENDATION_OPT_OUT, "portal")
    assert (now.value, now.effective) == ("off", False)
    again = reader.get("/portal/")
    assert "Off" in again.text
    assert "being carried out" not in again.text


def test_on_again_is_one_action_of_the_person_and_off_until_it_is_done(
    shop: House, reader: Reader
) -> None:
    reader.send(reader.enter(ALICE), "/switches/personalised/off")
    with shop.writing() as session:
        off = session.exec(select(Request)).one()
        preferences.confirmed(
            session, off.id, stores=["recommender", "mailer"], now=shop.clock.now()
        )
    shop.clock.forward(days=30)
    home = reader.enter(ALICE)
    assert not any(f.action.endswith("/push/on") for f in home.forms), "it was never off"

    after = reader.send(home, "/switches/personalised/on")

    assert reader.path == "/portal/"
    assert "being switched on again" in after.text
    assert not any("/switches/personalised/" in f.action for f in after.forms)
    with shop.reading() as session:
        made = session.exec(select(Request).where(Request.channel == "portal")).all()[-1]
        now = preferences.read(session, shop.context, ALICE, "personalised")
    assert (made.option, made.parameters) == (Option.SWITCH_ON, {"switches": ["personalised"]})
    assert (made.state, now.value) == (State.IN_PROGRESS, "off")
    product = shop.post(
        "/v1/requests",
        {
            "kind": "recommendation_opt_out",
            "option": "switch_on",
            "parameters": {"switches": ["personalised"]},
            "subject": {"user_id": ALICE["user_id"]},
        },
    )
    assert product.json["state"] == "verifying", "the product alone cannot turn it on"


def test_whom_nobody_vouches_for_proves_it_first(shop: House, reader: Reader) -> None:
    home = reader.enter(ALICE, None)
    page = reader.send(home, "/switches/personalised/off")
    with shop.writing() as session:
        off = session.exec(select(Request)).one()
        preferences.confirmed(session, off.id, stores=["recommender"], now=shop.clock.now())
    shop.clock.forward(seconds=1)
    page = reader.send(reader.get("/portal/"), "/switches/personalised/on")

    assert reader.path.startswith("/portal/requests/")
    assert "code" in page.text
    with shop.reading() as session:
        assert preferences.read(session, shop.context, ALICE, "personalised").value == "off"
    assert reader.post(
        "/portal/switches/nonsense/on", {"key": page.forms[0].holding().get("key")}
    ).status in (403, 422)


@pytest.mark.requirement("R-42-1:bad")
def test_a_switch_that_is_none_is_refused(reader: Reader) -> None:
    home = reader.enter(ALICE)
    form = home.form("/switches/personalised/off")

    assert reader.post("/portal/switches/nonsense/off", form.holding()).status == 422


@pytest.mark.requirement("R-22-3")
def test_a_consent_is_taken_back_in_one_action_and_its_history_stays(
    shop: House, reader: Reader
) -> None:
    _consent(shop)
    page = reader.enter(ALICE, view="consents")
    assert "given on" in page.text

    page = reader.send(page, "/withdraw")

    assert reader.path == "/portal/consents"
    assert "taken back on" in page.text
    assert "given on" in page.text
    assert not any(f.action.endswith("/withdraw") for f in page.forms)
    with shop.reading() as session:
        lines = session.exec(select(Consent)).all()
        request = session.exec(select(Request).where(Request.kind == Kind.CONSENT_WITHDRAWAL)).one()
    assert [line.state for line in lines] == ["granted", "withdrawn"]
    assert request.parameters == {"purposes": ["newsletter"]}


@pytest.mark.requirement("R-22-3:bad")
def test_taking_back_what_was_never_given_or_is_unknown(shop: House, reader: Reader) -> None:
    _consent(shop)
    page = reader.enter(ALICE, view="consents")
    form = page.form("/withdraw")

    unknown = reader.post(form.action, form.holding(purpose="nonsense"))
    nothing = reader.post(form.action, {"key": form.holding()["key"]})
    once = reader.post(form.action, form.holding())
    twice = reader.post(form.action, form.holding())

    assert (unknown.status, nothing.status) == (422, 422)
    assert (once.status, twice.status) == (200, 200)


def test_keeping_out_of_training_is_one_action_and_products_can_ask(
    furnished: Callable[..., House],
) -> None:
    company = furnished(datamap=MAP)
    reader = Reader(company)
    name, asked = "purpose:training", {"name": "purpose:training", "subject": ALICE}
    home = reader.enter(ALICE, origin="")
    before = company.post("/v1/preferences/read", asked).json

    after = reader.send(home, f"/switches/{name}/off")

    now = company.post("/v1/preferences/read", asked).json
    assert "Use of your data to train models: Training our models" in after.text
    assert not any(f.action.endswith(f"/{name}/on") for f in after.forms), "no page asks for it"
    assert (before["value"], now["value"], now["pending"]) == ("on", "off", ["assistant"])
    with company.reading() as session:
        (line,) = session.exec(select(Consent)).all()
        kinds = {r.kind for r in session.exec(select(Request))}
    assert (line.purpose, line.state) == ("training", "withdrawn")
    assert Kind.CONSENT_WITHDRAWAL in kinds
    assert Kind.ACCOUNT_CANCELLATION not in kinds
    body = {"subject": ALICE, "purpose": "training", "rule_version": "v1"}
    assert company.post("/v1/consents", body).status_code == 401, "only the product says so"
    word = company.partner.assertion(ALICE, company.clock.now())
    assert company.post("/v1/consents", {**body, "assertion": word}).status_code == 201
    assert company.post("/v1/preferences/read", asked).json["value"] == "on"


def test_a_consent_is_never_given_by_a_switch(furnished: Callable[..., House]) -> None:
    company = furnished(datamap=MAP)
    reader = Reader(company)
    reader.send(reader.enter(ALICE, origin=""), "/switches/purpose:training/off")
    key = reader.get("/portal/").forms[0].holding()["key"]

    for name in ("training", "marketing"):
        assert reader.post(f"/portal/switches/purpose:{name}/on", {"key": key}).status == 422
    wish = {"kind": "recommendation_opt_out", "option": "switch_on", "subject": ALICE}
    named = {"parameters": {"switches": ["purpose:training"]}}
    assert company.post("/v1/requests", {**wish, **named}).status_code == 422
