"""Several tenants in one schema: keys of two columns, owners by a word, words and bits."""

from __future__ import annotations

from rights.domain.kinds import Kind
from tests.links.case import Case
from tests.links.conftest import Cases
from tests.strange.pictures import asked

MAP = """\
  - name: users
    identifies: {email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: status, category: account, disclose: true}
    - {name: vip, category: account, disclose: true}
  - name: projects
    fields: [{name: title, category: content, disclose: true}]
  - name: members
    links:
    - {columns: [tenant, user_no], to: users, role: owner}
    - {type: {column: kind, value: owner}, columns: [tenant, project], to: projects, role: owns}
    - {type: {column: kind, value: guest}, columns: [tenant, project], to: projects, role: accesses}
    fields: [{name: kind, category: content}]
  - name: tasks
    links:
    - {columns: [tenant, creator], to: users, role: owner}
    - {columns: [tenant, assignee], to: users, role: accessor}
    - {columns: [tenant, project], to: projects, role: accessor, on_erasure: delete}
    fields: [{name: body, category: content, disclose: true}]
"""

WORDS = {"mysql": "ENUM('gold', 'plain')", "postgresql": "word", "sqlite": "VARCHAR(5)"}
BITS = {"mysql": "BIT(1)", "postgresql": "BOOLEAN", "sqlite": "BOOLEAN"}
WHOLE = {"mysql": "INT UNSIGNED", "postgresql": "INTEGER", "sqlite": "INTEGER"}


def company(anywhere: Cases) -> Case:
    shop = anywhere(MAP)
    engine = shop.engines["shop"].dialect.name
    n = f"{WHOLE[engine]} NOT NULL"
    yes = {"mysql": "b'1'", "postgresql": "TRUE", "sqlite": "1"}[engine]
    shop.sql(
        *(["CREATE TYPE word AS ENUM ('gold', 'plain')"] if engine == "postgresql" else []),
        f"CREATE TABLE users (tenant {n}, no {n}, email VARCHAR(40), vip {BITS[engine]} NOT NULL,"
        f" status {WORDS[engine]} NOT NULL DEFAULT 'plain', PRIMARY KEY (tenant, no))",
        f"CREATE TABLE projects (tenant {n}, id {n}, title VARCHAR(9), PRIMARY KEY (tenant, id))",
        f"CREATE TABLE members (tenant {n}, project {n}, user_no {n}, kind VARCHAR(9),"
        " PRIMARY KEY (tenant, project, user_no),"
        " FOREIGN KEY (tenant, project) REFERENCES projects (tenant, id),"
        " FOREIGN KEY (tenant, user_no) REFERENCES users (tenant, no))",
        f"CREATE TABLE tasks (tenant {n}, id {n}, project {n}, creator {n},"
        f" assignee {WHOLE[engine]}, body VARCHAR(20), PRIMARY KEY (tenant, id),"
        " FOREIGN KEY (tenant, project) REFERENCES projects (tenant, id))",
        f"INSERT INTO users VALUES (1, 1, 'ann@example.com', {yes}, 'gold'),"
        f" (1, 2, 'bo@example.com', {yes}, 'gold'), (2, 1, 'cy@example.com', {yes}, 'gold')",
        "INSERT INTO projects VALUES (1, 10, 'both'), (1, 11, 'ann'), (1, 12, 'bo'), (2, 10, 'cy')",
        "INSERT INTO members VALUES (1, 10, 1, 'owner'), (1, 10, 2, 'owner'), (1, 11, 1, 'owner'),"
        " (1, 12, 2, 'owner'), (1, 12, 1, 'guest'), (2, 10, 1, 'owner')",
        "INSERT INTO tasks VALUES (1, 100, 10, 1, 2, 'ann for bo'), (1, 101, 10, 2, 1, 'bob'),"
        " (1, 102, 11, 2, NULL, 'bo'), (2, 100, 10, 1, 1, 'cy')",
    )
    return shop


def test_tenants_do_not_touch(anywhere: Cases) -> None:
    shop = company(anywhere)
    engine = shop.engines["shop"].dialect.name

    read = shop.ask({"email": "ann@example.com"}, Kind.ACCESS)["records"]
    outcome, change = asked(shop, {"email": "ann@example.com"})
    emptied, rest = asked(shop, {"email": "bo@example.com"}, Kind.DELETION, "option=anonymise")

    assert sorted(r["title"] for r in read["projects"]) == ["ann", "bo", "both"]
    assert sorted(r["body"] for r in read["tasks"]) == ["ann for bo", "bo", "bob"]
    assert (outcome["state"], emptied["state"]) == ("fulfilled", "fulfilled")
    assert change["projects"] == ([(1, 11, "ann")], [])
    assert change["members"][1] == []
    assert change["tasks"][1] == [(1, 101, 10, 2, None, "bob")]
    # Of a few words, the one that says nothing is the one the schema writes by itself.
    [(_, _, email, vip, status)] = rest["users"][1]
    assert (email, vip in (0, False, "\x00"), status) == (
        None,
        True,
        "plain" if engine != "sqlite" else "",
    )
    assert shop.rows("SELECT title FROM projects WHERE tenant = 2") == [("cy",)]
    assert shop.rows("SELECT body FROM tasks WHERE tenant = 2") == [("cy",)]
