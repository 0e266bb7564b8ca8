"""A shop where people write to each other, in a live database, and requests run on it inline."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rights.domain.kinds import Kind
from tests.connectors.database import Database
from workflows.inline import Order, run

HEAD = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  phone: {kind: contact, normalise: e164, recycled: true}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], basis: contract, retention: none}
  collections:
"""


@dataclass
class People:
    """One database, its data map, and the register beside it."""

    database: Database
    map_file: Path
    folder: Path

    def run(self, kind: Kind, *options: str, subject: Mapping[str, str]) -> dict[str, Any]:
        """Run one request to its end or to a halt; return its outcome."""
        order = Order.read({"kind": str(kind), "options": options}, subject)
        given = {"state": self.folder / "state", "out": self.folder / "out"}
        (outcome,) = run(self.map_file, [order], given)
        return outcome


def people(database: Database, folder: Path, collections: str) -> People:
    """Write the map of *collections* beside the database."""
    folder.mkdir(parents=True, exist_ok=True)
    map_file = folder / "datamap.yaml"
    map_file.write_text(HEAD + collections, encoding="utf-8")
    return People(database, map_file, folder)


def opened(outcome: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of the package that came of a request."""
    with zipfile.ZipFile(outcome["package"]) as package:
        return {name: package.read(name) for name in package.namelist()}


def manifest(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return its manifest."""
    found: dict[str, Any] = json.loads(opened(outcome)["manifest.json"])
    return found


def records(outcome: Mapping[str, Any], collection: str) -> list[dict[str, Any]]:
    """Return its records of a collection of the shop."""
    lines = opened(outcome)[f"data/shop/{collection}.jsonl"].splitlines()
    return [json.loads(line) for line in lines]
