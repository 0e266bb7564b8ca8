"""What is only kept is not used again, and what is only hidden is not called anonymous."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from connectors.parts.methods import registered
from connectors.sql import Sql
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from rights.store.db import open_engine
from rights.store.models import Entry
from tests.connectors.database import Database
from tests.workflows.people_in_stores import People, people
from workflows import inline

ANN, BO = {"user_id": "1"}, {"user_id": "2"}

MAP = """\
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    erasure: anonymise
    restriction: {strategy: flag, column: stopped, value: true}
    fields:
    - {name: stopped, category: account, erasure: keep, because: A flag}
    - {name: email, category: contact, disclose: true, ERASURE}
    - {name: phone, category: contact, disclose: true}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    retention: {period: 3y, from: created_at, basis: E-Commerce Law Art. 31, rank: law}
    restriction: {strategy: flag, column: restricted, value: true}
    fields:
    - {name: item, category: order, disclose: true}
    - {name: created_at, category: order, disclose: true}
    - name: restricted
      category: order
      erasure: keep
      because: A flag
      correct: allowed
"""


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE,"
        " phone VARCHAR(40), stopped BOOLEAN NOT NULL DEFAULT FALSE)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, item VARCHAR(40),"
        " created_at TIMESTAMP NOT NULL, restricted BOOLEAN NOT NULL DEFAULT FALSE)",
    )
    for number, name in ((1, "ann"), (2, "bo")):
        row = {"id": number, "email": f"{name}@mail.example", "phone": f"1380013800{number}"}
        database.put("users", row)
        order = {
            "id": number,
            "user_id": number,
            "item": "茶壶",
            "created_at": "2026-11-01 08:00:00",
        }
        database.put("orders", order)
    yield people(database, tmp_path / "people", MAP.replace(", ERASURE", ""))
    database.close()


def _entries(shop: People, request_id: str) -> list[Entry]:
    register = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with Session(register) as session:
        found = list(session.exec(select(Entry).where(Entry.chain == request_id)))
    register.dispose()
    return found


# -- R-NEG-3 -----------------------------------------------------------------------------------


@pytest.mark.requirement("R-NEG-3")
@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_an_analyst_finds_nothing_of_what_is_kept_for_the_law_only(shop: People) -> None:
    """The role sees rows through the flag that the product sets, and no other way."""
    database = shop.database
    role = f"analyst_{database.engine.url.database}"
    database.run(
        f'CREATE ROLE "{role}"',
        f'GRANT SELECT ON orders TO "{role}"',
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        f'CREATE POLICY in_use ON orders TO "{role}" USING (NOT restricted)',
    )
    try:
        assert _seen_by(database, role) == [1, 2]

        outcome = shop.run(Kind.DELETION, subject=ANN)

        (line,) = (x for x in outcome["collections"] if x["collection"] == "orders")
        assert line["retained"] == 1
        assert database.value("SELECT count(*) FROM orders WHERE user_id = 1") == 1  # it is kept
        assert _seen_by(database, role) == [2]
    finally:
        database.run(f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')


def _seen_by(database: Database, role: str) -> list[int]:
    with database.engine.connect() as connection:
        connection.execute(sa.text(f'SET LOCAL ROLE "{role}"'))
        found = connection.execute(sa.text("SELECT user_id FROM orders ORDER BY id"))
        return [user for (user,) in found]


@pytest.mark.requirement("R-NEG-3:bad")
def test_what_is_restricted_is_not_brought_back_into_use_by_a_correction(shop: People) -> None:
    """The map allows it, the worker is told to do it: the flag is no fact about a person."""
    shop.run(Kind.RESTRICTION, subject=ANN)
    restricted = "SELECT restricted FROM orders WHERE id = 1"
    assert bool(shop.database.value(restricted)) is True

    changes = [{"field": "shop.orders.restricted", "value": False}]
    outcome = shop.run(Kind.CORRECTION, f"changes={json.dumps(changes)}", subject=ANN)

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert bool(shop.database.value(restricted)) is True
    stopped = [e.data for e in _entries(shop, outcome["request"]) if e.event == "step_stopped"]
    assert [data["step"] for data in stopped] == ["01-correct-shop"]


# -- R-NEG-14 ----------------------------------------------------------------------------------


def _pseudonyms(shop: People, value: str) -> Iterator[str]:
    """Everything somebody with the value, and even with our keys, could compute of it."""
    keys = json.loads((shop.folder / "state" / "keys.json").read_text(encoding="utf-8"))
    raw = [base64.b64decode(text.partition(":")[2]) for text in keys.values()]
    for spelt in (value, value.upper(), f" {value}"):
        data = spelt.encode()
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digests = [hashlib.new(name, data).digest()]
            digests += [hmac.digest(key, data, name) for key in raw]
            for digest in digests:
                yield digest.hex()
                yield base64.b64encode(digest).decode()
        yield base64.b64encode(data).decode()
        yield data.hex()


@pytest.mark.requirement("R-NEG-14")
def test_what_is_anonymised_cannot_be_joined_with_a_list_of_what_was_there(shop: People) -> None:
    outcome = shop.run(Kind.DELETION, "option=anonymise", subject=ANN)

    (line,) = (x for x in outcome["collections"] if x["collection"] == "users")
    assert (outcome["state"], line["affected"]) == ("fulfilled", 1)
    left = shop.database.rows("SELECT email, phone FROM users WHERE id = 1")
    text = json.dumps(left)
    known = [p for v in ("ann@mail.example", "13800138001") for p in _pseudonyms(shop, v)]
    assert [p for p in (*known, "ann@", "138001") if p[:16] in text] == []
    again = shop.run(Kind.DELETION, "option=anonymise", subject=BO)
    assert again["state"] == "fulfilled"
    ((first, _), (second, _)) = shop.database.rows("SELECT email, phone FROM users ORDER BY id")
    assert first != second  # unique, and made of nothing that was there


@pytest.mark.requirement("R-NEG-14:bad")
@pytest.mark.parametrize("method", ["hash", "pseudonymise", "sha256", "encrypt", "mask"])
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_hash_is_no_way_to_erase(shop: People, method: str) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    told = text.replace(
        "{name: phone, category: contact", "{name: phone, erasure: METHOD, category: contact"
    )
    shop.map_file.write_text(told.replace("METHOD", method), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        shop.run(Kind.DELETION, subject=ANN)

    assert "erasure" in str(refused.value)
    assert shop.database.value("SELECT phone FROM users WHERE id = 1") == "13800138001"


@pytest.mark.requirement("R-NEG-14:bad")
def test_a_store_that_keeps_a_hash_instead_is_not_called_done(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database itself hashes what it is told to empty; reading back finds it."""
    settings_in = inline.settings_in
    hasty = {"backoff_s": (0.01, 0.01)}
    monkeypatch.setattr(
        inline, "settings_in", lambda *args: settings_in(*args).model_copy(update=hasty)
    )
    shop.database.run(*_HASHING[shop.database.engine.dialect.name])

    outcome = shop.run(Kind.DELETION, "option=anonymise", subject=ANN)

    assert outcome["state"] not in ("fulfilled", "partially_fulfilled")
    assert shop.database.value("SELECT phone FROM users WHERE id = 1") is not None
    entries = _entries(shop, outcome["request"])
    assert {e.data["code"] for e in entries if e.event == "step_stopped"} == {"not_read_back"}


