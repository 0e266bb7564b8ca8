"""A map that says only what is needed: a trial by hand takes it, and gets everything right."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from rights.domain.errors import ConfigError
from rights.services.datamap import load
from workflows.commands.execute import execute
from workflows.inline import Order, run

MAP = """
version: 1
identifiers:
  user_id:   {kind: account}
  staff_id:  {kind: account}
  email:     {kind: contact, normalise: email}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    erasure: anonymise
    fields:
    - {name: email, category: contact, disclose: true, source: provided, purposes: [service]}
    - {name: password_hash, category: secret, secret: credential}
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 3y, from: created_at, basis: "E-Commerce Law 31", rank: law}
    fields: [{name: total, category: order, disclose: true}]
  - name: order_items
    links: [{columns: [order_id], to: orders, role: owner}]
  - name: messages
    fields: [{name: body, category: message, disclose: true}]
    links:
    - {columns: [sender_id], to: users, role: owner, on_erasure: {anonymise: [body, sender_id]}}
    - {columns: [recipient_id], to: users, role: accessor, on_access: {mask: [sender_ip]},
       on_erasure: {anonymise: [recipient_id]}}
  - name: memberships
    links:
    - {columns: [user_id],  to: users,  role: owner}
    - {columns: [group_id], to: groups, role: owns}
  - name: groups
    fields: [{name: title, category: group, disclose: true}]
  - name: addresses
    links:
    - {columns: [id], to: users, to_columns: [address_id], role: owner}
    - {columns: [id], to: staff, to_columns: [address_id], role: owner}
    fields: [{name: street, category: address, disclose: true}]
  - name: staff
    identifies: {staff_id: id}
    fields: [{name: name, category: identity, disclose: true}]
  - name: comments
    fields: [{name: body, category: message, disclose: true}]
    links:
    - {columns: [author_id], to: users, role: owner}
    - {columns: [parent_id], to: comments, role: none, depth: shallow}
    - {type: {column: item_type, value: order}, columns: [item_id], to: orders, role: accessor}
  ignored: [{name: schema_migrations, because: no personal data}]
"""

TABLES = """
PRAGMA foreign_keys = ON;
CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT);
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT,
  address_id INTEGER REFERENCES addresses (id));
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT,
  address_id INTEGER REFERENCES addresses (id));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, total INTEGER,
  created_at TIMESTAMP);
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders);
CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER REFERENCES users,
  recipient_id INTEGER REFERENCES users, body TEXT, sender_ip TEXT);
CREATE TABLE "groups" (id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE memberships (user_id INTEGER REFERENCES users, group_id INTEGER REFERENCES "groups",
  PRIMARY KEY (user_id, group_id));
CREATE TABLE comments (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users,
  parent_id INTEGER REFERENCES comments, item_type TEXT, item_id INTEGER, body TEXT);
INSERT INTO addresses VALUES (1, 'a lane'), (2, 'a road both live in'), (3, 'of staff and bo');
INSERT INTO staff VALUES (1, 'di', 3);
INSERT INTO users VALUES (1, 'ann@example.com', 'x', 1), (2, 'bo@example.com', 'y', 2),
  (3, 'cy@example.com', 'z', 2);
INSERT INTO orders VALUES (10, 1, 5, '2019-01-01'), (11, 1, 6, '2026-11-01'),
  (20, 2, 7, '2019-01-01');
INSERT INTO order_items VALUES (100, 10), (110, 11), (200, 20);
INSERT INTO messages VALUES (1, 1, 2, 'from ann', '10.0.0.1'), (2, 2, 1, 'from bo', '10.0.0.2');
INSERT INTO "groups" VALUES (1, 'of ann alone'), (2, 'of both');
INSERT INTO memberships VALUES (1, 1), (1, 2), (2, 2);
INSERT INTO comments VALUES (1, 1, NULL, 'order', 20, 'by ann'), (2, 2, 1, 'order', 10, 'by bo');
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    file = tmp_path / "shop.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(TABLES)
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", f"sqlite:///{file}")
    return connection


def ask(tmp_path: Path, kind: str, **subject: str) -> dict[str, Any]:
    order = Order.read({"kind": kind, "options": ()}, subject)
    [outcome] = run(tmp_path / "map.yaml", [order], {"out": tmp_path / "out"})
    return outcome


def all_of(shop: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] if len(row) == 1 else row for row in shop.execute(query)]


