"""Children who ask for themselves, guardians who say yes, and guardians who ask."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Invalid
from rights.domain.lifecycle import Event, State, Wait
from rights.services import reaching, requests
from rights.services.denials import Said
from rights.store.models import Consent, Notice, Request
from tests.denying import denied
from tests.web.house import BOB, House
from tests.web.verifying import GUARDIAN, accepted, reached, staff, upload

CHILD = {"user_id": "u-12", "email": "kid@example.com"}
MOTHER = {"user_id": "u-40", "email": "mum@example.com"}
FATHER = {"user_id": "u-41", "email": "dad@example.com"}
LINK = {"guardian": {"relation": "parent", "subject": MOTHER}, "age_band": "under_14"}


def child_asks(house: House, kind: str = "copy", acr: str = "mfa", **claims: Any) -> dict[str, Any]:
    word = house.partner.assertion(CHILD, house.clock.now(), acr, **{**LINK, **claims})
    made = house.post("/v1/requests", {"kind": kind, "assertion": word, **_more(kind)})
    assert made.status_code == 201, made.json
    document: dict[str, Any] = made.json
    return document


def _more(kind: str) -> dict[str, Any]:
    return {"parameters": {"purposes": ["newsletter"]}} if kind == "consent_withdrawal" else {}


def for_child(
    house: House, guardian: Any = MOTHER, child: Any = CHILD, acr: str = "mfa", **more: Any
) -> str:
    """Return a product's word that *guardian*, who is logged in, is the guardian of *child*."""
    linked = {"role": "guardian", "relation": "parent", "subject": child, **more}
    return house.partner.assertion(
        guardian, house.clock.now(), acr, represents=linked, age_band="under_14"
    )


def held_for_guardian(house: House, request_id: str) -> None:
    """Hold a request as a worker does that finds it waits for a guardian."""
    with house.writing() as session:
        request = requests.locked(session, request_id)
        request.wait = Wait.GUARDIAN
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())
        request.wait = Wait.GUARDIAN


def events(house: House, request_id: str) -> list[str]:
    with house.reading() as session:
        return [
            n.event for n in session.exec(select(Notice).where(Notice.request_id == request_id))
        ]


@pytest.mark.requirement("R-P31-1")
def test_a_childs_withdrawal_counts_at_once(house: House) -> None:
    made = child_asks(house, "consent_withdrawal")

    with house.reading() as session:
        lines = session.exec(select(Consent)).all()
        request = session.get_one(Request, made["id"])
    assert [line.state for line in lines] == ["withdrawn"]
    assert request.state is State.IN_PROGRESS
    assert made["needs"] == []


@pytest.mark.parametrize("kind", ["restriction", "recommendation_opt_out", "consent_withdrawal"])
def test_what_protects_a_child_asks_no_guardian(house: House, kind: str) -> None:
    assert "guardian_asked" not in events(house, child_asks(house, kind)["id"])


@pytest.mark.parametrize("kind", ["copy", "deletion", "account_cancellation", "correction"])
def test_the_guardian_is_asked_with_a_code_for_what_gives_data_out_or_cannot_be_undone(
    house: House, kind: str
) -> None:
    made = child_asks(house, kind)

    assert events(house, made["id"]).count("guardian_asked") == 1
    assert made["delivers_to"] == "representative"


def test_a_guardian_who_is_linked_says_yes_with_the_code(house: House) -> None:
    made = child_asks(house)
    held_for_guardian(house, made["id"])
    assert house.get(f"/v1/requests/{made['id']}").json["next_step"]["code"] == "guardian"
    path = f"/v1/requests/{made['id']}/guardian/answer"

    wrong = house.post(path, {"confirmed": True, "code": "000"})
    right = house.post(path, {"confirmed": True, "code": house.code(made["id"], "guardian")})

    assert wrong.status_code == 401
    assert (right.status_code, right.json["state"]) == (200, "in_progress")
    again = house.post(path, {"confirmed": True, "code": "1"})
    assert (again.status_code, again.json["code"]) == (409, "no_guardian_needed")


