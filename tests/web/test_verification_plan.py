"""Which ways of proof are open, and that no other is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict
from rights.services import audit, notes, verification_plan
from rights.store.models import Backend, Entry, Lookup, ProofDemand, Request
from tests.web.house import House, Reply
from tests.workflows.facts_shop import ANN, BORN, CARD, CITY, MAP, NUMBER

EVE = {"email": "eve@example.com"}
PHONE_ONLY = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers: {phone: {kind: contact, normalise: e164}}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: users
    identifies: {phone: phone}
    fields: [{name: phone, category: contact, disclose: true}]
"""


@pytest.fixture
def make(furnished: Callable[..., House], tmp_path: Path) -> Callable[[str], House]:
    def made(text: str) -> House:
        file = tmp_path / "map.yaml"
        file.write_text(text, encoding="utf-8")
        return furnished(datamap=file)

    return made


@pytest.fixture
def house(make: Callable[[str], House]) -> House:
    return make(MAP)


def plan(house: House, request_id: str) -> Any:
    reply = house.get(f"/v1/requests/{request_id}/verification-plan")
    assert reply.status_code == 200, reply.json
    return reply.json


def names(found: Any) -> list[str]:
    return [one["way"] for one in found["ways"]]


def give(house: House, request_id: str, way: str, values: dict[str, str]) -> Reply:
    return house.post(f"/v1/requests/{request_id}/proofs", {"way": way, "values": values})


def coded(house: House, kind: str = "copy") -> str:
    made = house.submit(kind, EVE)
    give(house, made["id"], "code", {"code": house.code(made["id"])})
    return str(made["id"])


@pytest.mark.requirement("R-ID-2", "R-NEG-5")
@pytest.mark.parametrize("photo", ["id_card_photo", "document"])
def test_whom_we_know_by_phone_alone_is_asked_for_a_code_alone(
    make: Callable[[str], House], photo: str
) -> None:
    house = make(PHONE_ONLY)
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).assertion_keys = []
    made = house.submit("deletion", {"phone": "+8613800138000"})

    assert names(plan(house, made["id"])) == ["code"]
    refused = give(house, made["id"], photo, {"photo": "/9j/4AAQ"})
    assert (refused.status_code, refused.json["code"]) == (409, "way_not_open")


@pytest.mark.requirement("R-ID-2", "R-NEG-5")
def test_where_a_real_name_is_held_name_and_number_are_matched_and_no_photo_is_taken(
    house: House,
) -> None:
    request_id = coded(house, "portability")
    house.looked_up({"filled": ["shop.users.name", "shop.users.id_number", BORN, CITY]})

    assert names(plan(house, request_id)) == ["assertion", "code", "known_facts", "real_name"]
    for photo in ("id_card_photo", "passport_photo", "handheld_id_photo", "document"):
        assert give(house, request_id, photo, {"photo": "x"}).status_code == 409


@pytest.mark.requirement("R-NEG-5:bad")
def test_a_photo_through_the_api_is_refused_and_on_record(house: House) -> None:
    request_id = coded(house)

    refused = give(house, request_id, "id_card_photo", {"photo": "data:image/jpeg;base64,AAAA"})

    assert (refused.status_code, refused.json["code"]) == (409, "way_not_open")
    with house.reading() as session:
        last = audit.entries(session, request_id)[-1]
        everything = str([e.data for e in session.exec(select(Entry))])
    assert (last.event, last.data) == (
        "proof_refused",
        {"way": "document", "reason": "not_in_plan"},
    )
    assert "base64" not in everything


def test_before_a_code_the_plan_depends_on_nobody(house: House) -> None:
    known, unknown = (house.submit("copy", {"email": f"{n}@example.com"}) for n in ("ann", "no"))

    first, second = plan(house, known["id"]), plan(house, unknown["id"])

    assert first == second
    assert first["held"] == "unasked"
    assert names(first) == ["assertion", "code", "known_facts"]
    assert [one["ready"] for one in first["ways"]] == [True, True, False]
    looked = house.post(f"/v1/requests/{known['id']}/verification-plan")
    assert (looked.status_code, looked.json["code"]) == (401, "level_too_low")


