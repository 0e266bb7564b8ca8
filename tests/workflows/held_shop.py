"""A shop whose orders have to stay, in a live database; staff; and a clock moved by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlmodel import col, select

from rights.store.db import open_engine, reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import HeldRows, Notice, OutboxMessage, Request, Staff, StepRow
from workflows.building import floor_for, parts_for
from workflows.commands.holds import holds
from workflows.floor import Floor
from workflows.inline import Order, run, settings_in

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), status VARCHAR(10));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, total INTEGER,
    note VARCHAR(80), frozen INTEGER DEFAULT 0, created_at TIMESTAMP NULL);
CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL,
    label VARCHAR(80), PRIMARY KEY (order_id, line));
CREATE TABLE chat (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, body VARCHAR(80))
"""

MAP = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"%(settings)s}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    erasure: anonymise
    restriction: {strategy: flag, column: status, value: restricted}
    close: {status: closed}
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    retention: %(retention)s
    restriction: %(restriction)s
    fields:
    - {name: total, category: purchases, disclose: true}
    - {name: note, category: purchases, disclose: true}
    - {name: created_at, category: time}
  - name: order_items
    links: [{columns: [order_id], to: orders, role: owner}]
    retention: %(items)s
    restriction: %(item_restriction)s
    fields: [{name: label, category: purchases, disclose: true}]
  - name: chat
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
"""

FLAG = "{strategy: flag, column: frozen, value: 1}"
LAW = "{period: 3y, from: created_at, basis: E-Commerce Law 31, rank: law}"
RULE = "{period: 3y, from: created_at, basis: %s, rank: %s, keep_fields: [total]}"
MIA, NOA = 1, 2


@dataclass(frozen=True)
class Shop:
    """The database, its data map, and the register that requests are kept in."""

    url: str
    folder: Path
    map_file: Path
    opened: list[Floor] = field(default_factory=list, repr=False)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(query))]
        engine.dispose()
        return found

    def run(self, script: str) -> None:
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(sa.text(statement))
        engine.dispose()

    def there(self, query: str) -> bool:
        return bool(self.rows(query))

    def erase(self, person: int = MIA, *, kind: str = "deletion", **given: Any) -> dict[str, Any]:
        """Run one verified request to its end, as ``rights execute`` does."""
        order = Order.read({"kind": kind, "options": given.pop("options", [])}, who(person))
        asked = {"state": self.state, "out": self.folder / "out", **given}
        return run(self.map_file, [order], asked)[0]

    def line(self, outcome: Mapping[str, Any], name: str = "orders") -> dict[str, Any]:
        return next(
            x for x in outcome["collections"] if x["collection"] == name and x["action"] == "erase"
        )

    def staff(self, *names: str, roles: tuple[str, ...] = ("approver", "legal")) -> None:
        upgrade(self.settings.database_url)
        engine = open_engine(self.settings.database_url)
        with transaction(engine) as session:
            now = datetime.now(UTC)
            session.add_all(Staff(name=n, roles=list(roles), created_at=now) for n in names)
        engine.dispose()

    def holds(self, *args: str) -> Result:
        """Call ``rights holds``."""
        where = ["--state", str(self.state), "--datamap", str(self.map_file)]
        return CliRunner().invoke(holds, [*where, *args])

    def decided(self, *args: str) -> str:
        """Call ``rights holds``; it must not be refused. Returns what it said."""
        result = self.holds(*args)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output.strip()

    def released(self, hold: str) -> None:
        """Let two people release an approved hold."""
        self.decided("propose-release", hold, "--because", "The case is over.", "--as", "wei")
        self.decided("read-release", hold, "--as", "lin")
        self.decided("confirm-release", hold, "--as", "lin")

    @property
    def settings(self) -> Any:
        return settings_in(self.map_file, self.state)

    def floor(self, after: timedelta = timedelta()) -> Floor:
        """Return a worker's floor whose clock is *after* ahead."""
        made = floor_for(parts_for(self.settings), worker="test")
        self.opened.append(made)
        return replace(made, now=lambda: datetime.now(UTC) + after)

    def close(self) -> None:
        """Let go of every connection."""
        for floor in self.opened:
            floor.close()

    def noted(self, model: Any = HeldRows) -> list[Any]:
        engine = open_engine(self.settings.database_url)
        with reading(engine) as session:
            found = list(session.exec(select(model)))
        engine.dispose()
        return found

    def notices(self) -> list[str]:
        return sorted(n.event for n in self.noted(Notice))

    def state_of(self, request_id: str) -> str:
        return next(str(r.state) for r in self.noted(Request) if r.id == request_id)

    def jobs(self) -> list[str]:
        engine = open_engine(self.settings.database_url)
        with reading(engine) as session:
            found = session.exec(
                select(OutboxMessage.job).where(col(OutboxMessage.sent_at).is_(None))
            ).all()
        engine.dispose()
        return list(found)

    def steps(self) -> list[StepRow]:
        return self.noted(StepRow)

    def receipt(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        body = json.loads(Path(outcome["receipt"]).read_text(encoding="utf-8"))
        return dict(json.loads(body["receipt"]))


def who(person: int) -> dict[str, str]:
    return {"user_id": str(person)}


def shop_at(
    url: str,
    folder: Path,
    *,
    retention: str = LAW,
    restriction: str = FLAG,
    items: str = "none",
    item_restriction: str = "",
    settings: str = "",
) -> Shop:
    """
    Make the shop: Mia (1) and Noa (2), each with an order of long ago, one of two years and
    eleven months ago, and one of today; every order with a line; and a chat message.
    """
    made = Shop(url, folder, folder / "map.yaml")
    text = MAP % {
        "retention": retention,
        "restriction": restriction,
        "items": items,
        "item_restriction": item_restriction,
        "settings": settings,
    }
    lines = [x for x in text.splitlines() if not x.strip().endswith("restriction:")]
    made.map_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.run(SCHEMA)
    for person, email in ((MIA, "mia@example.com"), (NOA, "noa@example.com")):
        made.run(f"INSERT INTO users (id, email, status) VALUES ({person}, '{email}', 'open')")
        made.run(f"INSERT INTO chat VALUES ({person}, {person}, 'hello from {person}')")
        for number, ago in enumerate((2000, 1065, 0)):
            placed = datetime.now(UTC) - timedelta(days=ago)
            order = person * 10 + number
            made.run(
                "INSERT INTO orders (id, user_id, total, note, created_at) VALUES"
                f" ({order}, {person}, 100, 'for {person}', '{placed:%Y-%m-%d %H:%M:%S}')"
            )
            made.run(f"INSERT INTO order_items VALUES ({order}, 1, 'engraved {person}')")
    return made
