"""Who proved it a moment ago, in this visit, is not asked again; nobody else gains by it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services import audit
from rights.store.models import Challenge, Notice, PortalSession, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE, ask

THIEF = "thief@example.com"


def last(house: House) -> Request:
    with house.reading() as session:
        found = session.exec(select(Request)).all()
    newest: Request = max(found, key=lambda one: one.received_at)
    return newest


def asked(house: House, reader: Reader, kind: str, **said: Any) -> tuple[Page, Request]:
    """Ask for something a moment later; return the page and the request."""
    house.clock.forward(seconds=1)
    page = ask(reader, kind, **said)
    return page, last(house)


def proved(house: House, reader: Reader, kind: str = "deletion", **said: Any) -> Request:
    """Ask for something and answer its code."""
    page, made = asked(house, reader, kind, **said)
    reader.send(page, "/proof", code=house.code(made.id))
    return last(house)


def sent(house: House, request_id: str) -> list[Challenge]:
    """Return the codes that were really sent for a request."""
    with house.reading() as session:
        query = select(Challenge).where(Challenge.request_id == request_id)
        return [one for one in session.exec(query) if one.sealed_code]


def events(house: House, request_id: str) -> list[tuple[str, Any]]:
    with house.reading() as session:
        return [(e.event, e.data) for e in audit.entries(session, request_id)]


def test_a_second_request_of_the_same_visit_starts_at_once(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    first = proved(shop, reader)
    assert first.state is State.IN_PROGRESS

    page, second = asked(shop, reader, "copy")

    assert (second.state, second.level) == (State.IN_PROGRESS, 2)
    assert "Being worked on" in page.text
    assert "Proved by a code entered earlier in this visit" in page.text
    assert not any(form.action.endswith(("/proof", "/code")) for form in page.forms)
    assert sent(shop, second.id) == []
    (challenge,) = sent(shop, first.id)
    assert ("proof_carried", {"challenge": challenge.id, "to": "email"}) in events(shop, second.id)
    with shop.reading() as session:
        notices = session.exec(select(Notice).where(Notice.request_id == second.id)).all()
    assert [(n.event, n.challenge_id) for n in notices] == [("received", "")]


@pytest.mark.parametrize(("minutes", "state"), [(14, State.IN_PROGRESS), (16, State.VERIFYING)])
def test_it_counts_for_a_quarter_of_an_hour(
    shop: House, reader: Reader, minutes: int, state: State
) -> None:
    reader.enter(ALICE)
    proved(shop, reader)
    shop.clock.forward(minutes=minutes)

    _, second = asked(shop, reader, "copy")

    assert second.state is state
    assert len(sent(shop, second.id)) == (state is State.VERIFYING)


def test_what_is_carried_grows_no_younger(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    proved(shop, reader)
    shop.clock.forward(minutes=10)
    asked(shop, reader, "copy")
    shop.clock.forward(minutes=10)

    _, third = asked(shop, reader, "account_cancellation")

    assert third.state is State.VERIFYING


def test_signing_in_anew_begins_with_nothing_proved(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    proved(shop, reader)
    reader.enter(ALICE)

    _, second = asked(shop, reader, "copy")

    assert (second.state, second.level) == (State.VERIFYING, 1)


@pytest.mark.parametrize("who", [ALICE, BOB])
def test_another_visit_has_none_of_it(shop: House, reader: Reader, who: Any) -> None:
    reader.enter(ALICE)
    proved(shop, reader)
    other = Reader(shop)
    other.enter(who)

    _, second = asked(shop, other, "copy")

    assert second.state is State.VERIFYING
    assert len(sent(shop, second.id)) == 1


def test_a_code_at_an_address_the_product_did_not_attest_gives_nothing(
    shop: House, reader: Reader
) -> None:
    """A session that was taken over, and a mailbox of the thief's own."""
    reader.enter({"user_id": "u-1"})
    page, made = asked(shop, reader, "deletion")
    reader.send(page, "/information", who__email=THIEF)
    page = reader.get(f"/portal/requests/{made.id}")
    reader.send(page, "/proof", code=shop.code(made.id))

    _, second = asked(shop, reader, "copy")

    assert (last(shop).state, last(shop).level) == (State.VERIFYING, 1)
    assert "proof_carried" not in [event for event, _ in events(shop, second.id)]
    with shop.reading() as session:
        (row,) = session.exec(select(PortalSession)).all()
    assert row.proofs == []


def test_a_strangers_code_found_by_reference_gives_a_signed_in_person_nothing(
    shop: House, reader: Reader
) -> None:
    stranger = Reader(shop)
    stranger.begin()
    _, theirs = asked(shop, stranger, "restriction", who__email=THIEF)
    reader.enter(ALICE)
    page = reader.send(reader.get("/portal/find"), "/find", reference=theirs.id)
    reader.send(page, "/find/open", code=shop.code(theirs.id, "visit"))

    _, second = asked(shop, reader, "copy")

    assert second.state is State.VERIFYING


def test_a_wrong_code_gives_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page, made = asked(shop, reader, "deletion")
    right = shop.code(made.id)
    for _ in range(6):
        reader.send(page, "/proof", code="000000" if right != "000000" else "111111")

    _, second = asked(shop, reader, "copy")

    assert second.state is State.VERIFYING


