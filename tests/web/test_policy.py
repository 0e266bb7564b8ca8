"""What a policy file states holds at every door: level, what is offered, and ways of proof."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from rights.services import audit, preferences
from rights.store.models import Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Form, Reader

House_ = Callable[..., House]


@pytest.fixture
def policed(furnished: House_, tmp_path: Path) -> House_:
    """Return a house with a policy of its own."""

    def make(**content: Any) -> House:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return furnished(policy=file)

    return make


def test_a_raised_level_is_asked_for_and_its_reason_kept_with_the_request(policed: House_) -> None:
    house = policed(levels={"access/summary": {"level": 2, "because": "account_takeovers"}})

    made = house.asserted("access", acr="session", option="summary")

    assert (made["state"], made["level"], made["level_needed"]) == ("verifying", 1, 2)
    with house.reading() as session:
        first = audit.entries(session, made["id"])[0]
    assert first.data["level_because"] == "account_takeovers"
    kinds = house.get("/v1/kinds").json["kinds"]
    levels = {o["option"]: o["level_needed"] for o in kinds[0]["options"]}
    assert (levels["summary"], levels["recipients"]) == (2, 1)


def test_a_question_to_the_stores_needs_the_level_of_what_it_gives_a_glance_of(
    policed: House_,
) -> None:
    house = policed(levels={"access/summary": {"level": 2, "because": "account_takeovers"}})
    reader = Reader(house)
    reader.enter(ALICE, "session", origin="")

    assert reader.send(reader.get("/portal/held"), "/held").status == 401
    reader.enter(ALICE, "mfa", origin="")
    assert reader.send(reader.get("/portal/held"), "/held").status == 200


def test_what_is_not_offered_is_nowhere_and_refused_by_name(policed: House_) -> None:
    house = policed(
        not_offered=["portability", "access/records", "recommendation_opt_out/push_off"]
    )
    reader = Reader(house)
    home = reader.enter(ALICE, "session", origin="", view="portability")

    kinds = {one["kind"]: one for one in house.get("/v1/kinds").json["kinds"]}
    assert "portability" not in kinds
    assert kinds["access"]["default_option"] == "summary"
    assert reader.path == "/portal/"
    assert "/portal/ask/portability" not in home.links
    assert reader.get("/portal/ask/portability").status == 404
    assert 'value="records"' not in reader.get("/portal/ask/access").html
    for wish in ({"kind": "portability"}, {"kind": "access", "option": "records"}):
        refused = house.post("/v1/requests", {**wish, "subject": ALICE})
        assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert house.submit("access")["option"] == "summary"
    bundle = {"requests": [{"kind": "copy"}, {"kind": "portability"}], "subject": ALICE}
    assert house.post("/v1/bundles", bundle).status_code == 422
    asked = {"name": "push", "subject": ALICE}
    assert house.post("/v1/preferences/off", asked).status_code == 422


def test_a_switch_that_may_not_go_on_again_has_no_button_and_no_door(policed: House_) -> None:
    house = policed(not_offered=["recommendation_opt_out/switch_on", "consent_withdrawal"])
    reader = Reader(house)
    reader.send(reader.enter(ALICE, "session", origin=""), "/switches/personalised/off")
    with house.writing() as session:
        made = session.exec(select(Request)).one()
        stores = ["recommender", "mailer"]
        preferences.confirmed(session, made.id, stores=stores, now=house.clock.now())

    home = reader.get("/portal/")
    key = home.forms[0].holding()["key"]

    assert not any(form.action.endswith("/on") for form in home.forms)
    assert reader.post("/portal/switches/personalised/on", {"key": key}).status == 422
    taken_back = reader.post("/portal/consents/withdraw", {"key": key, "purpose": "newsletter"})
    assert taken_back.status == 422


def test_where_assertions_are_not_taken_codes_are(policed: House_) -> None:
    house = policed(proof={"ways": ["code"]})
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")

    refused = house.post("/v1/requests", {"kind": "access", "assertion": word})
    made = house.submit("access", option="summary")
    proof = {"code": house.code(made["id"])}
    proved = house.post(f"/v1/requests/{made['id']}/verification/answer", proof)

    assert (refused.status_code, refused.json["code"]) == (401, "bad_assertion")
    assert proved.status_code == 200, proved.json
    assert proved.json["state"] == "in_progress"


@pytest.mark.parametrize(("language", "said"), [("en", "a debt"), ("zh-CN", "未结清款项")])
def test_who_cancels_reads_what_may_wait_and_one_message_and_is_taken_all_the_same(
    policed: House_, language: str, said: str
) -> None:
    message = {"zh-CN": "注销后积分将失效。", "en": "Your points end with <the> account."}
    house = policed(cancellation={"blockers": ["unpaid_debt"], "retention_message": message})
    reader = Reader(house, language)
    reader.enter(ALICE, "session", origin="")

    page = reader.get("/portal/ask/account_cancellation")
    other = reader.get("/portal/ask/deletion")
    after = reader.send(page, "/ask/account_cancellation")

    assert page.text.count(message[language]) == 1
    assert said in page.text
    assert message[language] not in other.text + after.text
    with house.reading() as session:
        assert session.exec(select(Request)).one().kind == "account_cancellation"


@pytest.mark.requirement("R-APP6-3")
def test_signing_in_again_takes_no_cancellation_back(house: House) -> None:
    made = house.asserted("account_cancellation", acr="session")
    reader = Reader(house)

    for _ in range(2):
        reader.enter(ALICE, "session", origin="")
        reader.get("/portal/")

    assert house.get(f"/v1/requests/{made['id']}").json["state"] == made["state"] == "verifying"


def _empty(form: Form) -> set[str]:
    return {name for name, value in form.fields if not value}


@pytest.mark.requirement("R-NEG-8")
def test_leaving_is_as_easy_to_click_as_staying(house: House) -> None:
    reader = Reader(house)
    reader.enter(ALICE, "session", origin="")
    for kind in ("account_cancellation", "consent_withdrawal", "recommendation_opt_out"):
        page = reader.get(f"/portal/ask/{kind}")

        form = page.form(f"/ask/{kind}")
        assert {name for name, _ in form.fields} <= {"key", "once", "option"} | _empty(form), kind
        given = re.findall(r"<[^>]*\s(?:checked|selected|required)\b", page.html)
        # But the one choice that turns all of it off.
        assert [t for t in given if 'name="option" value="personalised_off"' not in t] == [], kind
        (sends,) = re.findall(rf'<form[^>]*/ask/{kind}".*?</form>', page.html, re.DOTALL)
        assert re.findall(r"<button[^>]*>[^<]*", sends) == ["<button>Send"], "nobody is persuaded"
        assert re.findall(r'<a class="button" [^>]*>[^<]*', sends)[0].endswith(">Back"), "as easy"
        others = re.findall(r"<button ([^>]*)>", page.html.replace(sends, ""))
        assert set(others) <= {'class="plain"'}, "and nothing else stands out"
