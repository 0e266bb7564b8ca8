"""What staff let through reaches the person: a copy is made anew, once, whatever ends a worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from connectors.sdk import Transient
from rights import failpoints
from rights.domain.errors import Gone
from rights.domain.lifecycle import State
from rights.services import packages, redaction_desk, requests
from rights.services.additions import Stands
from rights.services.purge import purge
from rights.services.spools import drop_orphans
from rights.store.db import transaction
from rights.store.models import Aftercare, Package, ReceiptRow, Request, Staff
from tests.workflows.addition_case import Case, case, shop
from tests.workflows.people_in_stores import People
from tests.workflows.test_other_people import BOB
from workflows import aftercare
from workflows.additions import TRIES
from workflows.building import floor_for, parts_for
from workflows.inline import settings_in

__all__ = ["case", "shop"]

ONLY = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
SOON = timedelta(minutes=6)
FAR = timedelta(minutes=30)


class Ended(BaseException):
    """The power went."""


def _manifest(content: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content["manifest.json"])
    return found


def _user(content: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content["data/shop/users.jsonl"])
    return found


@pytest.mark.requirement("R-PKG-3")
def test_what_was_let_through_is_in_a_copy_that_takes_the_place_of_the_one_before(
    case: Case,
) -> None:
    (first,) = case.packages()
    (receipt,) = case.rows(ReceiptRow)
    case.release(BOB["mobile"])
    assert (first.undecided, case.packages()[0].undecided) == (True, False)  # staff decided
    case.ring()
    assert [one.id for one in case.packages()] == [
        first.id
    ]  # more may be let through: it waits a little
    assert case.stands() is Stands.DUE

    case.at(SOON)
    case.ring()

    old, new = case.packages()
    assert case.live() == [new]
    content = case.content(new)
    assert _user(content)["emergency_phone"] == BOB["mobile"]
    assert BOB["id"].encode() not in b"".join(content.values())  # nobody let that through
    left_out = {(r["collection"], r["field"]) for r in _manifest(content)["redacted"]}
    assert ("shop.users", "emergency_phone") not in left_out
    assert (new.complete, new.missing, new.grants_used, new.undecided) == (True, [], 0, False)
    assert case.letters() == 1
    assert case.stands() is Stands.READY
    assert case.events().count("package_added") == 1
    (after,) = case.rows(ReceiptRow)
    assert (after.body, after.signature) == (receipt.body, receipt.signature)
    with transaction(case.floor.register) as session:
        request = requests.locked(session, case.request_id)
        assert request.state == "fulfilled"
        given: dict[str, Any] = {"level": 3, "actor": "portal", "now": case.floor.now()}
        with pytest.raises(Gone):
            packages.grant(session, case.floor.context, request, old, **given)
        packages.grant(session, case.floor.context, request, new, **given)
    assert not any(key.startswith(f"spool/{new.id}") for key in case.lying())


@ONLY
def test_what_is_let_through_again_and_again_makes_one_copy(case: Case) -> None:
    case.release(BOB["mobile"])
    case.release(BOB["id"])
    case.at(SOON)
    case.ring(times=3)
    case.at(FAR)
    case.ring(times=2)

    assert len(case.packages()) == 2
    assert case.letters() == 1
    text = b"".join(case.content(case.live()[0]).values())
    assert BOB["id"].encode() in text and BOB["mobile"].encode() in text


@ONLY
def test_after_a_copy_was_made_what_is_let_through_then_makes_another(case: Case) -> None:
    case.release(BOB["mobile"])
    case.at(SOON)
    case.ring()
    case.release(BOB["id"])
    assert case.stands() is Stands.DUE
    case.at(2 * SOON)
    case.ring()

    (live,) = case.live()
    text = b"".join(case.content(live).values())
    assert BOB["id"].encode() in text and BOB["mobile"].encode() in text
    assert (len(case.packages()), case.letters()) == (3, 2)


@ONLY
def test_what_is_let_through_while_a_copy_is_made_is_in_the_one_that_is_told(case: Case) -> None:
    case.release(BOB["mobile"])
    _while_reading(case, lambda: case.release(BOB["id"]))
    case.at(SOON)
    case.ring()

    assert len(case.packages()) == 1  # it would have been told of without what came last
    assert case.letters() == 0
    case.at(2 * SOON)
    case.ring()

    text = b"".join(case.content(case.live()[0]).values())
    assert BOB["id"].encode() in text
    assert (len(case.packages()), case.letters()) == (2, 1)


def _while_reading(case: Case, act: Callable[[], Any]) -> None:
    """Let something happen the first time that a store is read."""
    inner, left = case.floor.connector, [act]

    def connector(name: str) -> Any:
        if left:
            left.pop()()
        return inner(name)

    case.floor = replace(case.floor, connector=connector)


@ONLY
def test_nothing_is_made_where_nothing_was_let_through(case: Case) -> None:
    with transaction(case.floor.register) as session:
        staff = Staff(name="rui", roles=["reviewer"], created_at=datetime.now(UTC))
        session.add(staff)
        session.flush()
        redaction_desk.confirm(session, case.request_id, staff, case.floor.now())
    case.at(SOON)
    case.ring()

    assert (case.owed(), len(case.packages()), case.letters()) == ([], 1, 0)
    assert case.stands() is None


# -- ends of workers -------------------------------------------------------------------------


def _points(case: Case) -> Iterable[int]:
    """Let the work end at its first point, then at its second, until it passes all of them."""
    last = 200
    for at in range(1, last):
        passed = [0]

        def act(_: failpoints.Point, passed: list[int] = passed, at: int = at) -> None:
            passed[0] += 1
            if passed[0] == at:
                raise Ended

        failpoints.on(act)
        try:
            case.ring()
        except Ended:
            yield at
        else:
            return
        finally:
            failpoints.on(None)
    raise AssertionError("it never came to its end")


@ONLY
def test_a_worker_that_ends_anywhere_costs_time_and_nothing_else(case: Case) -> None:
    case.release(BOB["mobile"])
    case.at(SOON)
    ended = 0
    for _ in _points(case):
        ended += 1
        assert len(case.live()) == 1  # the one before, or the new one: never none, never two
        case.at(case.ahead + FAR)  # whoever was at it is not heard of any more
        drop_orphans(case.floor.register, case.floor.blobs)
        purge(case.floor.register, case.floor.context, case.floor.blobs, now=case.floor.now())
    case.at(case.ahead + FAR)
    case.ring()

    assert ended >= 5
    assert (case.letters(), case.events().count("package_added")) == (1, 1)
    assert [row.state for row in case.owed()] == ["done"]
    published = case.rows(Package, Package.sha256 != "")
    assert len(published) == 2


@ONLY
def test_a_worker_that_was_overtaken_publishes_nothing(case: Case) -> None:
    case.release(BOB["mobile"])
    case.at(SOON)

    def another() -> None:
        case.at(case.ahead + FAR)
        case.ring()

    _while_reading(case, another)
    case.ring()

    assert (len(case.packages()), len(case.live()), case.letters()) == (2, 1, 1)
    (live,) = case.live()
    assert _user(case.content(live))["emergency_phone"] == BOB["mobile"]


@ONLY
def test_tidying_a_closed_request_takes_nothing_of_a_copy_that_is_being_made(case: Case) -> None:
    case.release(BOB["mobile"])
    case.at(SOON)

    def act(point: failpoints.Point) -> None:
        """Tidy up, as a doorbell that came late does, each time that a piece of it lies there."""
        if point is failpoints.Point.PUBLISH_AFTER:
            failpoints.on(None)
            aftercare.close_out(case.floor, case.request_id)
            failpoints.on(act)

    failpoints.on(act)
    try:
        case.ring()
    finally:
        failpoints.on(None)

    (live,) = case.live()
    assert live.sha256 and len(case.packages()) == 2
    assert _user(case.content(live))["emergency_phone"] == BOB["mobile"]


# -- stores ----------------------------------------------------------------------------------


@ONLY
def test_a_store_that_cannot_be_asked_is_asked_again_and_is_never_nothing(case: Case) -> None:
    case.release(BOB["mobile"])
    inner = case.floor.connector

    def away(name: str) -> Any:
        raise Transient(f"{name} is away")

    case.floor = replace(case.floor, connector=away)
    case.at(SOON)
    case.ring()

    (row,) = case.owed()
    assert (row.state, row.done_at, row.code) == ("waiting", None, "store_unavailable")
    assert (len(case.packages()), len(case.live()), case.letters()) == (1, 1, 0)
    case.floor = replace(case.floor, connector=inner)
    case.at(FAR)
    case.ring()
    assert (len(case.live()), case.letters()) == (1, 1)


@ONLY
def test_where_nothing_was_given_out_in_the_end_nobody_is_said_to_be_told(case: Case) -> None:
    case.release(BOB["mobile"])
    with transaction(case.floor.register) as session:
        session.exec(select(Request)).one().state = State.DENIED
    case.at(SOON)
    case.ring()

    (row,) = case.owed()
    assert (row.state, row.code) == ("done", "addition_needless")
    assert (case.stands(), case.letters()) == (None, 0)


@ONLY
@pytest.mark.parametrize(("before", "away"), [(TRIES, False), (TRIES - 1, True)])
def test_what_was_tried_often_enough_is_for_staff(case: Case, before: int, *, away: bool) -> None:
    case.release(BOB["mobile"])
    with transaction(case.floor.register) as session:
        session.exec(select(Aftercare).where(Aftercare.kind == "addition")).one().attempts = before

    def gone(name: str) -> Any:
        raise Transient(f"{name} is away")

    if away:
        case.floor = replace(case.floor, connector=gone)
    case.at(SOON)
    case.ring()

    assert case.stands() is Stands.FAILED
    assert (len(case.live()), case.letters()) == (1, 0)
    (incident,) = case.rows(Aftercare, Aftercare.kind == "incident")
    assert (incident.code, incident.state) == ("addition_failed", "open")


@ONLY
@pytest.mark.parametrize("tables", [("messages",), ("messages", "users")])
def test_what_was_deleted_since_is_named_and_the_copy_before_stays(
    case: Case, tables: tuple[str, ...]
) -> None:
    case.release(BOB["mobile"])
    for table in tables:
        case.shop.database.run(f"DELETE FROM {table}")
    case.at(SOON)
    case.ring()

    first, new = case.packages()
    assert case.live() == [first, new]
    gone = [m["collection"] for m in new.missing if m["code"] == "gone_since"]
    assert sorted(gone) == sorted(tables)
    assert not new.complete
    (row,) = case.owed()
    assert row.code == "gone_since"
    said = {m["collection"]: m["text"] for m in _manifest(case.content(new))["missing"]}
    assert "deleted since" in str(said)


@ONLY
def test_what_cannot_be_made_without_a_person_is_an_incident_and_the_copy_before_stays(
    case: Case, shop: People
) -> None:
    case.release(BOB["mobile"])
    text = shop.map_file.read_text(encoding="utf-8").partition("  - name: messages")[0]
    shop.map_file.write_text(text, encoding="utf-8")
    floor = floor_for(parts_for(settings_in(shop.map_file, shop.folder / "state")), worker="w2")
    case.floor = replace(floor, now=case.floor.now)
    case.at(SOON)
    case.ring()

    assert case.stands() is Stands.FAILED
    assert (len(case.live()), case.letters()) == (1, 0)
    (incident,) = case.rows(Aftercare, Aftercare.kind == "incident")
    assert (incident.code, incident.state) == ("addition_failed", "open")
    purge(floor.register, floor.context, floor.blobs, now=case.floor.now())
    assert case.rows(Package, Package.state == "building") == []
    floor.close()
