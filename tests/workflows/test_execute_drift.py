"""A map that names what its stores do not have: ``rights execute`` refuses it before anything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import Session, select

from connectors.sql.reflection import Schema
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.store.db import open_engine, transaction
from rights.store.migrate import upgrade
from rights.store.models import Request, StepRow
from tests.connectors.database import Database
from tests.workflows.house import ask, request_of
from tests.workflows.people_in_stores import HEAD, People, people
from workflows import inline
from workflows.building import floor_for, parts_for
from workflows.commands.execute import execute
from workflows.jobs import work_on

MAP = """\
  - name: users
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: item, category: content, disclose: true}]
    retention: {period: 3y, from: made, basis: a law, rank: law}
    restriction: {strategy: flag, column: shut, value: 1}
  - name: notes
    links:
    - {columns: [user_id], to: users, role: owner}
    - {type: {column: about, value: order}, columns: [item_id], to: orders, role: accessor,
       on_erasure: {anonymise: [item_id]}}
    fields: [{name: body, category: content, disclose: true}]
"""
SWITCH = "switches: [{name: push, collection: shop.users, column: push, on: 1, off: 0}]\n"
ANN = {"user_id": "1"}
everywhere = pytest.mark.parametrize("shop", ["sqlite", "postgres", "mariadb"], indirect=True)


@pytest.fixture(params=["sqlite"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40), push INTEGER)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, item VARCHAR(10),"
        " made DATE, shut INTEGER)",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, about VARCHAR(10),"
        " item_id INTEGER, body VARCHAR(10))",
        "INSERT INTO users VALUES (1, 'ann@mail.example', 1), (2, 'bo@mail.example', 1)",
        "INSERT INTO orders VALUES (1, 1, 'cup', '2001-01-01', 0), (2, 2, 'pot', '2001-01-01', 0)",
        "INSERT INTO notes VALUES (1, 1, 'order', 1, 'hers'), (2, 2, 'order', 2, 'his')",
    )
    made = people(database, tmp_path / "people", MAP)
    _map(made, MAP)
    yield made
    database.close()


def _map(shop: People, text: str, switch: str = SWITCH) -> None:
    head, stores, rest = HEAD.partition("stores:\n")
    shop.map_file.write_text(head + switch + stores + rest + text, encoding="utf-8")


def _run(shop: People, *more: str, kind: Kind = Kind.DELETION) -> tuple[int, dict[str, Any]]:
    words = ["--datamap", str(shop.map_file), "--kind", str(kind), "--json"]
    words += ["--state", str(shop.folder / "state"), *(more or ("--subject", "user_id=1"))]
    done = CliRunner().invoke(execute, words)
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def _picture(shop: People) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: a journal of ours would be one too."""
    with shop.database.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
    return {name: sorted(shop.database.rows(f"SELECT * FROM {name}")) for name in sorted(tables)}


def _requests(shop: People) -> list[Request]:
    engine = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with Session(engine) as session:
        found = list(session.exec(select(Request)).all())
    engine.dispose()
    return found


MISTAKES = {
    "link": ("columns: [user_id], to: users", "columns: [buyer_id], to: users", "orders.buyer_id"),
    "type": ("type: {column: about", "type: {column: sort", "notes.sort"),
    "cut": ("anonymise: [item_id]", "anonymise: [thing_id]", "notes.thing_id"),
    "identifier": ("email: email}", "email: mail}", "users.mail"),
    "field": ("name: body", "name: text", "notes.text"),
    "retention": ("from: made", "from: paid", "orders.paid"),
    "restriction": ("column: shut", "column: closed", "orders.closed"),
}
NAMED_BY = {
    "link": "the link to shop.users",
    "type": "the link to shop.orders",
    "cut": "the link to shop.orders",
    "identifier": "identifies email",
    "field": "the field text",
    "retention": "retention.from",
    "restriction": "restriction",
}


