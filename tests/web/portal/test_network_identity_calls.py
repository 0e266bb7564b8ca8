"""The national network identity for a product that has pages of its own."""

from __future__ import annotations

from typing import Any

import pytest

from rights.domain.errors import Conflict
from rights.domain.lifecycle import State
from rights.services import purge, verification_plan
from rights.services.network_identity import visits
from rights.store.models import Request
from tests.day_entries import day_entries
from tests.web.house import Reply
from tests.web.portal.desk import visited
from tests.web.portal.reader import SHOP
from tests.web.portal.street import Street
from tests.web.portal.test_following import EVE, only

BACK = f"{SHOP}/privacy/back"
PATH = "/v1/requests/{}/network-identity"


def coded(street: Street, kind: str = "portability") -> str:
    made = street.house.submit(kind, {"email": EVE})
    give(street, made["id"], "code", {"code": street.house.code(made["id"])})
    return str(made["id"])


def give(street: Street, request_id: str, way: str, values: dict[str, str]) -> Reply:
    return street.house.post(f"/v1/requests/{request_id}/proofs", {"way": way, "values": values})


def begin(street: Street, request_id: str, back: str = BACK) -> Reply:
    return street.house.post(PATH.format(request_id), {"back": back})


def brought(there: str) -> dict[str, str]:
    """Go there as the person does; return what comes back to the product's page."""
    query = visited(there).partition("?")[2]
    return dict(part.split("=", 1) for part in query.split("&"))


def settled(street: Street, request_id: str, values: dict[str, str]) -> Any:
    given = give(street, request_id, "network_identity", values)
    assert given.status_code == 202, given.json
    street.work()
    return street.house.get(given.headers["Location"]).json


@pytest.mark.requirement("R-ID-4", "R-ID-1")
def test_a_product_sends_a_person_there_and_gives_what_comes_back(street: Street) -> None:
    request_id = coded(street)
    plan = street.house.get(f"/v1/requests/{request_id}/verification-plan").json
    way = next(one for one in plan["ways"] if one["way"] == "network_identity")
    assert (way["ready"], way["level"], way["beside"]) == (True, 3, "code")
    assert way["gives"] == ["state", "ticket"]

    begun = begin(street, request_id)
    assert begun.status_code == 201
    values = brought(begun.json["go"])

    assert values["state"] == begun.json["state"]
    found = settled(street, request_id, values)
    assert (found["enough"], found["level"], found["way"]) == (True, 3, "network_identity")
    assert only(street.house).state is State.IN_PROGRESS
    assert street.booth.visits[values["state"]]["back"] == BACK


def test_a_wrong_answer_is_told_as_not_enough_and_counted(street: Street) -> None:
    request_id = coded(street)
    street.booth.account = {"email": "bo@example.com"}

    found = settled(street, request_id, brought(begin(street, request_id).json["go"]))

    assert (found["enough"], found["level"]) == (False, 1)
    assert street.tries() == ["wrong"]


def test_a_state_is_good_once_and_for_its_request_alone(street: Street) -> None:
    first, second = coded(street), coded(street)
    values = brought(begin(street, first).json["go"])

    other = give(street, second, "network_identity", values)
    assert (other.status_code, other.json["code"]) == (401, "network_identity_over")
    assert settled(street, first, values)["enough"] is True
    again = give(street, first, "network_identity", values)
    assert again.status_code in (401, 409)


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/back",
        f"{SHOP}.evil.example/back",
        f"{SHOP}@evil.example/back",
        f"{SHOP}/back?next=https://evil.example",
        f"{SHOP}/back#here",
        "javascript:alert(1)",
    ],
)
def test_people_come_back_to_pages_of_the_product_alone(street: Street, back: str) -> None:
    refused = begin(street, coded(street), back)

    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "back")
    assert street.booth.asked == []


