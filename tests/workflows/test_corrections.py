"""Corrections on live databases: checked, compared before they are set, and kept from undoing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from rights.domain.duties import MAY, Act
from rights.domain.identifiers import normalise
from rights.domain.kinds import Kind
from rights.services import correction_guard, tasks
from rights.services.correction_guard import Corrected
from rights.store.db import open_engine
from rights.store.keys import Keyring
from rights.store.models import CorrectionGuard, DisputedValue, Staff, StepRow
from rights.store.vault import Vault
from tests.connectors.database import Database
from tests.workflows.people_in_stores import People, manifest, opened, people
from workflows import capsules, correcting, inline
from workflows.building import floor_for, parts_for
from workflows.reporting import report

MAP = """\
  - name: users
    identifies: {user_id: id, email: email, phone: phone}
    fields:
    - {name: email, category: contact, disclose: true, correct: allowed}
    - {name: phone, category: contact, disclose: true, correct: allowed}
    - {name: nickname, category: profile, disclose: true, correct: allowed}
    - {name: city, category: address, disclose: true, correct: allowed}
    - {name: age, category: profile, disclose: true, correct: allowed}
    - {name: motto, category: profile, disclose: true, correct: allowed}
    - {name: score, category: profile, disclose: true}
    - {name: initials, category: profile, derived_from: {fields: [nickname], on_erasure: erase}}
  - name: addresses
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: street, category: address, disclose: true, correct: allowed}
  - name: features
    key: [user_id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - name: region
      category: profile
      derived_from: {fields: [shop.users.city], on_erasure: recompute}
    - {name: climate, category: profile, source: derived, derived_from: [region]}
"""

ANN = {"user_id": "1"}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), phone VARCHAR(30),"
        " nickname VARCHAR(30), city VARCHAR(30), age INTEGER,"
        " motto VARCHAR(30), score VARCHAR(30), initials VARCHAR(5))",
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id INTEGER, street VARCHAR(60))",
        "CREATE TABLE features (user_id INTEGER PRIMARY KEY, region VARCHAR(30),"
        " climate VARCHAR(30))",
    )
    database.put("users", _user(1, "ann"), _user(2, "bo"))
    database.put(
        "addresses",
        {"id": 1, "user_id": 1, "street": "Old Road 1"},
        {"id": 2, "user_id": 1, "street": "Old Road 2"},
        {"id": 3, "user_id": 2, "street": "Old Road 1"},
    )
    database.put(
        "features",
        {"user_id": 1, "region": "east", "climate": "mild"},
        {"user_id": 2, "region": "west", "climate": "dry"},
    )
    yield people(database, tmp_path / "people", MAP)
    database.close()


def _user(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"{name}@mail.example",
        "phone": f"1380013800{number}",
        "nickname": name,
        "city": "",
        "age": 30,
        "motto": "",
        "score": "C",
        "initials": name[0].upper(),
    }


def _correct(shop: People, *changes: str, **more: Any) -> dict[str, Any]:
    return shop.run(Kind.CORRECTION, *changes, subject=ANN, **more)


def _row(shop: People, number: int = 1) -> dict[str, Any]:
    with shop.database.engine.connect() as connection:
        query = sa.text("SELECT * FROM users WHERE id = :n")
        return dict(connection.execute(query, {"n": number}).mappings().one())


def _register(shop: People) -> Session:
    return Session(open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}"))


def _vault(shop: People) -> Vault:
    keys = json.loads((shop.folder / "state" / "keys.json").read_text(encoding="utf-8"))
    return Vault(Keyring.parse(keys["k"]))


def _leave_out(shop: People, outcome: dict[str, Any], reason: str) -> dict[str, Any]:
    """Let staff leave every waiting step out, then go on."""
    role = min(MAY[Act.LEAVE_OUT])
    settings = inline.settings_in(shop.map_file, shop.folder / "state")
    floor = floor_for(parts_for(settings), worker="inline")
    try:
        with _register(shop) as session:
            staff = Staff(name=f"staff-{reason}", roles=[str(role)], created_at=floor.now())
            session.add(staff)
            session.commit()
            waiting = session.exec(
                select(StepRow.id).where(
                    StepRow.request_id == outcome["request"],
                    col(StepRow.state).in_(tasks.WAITING),
                )
            ).all()
            for step in waiting:
                tasks.leave_out(session, step, staff, now=floor.now(), reason=reason)
            session.commit()
        inline.until_still(floor, outcome["request"])
        return report(floor, outcome["request"], {})
    finally:
        floor.close()


def _line(outcome: dict[str, Any], collection: str, action: str = "correct") -> dict[str, Any]:
    (found,) = (
        x for x in outcome["collections"] if (x["collection"], x["action"]) == (collection, action)
    )
    return dict(found)


@pytest.mark.requirement("R-P46-1")
def test_a_phone_number_is_corrected_in_the_persons_row_only(shop: People) -> None:
    outcome = _correct(shop, "shop.users.phone=+8613900139009", "shop.users.nickname=anna")

    assert outcome["state"] == "fulfilled"
    assert _line(outcome, "users")["affected"] == 1
    row = _row(shop)
    assert (normalise(row["phone"], "e164"), row["nickname"]) == ("+8613900139009", "anna")
    assert _row(shop, 2) == _user(2, "bo")


@pytest.mark.requirement("R-P46-1")
def test_what_cannot_be_verified_stays_and_is_marked_in_every_later_copy(shop: People) -> None:
    before = _row(shop)
    outcome = _correct(shop, "shop.users.score=A", "text=It was <paid> in May.")
    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    pending = manifest(shop.run(Kind.COPY, subject={"email": "ann@mail.example"}))["disputed"]

    answered = _leave_out(shop, outcome, "unverifiable")

    assert answered["state"] == "partially_fulfilled"
    assert _line(answered, "users")["missing"] == "unverifiable"
    assert _row(shop) == before
    copy = shop.run(Kind.COPY, subject={"email": "ann@mail.example"})
    (mark,) = manifest(copy)["disputed"]
    assert (mark["collection"], mark["field"], mark["claimed"]) == ("shop.users", "score", "A")
    assert (pending[0]["code"], mark["code"]) == ("pending", "disputed")
    assert mark["request_id"] == outcome["request"]
    assert pending[0]["statement"] == mark["statement"] == "It was <paid> in May."
    assert b"It was &lt;paid&gt;" in opened(copy)["index.html"].partition(b'id="disputed"')[2]
    assert manifest(shop.run(Kind.COPY, subject={"user_id": "2"}))["disputed"] == []


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_correction_that_is_made_ends_the_dispute(shop: People) -> None:
    _leave_out(shop, _correct(shop, "shop.users.score=A"), "not_agreed")
    shop.map_file.write_text(
        shop.map_file.read_text(encoding="utf-8").replace(
            "{name: score, category: profile, disclose: true}",
            "{name: score, category: profile, disclose: true, correct: allowed}",
        ),
        encoding="utf-8",
    )

    assert _correct(shop, "shop.users.score=A")["state"] == "fulfilled"

    assert manifest(shop.run(Kind.COPY, subject=ANN))["disputed"] == []
    with _register(shop) as session:
        assert session.exec(select(DisputedValue)).all() == []


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_dispute_is_sealed_and_goes_with_the_data_it_is_about(shop: People) -> None:
    _leave_out(shop, _correct(shop, "shop.users.score=canary-claim"), "unverifiable")
    _correct(shop, "shop.users.nickname=canary-nick")
    register = b"".join(f.read_bytes() for f in (shop.folder / "state").glob("register.sqlite*"))
    assert b"canary" not in register

    assert shop.run(Kind.DELETION, subject=ANN)["state"] == "fulfilled"

    with _register(shop) as session:
        assert session.exec(select(DisputedValue)).all() == []
        assert session.exec(select(CorrectionGuard)).all() == []


def test_a_value_changed_between_plan_and_effect_is_not_overwritten(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody edits the row after the plan was made: by another connection, for real."""
    _edited_before_the_effect(shop, monkeypatch, "UPDATE users SET nickname = 'annie' WHERE id = 1")

    outcome = _correct(shop, "shop.users.nickname=anna", "shop.users.phone=13900139009")

    assert outcome["state"] == "on_hold"
    row = _row(shop)
    assert (row["nickname"], row["phone"]) == ("annie", "13800138001")  # one row, all or nothing
    assert _line(outcome, "users")["missing"] == "edited_meanwhile"


def test_an_edit_of_another_column_is_no_conflict(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _edited_before_the_effect(shop, monkeypatch, "UPDATE users SET city = 'Xi''an' WHERE id = 1")

    outcome = _correct(shop, "shop.users.nickname=anna", "shop.users.age=31")

    assert outcome["state"] == "fulfilled"
    row = _row(shop)
    assert (row["nickname"], row["age"], row["city"]) == ("anna", 31, "Xi'an")


def _edited_before_the_effect(
    shop: People, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    guard = correcting.guard

    def edited(*args: Any) -> None:
        guard(*args)
        shop.database.run(statement)

    monkeypatch.setattr(correcting, "guard", edited)


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_two_columns_of_one_row_are_one_statement(shop: People) -> None:
    shop.database.run("CREATE TABLE changes_seen (what VARCHAR(10))")
    shop.database.run(
        "CREATE FUNCTION noted() RETURNS trigger AS $$ BEGIN"
        " INSERT INTO changes_seen VALUES ('row'); RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER noting AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION noted()",
    )
    shop.map_file.write_text(
        shop.map_file.read_text(encoding="utf-8")
        + "  ignored: [{name: changes_seen, because: no personal data}]\n",
        encoding="utf-8",
    )

    _correct(shop, "shop.users.phone=13900139009", "shop.users.age=31", "shop.users.motto=x")

    assert shop.database.value("SELECT count(*) FROM changes_seen") == 1


def test_rows_that_hold_different_values_are_not_made_the_same(shop: People) -> None:
    outcome = _correct(shop, "shop.addresses.street=New Road 9")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    streets = shop.database.rows("SELECT street FROM addresses ORDER BY id")
    assert streets == [("Old Road 1",), ("Old Road 2",), ("Old Road 1",)]

    changes = [{"field": "shop.addresses.street", "value": "New Road 9", "old": "Old Road 2"}]
    named = _correct(shop, f"changes={json.dumps(changes)}")
    assert _line(named, "addresses")["affected"] == 1
    streets = shop.database.rows("SELECT street FROM addresses ORDER BY id")
    assert streets == [("Old Road 1",), ("New Road 9",), ("Old Road 1",)]


@pytest.mark.requirement("R-P46-1")
def test_a_supplement_fills_what_is_empty_and_overwrites_nothing(shop: People) -> None:
    shop.database.run("UPDATE users SET phone = NULL WHERE id = 1")

    filled = _correct(
        shop, "option=supplement", "shop.users.motto=好", "shop.users.phone=13900139009"
    )
    again = _correct(shop, "option=supplement", "shop.users.motto=更好")

    assert filled["state"] == "fulfilled"
    assert (_row(shop)["motto"], _row(shop)["phone"]) == ("好", "13900139009")
    assert again["state"] == "partially_fulfilled"
    assert _line(again, "users")["missing"] == "already_filled"
    assert _row(shop, 2)["motto"] == ""


@pytest.mark.requirement("R-P46-2")
def test_what_was_made_from_a_corrected_value_goes_or_is_a_task(shop: People) -> None:
    emptied = _correct(shop, "shop.users.nickname=Wei")
    assert emptied["state"] == "fulfilled"
    assert (_row(shop)["nickname"], _row(shop)["initials"]) == ("Wei", None)
    assert _row(shop, 2)["initials"] == "B"

    outcome = _correct(shop, "shop.users.city=Xi'an")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert _line(outcome, "features", "recompute")["missing"]
    (task,) = outcome["problems"]
    assert "shop.features.region, shop.features.climate" in task
    left = _leave_out(shop, outcome, "infeasible")
    assert left["state"] == "partially_fulfilled"
    assert _line(left, "features", "recompute")["missing"] == "infeasible"


@pytest.mark.requirement("R-P46-2", "R-NEG-30")
def test_a_stale_import_is_recognised_and_its_return_is_found(shop: People) -> None:
    outcome = _correct(shop, "shop.users.phone=13900139009")
    place = Corrected("shop.users", "phone", (1,))
    vault = _vault(shop)
    with _register(shop) as session:
        ask = [
            correction_guard.stale(session, vault, where, value)
            for where, value in (
                (place, "13800138001"),
                (Corrected("shop.users", "phone", ("1",)), "13800138001"),
                (place, "13900139009"),
                (place, "13700137000"),
                (Corrected("shop.users", "phone", (2,)), "13800138001"),
                (Corrected("shop.users", "nickname", (1,)), "13800138001"),
            )
        ]
    assert ask == [True, True, False, False, False, False]

    floor = floor_for(
        parts_for(inline.settings_in(shop.map_file, shop.folder / "state")), worker="look"
    )
    try:
        keys = _capsule_keys(floor, outcome["request"])
        look = (floor, Kind.CORRECTION, outcome["request"], keys)
        assert correcting.undone(*look) == {}
        shop.database.run("UPDATE users SET phone = '13700137000' WHERE id = 1")
        assert correcting.undone(*look) == {}  # a newer value, not the old one
        shop.database.run("UPDATE users SET phone = '13800138001' WHERE id = 1")
        assert correcting.undone(*look) == {"shop.users.phone": 1}
    finally:
        floor.close()


def _capsule_keys(floor: Any, request_id: str) -> Any:
    with Session(floor.register) as session:
        content = capsules.opened(session, floor.context.settings, request_id)
    assert content is not None
    return content.keys