def test_a_childs_own_code_is_not_its_guardians(house: House) -> None:
    made = child_asks(house)
    house.clock.forward(minutes=2)
    house.post(f"/v1/requests/{made['id']}/verification", {"purpose": "grant"})
    with house.reading() as session:
        contacts = [c.id for c in reaching.representatives(session, made["id"])]
        sent = session.exec(select(Notice).where(Notice.event == "code")).one()

    assert sent.identifier_id in contacts  # a code for the copy goes to the guardian, not the child


def test_a_guardians_no_ends_it(house: House) -> None:
    made = child_asks(house, "deletion")
    held_for_guardian(house, made["id"])

    said = house.post(
        f"/v1/requests/{made['id']}/guardian/answer",
        {"confirmed": False, "code": house.code(made["id"], "guardian")},
    )

    assert (said.json["state"], said.json["reason"]) == ("revoked", "guardian_declined")


def test_a_guardian_can_say_yes_with_the_products_word_and_another_parent_cannot(
    house: House,
) -> None:
    made = child_asks(house)
    held_for_guardian(house, made["id"])
    path = f"/v1/requests/{made['id']}/guardian/answer"

    other = house.post(path, {"confirmed": True, "assertion": for_child(house, FATHER)})
    wrong = house.post(path, {"confirmed": True, "assertion": for_child(house, child=BOB)})
    right = house.post(path, {"confirmed": True, "assertion": for_child(house)})

    assert (other.status_code, wrong.status_code, right.status_code) == (404, 404, 200)
    assert right.json["state"] == "in_progress"


def test_a_guardian_whom_only_the_child_names_shows_documents_too(house: House) -> None:
    word = house.partner.assertion(CHILD, house.clock.now(), "mfa", age_band="under_14")
    guardian = {"relation": "parent", "contact": {"email": "mum@example.com"}}
    made = house.post(
        "/v1/requests", {"kind": "deletion", "assertion": word, "guardian": guardian}
    ).json
    held_for_guardian(house, made["id"])
    code = {"confirmed": True, "code": house.code(made["id"], "guardian")}

    said = house.post(f"/v1/requests/{made['id']}/guardian/answer", code)

    assert (said.json["state"], said.json["wait"]) == ("on_hold", "guardian")
    assert upload(house, made["id"]).status_code == 201
    assert accepted(house, made["id"]) == State.IN_PROGRESS


def test_a_child_that_names_nobody_is_asked_for_a_guardian(house: House) -> None:
    word = house.partner.assertion(CHILD, house.clock.now(), "mfa", age_band="under_14")
    made = house.post("/v1/requests", {"kind": "copy", "assertion": word}).json
    assert made["needs"] == ["guardian"]
    guardian = {"relation": "parent", "contact": {"email": "mum@example.com"}}

    named = house.post(f"/v1/requests/{made['id']}/guardian", guardian)

    assert (named.status_code, named.json["needs"]) == (200, [])
    assert "guardian_asked" in events(house, made["id"])
    assert house.post(f"/v1/requests/{made['id']}/guardian", guardian).status_code == 409


def test_a_guardian_can_be_sent_a_fresh_code(house: House) -> None:
    made = child_asks(house)
    path = f"/v1/requests/{made['id']}/guardian"

    assert house.post(f"{path}/code").status_code == 429
    house.clock.forward(minutes=2)
    assert house.post(f"{path}/code").status_code == 202
    assert house.post(f"/v1/requests/{house.submit()['id']}/guardian/code").status_code == 409


def test_only_a_minor_has_a_guardian(house: House) -> None:
    guardian = {"relation": "parent", "contact": {"email": "mum@example.com"}}

    made = house.post(
        "/v1/requests", {"kind": "copy", "subject": {"user_id": "u-1"}, "guardian": guardian}
    )

    assert made.status_code == 422
    assert made.json["errors"][0]["field"] == "subject_age_band"


@pytest.mark.requirement("R-P31-1")
def test_the_guardian_of_one_child_is_nobody_to_another(house: House) -> None:
    made = house.submit("copy", subject=BOB, requester=GUARDIAN, subject_age_band="under_14")

    answered = house.post(
        f"/v1/requests/{made['id']}/verification/answer", {"assertion": for_child(house)}
    )

    assert answered.status_code == 404
    assert house.get(f"/v1/requests/{made['id']}").json["state"] == "verifying"
    wrong = house.post(
        "/v1/requests", {"kind": "copy", "subject": BOB, "assertion": for_child(house)}
    )
    assert wrong.status_code == 422


