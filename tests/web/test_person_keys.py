"""Keys of people through the API: proving with an app's code, listing, removing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict
from rights.domain.proof_keys import MOST, Way
from rights.services import authenticators, person_keys, portal
from rights.services.person_keys import Content, Used
from rights.store.models import PersonKey
from tests.web.house import ALICE, BOB, House
from tests.web.portal.keys import App, mailed, told
from tests.web.portal.reader import Reader

CONTENT = b"content"


@pytest.fixture
def reader(house: House) -> Reader:
    return Reader(house)


@pytest.fixture
def app(house: House, reader: Reader) -> App:
    """Alice's app, a week old."""
    made = App("A" * 32)
    person = portal.read(house.context, _token(reader), now=house.clock.now())
    with house.writing() as session:
        content = Content("My phone", secret=made.secret)
        now = house.clock.now()
        person_keys.keep(session, house.context, person, Way.TOTP, content, now=now)
    house.clock.forward(days=8)
    return made


def _wrong(app: App, house: House) -> str:
    near = {app.shows(house.clock.now(), steps=steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def _token(reader: Reader, subject: Any = ALICE) -> str:
    return reader.token(subject, "session")


def test_a_portal_token_proves_with_the_apps_code_through_the_api(
    house: House, reader: Reader, app: App
) -> None:
    made = house.asserted("deletion", ALICE, "session")
    path = f"/v1/requests/{made['id']}/verification/answer"
    token = _token(reader)

    wrong = house.post(path, {"totp": _wrong(app, house)}, token=token)
    right = house.post(path, {"totp": app.shows(house.clock.now())}, token=token)

    assert (wrong.status_code, wrong.json["code"]) == (401, "key_refused")
    assert (right.json["state"], right.json["level"]) == ("in_progress", 2)


def test_a_backend_itself_has_no_code_of_anybodys_app(
    house: House, reader: Reader, app: App
) -> None:
    made = house.asserted("deletion", ALICE, "session")
    path = f"/v1/requests/{made['id']}/verification/answer"

    reply = house.post(path, {"totp": app.shows(house.clock.now())})

    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "totp")


def test_a_grant_is_given_for_the_apps_code(house: House, reader: Reader, app: App) -> None:
    made = house.asserted("access", ALICE)
    package = house.package(made["id"], CONTENT)
    path = f"/v1/requests/{made['id']}/packages/{package}/grants"
    token = _token(reader)
    code = app.shows(house.clock.now())

    granted = house.post(path, {"totp": code}, token=token)
    again = house.post(path, {"totp": code}, token=token)

    assert (granted.status_code, again.status_code) == (201, 401)


def test_a_person_lists_and_removes_their_keys_through_the_api(
    house: House, reader: Reader, app: App
) -> None:
    token = _token(reader)
    proof = {"totp": app.shows(house.clock.now())}

    [one] = house.get("/v1/keys", token=token).json["items"]
    path = f"/v1/keys/{one['id']}/remove"
    unproved = house.post(path, {}, token=token)
    wrong = house.post(path, {"totp": _wrong(app, house)}, token=token)
    other = house.post(path, proof, token=_token(reader, BOB))
    removed = house.post(path, proof, token=token)

    assert (one["way"], one["counts_alone"]) == ("totp", True)
    assert (unproved.status_code, wrong.json["code"]) == (422, "key_refused")
    assert other.status_code == 404
    assert removed.status_code == 204
    assert house.get("/v1/keys", token=token).json == {"items": []}
    assert house.get("/v1/keys").status_code == 401, "a backend has no keys of people"
    assert told(house, "key_removed") == ["alice@example.com"]


def test_a_mailed_code_removes_a_key_through_the_api(
    house: House, reader: Reader, app: App
) -> None:
    token = _token(reader)
    [one] = house.get("/v1/keys", token=token).json["items"]
    path = f"/v1/keys/{one['id']}/remove"
    sent = house.post("/v1/keys/code", {}, token=token)
    code = mailed(house)

    other = house.post(path, {"code": code}, token=_token(reader, BOB))
    wrong = house.post(path, {"code": "1"}, token=token)
    right = house.post(path, {"code": code}, token=token)

    assert (sent.status_code, other.status_code) == (202, 404)
    assert (wrong.status_code, right.status_code) == (401, 204)


def test_of_many_who_use_one_code_at_once_one_succeeds(
    house: House, reader: Reader, app: App
) -> None:
    person = portal.read(house.context, _token(reader), now=house.clock.now())
    code, now = app.shows(house.clock.now()), house.clock.now()

    def prove(_: int) -> bool:
        with house.writing() as session:
            person_keys.listed(session, house.context, person)  # as the page does beforehand
            found = authenticators.prove(session, house.context, person, code, now=now)
            return isinstance(found, Used)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(prove, range(6))) == [False] * 5 + [True]


def test_of_many_who_add_at_once_no_more_are_added_than_there_is_room_for(
    house: House, reader: Reader
) -> None:
    person = portal.read(house.context, _token(reader), now=house.clock.now())
    now = house.clock.now()

    def add(number: int) -> bool:
        try:
            with house.writing() as session:
                person_keys.room(session, house.context, person)
                content = Content(f"app {number}", secret="A" * 32)
                person_keys.keep(session, house.context, person, Way.TOTP, content, now=now)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(add, range(8)))

    assert sum(added) == MOST
    with house.reading() as session:
        assert len(session.exec(select(PersonKey)).all()) == MOST
