"""What people arrange in their lifetime, and what it does when a relative asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import arrangements, requests, subjects
from rights.services.denials import Said
from rights.store.models import Notice, Request
from tests.denying import denied
from tests.web.house import ALICE, BOB, House, Reply
from tests.web.verifying import RELATIVE, accepted, reached, staff, upload

NOBODY = {"*": {"*": "deny"}}


def word(house: House, subject: Any = ALICE, acr: str = "mfa", **claims: Any) -> str:
    return house.partner.assertion(subject, house.clock.now(), acr, **claims)


def arrange(house: House, rules: Any, **said: Any) -> Reply:
    given = said or {"assertion": word(house)}
    return house.post("/v1/arrangements", {"rules": rules, **given})


def test_an_arrangement_is_written_down_version_by_version(house: House) -> None:
    first = arrange(house, NOBODY)
    second = arrange(house, {**NOBODY, "copy": {"spouse": "allow"}})

    assert (first.status_code, first.json["version"]) == (201, 1)
    assert second.json["version"] == 2
    read = house.post("/v1/arrangements/read", {"assertion": word(house)}).json
    assert read["rules"] == {**NOBODY, "copy": {"spouse": "allow"}}
    other = house.post("/v1/arrangements/read", {"assertion": word(house, BOB)}).json
    assert other == {"version": 0, "rules": {}, "at": None}


@pytest.mark.requirement("R-P49-2:bad")
def test_nobody_arranges_it_for_somebody_else(house: House) -> None:
    linked = {"role": "guardian", "relation": "parent", "subject": ALICE}

    assert arrange(house, NOBODY, subject=ALICE).status_code == 403
    assert arrange(house, NOBODY, assertion=word(house, ALICE, "session")).status_code == 403
    by_guardian = word(house, BOB, "mfa", represents=linked)
    assert arrange(house, NOBODY, assertion=by_guardian).status_code == 403
    read = house.post("/v1/arrangements/read", {"assertion": word(house)}).json
    assert read["version"] == 0


def test_a_person_arranges_it_with_a_portal_token(house: House) -> None:
    token = house.post("/v1/portal-tokens", {"assertion": word(house)}).json["token"]

    made = house.post("/v1/arrangements", {"rules": NOBODY}, token=token)

    assert made.status_code == 201
    assert house.post("/v1/arrangements/read", {}, token=token).json["version"] == 1
    assert house.post("/v1/arrangements/read", {}).status_code == 401


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"portability": {"*": "deny"}}, "rules.portability"),
        ({"copy": {"cousin": "deny"}}, "rules.copy.cousin"),
        ({"copy": {"child": "perhaps"}}, "rules.copy.child"),
    ],
)
def test_a_word_that_none_of_the_lists_has_is_named(house: House, rules: Any, path: str) -> None:
    made = arrange(house, rules)

    assert made.status_code == 422
    assert made.json["errors"][0]["field"] == path


@pytest.mark.parametrize(
    ("rules", "kind", "relation", "denied"),
    [
        ({}, Kind.COPY, "child", False),
        (NOBODY, Kind.COPY, "child", True),
        ({**NOBODY, "copy": {"child": "allow"}}, Kind.COPY, "child", False),
        ({**NOBODY, "copy": {"child": "allow"}}, Kind.COPY, "spouse", True),
        ({"copy": {"*": "deny"}}, Kind.DELETION, "child", False),
        ({"*": {"sibling": "deny"}}, Kind.ACCESS, "sibling", True),
        ({"copy": {"*": "allow"}, "*": {"child": "deny"}}, Kind.COPY, "child", False),
    ],
)
def test_what_is_said_most_exactly_counts(
    rules: Any, kind: Kind, relation: str, *, denied: bool
) -> None:
    assert arrangements.forbids(rules, kind, relation) is denied


@pytest.mark.requirement("R-P49-1", "R-P49-2")
def test_what_the_deceased_arranged_is_looked_at_first_and_ends_it(house: House) -> None:
    arrange(house, NOBODY)
    request_id = reached(house, subject={"email": ALICE["email"]})
    upload(house, request_id)

    state = accepted(house, request_id)

    assert state == State.DENIED
    shown = house.get(f"/v1/requests/{request_id}").json
    assert shown["denial"]["reason"] == "deceased_arrangement"
    ways = {one["code"] for one in shown["denial"]["remedies"]}
    assert "peoples_court" in ways


def test_what_the_deceased_allowed_goes_on(house: House) -> None:
    arrange(house, {**NOBODY, "copy": {"child": "allow"}})
    request_id = reached(house)
    upload(house, request_id)

    assert accepted(house, request_id) == State.IN_PROGRESS


def test_whether_there_is_an_arrangement_is_told_to_nobody_who_proved_nothing(
    house: House,
) -> None:
    before = house.submit("copy", requester=RELATIVE)
    arrange(house, NOBODY)
    after = house.submit("copy", requester=RELATIVE)

    said = [json.dumps(one).replace(one["id"], "ID") for one in (before, after)]
    assert said[0] == said[1]


@pytest.mark.requirement("R-P49-1")
def test_once_the_death_is_shown_the_account_is_put_out_of_use_and_its_address_told(
    house: House,
) -> None:
    request_id = reached(house)
    upload(house, request_id)

    with house.reading() as session:
        assert session.exec(select(Request).where(Request.kind == Kind.RESTRICTION)).all() == []
    accepted(house, request_id)

    with house.reading() as session:
        (made,) = session.exec(select(Request).where(Request.kind == Kind.RESTRICTION)).all()
        notices = session.exec(select(Notice).where(Notice.request_id == made.id)).all()
        own = {row.id for row in subjects.identifier_rows(session, made.id)}
    assert (made.state, made.follows) == (State.IN_PROGRESS, request_id)
    assert [n.event for n in notices] == ["received"]
    assert notices[0].identifier_id in own


def test_an_arrangement_is_no_reason_to_deny_the_person_themselves(house: House) -> None:
    request_id, approver = house.asserted("copy")["id"], staff(house, "approver")

    with pytest.raises(Invalid, match="close relatives"), house.writing() as session:
        request, said = requests.locked(session, request_id), Said(arrangements.REASON)
        denied(session, house.context, request, approver, said, now=house.clock.now())
