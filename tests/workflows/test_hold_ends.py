"""What happens when the time of a held row is over: it goes, and the person is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rights.services.purge import purge
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Entry, HeldRows, JournalRow, Request
from tests.workflows.held_shop import MIA, NOA, Shop, shop_at
from workflows import expiry
from workflows.notices.ended import ended_lines

Make = Callable[..., Shop]

SOON = timedelta(days=60)
"""After this the order of two years and eleven months ago is three years old."""

LATE = timedelta(days=1200)
"""After this the order of today is."""


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path)
    made.staff("wei", "lin")
    yield made
    made.close()


def ids(shop: Shop, person: int = MIA) -> list[int]:
    query = f"SELECT id FROM orders WHERE user_id = {person} ORDER BY id"
    return [row[0] for row in shop.rows(query)]


def lines_left(shop: Shop) -> list[int]:
    return [
        r[0] for r in shop.rows("SELECT order_id FROM order_items WHERE order_id < 20 ORDER BY 1")
    ]


def rung(shop: Shop, after: timedelta) -> int:
    """Let the relay look *after* from now, and a worker do what it rings for."""
    floor = shop.floor(after)
    due = expiry.ring(floor.register, floor.now)
    for request_id in {row.request_id for row in shop.noted(HeldRows)} if due else ():
        expiry.run(floor, request_id)
    return due


@pytest.mark.requirement("R-24-5")
def test_when_a_hold_ends_the_row_goes_and_the_person_is_told(make: Make) -> None:
    shop = make(items="{with: orders}")
    request_id = shop.erase()["request"]
    receipt = shop.state_of(request_id)

    assert rung(shop, timedelta()) == 0
    assert rung(shop, SOON) == 1

    assert ids(shop) == [12]
    assert lines_left(shop) == [12]
    assert ids(shop, NOA) == [20, 21, 22]
    assert shop.notices().count("hold_ended") == 1
    assert shop.state_of(request_id) == receipt == "fulfilled"
    told = {e.data["collection"]: e.data for e in shop.noted(Entry) if e.event == "hold_ended"}
    assert told["shop.orders"]["affected"] == 1
    assert told["shop.order_items"]["left"] == 1

    assert rung(shop, LATE) == 1
    assert ids(shop) == []
    assert lines_left(shop) == []
    assert {row.state for row in shop.noted(HeldRows)} == {"ended"}
    assert rung(shop, LATE) == 0


def test_what_is_noted_has_counts_codes_and_dates_and_no_value(shop: Shop) -> None:
    shop.erase()

    (row,) = shop.noted(HeldRows)
    today = datetime.now(UTC).date()

    assert (row.collection, row.count, row.code, row.rank) == (
        "shop.orders",
        2,
        "statutory_retention",
        "law",
    )
    assert row.earliest.date() < today + SOON < row.latest.date()
    assert row.next_at == row.earliest
    assert row.latest.date() == today.replace(year=today.year + 3)
    assert b"mia" not in row.sealed


def test_the_answer_says_until_when(shop: Shop) -> None:
    outcome = shop.erase()

    (row,) = shop.noted(HeldRows)
    line = shop.line(outcome)

    assert line["until"] == row.latest.date().isoformat()
    (told,) = [x for x in shop.receipt(outcome)["outcome"] if x["retained"]]
    assert (told["hold"], told["until"]) == (line["hold"], line["until"])


def test_the_notice_says_what_went_and_what_is_still_held(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    rung(shop, SOON)

    with reading(shop.floor().register) as session:
        (line,) = ended_lines(session, request_id)

    assert (line["affected"], line["retained"], line["hold"]) == (1, 1, "statutory_retention")
    assert line["until"] > datetime.now(UTC).date().isoformat()


def test_every_effect_is_in_the_journal_and_done_twice_it_is_done_once(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    floor = shop.floor(SOON)

    assert expiry.run(floor, request_id) == 1
    assert expiry.run(floor, request_id) == 0

    written = [j for j in shop.noted(JournalRow) if "-" in j.step_id and j.phase == "done"]
    assert [j.affected for j in written if not j.step_id.startswith(request_id)] == [1]


def test_what_the_person_stored_since_is_theirs(shop: Shop) -> None:
    shop.erase()
    old = "2001-01-01 00:00:00"
    shop.run(f"INSERT INTO orders (id, user_id, created_at) VALUES (19, 1, '{old}')")

    rung(shop, LATE)

    assert ids(shop) == [19]


def test_a_legal_hold_placed_meanwhile_keeps_what_the_law_lets_go(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    on_mia = ("place", "--subject", "email=mia@example.com", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", "case 3", "--as", "wei")

    rung(shop, SOON)
    assert ids(shop) == [11, 12]

    shop.decided("confirm", hold, "--as", "lin")
    rung(shop, SOON + timedelta(days=2))
    assert ids(shop) == [11, 12]
    (row,) = shop.noted(HeldRows)
    assert (row.code, row.basis, row.next_at) == ("litigation_hold", "case 3", None)

    shop.released(hold)
    assert rung(shop, SOON + timedelta(days=3)) == 1
    assert ids(shop) == [12]
    assert shop.state_of(request_id) == "fulfilled"


def test_a_released_hold_lets_the_rows_of_a_closed_request_go(make: Make) -> None:
    shop = make(retention="none")
    shop.staff("wei", "lin")
    on_mia = ("place", "--subject", "user_id=1", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", "case 3", "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")
    shop.erase()
    assert ids(shop) == [10, 11, 12]

    shop.released(hold)
    rung(shop, timedelta(minutes=1))

    assert ids(shop) == []
    assert lines_left(shop) == []
    assert shop.rows("SELECT id FROM chat") == [(NOA,)]
    assert shop.rows("SELECT email FROM users WHERE id = 1") == [(None,)]
    assert {row.state for row in shop.noted()} == {"ended"}  # the anonymised row's too
    assert shop.notices().count("hold_ended") == 1


def test_a_row_that_is_anonymised_when_its_hold_ends_is_held_no_more(make: Make) -> None:
    shop = make()
    text = shop.map_file.read_text(encoding="utf-8")
    anonymised = text.replace("  - name: orders\n", "  - name: orders\n    erasure: anonymise\n")
    shop.map_file.write_text(anonymised, encoding="utf-8")
    shop.erase()

    rung(shop, SOON)
    notes = dict(shop.rows("SELECT id, note FROM orders WHERE id < 20"))
    assert notes == {10: None, 11: None, 12: "for 1"}
    assert [(row.count, row.state) for row in shop.noted()] == [(1, "held")]

    rung(shop, LATE)
    assert [(row.count, row.state) for row in shop.noted()] == [(0, "ended")]
    ended = [e.data["affected"] for e in shop.noted(Entry) if e.event == "hold_ended"]
    assert ended == [1, 1]
    assert rung(shop, LATE) == 0


def test_a_store_that_is_down_is_asked_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = shop.erase()["request"]
    shop.run("ALTER TABLE orders RENAME TO gone")
    expiry.run(shop.floor(SOON), request_id)
    shop.run("ALTER TABLE gone RENAME TO orders")

    (row,) = shop.noted(HeldRows)
    assert row.state == "held"
    assert row.note
    rung(shop, SOON + timedelta(days=2))
    assert ids(shop) == [12]


def test_rows_that_cannot_be_let_go_become_a_task(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    text = shop.map_file.read_text(encoding="utf-8")
    head, _, rest = text.partition("  - name: orders")
    shop.map_file.write_text(head + "  - name: chat" + rest.partition("  - name: chat")[2], "utf-8")

    expiry.run(shop.floor(SOON), request_id)

    (task,) = [a for a in shop.noted(Aftercare) if a.kind == "incident"]
    assert (task.code, task.state) == ("hold_stuck", "open")
    assert shop.noted(HeldRows)[0].state == "held"


def test_the_record_of_a_request_stays_as_long_as_its_rows_are_held(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    floor = shop.floor()
    long_after = datetime.now(UTC) + timedelta(days=9000)

    purge(floor.register, floor.context, floor.blobs, now=long_after)

    assert [r.id for r in shop.noted(Request)] == [request_id]


def test_what_is_left_of_a_stopped_request_stays_until_staff_let_it_go(shop: Shop) -> None:
    request_id = shop.erase()["request"]
    floor = shop.floor(timedelta())
    before = ids(shop)
    with transaction(floor.register) as session:
        session.get_one(Request, request_id).not_me_at = floor.now()

    rung(shop, SOON)
    assert ids(shop) == before

    with transaction(floor.register) as session:
        session.get_one(Request, request_id).not_me_at = None
    rung(shop, SOON + timedelta(hours=1))
    assert ids(shop) == [12]