def test_nothing_a_form_or_cookie_says_proves_anything(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    said = {"proofs": "1", "proved": "email", "level": "2", "earlier": "1", "challenge": "x"}
    reader.client.set_cookie("proofs", "email", path="/portal")

    page, second = asked(shop, reader, "copy", **said)
    key = page.form("/proof").holding()["key"]
    reader.post(f"/portal/requests/{second.id}/earlier", {"key": key, **said})

    assert last(shop).state is State.VERIFYING


def test_an_earlier_request_goes_on_with_one_click_and_not_by_itself(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    _, waiting = asked(shop, reader, "account_cancellation")
    proved(shop, reader, "copy")
    with shop.reading() as session:
        assert session.get_one(Request, waiting.id).state is State.VERIFYING

    page = reader.get(f"/portal/requests/{waiting.id}")
    assert "You entered a code a moment ago" in page.text
    assert not any(form.action.endswith("/proof") for form in page.forms)
    page = reader.send(page, "/earlier")

    assert "Being worked on" in page.text
    again = reader.post(f"/portal/requests/{waiting.id}/earlier", {"key": _key(reader)})
    assert again.status == 200
    assert [e for e, _ in events(shop, waiting.id)].count("proof_carried") == 1


def _key(reader: Reader) -> list[str]:
    return reader.get("/portal/ask/access").form("/ask/access").holding()["key"]


def test_somebody_elses_request_does_not_go_on(shop: House, reader: Reader) -> None:
    bob = Reader(shop)
    bob.enter(BOB)
    _, theirs = asked(shop, bob, "deletion")
    reader.enter(ALICE)
    proved(shop, reader)

    page = reader.post(f"/portal/requests/{theirs.id}/earlier", {"key": _key(reader)})

    assert page.status == 404
    with shop.reading() as session:
        assert session.get_one(Request, theirs.id).state is State.VERIFYING


def test_who_left_meanwhile_has_proved_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    proved(shop, reader)
    with shop.writing() as session:
        row = session.exec(select(PortalSession)).one()
        row.proofs = []

    _, second = asked(shop, reader, "copy")

    assert second.state is State.VERIFYING


def test_without_the_products_signature_a_code_is_worth_one_level(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE, None)
    proved(shop, reader, "restriction")

    page, second = asked(shop, reader, "copy")

    assert (second.state, second.level) == (State.VERIFYING, 1)
    assert page.status == 200


@pytest.mark.parametrize(("minutes", "status"), [(9, 200), (11, 401)])
def test_a_download_takes_a_proof_that_is_not_ten_minutes_old(
    shop: House, reader: Reader, minutes: int, status: int
) -> None:
    reader.enter(ALICE)
    made = proved(shop, reader, "copy")
    package = shop.package(made.id, b"a copy")
    shop.clock.forward(minutes=minutes)
    page = reader.get(f"/portal/requests/{made.id}")

    path = f"/portal/requests/{made.id}/packages/{package}/open"
    file = reader.post(path, {"key": _key(reader), "code": ""})

    assert ("Download the copy" in page.text) is (status == 200)
    assert file.status == status
    assert (file.response.data == b"a copy") is (status == 200)


def test_a_proof_of_another_visit_opens_no_download(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    made = proved(shop, reader, "copy")
    package = shop.package(made.id, b"a copy")
    other = Reader(shop)
    other.enter(ALICE)

    path = f"/portal/requests/{made.id}/packages/{package}/open"
    assert other.post(path, {"key": _key(other), "code": ""}).status == 401


def test_a_stranger_is_not_asked_again_for_the_very_same_address(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    proved(shop, reader, "restriction", who__email=EVE)

    page, same = asked(shop, reader, "explanation", option="automated_decision", who__email=EVE)
    assert (same.state, same.level) == (State.IN_PROGRESS, 1)
    assert sent(shop, same.id) == []
    assert "Being worked on" in page.text
    page, more = asked(shop, reader, "copy", who__email=EVE.upper())
    assert (more.state, more.level) == (State.VERIFYING, 1)
    for _ in range(3):
        reader.post(f"/portal/requests/{more.id}/earlier", {"key": _key(reader)})
    assert [e for e, _ in events(shop, more.id)].count("proof_carried") == 1
    _, other = asked(shop, reader, "restriction", who__email="other@example.com")
    assert (other.state, other.level) == (State.VERIFYING, 0)
    assert len(sent(shop, other.id)) == 1


def test_the_level_of_a_stranger_is_read_only_where_it_was_carried(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    proved(shop, reader, "restriction", who__email=EVE)
    asked(shop, reader, "explanation", option="automated_decision", who__email=EVE)
    _, other = asked(shop, reader, "restriction", who__email="other@example.com")

    with shop.reading() as session:
        (row,) = session.exec(select(PortalSession)).all()
    levels = {name: said[0] for name, said in row.requests.items()}
    assert levels.pop(other.id) == 0
    assert set(levels.values()) == {1}
    assert EVE not in str(row.proofs) + str(row.requests)
