"""What is over is forgotten; what is not, stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.services import audit, checkpoints, purge
from rights.services.signing import Signer
from rights.store.models import (
    CheckpointLeaf,
    DayChain,
    Entry,
    IdempotencyRecord,
    IdentifierRow,
    Lookup,
    Nonce,
    Package,
    Request,
    SealedNote,
)
from tests.web.house import BOB, House


def _purge(house: House) -> dict[str, int]:
    return purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())


def _closed(house: House, **more: Any) -> str:
    made = house.submit("deletion", **more)
    house.post(f"/v1/requests/{made['id']}/cancel")
    return str(made["id"])


def test_nothing_is_forgotten_before_its_time(house: House) -> None:
    _closed(house)
    house.asserted("correction")
    house.post("/v1/requests", {"kind": "copy", "subject": BOB}, Idempotency_Key="k")

    assert set(_purge(house).values()) == {0}


@pytest.mark.requirement("R-NEG-29", "R-NEG-29:bad")
def test_contacts_and_notes_go_thirty_days_after_closure_and_open_ones_stay(house: House) -> None:
    text = {"text": "please"}
    closed = house.submit("correction", values=text)["id"]
    house.post(f"/v1/requests/{closed}/cancel")
    still_open = house.submit("correction", BOB, values=text)["id"]
    house.clock.forward(days=30, seconds=1)

    counts = _purge(house)

    assert counts["contacts"] == 1
    with house.reading() as session:
        assert purge.remaining(session, [closed]) == 0
        assert {r.request_id for r in session.exec(select(IdentifierRow))} == {still_open}
        assert {n.request_id for n in session.exec(select(SealedNote))} == {still_open}
        assert session.get(Request, closed) is not None
    assert house.get(f"/v1/requests/{closed}").json["state"] == "revoked"


@pytest.mark.requirement("R-NEG-29")
def test_what_proves_or_repeats_something_lives_as_long_as_it_proves(house: House) -> None:
    house.asserted("correction")
    house.post("/v1/requests", {"kind": "copy", "subject": BOB}, Idempotency_Key="k")
    house.clock.forward(days=1, minutes=11)

    counts = _purge(house)

    assert (counts["nonces"], counts["idempotency"]) == (1, 1)
    with house.reading() as session:
        assert session.exec(select(Nonce)).all() == []
        assert session.exec(select(IdempotencyRecord)).all() == []


def test_codes_that_were_answered_stay_while_they_count(house: House) -> None:
    made = house.submit("deletion", {"email": "alice@example.com"})
    path = f"/v1/requests/{made['id']}/verification/answer"
    house.post(path, {"code": house.code(made["id"])})
    house.clock.forward(days=2)
    _purge(house)

    word = house.partner.assertion({"email": "alice@example.com"}, house.clock.now())

    assert house.post(path, {"assertion": word}).json["state"] == "in_progress"


def test_answers_to_lookups_go_after_a_quarter_of_an_hour(house: House) -> None:
    made = house.asserted("access")
    path = f"/v1/requests/{made['id']}/lookups"
    asked = house.post(path, {"question": "counts"}).json
    house.clock.forward(minutes=16)

    gone = house.get(f"{path}/{asked['id']}")
    counts = _purge(house)

    assert (gone.status_code, counts["lookups"]) == (410, 1)
    with house.reading() as session:
        assert session.exec(select(Lookup)).all() == []


@pytest.mark.requirement("R-NEG-29")
def test_an_expired_package_is_deleted_and_a_second_run_finds_nothing(house: House) -> None:
    made = house.asserted("access")
    old = house.package(made["id"], b"old")
    new = house.package(made["id"], b"new", expires_at=house.clock.now() + timedelta(days=20))
    house.clock.forward(days=8)

    first, second = _purge(house), _purge(house)

    assert (first["packages"], second["packages"]) == (1, 0)
    assert list(house.blobs.list()) == [f"packages/{new}.zip"]
    with house.reading() as session:
        assert session.get_one(Package, old).wrapped_key == b""
        assert session.get_one(Package, new).wrapped_key != b""
        purged = session.exec(select(Entry).where(Entry.event == "package_purged")).all()
    assert [e.data for e in purged] == [{"package": old}]


def _checkpoint(house: House) -> None:
    """Do what the relay does every minute."""
    signer = Signer(house.context.settings.signing_key.get_secret_value())
    with house.writing() as session:
        assert checkpoints.checkpoint(session, signer, house.clock.now())


def test_records_go_after_three_years_and_leave_head_and_count(house: House) -> None:
    closed = _closed(house)
    with house.reading() as session:
        head = session.get_one(Request, closed).head_seq
    _checkpoint(house)
    kept = _closed(house, subject=BOB)
    house.clock.forward(days=1097)

    counts = _purge(house)

    assert counts["requests"] == 1
    with house.reading() as session:
        assert session.get(Request, closed) is None
        assert session.exec(select(Entry).where(Entry.chain == closed)).all() == []
        leaves = session.exec(select(CheckpointLeaf)).all()
        assert (closed, head) in {(leaf.chain, leaf.seq) for leaf in leaves}
        # Without a signed checkpoint over its end, a chain is not forgotten.
        assert session.get(Request, kept) is not None


def test_logs_of_days_go_after_half_a_year_and_their_heads_stay(house: House) -> None:
    with house.writing() as session:
        audit.append_day(session, audit.Line("tested", "system", {}), now=house.clock.now())
    _checkpoint(house)
    house.clock.forward(days=183)
    before = _purge(house)["log_entries"]
    house.clock.forward(days=3)
    after = _purge(house)["log_entries"]

    assert before == 0
    assert after >= 1
    with house.reading() as session:
        assert session.exec(select(DayChain)).all()


def test_many_are_forgotten_in_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    for n in range(5):
        _closed(house, subject={"user_id": f"u-{n}"})
    house.clock.forward(days=31)

    assert _purge(house)["contacts"] == 5