def test_what_is_owed_is_told_and_the_deletion_is_right(
    tmp_path: Path, shop: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = ask(tmp_path, "deletion", email="ann@example.com")

    # The order that law holds is kept, and the map names no way to put it out of use.
    [kept] = [line for line in outcome["collections"] if line["retained"]]
    assert (kept["collection"], kept["missing"]) == ("orders", "not_restricted")
    assert outcome["state"] == "partially_fulfilled"
    told = capsys.readouterr().err
    assert "stores[shop].collections[users]: has no retention" in told
    assert all_of(shop, "SELECT id FROM orders ORDER BY 1") == [11, 20]
    assert all_of(shop, "SELECT email, password_hash FROM users WHERE id = 1") == [(None, None)]
    assert all_of(shop, 'SELECT title FROM "groups"') == ["of both"]
    assert all_of(shop, "SELECT id FROM addresses ORDER BY 1") == [2, 3]
    assert all_of(shop, "SELECT user_id, group_id FROM memberships") == [(2, 2)]
    assert all_of(shop, "SELECT id, recipient_id, body FROM messages") == [(2, None, "from bo")]
    assert all_of(shop, "SELECT id, parent_id, body FROM comments") == [(2, None, "by bo")]
    assert all_of(shop, "PRAGMA foreign_key_check") == []


def test_an_address_of_two_goes_with_the_last_of_them(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    assert ask(tmp_path, "deletion", user_id="2")["state"] == "fulfilled"
    assert len(all_of(shop, "SELECT id FROM addresses WHERE id = 2")) == 1

    assert ask(tmp_path, "deletion", user_id="3")["state"] == "fulfilled"

    assert all_of(shop, "SELECT id FROM addresses ORDER BY 1") == [1, 3]


def test_an_address_of_a_customer_and_of_staff_stays_for_the_other(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    shop.execute("UPDATE users SET address_id = 3 WHERE id = 2")

    assert ask(tmp_path, "deletion", user_id="2")["state"] == "fulfilled"
    assert len(all_of(shop, "SELECT id FROM addresses WHERE id = 3")) == 1
    assert ask(tmp_path, "deletion", staff_id="1")["state"] == "fulfilled"

    assert all_of(shop, "SELECT id FROM addresses ORDER BY 1") == [1, 2]
    assert all_of(shop, "SELECT id FROM staff") == []


def test_a_copy_masks_what_is_of_others(tmp_path: Path, shop: sqlite3.Connection) -> None:
    outcome = ask(tmp_path, "copy", email="ann@example.com")

    with ZipFile(outcome["package"]) as package:
        texts = "".join(package.read(n).decode() for n in package.namelist() if "data/" in n)
    assert "a lane" in texts
    assert "of both" in texts
    assert "from bo" in texts
    assert "10.0.0.2" not in texts
    assert "a road both live in" not in texts


def test_the_service_wants_to_be_told(tmp_path: Path, shop: sqlite3.Connection) -> None:
    with pytest.raises(ConfigError, match="mistakes"):
        load(tmp_path / "map.yaml")


def test_a_mask_that_covers_nothing_is_refused_before_anything_is_read(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    misspelt = MAP.replace("mask: [sender_ip]", "mask: [sender_ipp]")
    (tmp_path / "map.yaml").write_text(misspelt, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        ask(tmp_path, "copy", email="ann@example.com")

    [problem] = caught.value.problems
    assert problem.startswith("shop.messages.sender_ipp: the table has no column sender_ipp")
    assert problem.endswith("named by the link to shop.users")


def test_a_batch_ends_in_one_line_about_all(tmp_path: Path, shop: sqlite3.Connection) -> None:
    people = tmp_path / "people.jsonl"
    people.write_text('{"user_id": "1"}\n{"email": "bo@example.com"}\n', encoding="utf-8")

    asked = ["--datamap", str(tmp_path / "map.yaml"), "--kind", "deletion", "--json"]
    done = CliRunner().invoke(execute, [*asked, "--subjects", str(people)])

    *each, last = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 3, done.stderr
    assert [o["state"] for o in each] == ["partially_fulfilled", "fulfilled"]
    assert (last["state"], last["people"]) == ("partially_fulfilled", 2)
    users = [x for x in last["collections"] if (x["collection"], x["action"]) == ("users", "erase")]
    assert [u["affected"] for u in users] == [2]
    assert all_of(shop, "SELECT id FROM users WHERE email IS NOT NULL") == [3]


def run_on(tmp_path: Path, *more: str) -> Any:
    asked = ["--datamap", str(tmp_path / "map.yaml"), "--kind", "deletion", "--json", *more]
    return CliRunner().invoke(execute, asked)


def test_a_dry_run_is_carried_out_by_the_same_command_without_it(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    same = ("--subject", "user_id=2", "--state", str(tmp_path / "state"))

    shown = run_on(tmp_path, *same, "--dry-run")
    done = run_on(tmp_path, *same)

    assert json.loads(shown.stdout.splitlines()[-1])["state"] == "planned"
    assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])["state"]) == (0, "fulfilled")
    assert all_of(shop, "SELECT id FROM users WHERE email IS NULL") == [2]


@pytest.mark.parametrize("written", ["not json", "[]", '{"user_id": null}', '{"user_id": ["1"]}'])
def test_a_line_that_is_no_person_is_refused_before_anything(
    tmp_path: Path, shop: sqlite3.Connection, written: str
) -> None:
    (tmp_path / "people.jsonl").write_text(f'{{"user_id": 1}}\n{written}\n', encoding="utf-8")

    done = run_on(tmp_path, "--subjects", str(tmp_path / "people.jsonl"))

    assert done.exit_code == 2
    assert "line 2 of --subjects" in done.stderr
    assert len(all_of(shop, "SELECT id FROM users WHERE email IS NOT NULL")) == 3


@pytest.mark.parametrize("written", ["", "[]", "{}", "not json"])
def test_a_file_that_is_no_plan_is_refused_before_anything(
    tmp_path: Path, shop: sqlite3.Connection, written: str
) -> None:
    (tmp_path / "plan.json").write_text(written, encoding="utf-8")

    given = ("--subject", "user_id=1", "--plan", str(tmp_path / "plan.json"))
    done = run_on(tmp_path, *given)

    assert done.exit_code == 2
    assert "is no plan" in done.stderr
    assert len(all_of(shop, "SELECT id FROM users WHERE email IS NOT NULL")) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--kind", "deletion", "--subject", "shoe_size=44"), "shoe_size"),
        (("--kind", "vanishing", "--subject", "user_id=1"), "vanishing"),
        (("--kind", "deletion"), "--subject"),
        (("--kind", "deletion", "--subjects", "/nowhere/people.jsonl"), "people.jsonl"),
        (("--kind", "deletion", "email=ann@example.com"), "--help"),
    ],
)
def test_a_program_that_asks_for_json_is_answered_in_json_when_it_asks_wrongly(
    tmp_path: Path,
    shop: sqlite3.Connection,
    given: tuple[str, ...],
    said: str,
) -> None:
    done = CliRunner().invoke(execute, ["--datamap", str(tmp_path / "map.yaml"), "--json", *given])

    told = json.loads(done.stdout.splitlines()[-1])
    assert done.exit_code == 2
    assert (told["state"], told["code"]) == ("invalid", "invalid")
    assert "ann@example.com" not in done.stdout
    assert any(said in line for line in told["problems"])
    assert (told["collections"], told["plan_hash"], told["receipt"]) == ([], None, None)
    assert len(all_of(shop, "SELECT id FROM users WHERE email IS NOT NULL")) == 3


def test_a_map_with_mistakes_is_answered_with_all_of_them(tmp_path: Path) -> None:
    wrong = MAP.replace("role: owns", "role: lends").replace("kind: contact", "kind: pigeon")
    (tmp_path / "map.yaml").write_text(wrong, encoding="utf-8")

    done = run_on(tmp_path, "--subject", "user_id=1")

    told = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, told["state"]) == (2, "invalid")
    assert any("lends" in line for line in told["problems"])
    assert any("pigeon" in line for line in told["problems"])


