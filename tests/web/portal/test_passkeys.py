"""Passkeys: what adds one, what proves with one, and everything that does not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from rights.services import backends
from rights.store.models import Entry, KeyChallenge, PersonKey, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.keys import aged, opened, told, with_app
from tests.web.portal.passkey import RIGHTS, Passkey, add, asked
from tests.web.portal.reader import SHOP, Page, Reader
from tests.web.portal.test_following import ask

PROOF = "/key/proof"


@pytest.fixture
def shop(furnished: Callable[..., House]) -> House:
    house = furnished(base_url=RIGHTS)
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    return house


@pytest.fixture
def passkey(shop: House, reader: Reader) -> Passkey:
    """Alice's passkey, a week old; she has just come in again, on a page of its own."""
    reader.enter(ALICE, origin="")
    made = Passkey()
    page = add(shop, reader, made)
    assert "Added" in page.text, page.text
    aged(shop, reader)
    reader.enter(ALICE, origin="")
    return made


def _deletion(reader: Reader) -> tuple[str, Page]:
    page = ask(reader, "deletion")
    return reader.path.rpartition("/")[2], page


def _state(house: House, request_id: str) -> str:
    with house.reading() as session:
        return str(session.get_one(Request, request_id).state)


def _refusals(house: House, request_id: str) -> list[str]:
    with house.reading() as session:
        query = select(Entry).where(Entry.chain == request_id, Entry.event == "key_refused")
        return [line.data["reason"] for line in session.exec(query)]


def test_a_passkey_proves_a_deletion(shop: House, reader: Reader, passkey: Passkey) -> None:
    request_id, page = _deletion(reader)
    options = asked(reader, page)

    page = reader.send(page, PROOF, answer=passkey.answers(options))

    assert (options["rpId"], options["userVerification"]) == ("rights.example", "required")
    assert "Being worked on" in page.text
    assert _state(shop, request_id) == "in_progress"
    with shop.reading() as session:
        key = session.exec(select(PersonKey)).one()
        line = session.exec(select(Entry).where(Entry.event == "key_used")).one()
    assert (key.sign_count, key.way) == (1, "passkey")
    assert passkey.identity not in key.sealed
    assert line.data["way"] == "passkey"
    assert told(shop, "key_added") == ["alice@example.com"]


def test_what_makes_one_asks_for_as_little_as_it_can(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, origin="")
    form = opened(shop, reader).form("/keys/passkey")

    made: Any = reader.client.post("/portal/keys/passkey/options", data=form.holding()).json

    chosen = made["authenticatorSelection"]
    assert (chosen["userVerification"], chosen["residentKey"]) == ("required", "discouraged")
    assert (made["attestation"], made["rp"]["id"]) == ("none", "rights.example")
    handle = base64.urlsafe_b64decode(made["user"]["id"] + "==")
    assert len(handle) >= 16, "it is random, and an authenticator keeps it"
    known = (*ALICE.values(), "alice")
    assert not any(one in str(made) or one.encode() in handle for one in known)


def test_an_answer_is_good_once(shop: House, reader: Reader, passkey: Passkey) -> None:
    first, page = _deletion(reader)
    answer = passkey.answers(asked(reader, page))
    reader.send(page, PROOF, answer=answer)
    made = shop.asserted("account_cancellation", ALICE, "session")
    page = reader.get(f"/portal/requests/{made['id']}")

    replayed = reader.send(page, PROOF, answer=answer)
    asked(reader, page)
    late = reader.send(page, PROOF, answer=answer)

    assert _state(shop, first) == "in_progress"
    assert (replayed.status, late.status) == (401, 401)
    assert _state(shop, made["id"]) == "verifying"
    assert _refusals(shop, made["id"]) == ["wrong", "wrong"]


