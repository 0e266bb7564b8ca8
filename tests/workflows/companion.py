"""A companion that people confide in: its rows in a dictionary or in a live database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.registry import load as load_connectors
from rights.domain.kinds import Kind
from tests.workflows.house import Clock, ask, floor_over, replace
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.secrets import Secrets
from workflows.stores import open_connector

MAP = """
version: 1
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes:
- {name: service, title: {zh: 服务, en: Service}, basis: contract}
stores:
- name: app
  connector: CONNECTOR
  settings: SETTINGS
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
  - name: chats
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: id, category: chat, disclose: true}
    - {name: title, category: chat, disclose: true}
  - name: messages
    key: [id]
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [chat_id], to: chats, role: owner}
    conversation: {session: chat_id, text: content, at: sent_at}
    fields:
    - {name: id, category: chat, disclose: true}
    - {name: chat_id, category: chat, disclose: true}
    - {name: content, category: chat, disclose: true, sensitive: true}
    - {name: sent_at, category: chat, disclose: true}
    - {name: secret_score, category: profile}
  - name: replies
    key: [id]
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [message_id], to: messages, role: owner}
    fields: [{name: body, category: chat, disclose: true}]
  - name: reactions
    key: [id]
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [message_id], to: messages, role: owner}
    fields: [{name: kind, category: chat, disclose: true}]
  - name: notes
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""
SCHEMA = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80))",
    """CREATE TABLE chats (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       title VARCHAR(40))""",
    """CREATE TABLE messages (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       chat_id INTEGER REFERENCES chats (id), content VARCHAR(80), sent_at VARCHAR(30),
       secret_score INTEGER)""",
    """CREATE TABLE replies (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       message_id INTEGER REFERENCES messages (id), body VARCHAR(80))""",
    """CREATE TABLE reactions (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       message_id INTEGER REFERENCES messages (id), kind VARCHAR(20))""",
    """CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),
       body VARCHAR(80))""",
)
TABLES = ("users", "chats", "messages", "replies", "reactions", "notes")
ANN = {"user_id": "1"}
DIALOGUE = "app.messages"

Rows = list[dict[str, Any]]


def rows() -> dict[str, Rows]:
    """Return what Ann (1) and Bo (2) wrote: two conversations each, two messages in each."""
    out: dict[str, Rows] = {name: [] for name in TABLES}
    for user, email in ((1, "ann@example.com"), (2, "bo@example.com")):
        out["users"].append({"id": user, "email": email})
        out["notes"].append({"id": user, "user_id": user, "body": f"note of {user}"})
        for chat in (user * 10, user * 10 + 1):
            out["chats"].append({"id": chat, "user_id": user, "title": f"chat {chat}"})
            for message in (chat * 10, chat * 10 + 1):
                _write(out, user, chat, message)
    # Bo liked what Ann said: his as well as hers.
    out["reactions"].append({"id": 7, "user_id": 2, "message_id": 100, "kind": "like"})
    return out


def _write(out: dict[str, Rows], user: int, chat: int, message: int) -> None:
    said = {"content": f"said {message}", "sent_at": f"2026-01-0{chat % 10 + 1} 10:{message}"}
    out["messages"].append(
        {"id": message, "user_id": user, "chat_id": chat, **said, "secret_score": 3}
    )
    reply = {"id": message, "user_id": user, "message_id": message, "body": f"answer {message}"}
    out["replies"].append(reply)


@dataclass
class Companion:
    """A worker's floor over the companion's store."""

    floor: Floor
    clock: Clock
    tables: dict[str, Rows] = field(default_factory=dict)
    engine: sa.Engine | None = None

    def ids(self, name: str, user: int | None = None) -> list[int]:
        """Return the ids in a table, of one person's rows or of all."""
        found = self.content(name)
        return sorted(r["id"] for r in found if user is None or r.get("user_id") == user)

    def content(self, name: str) -> Rows:
        if self.engine is None:
            return [dict(row) for row in self.tables[name]]
        with self.engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()
            return [dict(row) for row in found]

    def of_bo(self) -> dict[str, Rows]:
        """Return everything of Bo's, as it is now."""
        return {
            name: sorted(
                (r for r in self.content(name) if 2 in (r.get("user_id"), r["id"])),
                key=lambda r: int(r["id"]),
            )
            for name in TABLES
            if name != "reactions"
        }

    def ask(self, kind: Kind, *named: dict[str, Any], **more: Any) -> str:
        """Ask for a copy or a deletion of what is named, and work on it; return its id."""
        values = {"conversations": [{"collection": DIALOGUE, **one} for one in named]}
        request_id = ask(self.floor, kind, ANN, values=values, **more)
        work_on(self.floor, request_id)
        return request_id


def in_memory(folder: Path, text: str = MAP, **settings: Any) -> Companion:
    """Return a companion whose store is a dictionary."""
    clock, tables = Clock(), rows()
    said = text.replace("CONNECTOR", "memory").replace("SETTINGS", "{}")
    return Companion(floor_over(folder, said, {"app": tables}, clock, **settings), clock, tables)


def on_sql(folder: Path, url: str, text: str = MAP, **settings: Any) -> Companion:
    """Return a companion whose store is a live database."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.execute(sa.text(statement))
        for name, found in rows().items():
            columns = list(found[0])
            marks = ", ".join(f":{c}" for c in columns)
            connection.execute(
                sa.text(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"),
                found,
            )
    said = text.replace("CONNECTOR", "sql").replace("SETTINGS", '{url: "${secret:APP_URL}"}')
    clock = Clock()
    floor = floor_over(folder, said, {}, clock, **settings)
    classes = load_connectors(("sql",))
    secrets = Secrets.of({"RIGHTS_SECRET_APP_URL": url})
    store = open_connector(floor.context.datamap.store("app"), classes, secrets)
    floor = replace(
        floor, connector={"app": store}.__getitem__, manifests={"sql": classes["sql"].manifest}
    )
    return Companion(floor, clock, engine=engine)