def test_after_the_code_it_lists_what_is_held_of_this_person(house: House) -> None:
    request_id = coded(house)
    assert plan(house, request_id)["held"] == "waiting"

    house.looked_up({"filled": [BORN, CITY]})

    found = plan(house, request_id)
    facts = found["ways"][-1]
    assert (found["held"], facts["way"], facts["ready"]) == ("known", "known_facts", True)
    assert facts["gives"] == [BORN, CITY]
    house.clock.forward(minutes=16)
    assert plan(house, request_id)["held"] == "forgotten"
    again = house.post(f"/v1/requests/{request_id}/verification-plan")
    assert (again.status_code, again.json["held"]) == (202, "waiting")
    house.looked_up({"filled": [BORN]})
    assert names(plan(house, request_id)) == ["assertion", "code"]


def test_what_could_not_be_looked_up_is_said_and_the_map_decides(house: House) -> None:
    request_id = coded(house)

    house.looked_up(None, "failed")

    found = plan(house, request_id)
    assert found["held"] == "failed"
    assert found["ways"][-1]["gives"] == [BORN, CITY, "shop.users.phone", NUMBER, CARD, _LETTERS]


_LETTERS = "mailer.letters.birthday"


def test_a_protective_request_asks_for_no_facts(house: House) -> None:
    request_id = house.submit("restriction", EVE)["id"]

    assert names(plan(house, request_id)) == ["assertion", "code"]
    assert give(house, request_id, "known_facts", ANN).json["code"] == "way_not_open"


def test_facts_are_answered_later_and_the_plan_says_what_they_are_worth(house: House) -> None:
    request_id = coded(house)
    house.looked_up({"filled": [BORN, CITY]})

    asked = give(house, request_id, "known_facts", ANN)

    assert (asked.status_code, asked.json["state"], asked.json["enough"]) == (202, "waiting", None)
    place = f"/v1/requests/{request_id}/proofs/{asked.json['id']}"
    assert asked.headers["Location"] == place
    assert house.get(place).status_code == 202
    house.looked_up({"enough": 0})
    answered = house.get(place)
    assert (answered.status_code, answered.json["enough"], answered.json["level"]) == (
        200,
        False,
        1,
    )
    with house.reading() as session:
        inputs = [r.sealed_input for r in session.exec(select(Lookup))]
    assert all(b"1990" not in sealed for sealed in inputs)
    house.clock.forward(minutes=16)
    assert house.get(place).json["code"] == "lookup_expired"


def test_facts_before_the_code_are_refused(house: House) -> None:
    made = house.submit("copy", EVE)

    refused = give(house, made["id"], "known_facts", ANN)

    assert (refused.status_code, refused.json["code"]) == (401, "level_too_low")
    with house.reading() as session:
        assert session.exec(select(Lookup)).all() == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({BORN: "1990-02-01"}, "values"),
        ({BORN: "1990-02-01", CITY: ""}, "values"),
        ({BORN: "1990-02-01", _LETTERS: "1990年2月1日"}, "values"),
        ({BORN: "1990-02-01", CITY: "\u200b"}, f"values.{CITY}"),
        ({BORN: "1990-02-01", CITY: "\u202e\u202d"}, f"values.{CITY}"),
        ({BORN: "1990-02-01", CITY: "上"}, f"values.{CITY}"),
        ({BORN: "1990-02-01", CITY: "x" * 201}, f"values.{CITY}"),
        ({BORN: "01/02/1990", CITY: "上海"}, f"values.{BORN}"),
        ({BORN: "yesterday", CITY: "上海"}, f"values.{BORN}"),
        ({CARD: "12", CITY: "上海"}, f"values.{CARD}"),
        ({"shop.users.email": "a@b.example", CITY: "上海"}, "values.shop.users.email"),
    ],
)
def test_what_cannot_be_compared_costs_no_try(
    house: House, values: dict[str, str], field: str
) -> None:
    request_id = coded(house)

    for _ in range(4):
        refused = give(house, request_id, "known_facts", values)
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json["errors"]] == [field]