def test_a_challenge_of_another_request_or_session_is_none_here(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    request_id, page = _deletion(reader)
    other = shop.asserted("account_cancellation", ALICE, "session")
    elsewhere = asked(reader, reader.get(f"/portal/requests/{other['id']}"))
    second = Reader(shop)
    second.enter(ALICE, origin="")
    there = asked(second, second.get(f"/portal/requests/{request_id}"))

    for options in (elsewhere, there):
        asked(reader, page)
        answer = reader.send(page, PROOF, answer=passkey.answers(options))
        assert answer.status == 401

    assert _state(shop, request_id) == "verifying"


def test_a_challenge_ends_after_ten_minutes(shop: House, reader: Reader, passkey: Passkey) -> None:
    request_id, page = _deletion(reader)
    options = asked(reader, page)
    shop.clock.forward(minutes=11)

    assert reader.send(page, PROOF, answer=passkey.answers(options)).status == 401
    assert _state(shop, request_id) == "verifying"
    with shop.reading() as session:
        assert session.exec(select(KeyChallenge)).all() == []


@pytest.mark.parametrize(
    "odd",
    [
        {"origin": "https://rights.example.evil.example"},
        {"origin": "http://rights.example"},
        {"origin": SHOP},
        {"host": "evil.example"},
        {"unlocked": False},
        {"framed_by": "https://evil.example"},
        {"framed_by": SHOP},
    ],
)
def test_whatever_is_not_as_it_was_asked_for_is_refused(
    shop: House, reader: Reader, passkey: Passkey, odd: dict[str, Any]
) -> None:
    request_id, page = _deletion(reader)
    strange = replace(passkey, **odd)

    answer = reader.send(page, PROOF, answer=strange.answers(asked(reader, page)))

    assert answer.status == 401
    assert _state(shop, request_id) == "verifying"
    with shop.reading() as session:
        assert session.exec(select(PersonKey)).one().sign_count == 0


@pytest.mark.parametrize("odd", [{"origin": SHOP}, {"host": "evil.example"}, {"unlocked": False}])
def test_nothing_strange_is_added_either(shop: House, reader: Reader, odd: dict[str, Any]) -> None:
    reader.enter(ALICE, origin="")

    assert add(shop, reader, Passkey(**odd)).status == 401
    with shop.reading() as session:
        assert session.exec(select(PersonKey)).all() == []


@pytest.mark.parametrize("framed_by", [SHOP, ""])
def test_in_the_products_frame_it_proves_too(
    shop: House, reader: Reader, passkey: Passkey, framed_by: str
) -> None:
    reader.enter(ALICE)
    request_id, page = _deletion(reader)
    framed = replace(passkey, framed_by=framed_by)

    reader.send(page, PROOF, answer=framed.answers(asked(reader, page)))

    assert _state(shop, request_id) == "in_progress"


def test_a_frame_of_another_product_proves_nothing(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    reader.enter(ALICE)
    request_id, page = _deletion(reader)
    framed = replace(passkey, framed_by="https://evil.example")

    assert reader.send(page, PROOF, answer=framed.answers(asked(reader, page))).status == 401
    assert _state(shop, request_id) == "verifying"


def test_a_count_that_goes_back_is_a_clone_and_its_owner_is_told(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    first, page = _deletion(reader)
    clone = replace(passkey)
    passkey.count = 7
    reader.send(page, PROOF, answer=passkey.answers(asked(reader, page)))
    made = shop.asserted("account_cancellation", ALICE, "session")
    page = reader.get(f"/portal/requests/{made['id']}")

    refused = reader.send(page, PROOF, answer=clone.answers(asked(reader, page)))

    assert (_state(shop, first), refused.status) == ("in_progress", 401)
    assert _refusals(shop, made["id"]) == ["cloned"]
    assert told(shop, "key_suspected") == ["alice@example.com"]
    with shop.reading() as session:
        day = session.exec(select(Entry).where(Entry.event == "key_suspected")).one()
    assert (day.data["way"], day.data["reason"]) == ("passkey", "cloned")


def test_a_forged_count_accuses_nobody(shop: House, reader: Reader, passkey: Passkey) -> None:
    request_id, page = _deletion(reader)
    passkey.count = 5
    reader.send(page, PROOF, answer=passkey.answers(asked(reader, page)))
    made = shop.asserted("account_cancellation", ALICE, "session")
    page = reader.get(f"/portal/requests/{made['id']}")
    forger = Passkey(identity=passkey.identity)

    reader.send(page, PROOF, answer=forger.answers(asked(reader, page)))

    assert _state(shop, request_id) == "in_progress"
    assert _refusals(shop, made["id"]) == ["wrong"]
    assert told(shop, "key_suspected") == []


def test_a_passkey_that_does_not_count_may_always_say_nought(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    for kind in ("deletion", "account_cancellation"):
        made = shop.asserted(kind, ALICE, "session")
        page = reader.get(f"/portal/requests/{made['id']}")
        passkey.count = -1
        reader.send(page, PROOF, answer=passkey.answers(asked(reader, page)))
        assert _state(shop, made["id"]) == "in_progress", kind


def test_nobody_proves_with_the_passkey_of_somebody_else(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    thief = Reader(shop)
    thief.enter(BOB, origin="")
    add(shop, thief, Passkey(identity=b"passkey-of-bob"))
    aged(shop, thief, subject=BOB)
    thief.enter(BOB, origin="")
    request_id, page = _deletion(thief)

    options = asked(thief, page)
    answer = thief.send(page, PROOF, answer=passkey.answers(options))

    assert len(options["allowCredentials"]) == 1
    assert answer.status == 401
    assert _state(shop, request_id) == "verifying"


def test_a_passkey_is_added_once_and_to_one_person(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    again = add(shop, reader, passkey)
    thief = Reader(shop)
    thief.enter(BOB, origin="")
    shop.clock.forward(seconds=61)

    other = add(shop, thief, passkey)

    assert (again.status, other.status) == (401, 401)
    with shop.reading() as session:
        assert len(session.exec(select(PersonKey)).all()) == 1


def test_a_passkey_that_was_removed_proves_nothing(
    shop: House, reader: Reader, passkey: Passkey
) -> None:
    request_id, page = _deletion(reader)
    options = asked(reader, page)
    reader.send(opened(shop, reader), "/remove")

    assert reader.send(page, PROOF, answer=passkey.answers(options)).status == 401
    assert _state(shop, request_id) == "verifying"


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "[]",
        "nonsense",
        '{"id": 1, "response": {"clientDataJSON": "e30"}}',
        '{"id":"a","response":{"clientDataJSON":"!"}}',
        "null",
    ],
)
def test_nonsense_is_refused_like_anything_else(
    shop: House, reader: Reader, passkey: Passkey, answer: str
) -> None:
    request_id, page = _deletion(reader)
    asked(reader, page)

    assert reader.send(page, PROOF, answer=answer).status == 401
    assert _state(shop, request_id) == "verifying"


def test_sent_twice_it_is_one_proof(shop: House, reader: Reader, passkey: Passkey) -> None:
    _, page = _deletion(reader)
    answer = passkey.answers(asked(reader, page))

    first, second = (reader.send(page, PROOF, answer=answer) for _ in range(2))

    assert (first.status, second.status) == (200, 200)
    with shop.reading() as session:
        assert len(session.exec(select(Entry).where(Entry.event == "key_used")).all()) == 1


def test_a_copy_is_downloaded_with_a_passkey(shop: House, reader: Reader, passkey: Passkey) -> None:
    made = shop.asserted("access", ALICE)
    package = shop.package(made["id"], b"content")
    page = reader.get(f"/portal/requests/{made['id']}")
    answer = passkey.answers(asked(reader, page, package))

    file = reader.send(page, f"/key/packages/{package}/open", answer=answer)
    again = reader.send(page, f"/key/packages/{package}/open", answer=answer)

    assert file.response.data == b"content"
    assert again.status == 401


def test_where_browsers_make_no_passkeys_none_are_offered(
    furnished: Callable[..., House],
) -> None:
    house = furnished(base_url="http://127.0.0.1:8080")
    reader = Reader(house)
    reader.enter(ALICE, origin="")

    page = opened(house, reader)
    key = page.form("/keys/authenticator").holding()["key"]

    assert "Passkey" not in page.text.replace("Passkeys and", "")
    assert "passkeys.js" not in page.html
    assert reader.post("/portal/keys/passkey/options", {"key": key}).status == 404
    with_app(house, reader)


def test_pages_say_what_their_browser_may_be_asked(shop: House, reader: Reader) -> None:
    policy = reader.get("/portal/").response.headers["Permissions-Policy"]

    assert policy == "publickey-credentials-get=(self), publickey-credentials-create=(self)"
