"""Places no program reaches: in the map all the same, a task each time, and named in the answer."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from connectors.manual import Manual
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.services import tasks
from rights.services.datamap import parse
from rights.settings import load
from rights.store.db import reading, transaction
from rights.store.models import Package, ReceiptRow, Staff
from tests.workflows.house import KEY, SEED, Clock, ask, floor_over, request_of
from tests.workflows.shop_on_sql import run_check
from workflows.building import parts_for
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packing import files_of

ARCHIVE = """\
- name: archive
  connector: manual
  owner: records office
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: letters
    links: [{columns: [writer], to: shop.users, role: owner}]
    fields: [{name: text, category: content, disclose: true}]
"""
MAP = f"""\
version: 7
controller: {{name: {{zh: 商城, en: Shop}}, dpo_contact: privacy@example.com}}
identifiers: {{user_id: {{kind: account}}}}
purposes: [{{name: service, title: {{zh: 服务, en: Service}}, basis: contract}}]
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {{basis: contract, purposes: [service], retention: none}}
  collections:
  - name: users
    key: [id]
    identifies: {{user_id: id}}
    fields: [{{name: nickname, category: profile, disclose: true}}]
{ARCHIVE}"""
ANN = {"user_id": "1"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, clock: Clock) -> Iterator[Floor]:
    tables: Any = {"shop": {"users": [{"id": 1, "nickname": "ann"}]}}
    made = floor_over(tmp_path, MAP, tables, clock)
    yield replace(made, manifests={**made.manifests, "manual": Manual.manifest})
    made.register.dispose()


def _staff(floor: Floor) -> Staff:
    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=floor.now())
        session.add(staff)
        session.flush()
    return staff


def _open(floor: Floor) -> list[tuple[str, str, str]]:
    with reading(floor.register) as session:
        return [(t["step"], t["action"], t["store"]) for t in tasks.open_tasks(session)]


@pytest.mark.requirement("R-21-3")
def test_a_copy_is_not_fulfilled_until_staff_were_there_and_what_they_left_out_is_named(
    floor: Floor,
) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    work_on(floor, request_id)

    held = request_of(floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    ((step, action, store),) = _open(floor)
    assert (action, store) == ("collect", "archive")

    staff = _staff(floor)
    with transaction(floor.register) as session:
        tasks.leave_out(session, step, staff, now=floor.now(), reason="store_unavailable")
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.PARTIALLY_FULFILLED
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    package = zipfile.ZipFile(io.BytesIO(b"".join(files_of(floor, row))))
    manifest = json.loads(package.read("manifest.json"))
    assert not manifest["complete"]
    assert {(m["store"], m["collection"], m["code"]) for m in manifest["missing"]} == {
        ("archive", "letters", "store_unavailable")
    }
    assert manifest["data_map"] == {"version": 7, "hash": floor.context.datamap.hash}


@pytest.mark.requirement("R-21-3")
def test_a_deletion_is_done_by_hand_read_back_by_hand_and_the_receipt_says_so(
    floor: Floor,
) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    staff = _staff(floor)
    done = []
    for _ in range(3):
        work_on(floor, request_id)
        for step, action, store in _open(floor):
            done.append((action, store))
            with transaction(floor.register) as session:
                tasks.complete(session, step, staff, now=floor.now(), proof="TICKET-7")

    assert done == [("erase", "archive"), ("verify", "archive")]
    assert request_of(floor, request_id).state is State.FULFILLED
    with reading(floor.register) as session:
        receipt = json.loads(
            session.exec(select(ReceiptRow.body).where(ReceiptRow.request_id == request_id)).one()
        )
    by_hand = {line["store"]: line["by_hand"] for line in receipt["outcome"]}
    assert by_hand == {"archive": True, "shop": False}
    assert receipt["map"]["version"] == 7


@pytest.mark.requirement("R-21-3")
def test_a_store_of_which_nothing_is_in_the_map_is_refused() -> None:
    bare = MAP.replace(ARCHIVE, ARCHIVE.partition("  collections:")[0])

    with pytest.raises(ConfigError) as refused:
        parse(bare)

    assert [p for p in refused.value.problems if "has no collections" in p]


@pytest.mark.requirement("R-21-3")
def test_with_a_connector_that_was_removed_no_worker_starts(tmp_path: Path) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_text(MAP.replace("connector: manual", "connector: microfilm"), encoding="utf-8")
    settings = load(
        database_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
        redis_url="redis://unused",
        blobs_url=(tmp_path / "blobs").as_uri(),
        keys=KEY,
        signing_key=SEED,
        datamap=file,
    )

    with pytest.raises(ConfigError) as refused:
        parts_for(settings)

    assert "no connector is called 'microfilm'" in refused.value.problems[0]


def test_the_check_wants_to_know_who_acts_there_and_nothing_else(tmp_path: Path) -> None:
    archive = ARCHIVE.replace("links: [{columns: [writer], to: shop.users", "links: [{columns: [w]")
    alone = archive.replace("columns: [w], role", "columns: [w], identifier: user_id, role")
    text = MAP[: MAP.index("- name: shop")] + alone

    assert run_check(tmp_path, text, {}, ci=True) == (0, [])
    code, (finding,) = run_check(tmp_path, text.replace("  owner: records office\n", ""), {})
    assert code == 1
    assert finding.startswith("error: archive: the connector manual does nothing, and nobody")


def test_rows_of_others_may_not_hang_on_rows_nobody_can_freeze(tmp_path: Path) -> None:
    archive = ARCHIVE.replace(
        "links: [{columns: [writer], to: shop.users, role: owner}]",
        "key: [id]\n    identifies: {user_id: writer}",
    )
    page = """\
  - name: pages
    links: [{columns: [letter_id], to: letters, role: owner}]
    fields: [{name: text, category: content, disclose: true}]
"""
    text = MAP[: MAP.index("- name: shop")] + archive + page

    code, found = run_check(tmp_path, text, {})

    assert code == 1
    assert any("cannot freeze" in f for f in found)
