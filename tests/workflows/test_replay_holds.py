"""What a hold keeps when a restored backup is replayed: out of use, noted, let go in its time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from rights.store.models import Aftercare, Entry, HeldRows, JournalRow
from tests.workflows.held_shop import MIA, NOA, Shop
from workflows import expiry
from workflows.commands.replay import recheck, replay

Make = Callable[..., Shop]
Backup = dict[str, list[tuple[Any, ...]]]

TABLES = ("users", "orders", "order_items", "chat")
SOON = timedelta(days=60)
"""After this the order of two years and eleven months ago is three years old."""


@pytest.fixture
def make(make: Make) -> Make:
    """Return the same with two of the staff."""

    def staffed(**rules: str) -> Shop:
        shop = make(**rules)
        shop.staff("wei", "lin")
        return shop

    return staffed


def _backup(shop: Shop) -> Backup:
    return {name: shop.rows(f"SELECT * FROM {name}") for name in TABLES}


def _restore(shop: Shop, backup: Backup) -> None:
    """Put an older dump back, the store's own journal among it."""
    shop.run("".join(f"DELETE FROM {name};" for name in reversed(TABLES)))
    shop.run("DELETE FROM rights_step")
    for name in TABLES:
        for row in backup[name]:
            values = ", ".join("NULL" if v is None else f"'{v}'" for v in row)
            shop.run(f"INSERT INTO {name} VALUES ({values})")


