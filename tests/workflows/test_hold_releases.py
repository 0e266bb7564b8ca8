"""What an approved hold kept goes once two people released it, and not before."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rights.domain.errors import Conflict, Forbidden
from rights.services import hold_releases
from rights.store.db import reading, transaction
from rights.store.models import Entry, LegalHold, Staff
from tests.workflows.held_shop import MIA, Shop
from workflows import expiry

Make = Callable[..., Shop]

WHY = ("--because", "The case is over.")
SOON = timedelta(minutes=1)


@pytest.fixture
def shop(make: Make) -> Shop:
    """The shop with two of its staff who may decide and one who may propose."""
    made = make(retention="none")
    made.staff("wei", "lin")
    made.staff("rui", roles=("reviewer",))
    return made


def _held(shop: Shop, *more: str) -> str:
    """Place a hold on Mia that a second person approves, and let her ask for a deletion."""
    on_mia = ("place", "--subject", "user_id=1", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", "case 3", "--as", "wei", *more)
    shop.decided("confirm", hold, "--as", "lin")
    shop.erase()
    assert _orders(shop) == [10, 11, 12]
    return hold


def _orders(shop: Shop) -> list[int]:
    return [r[0] for r in shop.rows(f"SELECT id FROM orders WHERE user_id = {MIA} ORDER BY id")]


def _rung(shop: Shop, after: timedelta = SOON) -> int:
    """Let the relay look *after* from now, and a worker do what it rings for."""
    floor = shop.floor(after)
    due = expiry.ring(floor.register, floor.now)
    for request_id in {row.request_id for row in shop.noted()} if due else ():
        expiry.run(floor, request_id)
    return due


def _code(shop: Shop, *args: str) -> str:
    """Call ``rights holds``, which refuses; return by which rule, as its entry says too."""
    error: Any = shop.holds(*args).exception
    assert isinstance(error, Conflict | Forbidden), error
    last = [e.data for e in shop.noted(Entry) if e.event == "staff_refused"][-1]
    assert (last["code"], last["act"]) == (error.code, f"{args[0]}")
    return error.code


@pytest.mark.requirement("R-24-5")
def test_what_waited_goes_on_after_the_second_person_and_not_before(shop: Shop) -> None:
    hold = _held(shop)

    shop.decided("propose-release", hold, *WHY, "--as", "rui")
    (line,) = json.loads(shop.decided("list", "--json"))["legal"]
    assert (line["hold"], line["release"]) == (hold, "proposed")
    said = json.loads(shop.decided("read-release", hold, "--as", "wei"))
    assert (said["hold"], said["because"]) == (hold, "The case is over.")
    assert (_rung(shop), _orders(shop)) == (0, [10, 11, 12])
    shop.decided("dismiss-release", hold, "--as", "wei")
    assert (_rung(shop), _orders(shop)) == (0, [10, 11, 12])
    shop.decided("propose-release", hold, *WHY, "--as", "rui")
    shop.decided("read-release", hold, "--as", "wei")
    shop.decided("confirm-release", hold, "--as", "wei")

    assert _orders(shop) == [10, 11, 12]  # a worker does it
    assert _rung(shop) > 0
    assert _orders(shop) == []
    assert {row.state for row in shop.noted()} == {"ended"}
    assert shop.notices().count("hold_ended") == 1


@pytest.mark.parametrize("make", ["sqlite"], indirect=True)
def test_each_refusal_of_a_command_names_its_rule_and_is_an_entry(shop: Shop) -> None:
    hold = _held(shop)
    on_all = ("place", "--collection", "shop.chat", "--rank", "litigation", "--basis", "case 4")
    fresh = shop.decided(*on_all, "--as", "wei")

    assert _code(shop, "release", hold, "--as", "lin") == "release_takes_two"
    assert _code(shop, "propose-release", fresh, *WHY, "--as", "rui") == "hold_unapproved"
    assert _code(shop, "confirm-release", hold, "--as", "wei") == "release_decided"
    shop.decided("propose-release", hold, *WHY, "--as", "wei")
    assert _code(shop, "propose-release", hold, *WHY, "--as", "rui") == "release_proposed"
    assert _code(shop, "confirm-release", hold, "--as", "wei") == "own_release"
    assert _code(shop, "confirm-release", hold, "--as", "lin") == "release_unread"
    for act in ("read", "confirm", "dismiss"):
        assert _code(shop, f"{act}-release", hold, "--as", "rui") == "forbidden"
    assert (_rung(shop), _orders(shop)) == (0, [10, 11, 12])
    shop.decided("read-release", hold, "--as", "lin")
    shop.decided("confirm-release", hold, "--as", "lin")
    assert _code(shop, "propose-release", hold, *WHY, "--as", "rui") == "hold_over"
    assert _code(shop, "dismiss-release", hold, "--as", "lin") == "release_decided"
    shop.decided("release", fresh, "--as", "wei")  # nobody approved it: one is enough


def test_who_dies_while_confirming_releases_nothing_and_can_do_it_again(shop: Shop) -> None:
    hold = _held(shop)
    shop.decided("propose-release", hold, *WHY, "--as", "wei")
    shop.decided("read-release", hold, "--as", "lin")

    with pytest.raises(KeyboardInterrupt):
        _confirmed_and_died(shop, hold)

    (row,) = shop.noted(LegalHold)
    assert (row.released_at, row.released_by) == (None, "")
    assert hold_releases.waits(row)
    assert "hold_released" not in [e.event for e in shop.noted(Entry)]
    assert (_rung(shop), _orders(shop)) == (0, [10, 11, 12])
    shop.decided("confirm-release", hold, "--as", "lin")
    assert _rung(shop) > 0
    assert _orders(shop) == []


def _confirmed_and_died(shop: Shop, hold: str) -> None:
    """Confirm a release in a process that ends before its transaction does."""
    floor = shop.floor()
    with transaction(floor.register) as session:
        lin = next(one for one in shop.noted(Staff) if one.name == "lin")
        hold_releases.confirm(session, hold, session.get_one(Staff, lin.id), now=floor.now())
        session.flush()
        raise KeyboardInterrupt


@pytest.mark.requirement("R-24-5")
def test_what_a_worker_did_not_come_to_is_found_again(shop: Shop) -> None:
    hold = _held(shop)
    shop.released(hold)
    floor = shop.floor(SOON)
    assert expiry.ring(floor.register, floor.now) > 0  # rung for, and the worker dies

    with reading(floor.register) as session:
        assert session.get_one(LegalHold, hold).released_at is not None
    assert _orders(shop) == [10, 11, 12]
    assert _rung(shop, timedelta(days=1)) > 0

    assert _orders(shop) == []
