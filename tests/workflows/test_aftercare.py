"""What is done for a closed request: it is looked at again, and never opened again."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import select

from connectors.sdk import Found, Receipt, Transient
from rights import logs
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import suppression
from rights.services.purge import purge
from rights.store.db import reading
from rights.store.keys import Keyring
from rights.store.models import (
    Capsule,
    KeyringRow,
    Package,
)
from rights.store.vault import Vault
from tests.workflows.afterwards import (
    MAP,
    PHONE,
    Tables,
    body,
    erase,
    events,
    look,
    rows,
    signed,
    user,
)
from tests.workflows.house import KEY, Clock, ask, floor_over, lying, request_of
from workflows import capsules
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packing import files_of


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    out = io.StringIO()
    logs.configure(out)
    yield out
    structlog.reset_defaults()


# -- looking again --------------------------------------------------------------------------


@pytest.mark.requirement("R-24-8")
def test_an_erasure_is_looked_at_again_after_an_hour_a_day_a_week_and_a_month(
    floor: Floor, clock: Clock
) -> None:
    request_id = erase(floor)
    closed = clock.at

    looked = []
    for hours in (0, 1, 24, 7 * 24, 30 * 24, 90 * 24):
        clock.at = closed + timedelta(hours=hours)
        look(floor)
        looked.append(events(floor, request_id).count("rechecked"))

    assert looked == [0, 1, 2, 3, 4, 4]
    (row,) = rows(floor, "recheck")
    assert (row.state, row.next_at) == ("done", None)
    assert rows(floor, "incident") == []


@pytest.mark.requirement("R-24-8")
def test_data_that_comes_back_is_an_incident_and_never_changes_the_closed_request(
    floor: Floor, clock: Clock, tables: Tables, log: io.StringIO
) -> None:
    request_id = erase(floor)
    before, kept = request_of(floor, request_id), signed(floor, request_id)
    tables["search"]["documents"].append({"id": 99, "user_id": 1, "text": "cup"})

    clock.on(hours=1)
    look(floor)

    (incident,) = rows(floor, "incident")
    assert (incident.code, incident.note) == ("came_back", "search.documents (1)")
    assert "incident.opened" in log.getvalue()
    assert "incident_opened" in events(floor, request_id)
    after = request_of(floor, request_id)
    assert (after.state, after.closed_at) == (before.state, before.closed_at)
    assert signed(floor, request_id) == kept

    clock.on(days=1)
    look(floor)
    assert len(rows(floor, "incident")) == 1  # the same one, not another for each look


@pytest.mark.requirement("R-24-8:bad")
def test_a_store_that_says_done_and_still_has_it_is_an_incident_at_the_third_try(
    floor: Floor, clock: Clock
) -> None:
    lying(floor.connector("letters"), erase=lambda target, work: Receipt(affected=1))  # type: ignore[arg-type]  # a memory store

    request_id = ask(floor, Kind.DELETION, {"user_id": "1", "email": "ann@example.com"})
    opened = []
    for _ in range(4):
        work_on(floor, request_id)
        opened.append([(i.code, i.state) for i in rows(floor, "incident")])
        clock.on(seconds=6)

    assert opened == [[], [], [("not_read_back", "open")], [("not_read_back", "open")]]
    assert request_of(floor, request_id).state is State.IN_PROGRESS


def test_a_store_that_cannot_be_asked_is_asked_again_and_is_not_nothing(
    floor: Floor, clock: Clock
) -> None:
    request_id = erase(floor)
    store = floor.connector("search")
    honest, store.verify = store.verify, _unreachable  # type: ignore[attr-defined]  # the edge of the world

    clock.on(hours=1)
    look(floor)
    (row,) = rows(floor, "recheck")
    assert (row.round, row.attempts, row.code) == (0, 1, "store_unavailable")
    assert "rechecked" not in events(floor, request_id)

    store.verify = honest  # type: ignore[attr-defined]  # and back again
    clock.on(seconds=6)
    look(floor)
    (row,) = rows(floor, "recheck")
    assert (row.round, row.attempts) == (1, 0)


def _unreachable(*_: Any, **__: Any) -> Found:
    raise Transient("search: it does not answer")


@pytest.mark.requirement("R-APP6-4")
def test_who_registers_again_with_the_same_number_and_address_is_a_new_person(
    floor: Floor, clock: Clock, tables: Tables
) -> None:
    erase(floor, Kind.ACCOUNT_CANCELLATION)
    clock.on(minutes=5)
    tables["shop"]["users"].append(user(9, "ann", PHONE))
    tables["shop"]["orders"].append({"id": 90, "user_id": 9, "item": "bowl"})
    tables["letters"]["subscribers"].append({"email": "ann@example.com", "topic": "cups"})

    clock.on(days=31)
    for _ in range(4):
        look(floor)
        clock.on(days=31)
    assert rows(floor, "incident") == []

    copy = ask(floor, Kind.COPY, {"user_id": "9", "email": "ann@example.com", "phone": PHONE})
    work_on(floor, copy)
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == copy)).one()
    package = zipfile.ZipFile(io.BytesIO(b"".join(files_of(floor, row))))
    text = "".join(package.read(n).decode(errors="ignore") for n in package.namelist())
    assert "bowl" in text
    assert '"cup"' not in text

    with reading(floor.register) as session:
        allowed = [
            suppression.check(
                session,
                floor.context.vault,
                floor.context.datamap,
                [suppression.Asked("email", "ann@example.com", at)],
                now=floor.now(),
            )[0].allowed
            for at in (clock.at, clock.at - timedelta(days=400))
        ]
    assert allowed == [True, False]


def test_what_only_an_address_leads_to_may_be_new_and_raises_no_alarm(
    floor: Floor, clock: Clock, tables: Tables, log: io.StringIO
) -> None:
    erase(floor)
    tables["letters"]["subscribers"].append({"email": "ann@example.com", "topic": "cups"})

    clock.on(hours=1)
    look(floor)

    (incident,) = rows(floor, "incident")
    assert (incident.code, incident.note) == ("perhaps_new", "letters.subscribers (1)")
    assert "incident.opened" not in log.getvalue()


# -- capsules -------------------------------------------------------------------------------


def test_the_capsule_outlives_the_key_ring_until_the_longest_backup_and_no_longer(
    floor: Floor, clock: Clock
) -> None:
    request_id = erase(floor)
    with reading(floor.register) as session:
        assert session.get(KeyringRow, request_id) is None
        row = session.get_one(Capsule, request_id)
        assert row.expires_at - row.acted_at == timedelta(days=60)

    clock.on(days=61)
    purge(floor.register, floor.context, floor.blobs, now=floor.now())
    with reading(floor.register) as session:
        assert session.get(Capsule, request_id) is None
    look(floor)
    (recheck,) = rows(floor, "recheck")
    assert (recheck.state, recheck.note) == ("done", "its capsule was destroyed")


def test_a_capsule_shows_nothing_to_who_has_the_keys_of_the_web_only(floor: Floor) -> None:
    request_id = erase(floor)
    with reading(floor.register) as session:
        sealed = session.get_one(Capsule, request_id).sealed
        found = capsules.opened(session, floor.context.settings, request_id)

    assert found is not None
    assert found.keys.keys("identifier:email") == (("ann@example.com",),)
    assert b"ann@example.com" not in sealed
    with pytest.raises(ConfigError):
        Vault(Keyring.parse(KEY)).open(sealed, aad=f"capsule|{request_id}")


def test_keys_of_its_own_seal_the_capsule_where_they_are_set(
    tmp_path: Path, tables: Tables, clock: Clock
) -> None:
    key = "r1:" + base64.b64encode(b"r" * 32).decode()
    floor = floor_over(tmp_path, MAP, tables, clock, replay_keys=key)

    request_id = erase(floor)

    with reading(floor.register) as session:
        sealed = session.get_one(Capsule, request_id).sealed
    assert Vault(Keyring.parse(key)).key_id(sealed) == "r1"


# -- derived data ---------------------------------------------------------------------------


def test_derived_data_that_is_filled_again_from_its_source_is_gone_at_the_end(
    floor: Floor, tables: Tables
) -> None:
    shop = floor.connector("shop")
    honest = shop.erase  # type: ignore[attr-defined]  # a memory store

    def refilling(target: Any, work: Any) -> Receipt:
        done: Receipt = honest(target, work)
        if target.collection.name == "users":  # the feed is behind: it delivers what was there
            tables["search"]["documents"].append({"id": 77, "user_id": 1, "text": "cup"})
        return done

    lying(shop, erase=refilling)  # type: ignore[arg-type]  # a memory store
    request_id = erase(floor)

    assert [d["user_id"] for d in tables["search"]["documents"]] == [2]
    (line,) = [x for x in body(floor, request_id)["outcome"] if x["store"] == "search"]
    assert line["affected"] == 2