@everywhere
@pytest.mark.parametrize("what", MISTAKES)
def test_a_column_that_is_not_there_is_named_before_anything_is_begun(
    shop: People, what: str
) -> None:
    right, wrong, place = MISTAKES[what]
    _map(shop, MAP.replace(right, wrong))
    before = _picture(shop)

    code, told = _run(shop)

    assert (code, told["state"], told["collections"]) == (2, "invalid", [])
    column = place.partition(".")[2]
    said = [line for line in told["problems"] if line.startswith(f"shop.{place}")]
    assert said, told["problems"]
    assert f"the table has no column {column}" in said[0]
    assert f"named by {NAMED_BY[what]}" in said[0]
    assert _picture(shop) == before
    assert not (shop.folder / "state" / "register.sqlite").exists() or _requests(shop) == []


@everywhere
def test_a_table_and_a_switch_that_are_not_there_are_told_together(shop: People) -> None:
    _map(
        shop,
        MAP.replace("name: notes", "name: remarks"),
        SWITCH.replace("column: push", "column: p"),
    )

    code, told = _run(shop, "--dry-run", "--subject", "user_id=1")

    assert (code, told["state"]) == (2, "invalid")
    lines = "\n".join(told["problems"])
    assert "shop.remarks: the store has no table remarks" in lines
    assert "shop.users.p: the table has no column p, which is named by the switch push" in lines
    assert _requests(shop) == []


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.RESTRICTION, Kind.ACCOUNT_CANCELLATION])
def test_it_is_so_for_every_kind(shop: People, kind: Kind) -> None:
    _map(shop, MAP.replace("columns: [user_id], to: users", "columns: [buyer_id], to: users"))

    assert _run(shop, kind=kind)[0] == 2
    assert _requests(shop) == []


@everywhere
def test_what_is_there_is_no_mistake_and_a_batch_looks_once(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Schema] = []
    discover = Schema.discover

    def counted(self: Schema) -> Any:
        looked.append(self)
        return discover(self)

    monkeypatch.setattr(Schema, "discover", counted)
    lines = "".join(f'{{"user_id": "{n}"}}\n' for n in (1, 2, 3, 4))
    (shop.folder / "all.jsonl").write_text(lines, encoding="utf-8")

    code, told = _run(shop, "--subjects", str(shop.folder / "all.jsonl"))

    assert (code, told["state"], told["people"]) == (0, "fulfilled", 4)
    assert shop.database.rows("SELECT * FROM users") == []
    assert len(looked) == 1


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.DELETION])
def test_a_store_that_does_not_answer_is_no_mistake_of_the_map(
    shop: People, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    gone = f"sqlite:///{shop.folder / 'elsewhere.db'}"
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", gone)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    _map(shop, MAP.replace("columns: [user_id], to: users", "columns: [buyer_id], to: users"))

    code, told = _run(shop, kind=kind)

    assert (code, told["state"]) != (2, "invalid")
    assert code in (1, 4)


@everywhere
def test_a_view_is_read_though_it_is_no_table(shop: People) -> None:
    shop.database.run("CREATE VIEW letters AS SELECT id, user_id, body FROM notes")
    view = """\
  - name: letters
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""
    _map(shop, MAP + view)

    code, told = _run(shop, kind=Kind.ACCESS)

    assert (code, told["state"]) == (0, "fulfilled")
    (letters,) = (x for x in told["collections"] if x["collection"] == "letters")
    assert letters["affected"] == 1


@everywhere
def test_in_a_running_service_the_same_waits_by_name_and_touches_nothing(shop: People) -> None:
    _map(shop, MAP.replace("columns: [user_id], to: users", "columns: [buyer_id], to: users"))
    before = _picture(shop)
    settings = inline.settings_in(shop.map_file, shop.folder / "state")
    upgrade(settings.database_url)
    floor = floor_for(parts_for(settings), worker="test")
    try:
        request_id = ask(floor, Kind.DELETION, ANN)
        work_on(floor, request_id)
        assert request_of(floor, request_id).state is State.ON_HOLD
        with transaction(floor.register) as session:
            query = select(StepRow.note).where(StepRow.request_id == request_id)
            notes = [note for note in session.exec(query) if note]
    finally:
        floor.close()

    assert any("shop.orders.buyer_id: the table has no column buyer_id" in n for n in notes)
    assert _picture(shop) == before
