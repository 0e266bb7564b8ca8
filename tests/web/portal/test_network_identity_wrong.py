"""Answers, tickets and browsers that prove nothing, on the way to the network identity."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rights.domain.lifecycle import State
from rights.net import partners
from tests.web.portal.desk import visited
from tests.web.portal.reader import Reader
from tests.web.portal.street import Street, coded, leave, problem, shown
from tests.web.portal.test_following import EVE, only


@pytest.fixture
def reader(street: Street) -> Reader:
    return Reader(street.house)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("somebody else", {"account": {"email": "bo@example.com"}}),
    ("bound to nobody", {"account": {}}),
    ("bound to nobody of ours", {"account": None}),
    ("an account that is not the address that was proved", {"account": {"user_id": "u-5"}}),
    ("the same account with another address", {"account": {"email": "x@y.example"}}),
    ("no identifier of the map", {"account": {"email": EVE, "nickname": "eve"}}),
    ("not an object", {"account": [EVE]}),
    ("not proved", {"result": "refused"}),
    ("another nonce", {"nonce": "of-another-visit"}),
    ("no nonce", {"nonce": None}),
    ("shown before it was asked", {"at": "2020-01-01T00:00:00Z"}),
    ("shown in the future", {"at": "2099-01-01T00:00:00Z"}),
    ("shown at no time", {"at": "yesterday"}),
    ("a time without a zone", {"at": "2099-01-01T00:00:00"}),
    ("more than it may say", {"name": "王小明"}),
    ("a number", {"id_number": "110101199002011234"}),
]


@pytest.mark.parametrize(("what", "said"), WRONG, ids=[what for what, _ in WRONG])
def test_a_wrong_answer_proves_nothing_and_is_counted(
    street: Street, reader: Reader, what: str, said: dict[str, Any]
) -> None:
    del what
    street.booth.said = said

    page = shown(street, reader, coded(reader))

    assert (only(street.house).level, only(street.house).state) == (1, State.VERIFYING)
    assert "did not say that this account is yours" in page.text
    assert street.tries() == ["wrong"]
    refused = {"way": "network_identity", "reason": "not_enough"}
    assert street.entries("proof_refused") == [refused]


@pytest.mark.parametrize("forged", [{"key": b"x" * 32}, {"another": True}])
def test_a_forged_answer_proves_nothing_and_is_counted(
    street: Street, reader: Reader, forged: dict[str, Any]
) -> None:
    there = leave(reader, coded(reader))
    for name, value in forged.items():
        setattr(street.booth, name, value)

    reader.get(visited(there))
    street.work()

    assert (only(street.house).level, street.tries()) == (1, ["wrong"])


def test_an_answer_that_is_minutes_old_was_signed_for_another_moment(
    street: Street, reader: Reader
) -> None:
    there = leave(reader, coded(reader))
    street.booth.now = lambda: street.house.clock.now().timestamp() - 360

    reader.get(visited(there))
    street.work()

    assert (only(street.house).level, street.tries()) == (1, ["wrong"])


@pytest.mark.requirement("R-ID-2")
def test_the_fourth_wrong_try_is_for_tomorrow_and_other_ways_stay(
    street: Street, reader: Reader
) -> None:
    street.booth.said = {"result": "refused"}
    page = coded(reader)
    for _ in range(3):
        page = shown(street, reader, page)

    page = reader.send(page, "/network-identity")

    assert page.status == 429
    assert "too often today" in page.text
    assert 'id="ways"' in page.html
    assert len(street.booth.visits) == 3


def test_a_ticket_that_was_never_given_out_is_a_wrong_try(street: Street, reader: Reader) -> None:
    leave(reader, coded(reader))
    (state,) = street.booth.visits

    reader.get(f"/portal/network-identity/back?state={state}&ticket=made-up")
    street.work()

    assert (only(street.house).level, street.tries()) == (1, ["wrong"])


def test_the_ticket_of_another_persons_visit_proves_nothing(street: Street, reader: Reader) -> None:
    """Somebody shows their own identity elsewhere and slips the ticket to this browser."""
    leave(reader, coded(reader))
    (mine,) = street.booth.visits
    street.booth.visits["theirs"] = {"nonce": "another", "back": ""}
    street.booth.tickets["slipped"] = "theirs"

    reader.get(f"/portal/network-identity/back?state={mine}&ticket=slipped")
    street.work()

    assert (only(street.house).level, street.tries()) == (1, ["wrong"])


def test_a_state_is_good_once(street: Street, reader: Reader) -> None:
    street.booth.said = {"result": "refused"}
    address = visited(leave(reader, coded(reader)))
    reader.get(address)
    street.work()
    street.booth.said = {}
    street.booth.tickets[address.rpartition("=")[2]] = next(iter(street.booth.visits))

    again = reader.get(address)

    assert (again.status, problem(again)) == (401, "network_identity_over")
    assert (only(street.house).level, street.tries()) == (1, ["wrong"])
    assert street.booth.asked.count("/results") == 1


def test_another_browser_neither_ends_it_nor_uses_it_up(street: Street, reader: Reader) -> None:
    address = visited(leave(reader, coded(reader)))
    thief = Reader(street.house)
    thief.begin()

    stolen = thief.get(address)

    assert (stolen.status, problem(stolen)) == (401, "network_identity_over")
    reader.get(address)
    street.work()
    assert only(street.house).level == 3


def test_after_ten_minutes_it_is_over(street: Street, reader: Reader) -> None:
    address = visited(leave(reader, coded(reader)))
    street.house.clock.forward(minutes=10, seconds=1)

    late = reader.get(address)

    assert (late.status, problem(late)) == (401, "network_identity_over")
    assert street.tries() == []


def test_a_bridge_that_was_set_up_anew_is_not_asked_about_the_one_before(
    street: Street, reader: Reader
) -> None:
    address = visited(leave(reader, coded(reader)))
    street.configure(url=street.booth.url + "/v2")

    reader.get(address)
    street.work()

    assert (only(street.house).level, street.tries()) == (1, ["unasked"])
    assert "/results" not in street.booth.asked


@pytest.mark.parametrize("how", ["slow", "long", "redirect"])
def test_a_bridge_is_waited_for_and_read_so_far_and_no_further(
    street: Street, reader: Reader, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(partners, "_TIMEOUT_S", 0.3)
    page = coded(reader)
    if how == "slow":
        street.booth.pause_s = 1.5
    elif how == "long":
        street.booth.go = "https://a.example/" + "x" * 20_000
    else:
        street.booth.status["/visits"] = 302
    began = time.monotonic()

    page = reader.send(page, "/network-identity")

    assert time.monotonic() - began < 1.4
    assert page.status == 503
    assert "cannot be reached just now" in page.text
