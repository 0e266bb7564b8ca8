"""What a receipt says of stores and effects, and what staff owe after it."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from rights.domain.kinds import Kind
from rights.services import aftertasks, horizons, incidents
from rights.services.receipts import export, verify_export
from rights.store.db import reading, transaction
from rights.store.models import (
    ReceiptOpening,
    ReceiptRow,
    Staff,
)
from tests.workflows.afterwards import (
    Tables,
    body,
    erase,
    events,
    look,
    rows,
    signed,
)
from tests.workflows.house import Clock, ask
from workflows.floor import Floor
from workflows.jobs import work_on

# -- receipts -------------------------------------------------------------------------------


def _file(floor: Floor, request_id: str) -> dict[str, Any]:
    with reading(floor.register) as session:
        row = session.get_one(ReceiptRow, request_id)
        return export(row, floor.signer, session.get(ReceiptOpening, request_id))


def test_a_receipt_says_per_store_and_category_what_happened_and_by_when_it_is_gone(
    floor: Floor, clock: Clock
) -> None:
    request_id = erase(floor)
    told = body(floor, request_id)

    said = {
        f"{x['store']}.{x['collection']}": (x["happened"], x["categories"], x["affected"])
        for x in told["outcome"]
    }
    assert said == {
        "shop.users": (["deleted"], ["account", "contact"], 1),
        "shop.orders": (["deleted"], ["purchases"], 2),
        "letters.subscribers": (["deleted"], ["preference"], 1),
        "search.documents": (["deleted"], ["purchases"], 1),
    }
    stores = {x["store"]: x for x in told["stores"]}
    day = clock.at.date()
    assert stores["shop"]["level"] == "logically_gone"
    assert stores["shop"]["physically_gone_by"] == (day + timedelta(days=60)).isoformat()
    assert stores["shop"]["by"] == "nightly vacuum"
    assert stores["shop"]["backups"] == [
        {"name": "nightly dump", "until": (day + timedelta(days=60)).isoformat()}
    ]
    assert stores["letters"]["physically_gone_by"] is None  # nobody said by when: nor do we
    assert told["effects"]["leaves"] == 5
    for moment in (x["at"] for x in told["outcome"]):
        assert datetime.fromisoformat(moment) == clock.at


def test_the_effects_beside_a_receipt_are_the_signed_ones_and_no_others(floor: Floor) -> None:
    file = _file(floor, erase(floor))
    whole = verify_export(json.dumps(file).encode())
    assert (whole.ok, whole.effects) == (True, True)

    for change in (
        {"leaves": [{**file["leaves"][0], "affected": 7}, *file["leaves"][1:]]},
        {"leaves": file["leaves"][1:]},
        {"leaves": list(reversed(file["leaves"]))},
        {"leaves": "none"},
        {"salt": base64.b64encode(b"x" * 32).decode()},
        {"salt": "?"},
    ):
        found = verify_export(json.dumps({**file, **change}).encode())
        assert (found.ok, found.effects) == (False, False), change

    bare = {k: v for k, v in file.items() if k not in {"salt", "leaves"}}
    assert (verify_export(json.dumps(bare).encode()).ok, "salt" in bare) == (True, False)


def test_the_signed_text_gives_no_handle_for_guesses_about_single_rows(floor: Floor) -> None:
    """The digest of rows is outside the signed text; inside is only what a salt covers."""
    file = _file(floor, erase(floor))

    digests = [leaf["digest"] for leaf in file["leaves"] if leaf["digest"]]
    assert digests
    assert not any(digest in file["receipt"] for digest in digests)
    assert file["salt"] not in file["receipt"]


# -- maintenance ----------------------------------------------------------------------------


def test_maintenance_is_one_task_per_store_and_once_done_clears_what_was_before_it(
    floor: Floor, clock: Clock
) -> None:
    erase(floor)
    other = ask(floor, Kind.DELETION, {"user_id": "2"})
    work_on(floor, other)

    with reading(floor.register) as session:
        owed = [t for t in _tasks(floor, session) if t["kind"] == "horizon"]
    assert [(t["step"], t["note"]) for t in owed] == [
        ("horizon-shop", "nightly vacuum: 2 erasures wait")
    ]
    assert owed[0]["due"] == (clock.at + timedelta(days=30)).isoformat()

    kept = signed(floor, other)
    clock.on(hours=2)
    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["admin"], created_at=floor.now())
        session.add(staff)
        session.flush()
        aftertasks.complete(session, "horizon-shop", staff, now=floor.now(), proof="ops-17")
    assert {(r.state, r.result["proof"]) for r in rows(floor, "horizon")} == {("done", "ops-17")}
    assert signed(floor, other) == kept


def _tasks(floor: Floor, session: Any) -> list[dict[str, Any]]:
    return [*incidents.tasks(session), *horizons.tasks(session, floor.context.datamap)]


def test_staff_close_an_incident_with_a_reference(
    floor: Floor, clock: Clock, tables: Tables
) -> None:
    request_id = erase(floor)
    tables["shop"]["orders"].append({"id": 99, "user_id": 1, "item": "cup"})
    clock.on(hours=1)
    look(floor)
    (incident,) = rows(floor, "incident")

    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=floor.now())
        session.add(staff)
        session.flush()
        aftertasks.complete(session, incident.id, staff, now=floor.now(), proof="case-4")

    (incident,) = rows(floor, "incident")
    assert (incident.state, incident.result["proof"]) == ("done", "case-4")
    assert events(floor, request_id)[-1] == "incident_closed"