def test_an_account_link_is_proof_of_guardianship(house: House) -> None:
    made = house.submit("copy", subject=CHILD, requester=GUARDIAN, subject_age_band="under_14")
    assert made["needs"] == ["evidence"]

    answered = house.post(
        f"/v1/requests/{made['id']}/verification/answer", {"assertion": for_child(house)}
    )

    assert answered.status_code == 200, answered.json
    assert (answered.json["state"], answered.json["needs"]) == ("in_progress", [])
    shown = house.get(f"/v1/requests/{made['id']}/representation").json
    assert shown["method"] == "attested"


def test_a_guardian_who_is_logged_in_asks_for_the_child(house: House) -> None:
    made = house.post("/v1/requests", {"kind": "copy", "assertion": for_child(house)}).json

    assert (made["requester_role"], made["subject_age_band"]) == ("guardian", "under_14")
    assert (made["state"], made["delivers_to"]) == ("in_progress", "representative")


@pytest.mark.parametrize(
    "claims",
    [
        {"represents": {"role": "agent", "relation": "lawyer", "subject": CHILD}},
        {"represents": {"role": "guardian", "relation": "friend", "subject": CHILD}},
        {"represents": {"role": "guardian", "relation": "parent", "subject": {}}},
        {"represents": "everybody"},
        {"guardian": {"relation": "parent"}},
        {"age_band": "young"},
    ],
)
def test_a_link_that_makes_no_sense_is_no_word_at_all(house: House, claims: Any) -> None:
    word = house.partner.assertion(MOTHER, house.clock.now(), "mfa", **claims)

    assert house.post("/v1/requests", {"kind": "copy", "assertion": word}).status_code == 401


@pytest.mark.requirement("R-M34-2")
def test_a_childs_copy_is_opened_by_its_guardian_and_by_nobody_else(house: House) -> None:
    made = house.post("/v1/requests", {"kind": "copy", "assertion": for_child(house)}).json
    package = house.package(made["id"], b"PK")
    grants = f"/v1/requests/{made['id']}/packages/{package}/grants"
    child = house.partner.assertion(CHILD, house.clock.now(), "mfa")

    def token(word: str) -> str:
        return str(house.post("/v1/portal-tokens", {"assertion": word}).json["token"])

    mother, father = token(for_child(house)), token(for_child(house, FATHER))
    kid = token(house.partner.assertion(CHILD, house.clock.now(), "mfa", age_band="under_14"))

    assert house.post(grants, {"assertion": child}).status_code == 404
    assert house.post(grants, {"assertion": for_child(house, FATHER)}).status_code == 404
    assert house.get(f"/v1/requests/{made['id']}", token=father).status_code == 404
    assert (
        house.post(grants, {"assertion": for_child(house, FATHER)}, token=father).status_code == 404
    )
    assert house.get(f"/v1/requests/{made['id']}", token=mother).status_code == 200
    assert house.post(grants, {"assertion": child}, token=kid).status_code == 404
    assert house.post(grants, {"assertion": for_child(house)}, token=mother).status_code == 201


@pytest.mark.requirement("R-M34-2:bad")
def test_a_childs_copy_is_not_sent_to_an_address_that_nobody_proved(house: House) -> None:
    word = house.partner.assertion(CHILD, house.clock.now(), "mfa", age_band="under_14")
    guardian = {"relation": "parent", "contact": {"email": "somebody@example.com"}}
    made = house.post(
        "/v1/requests", {"kind": "copy", "assertion": word, "guardian": guardian}
    ).json

    said = house.post(f"/v1/requests/{made['id']}/verification", {"purpose": "grant"})

    assert (said.status_code, said.json["code"]) == (409, "unverified_channel")


@pytest.mark.requirement("R-P31-1:bad")
def test_a_child_under_fourteen_agrees_to_nothing_alone(house: House) -> None:
    consent = {"subject": CHILD, "purpose": "newsletter", "rule_version": "1"}

    alone = house.post("/v1/consents", {**consent, "subject_age_band": "under_14"})
    guarded = house.post(
        "/v1/consents", {**consent, "subject_age_band": "under_14", "guardian": MOTHER}
    )

    assert alone.status_code == 422
    assert alone.json["errors"][0]["field"] == "guardian"
    assert (guarded.status_code, guarded.json["given_by"]) == (201, "guardian")