def _hold(shop: Shop, basis: str = "case 3") -> str:
    """Place a hold on Mia, which a second member of staff confirms."""
    on_mia = ("place", "--subject", "user_id=1", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", basis, "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")
    return hold


def _called(shop: Shop, command: Any, since: datetime, *more: str) -> dict[str, Any]:
    where = (f"--datamap={shop.map_file}", f"--state={shop.state}", f"--since={since.isoformat()}")
    result = CliRunner().invoke(command, [*where, *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    last = result.stdout.strip().rpartition("\n")[2]
    return {**json.loads(last), "exit": result.exit_code}


def _orders(shop: Shop, person: int = MIA) -> list[tuple[int, int]]:
    query = f"SELECT id, frozen FROM orders WHERE user_id = {person} ORDER BY id"
    return [(row[0], row[1]) for row in shop.rows(query)]


def _rung(shop: Shop, after: timedelta) -> None:
    floor = shop.floor(after)
    due = expiry.ring(floor.register, floor.now)
    for request_id in {row.request_id for row in shop.noted()} if due else ():
        expiry.run(floor, request_id)


def _live(shop: Shop) -> dict[str, HeldRows]:
    found = [row for row in shop.noted() if row.state == "held"]
    assert len({row.collection for row in found}) == len(found)  # one note for each collection
    return {row.collection: row for row in found}


@pytest.mark.requirement("R-24-3", "R-24-7")
def test_what_a_newer_hold_keeps_of_a_backup_is_put_out_of_use_and_noted(make: Make) -> None:
    shop = make(retention="none")
    backup, since = _backup(shop), datetime.now(UTC)
    request_id = shop.erase()["request"]
    assert (_orders(shop), shop.noted()) == ([], [])
    hold = _hold(shop)
    _restore(shop, backup)
    found = _called(shop, recheck, since)
    assert found["requests"][0]["back"]["shop.orders"] == 3  # in use, whatever holds it

    done = _called(shop, replay, since)

    assert _orders(shop) == [(10, 1), (11, 1), (12, 1)]
    assert shop.rows("SELECT status FROM users WHERE id = 1") == [("restricted",)]
    assert _orders(shop, NOA) == [(20, 0), (21, 0), (22, 0)]
    notes = _live(shop)
    assert {p: n.count for p, n in notes.items()} == {
        "shop.users": 1,
        "shop.orders": 3,
        "shop.order_items": 3,
        "shop.chat": 1,
    }
    assert {(n.code, n.basis, n.hold_id) for n in notes.values()} == {
        ("litigation_hold", "case 3", hold)
    }
    assert {n.request_id for n in notes.values()} == {request_id}
    (report,) = done["requests"]
    assert (done["exit"], done["whole"], report["left"]) == (0, True, {})
    assert report["held"]["shop.orders"] == 3
    (told,) = [e.data for e in shop.noted(Entry) if e.event == "replayed"]
    assert (told["held"], told["left"]) == (8, 0)
    assert shop.state_of(request_id) == "fulfilled"


@pytest.mark.requirement("R-24-5")
def test_when_that_hold_ends_the_rows_go_and_the_person_is_told(make: Make) -> None:
    shop = make(retention="none")
    backup, since = _backup(shop), datetime.now(UTC)
    request_id = shop.erase()["request"]
    hold = _hold(shop)
    _restore(shop, backup)
    _called(shop, replay, since)

    shop.released(hold)
    _rung(shop, timedelta(minutes=1))

    assert _orders(shop) == []
    assert shop.rows("SELECT id FROM chat") == [(NOA,)]
    assert shop.rows("SELECT email FROM users WHERE id = 1") == [(None,)]
    assert _live(shop) == {}
    assert shop.notices().count("hold_ended") == 1
    ended = {e.data["collection"]: e.data for e in shop.noted(Entry) if e.event == "hold_ended"}
    assert (ended["shop.orders"]["affected"], ended["shop.orders"]["left"]) == (3, 0)
    assert shop.state_of(request_id) == "fulfilled"
    assert _called(shop, recheck, since)["exit"] == 0


@pytest.mark.requirement("R-24-8")
def test_what_is_noted_as_held_did_not_come_back_and_is_noted_once(make: Make) -> None:
    shop = make(retention="none")
    backup, since = _backup(shop), datetime.now(UTC)
    shop.erase()
    _hold(shop)
    _restore(shop, backup)
    _called(shop, replay, since)
    before = {path: note.id for path, note in _live(shop).items()}

    assert _called(shop, recheck, since)["exit"] == 0
    assert _called(shop, replay, since)["whole"] is True
    _restore(shop, backup)  # and once more, out of its restriction
    assert _called(shop, replay, since, "--store=shop")["whole"] is True

    assert _orders(shop) == [(10, 1), (11, 1), (12, 1)]
    assert {path: note.id for path, note in _live(shop).items()} == before
    assert {path: note.count for path, note in _live(shop).items()}["shop.orders"] == 3


@pytest.mark.requirement("R-24-3")
def test_what_a_law_keeps_is_out_of_use_again_in_a_store_that_is_named(make: Make) -> None:
    shop = make(items="{with: orders}")
    shop.run("DELETE FROM chat; DELETE FROM order_items; DELETE FROM orders WHERE id IN (10, 20)")
    backup, since = _backup(shop), datetime.now(UTC)
    request_id = shop.erase()["request"]
    _restore(shop, {**backup, "users": shop.rows("SELECT * FROM users")})
    assert _orders(shop) == [(11, 0), (12, 0)]

    done = _called(shop, replay, since, "--store=shop")

    assert (done["whole"], _orders(shop)) == (True, [(11, 1), (12, 1)])
    (note,) = _live(shop).values()
    assert (note.collection, note.count, note.code) == ("shop.orders", 2, "statutory_retention")
    _rung(shop, SOON)
    assert _orders(shop) == [(12, 1)]
    gone = [j for j in shop.noted(JournalRow) if j.phase == "done"]
    assert [j.affected for j in gone if not j.step_id.startswith(request_id)] == [1]
    assert shop.notices().count("hold_ended") == 1


@pytest.mark.parametrize("make", ["sqlite"], indirect=True)
def test_a_hold_that_was_over_before_the_restore_keeps_nothing_of_the_backup(make: Make) -> None:
    shop = make(retention="none")
    backup, since = _backup(shop), datetime.now(UTC)
    hold = _hold(shop)
    shop.erase()
    assert _orders(shop) == [(10, 1), (11, 1), (12, 1)]
    shop.released(hold)
    _rung(shop, timedelta(minutes=1))
    assert _orders(shop) == []

    _restore(shop, backup)
    assert _called(shop, recheck, since)["requests"][0]["back"]["shop.orders"] == 3
    done = _called(shop, replay, since)

    assert (done["whole"], _orders(shop), _live(shop)) == (True, [], {})


@pytest.mark.requirement("R-24-3:bad")
@pytest.mark.parametrize("make", ["sqlite"], indirect=True)
def test_what_is_held_and_nothing_puts_out_of_use_is_a_task_with_an_alarm(make: Make) -> None:
    shop = make(retention="none", restriction="")
    text = shop.map_file.read_text(encoding="utf-8")
    flag = "    restriction: {strategy: flag, column: status, value: restricted}\n"
    shop.map_file.write_text(text.replace(flag, ""), encoding="utf-8")
    backup, since = _backup(shop), datetime.now(UTC)
    shop.erase()
    _hold(shop)
    _restore(shop, backup)

    done = _called(shop, replay, since)

    assert (done["exit"], done["whole"]) == (3, False)
    assert done["requests"][0]["not_restricted"]["shop.orders"] == 3
    tasks = [a for a in shop.noted(Aftercare) if a.kind == "incident"]
    assert [a.code for a in tasks] == ["not_restricted"]
    assert _live(shop)["shop.orders"].count == 3  # kept and noted all the same
