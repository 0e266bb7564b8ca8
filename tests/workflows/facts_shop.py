"""A shop whose map says what people may be asked for, and its worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from connectors.sql import Sql, SqlSettings
from rights.domain.kinds import Kind, default_option
from rights.domain.levels import Matched
from rights.services import assurance, intake, matching, subjects, verification
from rights.store.db import reading, transaction
from rights.store.models import Lookup, Request
from tests.workflows.house import Clock, floor_over, replace
from tests.workflows.shop_on_sql import execute
from workflows.floor import Floor
from workflows.lookups import answer

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), name VARCHAR(40), born DATE,
    city VARCHAR(40), id_number VARCHAR(20), phone VARCHAR(20));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
    number VARCHAR(20), card VARCHAR(20));
CREATE TABLE letters (id INTEGER PRIMARY KEY, email VARCHAR(80), birthday VARCHAR(20));
INSERT INTO users VALUES (1, 'ann@example.com', '王小明', '1990-02-01', '上海',
    '110101199002011234', '13800138000');
INSERT INTO users VALUES (2, 'bo@example.com', 'Bo Li', '1985-12-31', '北京',
    '110101198512314321', '13900139000');
INSERT INTO users VALUES (3, 'cy@example.com', NULL, NULL, '', NULL, NULL);
INSERT INTO orders VALUES (10, 1, 'A-1001', '6222020200001234567');
INSERT INTO orders VALUES (11, 1, 'A-1002', '6222020200007654321');
INSERT INTO orders VALUES (20, 2, 'B-2001', '6222020200009999999');
INSERT INTO letters VALUES (1, 'ann@example.com', '1990年2月1日');
"""

MAP = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
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
    key: [id]
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: name, category: identity, disclose: true, proof: real_name}
    - name: born
      title: {zh: 出生日期, en: Date of birth}
      category: identity
      disclose: true
      proof: {as: fact, compare: date}
    - {name: city, title: {zh: 城市, en: City}, category: address, disclose: true, proof: fact}
    - {name: id_number, category: identity, secret: gov_id, proof: id_number}
    - {name: phone, category: contact, proof: {as: fact, compare: digits}}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: number, category: order, disclose: true, proof: fact}
    - {name: card, category: payment, secret: bank_account, proof: {as: fact, compare: last_four}}
- name: mailer
  connector: sql
  settings: {url: "${secret:MAILER_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: letters
    key: [id]
    identifies: {email: email}
    fields:
    - {name: birthday, category: identity, disclose: true, proof: {as: fact, compare: date}}
"""

BORN, CITY, PHONE = "shop.users.born", "shop.users.city", "shop.users.phone"
NUMBER, CARD = "shop.orders.number", "shop.orders.card"
BIRTHDAY = "mailer.letters.birthday"
ANN = {BORN: "1990-02-01", CITY: "上海"}
BO = {BORN: "1985-12-31", CITY: "北京"}
ANN_BY_NAME = {"name": "王小明", "number": "110101199002011234"}


class Shop:
    """A live database with three people in it, and a worker over it."""

    def __init__(self, folder: Path, url: str, *, register_url: str = "") -> None:
        execute(url, SCHEMA)
        self.engine = sa.create_engine(url)
        self.sql = Sql(SqlSettings(url=url))
        self.clock = Clock()
        bare = floor_over(folder, MAP, {}, self.clock, register_url=register_url)
        self.stores: dict[str, Any] = {"shop": self.sql, "mailer": self.sql}
        manifests = {"sql": Sql.manifest}
        self.floor: Floor = replace(bare, connector=self.open, manifests=manifests)

    def open(self, name: str) -> Any:
        return self.stores[name]

    def close(self) -> None:
        self.engine.dispose()
        self.sql.close_connections()
        self.floor.register.dispose()

    def asked(self, kind: Kind, email: str) -> str:
        """Submit a request that nothing was proved for yet."""
        who = subjects.cleaned(self.floor.context.datamap, {"email": email})
        new = intake.Submission(kind, default_option(kind), identifiers=who, ask=False)
        with transaction(self.floor.register) as session:
            request, _ = intake.submit(session, self.floor.context, new, now=self.floor.now())
            return request.id

    def coded(self, kind: Kind, email: str) -> str:
        """Submit a request and answer its code, as whoever reads that mail box can."""
        floor, context = self.floor, self.floor.context
        request_id = self.asked(kind, email)
        with transaction(floor.register) as session:
            request = session.get_one(Request, request_id)
            (contact,) = subjects.identifier_rows(session, request_id)
            made = verification.challenge(session, context, request, contact, now=floor.now())
            code = verification.code_of(context, made)
            assert verification.answer(session, context, request, code, now=floor.now())
            session.flush()
            assurance.raise_level(session, context, request, cap=2, now=floor.now())
        return request_id

    def ask(
        self, request_id: str, values: Mapping[str, str], way: Matched = Matched.KNOWN_FACTS
    ) -> str:
        """Ask for a comparison; return the question's id."""
        context = self.floor.context
        with transaction(self.floor.register) as session:
            request = session.get_one(Request, request_id)
            row = matching.ask(session, context, request, way, values, now=self.floor.now())
            return row.id

    def compared(
        self, request_id: str, values: Mapping[str, str], way: Matched = Matched.KNOWN_FACTS
    ) -> Any:
        """Have it compared by the worker; return what is told."""
        asked = self.ask(request_id, values, way)
        answer(self.floor, asked)
        return self.told(asked)

    def told(self, lookup_id: str) -> Any:
        row = self.lookup(lookup_id)
        if row.sealed_answer is None:
            return row.state
        aad = f"lookup|{lookup_id}|answer"
        return orjson.loads(self.floor.context.vault.open(row.sealed_answer, aad=aad))

    def lookup(self, lookup_id: str) -> Lookup:
        with reading(self.floor.register) as session:
            return session.get_one(Lookup, lookup_id)

    def request(self, request_id: str) -> Request:
        with reading(self.floor.register) as session:
            return session.get_one(Request, request_id)


def everything(floor: Floor) -> Iterable[str]:
    """Yield every value of every table of the register, sealed ones opened by nobody."""
    with floor.register.connect() as connection:
        for table in sa.inspect(floor.register).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                yield from (str(value) for value in row)


def tomorrow(shop: Shop) -> None:
    """Go on to where the tries of today count no more."""
    shop.clock.on(hours=24, seconds=1)