def _denied(house: House, request_id: str, channel: str) -> None:
    approver = staff(house, "approver")
    with house.writing() as session:
        request = requests.locked(session, request_id)
        request.level = 0  # else nobody is denied as unverified
        said, now = Said("identity_unverified", channel=channel), house.clock.now()
        denied(session, house.context, request, approver, said, now=now)


@pytest.mark.requirement("R-NEG-17", "R-NEG-17:bad", "R-M34-1:bad")
def test_nobody_refuses_a_minor_by_telephone(house: House) -> None:
    made = child_asks(house)
    before = house.get(f"/v1/requests/{made['id']}").json

    with pytest.raises(Invalid) as refused:
        _denied(house, made["id"], "phone")

    assert refused.value.errors[0].allowed == ("notice", "post")
    assert house.get(f"/v1/requests/{made['id']}").json == before


def test_the_written_denial_goes_to_the_minor_and_the_guardian(house: House) -> None:
    made = child_asks(house)

    _denied(house, made["id"], "post")

    with house.reading() as session:
        to = [
            n.identifier_id
            for n in session.exec(select(Notice).where(Notice.event == "outcome")).all()
        ]
    assert len(to) == 2  # the guardian, to whom results go, and the child by name
    letter = house.get(f"/v1/requests/{made['id']}/denial")
    assert letter.status_code == 200
    assert "attachment" in letter.headers["Content-Disposition"]
    text = letter.data.decode()
    assert made["id"] in text
    assert "身份" in text
    assert (
        house.get(f"/v1/requests/{child_asks(house, 'deletion')['id']}/denial").status_code == 404
    )


@pytest.mark.requirement("R-NEG-17:bad")
def test_under_the_law_for_minors_nobody_is_told_by_telephone(house: House) -> None:
    request_id = reached(house)
    with house.writing() as session:
        session.get_one(Request, request_id).regimes = ["cn_minor"]

    with pytest.raises(Invalid, match="denied in writing"):
        _denied(house, request_id, "phone")


def test_an_adult_may_be_told_by_telephone_as_well(house: House) -> None:
    request_id = reached(house)

    _denied(house, request_id, "phone")

    assert house.get(f"/v1/requests/{request_id}").json["state"] == "denied"


@pytest.mark.parametrize("linked", [True, False])
def test_a_child_whose_age_is_said_only_with_the_proof_waits_for_the_guardian_too(
    house: House, *, linked: bool
) -> None:
    made = house.submit("deletion", subject=CHILD)
    claims = LINK if linked else {"age_band": "under_14"}
    word = house.partner.assertion(CHILD, house.clock.now(), "mfa", **claims)

    said = house.post(f"/v1/requests/{made['id']}/verification/answer", {"assertion": word}).json

    assert (said["subject_age_band"], said["delivers_to"]) == ("under_14", "representative")
    assert said["needs"] == ([] if linked else ["guardian"])
    assert ("guardian_asked" in events(house, made["id"])) is linked


def test_a_switch_that_a_guardian_turns_off_is_written_down_as_theirs(house: House) -> None:
    made = house.post("/v1/portal-tokens", {"assertion": for_child(house)})

    done = house.post("/v1/preferences/off", {"name": "personalised"}, token=made.json["token"])

    assert done.status_code in (200, 202), done.json
    with house.reading() as session:
        request = session.get_one(Request, done.json["request"]["id"])
        contacts = {r.type for r in reaching.representatives(session, request.id)}
    assert (request.requester_role, request.age_band) == ("guardian", "under_14")
    assert contacts == {"user_id", "email"}


@pytest.mark.requirement("R-P31-1")
def test_a_child_turns_nothing_on_again_without_a_guardian(house: House) -> None:
    word = house.partner.assertion(CHILD, house.clock.now(), "session", age_band="under_14")
    wish = {
        "kind": "recommendation_opt_out",
        "option": "switch_on",
        "parameters": {"switches": ["personalised"]},
    }

    told = house.post("/v1/requests", {**wish, "assertion": word})

    assert (told.status_code, told.json["errors"][0]["field"]) == (422, "guardian")