def test_a_store_that_is_not_there_is_answered_in_json_too(
    tmp_path: Path, shop: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RIGHTS_SECRET_SHOP_URL")

    done = run_on(tmp_path, "--subject", "user_id=1")

    told = json.loads(done.stdout.splitlines()[-1])
    assert done.exit_code == 2
    assert told["state"] == "invalid"
    assert any("SHOP_URL" in line for line in told["problems"])


def test_a_mistake_at_the_end_of_a_long_batch_stops_it_before_anything(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    lines = ['{"user_id": "1"}', *(f'{{"user_id": "{n}"}}' for n in range(100, 140))]
    people = tmp_path / "people.jsonl"
    people.write_text("\n".join([*lines, '{"shoe_size": "44"}']), encoding="utf-8")

    done = run_on(tmp_path, "--subjects", str(people))

    assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])["state"]) == (2, "invalid")
    assert len(all_of(shop, "SELECT id FROM users WHERE email IS NOT NULL")) == 3


def test_who_was_done_is_told_although_somebody_behind_them_could_not_be(
    tmp_path: Path, shop: sqlite3.Connection
) -> None:
    plan, people = tmp_path / "plan.json", tmp_path / "people.jsonl"
    run_on(tmp_path, "--subject", "user_id=3", "--dry-run", "--plan-out", str(plan))
    people.write_text('{"user_id": "3"}\n{"user_id": "1"}\n', encoding="utf-8")

    done = run_on(tmp_path, "--subjects", str(people), "--plan", str(plan))

    first, last = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, first["state"]) == (1, "fulfilled")
    assert (last["state"], last["code"]) == ("failed", "plan_changed")
    assert all_of(shop, "SELECT id FROM users WHERE email IS NULL") == [3]
