"""Who clearly refuses the use of public data about them: it goes, and is not gathered again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.services import submission
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import Request
from tests.connectors.database import Database
from tests.workflows.house import asking
from tests.workflows.people_in_stores import HEAD, People
from workflows import inline
from workflows.building import floor_for, parts_for

SWITCH = (
    "switches: [{name: public_info, collection: shop.users, column: may_look, on: 1, off: 0}]\n"
)
MAP = """\
  - name: users
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: employer, category: profile, disclose: true, source: public}
  - name: crawled
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: page, category: content, disclose: true, source: public}]
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: what, category: purchases, disclose: true}]
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
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), employer VARCHAR(80),"
        " may_look INTEGER NOT NULL DEFAULT 1)",
        "CREATE TABLE crawled (id INTEGER PRIMARY KEY, user_id INTEGER, page VARCHAR(80))",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, what VARCHAR(80))",
    )
    for n, name in ((1, "ann"), (2, "bo")):
        email = f"{name}@mail.example"
        database.put("users", {"id": n, "email": email, "employer": "Mill Ltd"})
        database.put("crawled", {"id": n, "user_id": n, "page": f"about {name}"})
        database.put("orders", {"id": n, "user_id": n, "what": "tea"})
    folder = tmp_path / "people"
    folder.mkdir()
    text = HEAD.replace("stores:\n", SWITCH + "stores:\n", 1) + MAP
    (folder / "datamap.yaml").write_text(text, encoding="utf-8")
    yield People(database, folder / "datamap.yaml", folder)
    database.close()


def _object(shop: People, *, proved: bool = True, acr: Acr = Acr.REAL_NAME) -> dict[str, Request]:
    """Take Ann's objection in, work on what it made, and return that by kind."""
    settings = inline.settings_in(shop.map_file, shop.folder / "state")
    upgrade(settings.database_url)
    floor = floor_for(parts_for(settings), worker="test")
    new = asking(floor, Kind.RESTRICTION, ANN, option=Option.OBJECT_PUBLIC_INFO)
    if acr is not Acr.REAL_NAME:
        new = replace(new, acr=acr, operator=False)
    if not proved:
        new = replace(new, attested=frozenset(), acr=None, operator=False)
    with transaction(floor.register) as session:
        submission.take(session, floor.context, new, now=floor.now())
        session.flush()
        made = list(session.exec(select(Request.id)))
    for one in made:
        inline.until_still(floor, one)
    with reading(floor.register) as session:
        found = {str(r.kind): r for r in session.exec(select(Request))}
    floor.close()
    return found


@pytest.mark.requirement("R-P44-1")
def test_what_was_taken_from_public_sources_goes_and_nothing_else(shop: People) -> None:
    made = _object(shop)

    assert {kind: r.state for kind, r in made.items()} == {
        "restriction": "fulfilled",
        "deletion": "fulfilled",
    }
    assert made["deletion"].follows == made["restriction"].id
    assert [*shop.database.rows("SELECT id FROM crawled")] == [(2,)]
    assert [*shop.database.rows("SELECT id FROM orders ORDER BY id")] == [(1,), (2,)]
    users = shop.database.rows("SELECT id, email, employer, may_look FROM users ORDER BY id")
    assert [*users] == [
        (1, "ann@mail.example", None, 0),
        (2, "bo@mail.example", "Mill Ltd", 1),
    ]


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_where_no_switch_stops_the_gathering_staff_do(shop: People) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    shop.map_file.write_text(text.replace(SWITCH, ""), encoding="utf-8")

    made = _object(shop)

    assert (made["restriction"].state, made["restriction"].wait) == ("on_hold", "task")
    assert made["deletion"].state == "fulfilled"


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_who_is_merely_logged_in_has_the_use_stopped_and_proves_more_for_the_deletion(
    shop: People,
) -> None:
    made = _object(shop, acr=Acr.SESSION)

    assert {kind: r.state for kind, r in made.items()} == {
        "restriction": "fulfilled",
        "deletion": "verifying",
    }
    assert made["deletion"].follows == made["restriction"].id
    assert len([*shop.database.rows("SELECT id FROM crawled")]) == 2


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_somebody_who_proved_nothing_deletes_nothing(shop: People) -> None:
    made = _object(shop, proved=False)

    assert {r.state for r in made.values()} == {"verifying"}
    assert len([*shop.database.rows("SELECT id FROM crawled")]) == 2


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_where_nothing_public_is_held_only_the_use_stops(shop: People) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    shop.map_file.write_text(text.replace(", source: public", ""), encoding="utf-8")

    assert {kind: r.state for kind, r in _object(shop).items()} == {"restriction": "fulfilled"}
