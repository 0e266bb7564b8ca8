"""An erasure of a part: what went is looked for again, and what stayed is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rights.services import suppression
from rights.services.datamap import load
from rights.services.suppression import Answer, Asked
from rights.store.keys import Keyring
from rights.store.models import Aftercare, Capsule, Suppression
from rights.store.vault import Vault
from tests.workflows.restored import Shop, now
from workflows import capsules
from workflows.inline import settings_in

SCHEMA = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), nickname VARCHAR(40))",
    """CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       state VARCHAR(10))""",
    """CREATE TABLE clicks (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       page VARCHAR(40))""",
    """CREATE TABLE threads (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       title VARCHAR(40))""",
    """CREATE TABLE posts (id INTEGER PRIMARY KEY, thread_id INTEGER REFERENCES threads (id),
       body VARCHAR(40))""",
)
TABLES = ("users", "subscriptions", "clicks", "threads", "posts")
MAP = """
version: 1
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes:
- name: service
  title: {zh: 服务, en: Service}
  basis: contract
  contract: {collection: shop.subscriptions, column: state, values: [active]}
- {name: club, title: {zh: 俱乐部, en: Club}, basis: contract}
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:REPLAY_SHOP_URL}"}
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [club], retention: none}
  backups: [{name: nightly dump, keeps: 14d, remedy: rights replay}]
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, purposes: [service], disclose: true}
    - {name: nickname, category: profile, disclose: true}
  - name: subscriptions
    purposes: [service]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: state, category: purchases, purposes: [service], disclose: true}]
  - name: clicks
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: page, category: behaviour, disclose: true}]
  - name: threads
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: title, category: content, disclose: true}]
  - name: posts
    links: [{columns: [thread_id], to: threads, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_REPLAY_SHOP_URL", url)
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    made = Shop(url, tmp_path, sa.create_engine(url), TABLES)
    numbered = " PRIMARY KEY AUTOINCREMENT" if request.param == "sqlite" else " PRIMARY KEY"
    for statement in SCHEMA:
        made.write(statement.replace(" PRIMARY KEY", numbered))
    for number, name in ((1, "ann"), (2, "bo")):
        _customer(made, number, name)
    yield made
    made.engine.dispose()


def _customer(shop: Shop, n: int, name: str) -> None:
    shop.write("INSERT INTO users VALUES (:n, :m, :x)", n=n, m=f"{name}@example.com", x=name)
    shop.write("INSERT INTO subscriptions VALUES (:n, :n, 'active')", n=n)
    for more in (0, 1):
        shop.write("INSERT INTO clicks VALUES (:i, :n, 'tea')", i=n * 10 + more, n=n)
    shop.write("INSERT INTO threads VALUES (:n, :n, 'tea')", n=n)
    shop.write("INSERT INTO posts VALUES (:n, :n, 'tea')", n=n)


def _erase(shop: Shop) -> str:
    done = shop.execute("deletion", state="partially_fulfilled", user_id="1")
    return str(done["request"])


def _rows(shop: Shop, *tables: str) -> dict[str, list[Any]]:
    content = shop.content()
    return {name: [row[0] for row in content[name]] for name in tables or TABLES}


def _open(shop: Shop) -> list[tuple[str, str]]:
    return [(a.code, a.note) for a in shop.rows(Aftercare) if a.kind == "incident"]


# -- looking again --------------------------------------------------------------------------


@pytest.mark.requirement("R-24-8")
def test_what_went_is_looked_for_again_though_the_person_is_a_customer_still(shop: Shop) -> None:
    since = now()
    _erase(shop)
    (planned,) = [a for a in shop.rows(Aftercare) if a.kind == "recheck"]
    assert planned.due_at - planned.created_at == timedelta(hours=1)
    assert shop.recheck(since)["exit"] == 0

    shop.write("INSERT INTO clicks VALUES (10, 1, 'tea')")
    shop.write("INSERT INTO threads VALUES (1, 1, 'tea')")
    shop.write("INSERT INTO posts VALUES (1, 1, 'tea')")
    found = shop.recheck(since)

    assert found["exit"] == 3
    back = {"shop.clicks": 1, "shop.threads": 1, "shop.posts": 1}
    assert found["requests"][0]["back"] == back
    assert _open(shop) == [("came_back", "shop.clicks (1), shop.posts (1), shop.threads (1)")]


@pytest.mark.requirement("R-24-8")
def test_what_stayed_and_what_a_customer_stored_since_did_not_come_back(shop: Shop) -> None:
    since = now()
    _erase(shop)
    shop.write("INSERT INTO clicks VALUES (19, 1, 'bowl')")
    shop.write("INSERT INTO threads VALUES (9, 1, 'bowl')")
    shop.write("INSERT INTO posts VALUES (9, 9, 'bowl')")
    shop.write("UPDATE users SET nickname = 'annie' WHERE id = 1")

    found = shop.recheck(since)

    assert (found["exit"], found["requests"][0]["unsure"]) == (0, {})
    assert _open(shop) == []
    assert shop.replay(since)["whole"] is True
    assert _rows(shop, "clicks", "threads") == {"clicks": [19, 20, 21], "threads": [2, 9]}


# -- after a restore ------------------------------------------------------------------------


@pytest.mark.requirement("R-24-7")
def test_a_replay_takes_what_went_and_leaves_what_stayed(shop: Shop) -> None:
    backup, since = shop.content(), now()
    _erase(shop)
    after = shop.content()

    shop.restore(backup)
    done = shop.replay(since, "--store=shop")

    assert (done["exit"], done["whole"]) == (0, True), done
    assert shop.content() == after
    assert _rows(shop, "users", "subscriptions") == {"users": [1, 2], "subscriptions": [1, 2]}
    assert _rows(shop, "clicks", "posts") == {"clicks": [20, 21], "posts": [2]}
    assert shop.replay(since, "--store=shop")["requests"][0]["affected"] == {}


@pytest.mark.requirement("R-24-7")
def test_where_nobody_named_the_store_rows_that_were_erased_are_told_and_stay(shop: Shop) -> None:
    backup, since = shop.content(), now()
    _erase(shop)
    shop.restore(backup)
    shop.write("INSERT INTO clicks VALUES (19, 1, 'bowl')")  # of the customer, since the restore

    before = shop.content()

    done = shop.replay(since)

    assert shop.content() == before
    (report,) = done["requests"]
    assert (done["exit"], done["whole"], report["affected"], report["left"]) == (3, False, {}, {})
    assert report["unsure"] == {"shop.clicks": 2, "shop.threads": 1, "shop.posts": 1}
    told = "shop.clicks (2), shop.posts (1), shop.threads (1)"
    assert _open(shop) == [("perhaps_new", told)]

    shop.write("DELETE FROM clicks WHERE id = 19")
    assert shop.replay(since, "--store=shop")["whole"] is True
    assert _rows(shop, "clicks", "threads", "posts") == {
        "clicks": [20, 21],
        "threads": [2],
        "posts": [2],
    }


def test_an_erasure_of_a_part_has_a_capsule_until_its_last_look(shop: Shop) -> None:
    _erase(shop)

    (capsule,) = shop.rows(Capsule)

    assert (capsule.expires_at - capsule.acted_at).days == 31
    assert b"shop.clicks" not in capsule.sealed


# -- whose key it was -----------------------------------------------------------------------


def test_a_row_with_a_key_that_went_is_not_back_where_it_is_somebody_elses(shop: Shop) -> None:
    since = now()
    _erase(shop)
    shop.write("INSERT INTO clicks VALUES (10, 2, 'bowl')")  # Bo's, by whatever way

    assert shop.recheck(since)["exit"] == 0
    assert shop.replay(since)["whole"] is True
    assert _rows(shop, "clicks") == {"clicks": [10, 20, 21]}


PROFILES = """\
  - name: profiles
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: taste, category: profile, disclose: true}]
"""


def test_what_has_its_owner_for_a_key_is_told_and_not_taken_for_what_went(shop: Shop) -> None:
    (shop.folder / "map.yaml").write_text(MAP + PROFILES, encoding="utf-8")
    shop.write(
        "CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users (id),"
        " taste VARCHAR(30))"
    )
    shop.write("INSERT INTO profiles VALUES (1, 'tea')")
    since = now()
    _erase(shop)
    shop.write("INSERT INTO profiles VALUES (1, 'coffee')")  # consented anew

    found, done = shop.recheck(since), shop.replay(since)

    (one,) = found["requests"]
    assert (found["exit"], one["back"], one["unsure"]) == (3, {}, {})
    assert one["by_hand"] == {"shop.profiles": 1}
    assert (done["whole"], done["requests"][0]["by_hand"]) == (False, {"shop.profiles": 1})
    assert done["requests"][0]["affected"] == {}
    assert _open(shop) == []
    with shop.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT taste FROM profiles")).scalar() == "coffee"


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_where_a_number_is_given_again_nothing_is_marked_and_the_report_says_so(
    shop: Shop,
) -> None:
    shop.write("DROP TABLE clicks")
    shop.write(SCHEMA[2])  # without AUTOINCREMENT
    for user in (2, 1):
        shop.write("INSERT INTO clicks (user_id, page) VALUES (:n, 'tea')", n=user)
    since = now()
    _erase(shop)
    shop.write("INSERT INTO clicks (user_id, page) VALUES (2, 'bowl')")
    assert _rows(shop, "clicks") == {"clicks": [1, 2]}

    found, done = shop.recheck(since), shop.replay(since)

    assert (found["requests"][0]["back"], found["requests"][0]["unsure"]) == ({}, {})
    assert found["requests"][0]["by_hand"] == {"shop.clicks": 1}
    assert (done["exit"], done["whole"]) == (3, False)
    assert done["requests"][0]["by_hand"] == {"shop.clicks": 1}
    assert _rows(shop, "clicks") == {"clicks": [1, 2]}


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_what_was_too_much_to_be_marked_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capsules, "MOST", 1)
    backup, since = shop.content(), now()
    _erase(shop)
    shop.restore(backup)

    done = shop.replay(since)

    assert (done["exit"], done["whole"]) == (3, False)
    assert done["requests"][0]["by_hand"] == {"shop.clicks": 2}
    assert done["requests"][0]["unsure"] == {"shop.threads": 1, "shop.posts": 1}
    assert [t for t in shop.rows(Aftercare) if t.code == "replay_by_hand"]


# -- imports --------------------------------------------------------------------------------


def _asked(shop: Shop, collection: str, recorded_at: datetime | None = None) -> Answer:
    settings = settings_in(shop.folder / "map.yaml", shop.folder / "state")
    vault = Vault(Keyring.parse(settings.keys.get_secret_value()))
    items, datamap = [Asked("user_id", "1", recorded_at, collection)], load(settings.datamap)
    with shop.register() as session:
        (found,) = suppression.check(session, vault, datamap, items, now=now())
    return found


@pytest.mark.requirement("R-24-7")
def test_an_import_is_told_of_what_went_and_not_of_what_stayed(shop: Shop) -> None:
    request_id = _erase(shop)
    later = now() + timedelta(minutes=1)

    assert shop.rows(Suppression)
    assert _asked(shop, "shop.clicks").request_id == request_id
    assert _asked(shop, "shop.posts").allowed is False
    assert _asked(shop, "shop.subscriptions") == Answer(allowed=True)
    assert _asked(shop, "shop.users") == Answer(allowed=True)
    assert _asked(shop, "shop.clicks", later).allowed is True
    unsaid = _asked(shop, "")  # where it goes is not said: it may be into what was erased
    assert (unsaid.allowed, unsaid.partly) == (False, True)
