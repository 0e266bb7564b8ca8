"""A small shop in a live database, and the data map that fits it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from workflows.datamap_cli import check_command

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), status VARCHAR(10));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
    note VARCHAR(80), created_at TIMESTAMP);
CREATE INDEX orders_user ON orders (user_id);
CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL,
    label VARCHAR(80), PRIMARY KEY (order_id, line));
CREATE TABLE migrations (version VARCHAR(40) PRIMARY KEY);
"""

MAP = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    identifies: {user_id: id, email: email}
    close: {status: closed}
    fields: [{name: email, category: contact, disclose: true}]
    restriction: {strategy: flag, column: status, value: restricted}
  - name: orders
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: note, category: purchases, disclose: true}, {name: created_at, category: time}]
  - name: order_items
    links: [{columns: [order_id], to: orders, role: owner}]
    fields: [{name: label, category: purchases, disclose: true}]
  ignored: [{name: "migr*", because: no personal data}]
"""


def execute(url: str, script: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in filter(str.strip, script.split(";")):
            connection.execute(sa.text(statement))
    engine.dispose()


def run_check(
    tmp_path: Path, text: str, environ: Mapping[str, str], *, ci: bool = False
) -> tuple[int, list[str]]:
    file = tmp_path / "datamap.yaml"
    file.write_text(text, encoding="utf-8")
    out = io.StringIO()
    code = check_command(file, environ=environ, out=out, ci=ci)
    return code, out.getvalue().splitlines()[:-1]


def check_shop(tmp_path: Path, url: str, text: str = MAP, *, ci: bool = False) -> list[str]:
    return run_check(tmp_path, text, {"RIGHTS_SECRET_SHOP_URL": url}, ci=ci)[1]
