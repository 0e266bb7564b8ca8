"""Somebody asks for somebody else: what they say, what is missing, who is written to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.services import reaching, subjects
from rights.store.models import Notice, RepresentativeContact, Request
from tests.web.house import ALICE, BOB, House

AGENT = {
    "role": "agent",
    "relation": "lawyer",
    "contact": {"email": "lawyer@firm.example"},
    "name": "Li Na",
    "matters": ["access", "copy"],
    "scope": "submit",
    "until": "2999-12-31",
    "signed": True,
}
RELATIVE = {
    "role": "close_relative",
    "relation": "child",
    "contact": {"email": "son@example.com"},
    "interest": "I settle my mother's estate.",
}


def without(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}


def refused(house: House, requester: Any, kind: str = "copy", **more: Any) -> dict[str, Any]:
    made = house.post(
        "/v1/requests", {"kind": kind, "subject": ALICE, "requester": requester, **more}
    )
    assert made.status_code == 422, made.json
    return {one["field"]: one for one in made.json["errors"]}


def test_who_asks_for_somebody_is_written_beside_the_request(house: House) -> None:
    made = house.submit("copy", requester=AGENT)

    assert (made["requester_role"], made["delivers_to"]) == ("agent", "subject")
    assert (made["state"], made["wait"], made["needs"]) == ("verifying", "needs_info", ["evidence"])
    shown = house.get(f"/v1/requests/{made['id']}/representation").json
    assert (shown["role"], shown["relation"], shown["method"]) == ("agent", "lawyer", "")
    assert "Li Na" not in str(shown)


def test_a_representatives_contact_is_no_identifier_of_the_subject(house: House) -> None:
    made = house.submit("copy", subject={"user_id": "u-1"}, requester=AGENT)

    with house.reading() as session:
        rows = subjects.identifier_rows(session, made["id"])
        contacts = reaching.representatives(session, made["id"])
    assert [row.type for row in rows] == ["user_id"]
    assert [row.type for row in contacts] == ["email"]
    assert b"lawyer@firm.example" not in contacts[0].sealed


def test_the_code_goes_to_the_representative_and_the_principal_is_told(house: House) -> None:
    made = house.submit("copy", requester=AGENT)

    with house.reading() as session:
        notices = {n.event: n.identifier_id for n in session.exec(select(Notice))}
        contact = session.exec(select(RepresentativeContact)).one()
        principal = {r.id for r in subjects.identifier_rows(session, made["id"])}
    assert notices["received"] == contact.id
    assert notices["represented"] in principal
    sent = house.post(f"/v1/requests/{made['id']}/verification", {})
    assert sent.status_code == 429  # the first code is a moment old


def test_a_code_alone_lets_nobody_act_for_somebody(house: House) -> None:
    made = house.submit("copy", requester=AGENT)

    answered = house.post(
        f"/v1/requests/{made['id']}/verification/answer", {"code": house.code(made["id"])}
    )

    assert answered.status_code == 200
    assert (answered.json["state"], answered.json["level"]) == ("verifying", 0)


@pytest.mark.requirement("R-CC165-1")
def test_a_power_of_attorney_for_access_does_not_delete(house: House) -> None:
    made = house.submit("deletion", requester={**AGENT, "matters": ["access"]})

    assert made["wait"] == "needs_info"
    assert "poa_matter" in made["needs"]
    assert made["next_step"]["code"] == "information"


@pytest.mark.requirement("R-CC165-1:bad")
@pytest.mark.parametrize(
    ("wrong", "gap"),
    [
        ({"until": "2020-01-01"}, "poa_expired"),
        ({"matters": ["portability"]}, "poa_matter"),
        ({"signed": False}, "poa_signed"),
        ({"name": None}, "poa_name"),
        ({"matters": None}, "poa_matters"),
        ({"scope": None}, "poa_scope"),
        ({"until": None}, "poa_until"),
    ],
)
def test_what_a_power_of_attorney_lacks_is_asked_for_by_name(
    house: House, wrong: dict[str, Any], gap: str
) -> None:
    given = {**AGENT, **{name: value for name, value in wrong.items() if value is not None}}
    given = without(given, *(name for name, value in wrong.items() if value is None))

    made = house.submit("copy", requester=given)

    assert (made["state"], made["wait"]) == ("verifying", "needs_info")
    assert made["needs"] == [gap, "evidence"]


def test_what_was_missing_can_be_added_and_is_not_asked_for_again(house: House) -> None:
    made = house.submit("copy", requester=without(AGENT, "scope", "until"))

    added = house.post(
        f"/v1/requests/{made['id']}/representation", {"scope": "receive", "until": "2999-01-01"}
    )

    assert added.json["missing"] == ["evidence"]
    read = house.get(f"/v1/requests/{made['id']}").json
    assert (read["delivers_to"], read["needs"]) == ("representative", ["evidence"])


@pytest.mark.requirement("R-P49-1:bad")
@pytest.mark.parametrize("relation", ["friend", "cousin"])
def test_only_close_relatives_are_close_relatives(house: House, relation: str) -> None:
    found = refused(house, {**RELATIVE, "relation": relation})

    wrong = found["requester.relation"]
    assert set(wrong["allowed"]) == {
        "spouse", "parent", "child", "sibling", "grandparent", "grandchild",
    }  # fmt: skip
    assert "close_relative" in wrong["message"]


@pytest.mark.parametrize("wrong", ["Li\u009bNa", "Li\u0000Na", "n" * 201])
def test_a_name_that_cannot_be_shown_is_refused_by_field(house: House, wrong: str) -> None:
    found = refused(house, {**RELATIVE, "name": wrong})

    assert list(found) == ["requester.name"]


@pytest.mark.requirement("R-P49-1:bad")
def test_without_an_interest_of_their_own_relatives_are_asked_for_it(house: House) -> None:
    made = house.submit("copy", requester=without(RELATIVE, "interest"))

    assert (made["wait"], made["needs"]) == ("needs_info", ["interest", "evidence"])


@pytest.mark.requirement("R-CC28-1:bad")
def test_the_guardian_of_an_adult_is_asked_for_what_shows_it(house: House) -> None:
    guardian = {
        "role": "guardian_adult",
        "relation": "spouse",
        "contact": {"email": "spouse@example.com"},
        "matters": ["copy"],
        "until": "2999-12-31",
    }

    made = house.submit("copy", requester=guardian)

    assert (made["wait"], made["needs"]) == ("needs_info", ["evidence"])
    assert made["delivers_to"] == "representative"


_GUARDIANS = {
    "guardian": "parent",
    "guardian_adult": "spouse",
    "agent": "lawyer",
    "close_relative": "parent",
}


@pytest.mark.requirement("R-CC28-1")
@pytest.mark.parametrize("role", _GUARDIANS)
def test_each_role_shows_documents_and_the_same_bounds_bind_agents_and_guardians_of_adults(
    house: House, role: str
) -> None:
    bare = {"role": role, "relation": _GUARDIANS[role], "contact": {"email": "r@example.com"}}

    needs = house.submit("copy", requester=bare)["needs"]

    assert "evidence" in needs
    bounded = {"poa_matters", "poa_until"} <= set(needs)
    assert bounded == (role in ("agent", "guardian_adult"))
    assert ("interest" in needs) == (role == "close_relative")


def test_who_acts_for_somebody_has_to_be_reachable(house: House) -> None:
    found = refused(house, {**AGENT, "contact": {"phone": "+8613800138000"}})

    assert "e-mail" in found["requester.contact"]["message"]
    assert "requester.contact.nothing" in refused(house, {**AGENT, "contact": {"nothing": "x"}})


def test_two_agents_ask_apart_and_so_does_the_principal(house: House) -> None:
    first = house.submit("copy", requester=AGENT)
    again = house.submit("copy", requester={**AGENT, "contact": {"email": "other@firm.example"}})
    own = house.submit("copy")

    assert len({first["id"], again["id"], own["id"]}) == 3


def test_a_switch_is_turned_off_for_somebody_without_any_proof(house: House) -> None:
    made = house.submit("recommendation_opt_out", requester=AGENT)

    assert (made["state"], made["needs"]) == ("in_progress", [])


def test_a_principal_at_the_second_level_delegates_and_no_document_is_needed(house: House) -> None:
    made = house.submit("copy", requester={**AGENT, "signed": False})
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification/answer", {"code": house.code(made["id"])})

    def word(subject: Any, acr: str) -> dict[str, str]:
        return {"assertion": house.partner.assertion(subject, house.clock.now(), acr)}

    assert house.post(f"{path}/delegation", {}).status_code == 401
    assert house.post(f"{path}/delegation", word(ALICE, "session")).status_code == 401
    assert house.post(f"{path}/delegation", word(BOB, "mfa")).status_code == 404
    done = house.post(f"{path}/delegation", word(ALICE, "mfa"))

    assert done.status_code == 200, done.json
    assert (done.json["state"], done.json["level"], done.json["needs"]) == ("in_progress", 3, [])
    shown = house.get(f"{path}/representation").json
    assert shown["method"] == "delegated"


def _word(house: House, subject: Any = ALICE) -> dict[str, str]:
    return {"assertion": house.partner.assertion(subject, house.clock.now(), "mfa")}


@pytest.mark.requirement("R-ID-3:bad")
def test_a_delegation_shows_only_what_is_the_principals_own(house: House) -> None:
    mixed = {"user_id": ALICE["user_id"], "email": "victim@example.com"}
    made = house.submit("copy", subject=mixed, requester=AGENT)
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification/answer", {"code": house.code(made["id"])})

    done = house.post(f"{path}/delegation", _word(house, {"user_id": ALICE["user_id"]}))

    assert done.status_code == 200, done.json
    with house.reading() as session:
        proofs = {r.type: r.proof for r in subjects.identifier_rows(session, made["id"])}
    assert proofs == {"user_id": "review", "email": ""}


def test_what_does_not_say_how_far_it_goes_is_not_delegated(house: House) -> None:
    made = house.submit("copy", requester=without(AGENT, "scope"))
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification/answer", {"code": house.code(made["id"])})

    refused = house.post(f"{path}/delegation", _word(house))

    assert (refused.status_code, refused.json["code"]) == (409, "authority_lacks")
    assert "poa_scope" in refused.json["detail"]
    assert house.get(f"{path}/representation").json["method"] == ""


def test_an_assertion_about_the_principal_is_not_the_agents_proof(house: House) -> None:
    made = house.submit("copy", requester=AGENT)
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")

    answered = house.post(f"/v1/requests/{made['id']}/verification/answer", {"assertion": word})

    assert answered.status_code == 404


def test_an_assertion_beside_a_requester_vouches_for_the_requester_only(house: House) -> None:
    word = house.partner.assertion(BOB, house.clock.now(), "mfa")

    made = house.submit("copy", requester=without(AGENT, "contact"), assertion=word)

    assert (made["state"], made["level"]) == ("verifying", 0)
    with house.reading() as session:
        contacts = {r.type: r.proof for r in reaching.representatives(session, made["id"])}
        request = session.get_one(Request, made["id"])
        blinds = subjects.subjects_of(house.context.vault, house.context.datamap, ALICE)
    assert contacts == {"user_id": "assertion", "email": "assertion"}
    assert request.subject in blinds


def test_who_the_copy_goes_to_proves_it_and_nobody_else_does(house: House) -> None:
    """An agent without leave to receive cannot download; the principal can."""
    made = house.submit("copy", requester=AGENT)
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification/answer", {"code": house.code(made["id"])})
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    house.post(f"{path}/delegation", {"assertion": word})
    package = house.package(made["id"], b"PK")
    grants = f"{path}/packages/{package}/grants"

    house.clock.forward(minutes=2)
    asked = house.post(f"{path}/verification", {"purpose": "grant"})
    code = house.code(made["id"], "grant")
    alone = house.post(grants, {"code": code})
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    principal = house.post(grants, {"assertion": word})

    assert asked.status_code == 202
    assert (alone.status_code, alone.json["code"]) == (401, "level_too_low")
    assert principal.status_code == 201, principal.json


def test_with_leave_to_receive_the_agents_code_opens_the_copy(house: House) -> None:
    made = house.submit("copy", requester={**AGENT, "scope": "receive"})
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification/answer", {"code": house.code(made["id"])})
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    house.post(f"{path}/delegation", {"assertion": word})
    package = house.package(made["id"], b"PK")
    grants = f"{path}/packages/{package}/grants"

    house.clock.forward(minutes=2)
    house.post(f"{path}/verification", {"purpose": "grant"})
    code = house.code(made["id"], "grant")
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")

    assert house.post(grants, {"assertion": word}).status_code == 404
    assert house.post(grants, {"code": code}).status_code == 201