@pytest.mark.requirement("R-24-2:bad")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_store_that_says_it_hashes_fails_its_task_before_a_row_is_touched(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sql, "methods", lambda *_: ("empty", "sha256"))

    outcome = shop.run(Kind.DELETION, "option=anonymise", subject=ANN)

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "sha256 is of the class hash" in str(outcome["problems"])
    assert shop.database.value("SELECT phone FROM users WHERE id = 1") == "13800138001"


@pytest.mark.requirement("R-24-2")
def test_the_receipt_names_the_methods_and_no_anonymised_row_joins_the_original_keys(
    shop: People,
) -> None:
    before = shop.database.rows("SELECT email, phone FROM users")
    shop.database.run("CREATE TABLE known (email VARCHAR(80), phone VARCHAR(30))")
    shop.database.put("known", *({"email": e, "phone": p} for e, p in before))
    with_list = shop.map_file.read_text(encoding="utf-8")
    ignored = "  ignored: [{name: known, because: a list somebody kept}]\n"
    shop.map_file.write_text(with_list + ignored, encoding="utf-8")

    first = shop.run(Kind.DELETION, "option=anonymise", subject=ANN)
    second = shop.run(Kind.DELETION, "option=anonymise", subject=BO)

    for outcome in (first, second):
        signed = json.loads(json.loads(Path(outcome["receipt"]).read_text("utf-8"))["receipt"])
        (line,) = (x for x in signed["outcome"] if x["collection"] == "users")
        assert line["happened"] == ["anonymised"]
        assert set(line["methods"]) <= set(registered())
        assert {"empty", "unrelated_word"} <= set(line["methods"])
        assert line["kept_fields"] == ["stopped"]
    joined = "SELECT count(*) FROM users u JOIN known k ON u.email = k.email OR u.phone = k.phone"
    assert shop.database.value(joined) == 0
    words = [row[0] for row in shop.database.rows("SELECT email FROM users ORDER BY id")]
    assert len(set(words)) == len(words)  # by step and row: those of two requests tell nothing


_ON_SQLITE = (
    "CREATE TRIGGER hashing AFTER UPDATE OF phone ON users WHEN NEW.phone IS NULL BEGIN"
    " UPDATE users SET phone = hex(OLD.phone) WHERE id = NEW.id; END"
)
_MADE_ON_POSTGRES = (
    "CREATE FUNCTION hashing() RETURNS trigger AS $$ BEGIN IF NEW.phone IS NULL THEN"
    " NEW.phone = md5(OLD.phone); END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
)
_ON_POSTGRES = (
    "CREATE TRIGGER hashing BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION hashing()"
)
_ON_MARIADB = (
    "CREATE TRIGGER hashing BEFORE UPDATE ON users FOR EACH ROW"
    " SET NEW.phone = IF(NEW.phone IS NULL, MD5(OLD.phone), NEW.phone)"
)
_HASHING: dict[str, tuple[str, ...]] = {
    "sqlite": (_ON_SQLITE,),
    "postgresql": (_MADE_ON_POSTGRES, _ON_POSTGRES),
    "mysql": (_ON_MARIADB,),
    "mariadb": (_ON_MARIADB,),
}
