"""One case: a schema, a data map, and requests through the public face."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rights.domain.kinds import Kind
from tests.links.lab import impatient
from tests.oscar.packages import records
from workflows.inline import Order, run

HEAD = """\
version: 1
identifiers:
  user_id: {kind: account}
  person_id: {kind: account}
  doctor_id: {kind: account}
  patient_id: {kind: account}
  email: {kind: contact, normalise: email}
  phone: {kind: contact, normalise: e164, recycled: true}
  device_id: {kind: device}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
"""

STORE = """\
- name: %(name)s
  connector: sql
  settings: {url: "%(url)s"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
"""

USERS = """\
  - name: users
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
"""

USERS_TABLE = "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40))"


class Case:
    """
    Stores by name, each a database, and one data map over them.

    Args:
        collections: Store name to its collections, in YAML.
    """

    def __init__(
        self, folder: Path, template: Path, urls: Mapping[str, str], collections: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.template = template
        self.engines = {n: sa.create_engine(u, poolclass=sa.NullPool) for n, u in urls.items()}
        body = "".join(
            STORE % {"name": name, "url": urls[name]} + text for name, text in collections.items()
        )
        self.map = folder / "datamap.yaml"
        self.map.write_text(HEAD + body, encoding="utf-8")
        self._count = 0

    def sql(self, *statements: str, store: str = "shop") -> None:
        """Run statements; each transaction of its own."""
        with self.engines[store].begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows(self, query: str, store: str = "shop") -> list[tuple[Any, ...]]:
        """Return what a query answers."""
        with self.engines[store].connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def state(self, name: str) -> Path:
        """Return a register's folder: one for all requests of a case that are carried out."""
        place = self.folder / name
        if not place.exists():
            shutil.copytree(self.template, place)
        return place

    def ask(
        self, subject: Mapping[str, str], kind: Kind = Kind.DELETION, *options: str, **given: Any
    ) -> dict[str, Any]:
        """Run one request; ``records`` are those of its package."""
        self._count += 1
        order = Order.read({"kind": str(kind), "options": options}, subject)
        state = self.state("dry" if given.get("dry_run") else "state")
        more = {"state": state, "out": self.folder / f"out{self._count}", **given}
        [outcome] = run(self.map, [order], more)
        if outcome["package"]:
            outcome["records"] = records(outcome["package"])
        return outcome


def missing(outcome: Mapping[str, Any]) -> dict[str, str]:
    """Return what is missing, by collection."""
    return {x["collection"]: x["missing"] for x in outcome["collections"] if x["missing"]}


def said(outcome: Mapping[str, Any]) -> str:
    """Return every problem in one text."""
    problems: Sequence[str] = outcome["problems"]
    return "\n".join(problems)


__all__ = ["USERS", "USERS_TABLE", "Case", "impatient", "missing", "said"]
