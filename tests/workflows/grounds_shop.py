"""A shop some of whose data rests on consent alone, some on a contract that may run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.connectors.database import Database
from tests.workflows.people_in_stores import HEAD, People

PURPOSES = """\
purposes:
- name: service
  title: {zh: 服务, en: Service}
  basis: contract
  contract: {collection: shop.subscriptions, column: state, values: [active, trial]}
- {name: club, title: {zh: 俱乐部, en: Club}, basis: contract}
- {name: ads, title: {zh: 广告, en: Ads}, basis: consent}
switches: [{name: "purpose:ads", collection: shop.users, column: ads, on: 1, off: 0}]
"""
MAP = """\
  - name: users
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, purposes: [club]}
    - {name: taste, category: profile, disclose: true, purposes: [ads], basis: "consent:ads"}
    - {name: ads, category: preference}
  - name: subscriptions
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: state, category: purchases, disclose: true}]
  - name: clicks
    key: [id]
    basis: consent:ads
    purposes: [ads]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: page, category: behaviour, disclose: true}]
  - name: club_notes
    key: [id]
    purposes: [club]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: profile, disclose: true}]
"""
ANN = {"user_id": "1"}
BO = (2, "bo@mail.example", "bo", "tea")


def grounds_shop(url: str, folder: Path, *, collections: str = MAP) -> People:
    """Make the shop in an empty database, with two people in it, and its map in *folder*."""
    database = Database(url)
    key = "id INTEGER PRIMARY KEY" + (" AUTOINCREMENT" if url.startswith("sqlite") else "")
    database.run(
        f"CREATE TABLE users ({key}, email VARCHAR(80), nickname VARCHAR(30),"
        " taste VARCHAR(30), ads INTEGER NOT NULL DEFAULT 1)",
        f"CREATE TABLE subscriptions ({key}, user_id INTEGER NOT NULL"
        " REFERENCES users (id), state VARCHAR(10))",
        f"CREATE TABLE clicks ({key}, user_id INTEGER REFERENCES users (id), page VARCHAR(30))",
        f"CREATE TABLE club_notes ({key}, user_id INTEGER REFERENCES users (id), body VARCHAR(30))",
    )
    for n, name in ((1, "ann"), (2, "bo")):
        email = f"{name}@mail.example"
        database.put("users", {"id": n, "email": email, "nickname": name, "taste": "tea"})
        database.put("subscriptions", {"id": n, "user_id": n, "state": "active"})
        database.put("clicks", {"id": n, "user_id": n, "page": "tea"})
        database.put("club_notes", {"id": n, "user_id": n, "body": "hello"})
    folder.mkdir()
    head, _, stores = HEAD.partition("purposes:")
    text = head + PURPOSES + "stores:\n" + stores.partition("stores:\n")[2] + collections
    (folder / "datamap.yaml").write_text(text, encoding="utf-8")
    return People(database, folder / "datamap.yaml", folder)


def left(shop: People) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is left in each table."""
    found = {
        "users": shop.database.rows("SELECT id, email, nickname, taste FROM users ORDER BY id"),
        "subscriptions": shop.database.rows("SELECT id FROM subscriptions ORDER BY id"),
        "clicks": shop.database.rows("SELECT id FROM clicks ORDER BY id"),
        "club_notes": shop.database.rows("SELECT id FROM club_notes ORDER BY id"),
    }
    return {name: [*rows] for name, rows in found.items()}