def test_a_bridge_that_is_down_is_said(street: Street) -> None:
    request_id = coded(street)
    street.booth.status["/visits"] = 500

    refused = begin(street, request_id)

    assert (refused.status_code, refused.json["code"]) == (503, "network_identity_unavailable")
    assert begin(street, request_id).status_code == 503
    ((_, told),) = day_entries(street.house.engine, "network_identity_unavailable")
    assert set(told) == {"backend", "code"}
    assert street.tries() == []


def test_before_a_code_and_without_a_bridge_nothing_is_begun(unset: Street) -> None:
    made = unset.house.submit("portability", {"email": EVE})
    refused = begin(unset, made["id"])
    assert (refused.status_code, refused.json["code"]) == (409, "way_not_open")

    unset.configure()
    refused = begin(unset, made["id"])
    assert (refused.status_code, refused.json["code"]) == (401, "level_too_low")
    assert unset.booth.asked == []


def test_what_is_no_ticket_is_said_by_field(street: Street) -> None:
    request_id = coded(street)
    values = {"state": begin(street, request_id).json["state"], "ticket": "会"}

    refused = give(street, request_id, "network_identity", values)

    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "values.ticket")


@pytest.mark.requirement("R-ID-4")
@pytest.mark.parametrize("reason", ["", "this case is special"])
def test_staff_cannot_ask_anybody_for_it(street: Street, reason: str) -> None:
    request_id = coded(street)

    with street.house.writing() as session, pytest.raises(Conflict, match="own choice"):
        request = session.get_one(Request, request_id)
        verification_plan.demand(
            session,
            street.house.context,
            request,
            "network_identity",
            staff="staff:1",
            reason=reason,
            now=street.house.clock.now(),
        )


def test_what_did_not_come_back_is_forgotten(street: Street) -> None:
    request_id, house = coded(street), street.house
    begin(street, request_id)
    house.clock.forward(minutes=9)
    begin(street, request_id)
    house.clock.forward(minutes=2)

    counts = purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())

    assert counts["network_identity_visits"] == 1


def test_no_more_than_so_many_are_under_way(street: Street) -> None:
    request_id = coded(street)
    for _ in range(visits.MOST):
        assert begin(street, request_id).status_code == 201

    refused = begin(street, request_id)

    assert (refused.status_code, refused.json["code"]) == (429, "too_many")
    street.house.clock.forward(minutes=11)
    assert begin(street, request_id).status_code == 201


EVES = {"user_id": "u-5", "email": EVE}


@pytest.mark.parametrize(
    ("account", "enough"),
    [
        (EVES, True),
        ({"user_id": "u-5"}, True),
        ({"user_id": "u-6"}, False),
        ({"user_id": "u-6", "email": EVE}, False),
        ({"user_id": "u-5", "email": "new@example.com"}, False),
    ],
)
def test_beside_a_products_word_the_account_it_named_is_looked_at(
    street: Street,
    account: dict[str, str],
    enough: bool,  # noqa: FBT001 - named by pytest
) -> None:
    request_id = street.house.asserted("portability", EVES, "session")["id"]
    street.house.post(f"/v1/requests/{request_id}/verification", {"purpose": "request"})
    give(street, request_id, "code", {"code": street.house.code(request_id)})
    street.booth.account = account

    found = settled(street, request_id, brought(begin(street, request_id).json["go"]))

    assert found["enough"] is enough
    assert found["level"] == (3 if enough else 2)


def test_whose_session_was_taken_is_not_whoever_answers_at_another_address(
    street: Street,
) -> None:
    """A thief in somebody's session adds an address of their own, and goes there themselves."""
    word = street.house.partner.assertion({"user_id": "u-1"}, street.house.clock.now(), "session")
    body = {"kind": "portability", "assertion": word, "subject": {"email": EVE}}
    made = street.house.post("/v1/requests", body).json
    street.house.post(f"/v1/requests/{made['id']}/verification", {"purpose": "request"})
    give(street, made["id"], "code", {"code": street.house.code(made["id"])})

    refused = begin(street, made["id"])

    assert (refused.status_code, refused.json["code"]) == (401, "level_too_low")
    assert street.booth.asked == []
