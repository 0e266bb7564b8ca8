"""PostgreSQL with all it has: several schemas, quoted names, domains, made columns, partitions."""

from __future__ import annotations

from rights.domain.kinds import Kind
from tests.links.conftest import Cases
from tests.strange.pictures import asked

MAP = """\
  - name: User
    identifies: {person_id: id, email: E-Mail}
    erasure: anonymise
    fields:
    - {name: E-Mail, category: contact, disclose: true}
    - {name: Größe, category: body, disclose: true}
    - {name: order, category: body, disclose: true}
    - {name: handle, category: body, disclose: true}
  - name: 用户资料
    links: [{columns: [用户], to: User, role: owner}]
    fields: [{name: 内容, category: 内容, disclose: true}]
  - name: select
    links: [{columns: [User], to: User, role: owner}]
    fields: [{name: table, category: content, disclose: true}]
  - name: logins
    links: [{columns: [uid], to: User, role: owner}]
    fields: [{name: at, category: usage, disclose: true}]
  - name: trail
    links: [{columns: [uid], to: User, role: owner}]
    fields: [{name: what, category: usage, disclose: true}]
"""

ANN, BO = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2))
TABLES = (
    "CREATE DOMAIN mail AS TEXT CHECK (VALUE ~ '@')",
    (
        'CREATE TABLE "User" (id UUID PRIMARY KEY, "E-Mail" mail UNIQUE, "Größe" NUMERIC(5,2),'
        ' "order" TEXT, handle TEXT GENERATED ALWAYS AS (lower("order")) STORED)'
    ),
    (
        'CREATE TABLE "用户资料" ("编号" SERIAL PRIMARY KEY, "用户" UUID REFERENCES "User",'
        ' "内容" TEXT)'
    ),
    (
        'CREATE TABLE "select" ("from" INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
        ' "User" UUID REFERENCES "User", "table" TEXT)'
    ),
    "CREATE TABLE logins (uid UUID, at TIMESTAMPTZ NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE logins_1 PARTITION OF logins FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "CREATE TABLE logins_2 PARTITION OF logins DEFAULT",
    'ALTER TABLE logins_1 ADD FOREIGN KEY (uid) REFERENCES "User"',
    "CREATE TABLE trail (uid UUID, what TEXT)",
    (
        f"""INSERT INTO "User" VALUES ('{ANN}', 'Ann@example.com', 1.70, 'ANN'),"""
        f""" ('{BO}', 'bo@example.com', 1.80, 'BO')"""
    ),
    f"""INSERT INTO "用户资料" ("用户", "内容") VALUES ('{ANN}', '安'), ('{BO}', '博')""",
    f"""INSERT INTO "select" ("User", "table") VALUES ('{ANN}', 'a'), ('{BO}', 'b')""",
    (
        f"INSERT INTO logins VALUES ('{ANN}', '2024-05-05'), ('{ANN}', '2031-05-05'),"
        f" ('{BO}', '2024-05-05')"
    ),
    f"INSERT INTO trail VALUES ('{ANN}', 'in'), ('{ANN}', 'in'), ('{BO}', 'in')",
)


def test_names_and_types_of_every_kind(case: Cases, postgres_url: str) -> None:
    shop = case(MAP, shop=postgres_url)
    shop.sql(*TABLES)

    read = shop.ask({"email": "ann@example.com"}, Kind.ACCESS)["records"]
    outcome, change = asked(shop, {"person_id": ANN})

    [told] = read["User"]
    assert told == {"E-Mail": "Ann@example.com", "Größe": "1.70", "order": "ANN", "handle": "ann"}
    assert read["用户资料"] == [{"内容": "安"}]
    assert [len(read[name]) for name in ("select", "logins", "trail")] == [1, 2, 2]
    assert outcome["state"] == "fulfilled"
    assert change["User"][1] == [(ANN, None, None, None, None)]
    assert [len(change[n][0]) for n in ("用户资料", "select", "logins", "trail")] == [1, 1, 2, 2]
    assert not any(change[n][1] for n in ("用户资料", "select", "logins", "trail"))
