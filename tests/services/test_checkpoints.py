"""The audit trail: what a checkpoint commits to, and what the check of it finds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select

from rights.domain.errors import Conflict
from rights.services import audit
from rights.services.checkpoints import Report, checkpoint, purge_chain, verify
from rights.services.signing import Signer
from rights.services.trail_check import Known
from rights.store.db import transaction
from rights.store.models import Checkpoint, CheckpointLeaf, Entry, Request
from tests.services.registers import DATABASES, NOW, new_request, opened, signer, write


@pytest.fixture(params=DATABASES)
def register(request: pytest.FixtureRequest) -> Engine:
    return opened(request, request.param)


@pytest.fixture
def trail(register: Engine) -> Engine:
    """Three requests and a day, in two checkpoints, and one entry after the last."""
    with transaction(register) as session:
        for number in (1, 2, 3):
            write(session, new_request(session, number), "received", "verified", "completed")
    _sign(register)
    with transaction(register) as session:
        write(session, _get(session, 2), "downloaded")
        audit.append_day(session, audit.Line("key_used", "system", {}), now=NOW)
    _sign(register, seconds=60)
    with transaction(register) as session:
        write(session, _get(session, 3), "downloaded")
    return register


def _get(session: Session, number: int) -> Request:
    return session.get_one(Request, f"{number:032x}")


def _sign(register: Engine, *, seconds: float = 0) -> Checkpoint | None:
    with transaction(register) as session:
        return checkpoint(session, signer(), NOW + timedelta(seconds=seconds))


def _do(register: Engine, statement: str) -> None:
    with register.begin() as connection:
        connection.execute(text(statement))


def _covered(register: Engine) -> list[tuple[int, str, int]]:
    columns = col(CheckpointLeaf.checkpoint_id), col(CheckpointLeaf.chain), col(CheckpointLeaf.seq)
    with transaction(register) as session:
        found = session.exec(select(*columns).order_by(*columns[:2])).all()
    return [(number, chain.lstrip("0"), seq) for number, chain, seq in found]


def test_an_untouched_trail_holds(trail: Engine) -> None:
    report = verify(trail, signer())

    assert (report.ok, report.problems) == (True, [])
    assert (report.chains, report.entries, report.checkpoints) == (4, 12, 2)


def test_a_checkpoint_covers_only_the_chains_that_grew(trail: Engine) -> None:
    assert _covered(trail) == [
        (1, "1", 3),
        (1, "2", 3),
        (1, "3", 3),
        (2, "2", 4),
        (2, f"day:{NOW.date()}", 1),
    ]


def test_a_checkpoint_follows_on_the_one_before_it(trail: Engine) -> None:
    with transaction(trail) as session:
        first, second = session.exec(select(Checkpoint).order_by(col(Checkpoint.id))).all()

    assert (first.previous, second.previous) == ("", first.root)


def test_where_nothing_happened_no_checkpoint_is_made(trail: Engine) -> None:
    assert _sign(trail, seconds=120) is not None
    assert _sign(trail, seconds=180) is None
    assert _sign(trail, seconds=240) is None


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("UPDATE entry SET event = 'denied' WHERE chain LIKE '%1' AND seq = 2", "was changed"),
        ("UPDATE entry SET actor = 'staff:1' WHERE chain LIKE '%1' AND seq = 1", "was changed"),
        (
            """UPDATE entry SET data = '{"step": "02"}' WHERE chain LIKE '%3' AND seq = 4""",
            "changed",
        ),
        ("UPDATE entry SET hash = 'ab' WHERE chain LIKE '%1' AND seq = 3", "differs from"),
        ("DELETE FROM entry WHERE chain LIKE '%1' AND seq = 2", "entries 2 to 2 are missing"),
        ("DELETE FROM entry WHERE chain LIKE '%1' AND seq = 3", "of checkpoint 1 is gone"),
        ("DELETE FROM entry WHERE chain LIKE '%3' AND seq = 4", "its entries end at 3"),
        ("DELETE FROM entry WHERE chain LIKE '%1'", "of checkpoint 1 is gone"),
        ("DELETE FROM request WHERE id LIKE '%1'", "what they are about is gone"),
        ("UPDATE request SET head_seq = 2 WHERE id LIKE '%1'", "its head is entry 2"),
        ("UPDATE checkpoint_leaf SET seq = 2 WHERE chain LIKE '%1'", "root is not that of"),
        ("DELETE FROM checkpoint_leaf WHERE chain LIKE '%1'", "root is not that of"),
        ("DELETE FROM checkpoint WHERE id = 1", "does not follow on"),
        ("DELETE FROM checkpoint WHERE id = 2", "checkpoint 2: is gone"),
        ("UPDATE checkpoint SET chains = 4 WHERE id = 1", "signature does not hold"),
        ("UPDATE checkpoint SET key_id = 'other' WHERE id = 1", "signature does not hold"),
    ],
)
def test_tampering_is_found(trail: Engine, tampering: str, problem: str) -> None:
    _do(trail, tampering)

    report = verify(trail, signer())

    assert not report.ok
    assert any(problem in line for line in report.problems), report.problems


def test_data_that_cannot_be_read_is_a_changed_entry(request: pytest.FixtureRequest) -> None:
    register = opened(request, "sqlite")
    with transaction(register) as session:
        write(session, new_request(session, 1), "received", "verified")
    _do(register, "UPDATE entry SET data = '{' WHERE seq = 2")

    assert [line.split(": ")[1] for line in verify(register, signer()).problems] == [
        "entry 2 was changed"
    ]


_INSTANTS = st.datetimes(timezones=st.just(UTC))
_WORDS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(_INSTANTS | _INSTANTS.map(lambda at: at.replace(microsecond=0)), _WORDS, st.integers(0, 9))
def test_what_a_hash_is_over_is_sorted_json_with_microseconds(
    at: datetime, word: str, number: int
) -> None:
    data = {"b": word, "a": number, "c": {"z": None, "y": [word]}}

    made = audit.entry_text("p", "c", number, at, audit.Line("e", "system", data))

    parts = ["p", "c", number, at.isoformat(timespec="microseconds"), "e", "system", data]
    assert made == orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


_ODD: list[tuple[str, str, dict[str, Any]]] = [
    ("received", "staff:1", {"b": [1, {"z": None, "a": "x"}], "a": True}),
    ("received", 'back"slash\\', {"line": "one\ntwo\t\\N", "quote": '"', "zero": 0.5}),
    ("收到", "员工:一", {"字": "数据", "emoji": "\U0001f512"}),
    ("", "", {}),
]


def test_whatever_an_entry_says_holds_and_is_kept_as_it_was_hashed(register: Engine) -> None:
    with transaction(register) as session:
        request = new_request(session, 1)
        lines = [audit.Line(*one) for one in _ODD]
        audit.append(session, request, lines, now=NOW.replace(microsecond=0))
    _sign(register)

    assert verify(register, signer()).problems == []
    with register.connect() as connection:
        query = "SELECT CAST(data AS TEXT) FROM entry ORDER BY seq"
        kept = [one for (one,) in connection.execute(text(query))]
    assert kept == [
        orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() for *_, data in _ODD
    ], "what is not kept so is hashed far more slowly"


def test_an_entry_that_was_kept_in_another_order_holds_as_well(register: Engine) -> None:
    with transaction(register) as session:
        line = audit.Line("received", "staff:1", {"b": 1, "a": {"d": "x", "c": [2]}})
        audit.append(session, new_request(session, 1), [line, line], now=NOW)
    older = """UPDATE entry SET data = '{ "b": 1,"a":{"d":"x",\n"c":[2]} }' WHERE seq = 1"""

    _do(register, older)
    assert verify(register, signer()).problems == []

    _do(register, older.replace("[2]", "[3]"))
    assert [line.split(": ")[1] for line in verify(register, signer()).problems] == [
        "entry 1 was changed"
    ]


@pytest.mark.parametrize("at", ["{written} BC", "infinity", "-infinity", "{later}"])
def test_an_instant_that_only_reads_alike_is_a_changed_entry(
    request: pytest.FixtureRequest, at: str
) -> None:
    register = opened(request, "postgres")
    with transaction(register) as session:
        write(session, new_request(session, 1), "received", "verified")
        written = session.exec(select(Entry.at).where(Entry.seq == 2)).one()
    assert verify(register, signer()).problems == []

    later = written + timedelta(microseconds=1)
    moment = at.format(written=f"{written:%Y-%m-%d %H:%M:%S.%f}+00", later=later.isoformat())
    _do(register, f"UPDATE entry SET at = '{moment}' WHERE seq = 2".replace(":", "\\:"))

    assert [line.split(": ")[1] for line in verify(register, signer()).problems] == [
        "entry 2 was changed"
    ]


def test_words_that_only_read_alike_when_put_together_are_a_changed_entry(
    request: pytest.FixtureRequest,
) -> None:
    """PostgreSQL keeps no data that is no JSON; a file keeps whatever is written into it."""
    register = opened(request, "sqlite")
    with transaction(register) as session:
        line = audit.Line("denied", "staff:1", {"a": "b", "c": "d", "e": "f"})
        audit.append(session, new_request(session, 1), [line], now=NOW)
    assert verify(register, signer()).problems == []

    _do(
        register,
        """UPDATE entry SET event = 'denied","staff:1",{"a":"b', actor = 'c":"d',"""
        """ data = '"e":"f"}'""".replace(":", "\\:"),
    )

    assert [line.split(": ")[1] for line in verify(register, signer()).problems] == [
        "entry 1 was changed"
    ]


def test_two_entries_that_changed_places_are_found(trail: Engine) -> None:
    for old, new in ((1, 9), (2, 1), (9, 2)):
        _do(trail, f"UPDATE entry SET seq = {new} WHERE chain LIKE '%1' AND seq = {old}")

    assert not verify(trail, signer()).ok


def test_a_chain_rewritten_from_its_beginning_differs_from_the_checkpoint(trail: Engine) -> None:
    _do(trail, "DELETE FROM entry WHERE chain LIKE '%1'")
    with transaction(trail) as session:
        request = _get(session, 1)
        request.head_seq, request.head_hash = 0, ""
        write(session, request, "received", "verified", "denied")

    assert verify(trail, signer()).problems == [f"{1:032x}: entry 3 differs from checkpoint 1"]


def test_a_chain_removed_with_its_request_is_missed_by_the_checkpoint(trail: Engine) -> None:
    _do(trail, "DELETE FROM entry WHERE chain LIKE '%1'")
    _do(trail, "DELETE FROM request WHERE id LIKE '%1'")

    assert verify(trail, signer()).problems == [f"{1:032x}: entry 3 of checkpoint 1 is gone"]


def test_checkpoints_signed_with_another_key_do_not_hold(trail: Engine) -> None:
    stranger = Signer("s1:" + "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")

    problems = verify(trail, stranger).problems

    assert [p for p in problems if "signature" in p] == problems
    assert len(problems) == 2


def test_who_kept_a_later_root_finds_that_the_newest_checkpoints_were_cut_off(
    trail: Engine,
) -> None:
    kept = _sign(trail, seconds=120)
    assert kept is not None
    known = Known(kept.id or 0, kept.root)
    report = verify(trail, signer(), known=[known])
    assert (report.ok, report.newest) == (True, f"{kept.id}:{kept.root}")

    _do(trail, f"DELETE FROM checkpoint_leaf WHERE checkpoint_id = {kept.id}")
    _do(trail, f"DELETE FROM checkpoint WHERE id = {kept.id}")

    assert verify(trail, signer()).ok
    (problem,) = verify(trail, signer(), known=[known]).problems
    assert problem == f"checkpoint {kept.id}: is known from elsewhere, and is gone from here"


def test_a_purged_chain_leaves_head_count_and_root_and_the_trail_holds(trail: Engine) -> None:
    with transaction(trail) as session:
        assert purge_chain(session, signer(), f"{2:032x}", now=NOW) == 4
        assert purge_chain(session, signer(), f"{2:032x}", now=NOW) == 0
        session.delete(_get(session, 2))

    report = verify(trail, signer())

    assert report.problems == []
    assert report.chains == 3


def test_a_chain_is_not_purged_before_a_checkpoint_covers_its_end(trail: Engine) -> None:
    with transaction(trail) as session, pytest.raises(Conflict, match="no checkpoint covers"):
        purge_chain(session, signer(), f"{3:032x}", now=NOW)


def test_a_removal_dressed_up_as_a_purge_is_found(trail: Engine) -> None:
    _do(trail, "DELETE FROM entry WHERE chain LIKE '%1'")
    _do(trail, "UPDATE checkpoint_leaf SET purged_at = (SELECT at FROM checkpoint WHERE id = 1)")

    assert f"{1:032x}: entry 3 of checkpoint 1 is gone" in verify(trail, signer()).problems


def test_a_trail_in_ruins_is_told_in_few_words(register: Engine) -> None:
    report = Report()
    for number in range(5000):
        report.complain(str(number))

    assert len(report.problems) == 1001
    assert not report.ok


def test_two_relays_make_one_chain_of_checkpoints(register: Engine) -> None:
    with transaction(register) as session:
        for number in range(200):
            write(session, new_request(session, number), "received")
    start = threading.Barrier(4)

    def relay(number: int) -> None:
        start.wait()
        for turn in range(5):
            with transaction(register) as session:
                write(session, _get(session, number), f"turn_{turn}")
            _sign(register, seconds=turn)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(relay, range(4)))
    _sign(register, seconds=60)

    assert verify(register, signer()).problems == []
    with transaction(register) as session:
        heads = session.exec(select(func.count()).select_from(Request)).one()
        covered = session.exec(select(func.count(func.distinct(col(CheckpointLeaf.chain))))).one()
    assert (heads, covered) == (200, 200)


def test_an_entry_committed_after_a_higher_numbered_one_is_covered_later(
    postgres_template: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    register = opened(request, "postgres")
    with transaction(register) as session:
        slow_one, fast_one = new_request(session, 1), new_request(session, 2)
    with Session(register, expire_on_commit=False) as slow:
        write(slow, slow.merge(slow_one), "received")  # numbered first, committed last
        with transaction(register) as session:
            write(session, session.merge(fast_one), "received")
        _sign(register)
        slow.commit()
    _sign(register, seconds=60)

    assert [(c, s) for _, c, s in _covered(register)] == [("2", 1), ("1", 1)]


@pytest.mark.requirement("R-LOG-1")
def test_one_broken_row_is_reported_by_its_place(trail: Engine) -> None:
    with transaction(trail) as session:
        entry = session.exec(select(Entry).where(col(Entry.chain) == f"{2:032x}")).first()
        assert entry is not None
        entry.data = {"step": "01-erase", "affected": 5}

    assert verify(trail, signer()).problems == [f"{2:032x}: entry 1 was changed"]