def test_ten_thousand_characters_are_refused_at_the_door(house: House) -> None:
    reply = give(house, coded(house), "known_facts", {BORN: "1990-02-01", CITY: "海" * 10_000})

    assert reply.status_code == 422


def test_the_fourth_try_of_a_day_is_told_when_to_come_back(house: House) -> None:
    request_id = coded(house)
    house.looked_up({"filled": [BORN, CITY]})
    for _ in range(3):
        assert give(house, request_id, "known_facts", ANN).status_code == 202

    reply = give(house, request_id, "known_facts", ANN)

    assert (reply.status_code, reply.json["code"]) == (429, "proof_too_often")
    assert 0 < int(reply.headers["Retry-After"]) <= 86_400
    assert "known_facts" in names(plan(house, request_id))
    assert "assertion" in names(plan(house, request_id))


def test_a_code_or_an_assertion_may_come_through_the_same_door(house: House) -> None:
    made = house.submit("copy", EVE)
    wrong = give(house, made["id"], "code", {"code": "x"})
    right = give(house, made["id"], "code", {"code": house.code(made["id"])})
    word = house.partner.assertion(EVE, house.clock.now())
    vouched = give(house, made["id"], "assertion", {"assertion": word})

    assert (wrong.status_code, wrong.json["code"]) == (401, "wrong_code")
    assert (right.status_code, right.json["level"], right.json["enough"]) == (200, 1, True)
    assert (vouched.json["level"], vouched.json["request_state"]) == (2, "in_progress")


def test_an_unknown_way_is_told_which_there_are(house: House) -> None:
    reply = give(house, coded(house), "horoscope", {"sign": "leo"})

    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "way")
    assert "known_facts" in reply.json["errors"][0]["allowed"]


def test_a_stranger_sees_no_plan_and_no_proof(house: House) -> None:
    request_id = coded(house)
    asked = give(house, request_id, "known_facts", ANN).json["id"]
    other = house.submit("copy", {"email": "bob@example.com"})["id"]

    assert house.get(f"/v1/requests/{other}/proofs/{asked}").status_code == 404
    assert house.get(f"/v1/requests/{'0' * 32}/verification-plan").status_code == 404
    with house.reading() as session:
        looked = session.exec(select(Lookup).where(Lookup.question == "provable")).first()
    assert looked is not None
    assert house.get(f"/v1/requests/{request_id}/proofs/{looked.id}").status_code == 404


@pytest.mark.requirement("R-ID-2:bad")
def test_staff_who_ask_for_more_must_say_why_and_it_is_kept(house: House) -> None:
    request_id = coded(house)
    house.looked_up({"filled": [BORN, CITY]})

    for reason in ("", "  \n"):
        with pytest.raises(Conflict) as refused:
            demand(house, request_id, "id_card_photo", reason)
        assert refused.value.code == "way_not_open"
    demand(house, request_id, "known_facts", "")
    demand(house, request_id, "document", "两个人都说这个账号是自己的")

    with house.reading() as session:
        rows = {r.way: r.override for r in session.exec(select(ProofDemand))}
        told = [e.data for e in audit.entries(session, request_id) if e.event == "proof_asked"]
        kept = notes.read(session, house.context.vault, request_id, verification_plan.REASON)
    assert rows == {"known_facts": False, "document": True}
    assert told == [{"way": way, "override": over} for way, over in rows.items()]
    assert kept == [{"way": "document", "reason": "两个人都说这个账号是自己的"}]
    found = {one["way"]: one for one in plan(house, request_id)["ways"]}
    assert list(found)[-1] == "document"
    assert (found["document"]["staff"], found["document"]["asked"]) == (True, True)
    assert give(house, request_id, "document", {"photo": "x"}).json["code"] == "way_not_open"


def demand(house: House, request_id: str, way: str, reason: str) -> None:
    """Ask for a way as a member of staff does."""
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        now, staff = house.clock.now(), "staff:s1"
        verification_plan.demand(
            session, house.context, request, way, staff=staff, reason=reason, now=now
        )
