"""SQLite as it is used: columns without a type, dates in text, tables without a key."""

from __future__ import annotations

import pytest

from rights.domain.kinds import Kind
from tests.links.case import Case
from tests.links.conftest import Cases
from tests.strange.pictures import asked

MAP = """\
  - name: people
    key: [id]
    identifies: {user_id: id, email: email}
    fields: [{name: name, category: identity, disclose: true}]
  - name: notes
    links: [{columns: [person], to: people, role: owner}]
    fields: [{name: body, category: content, disclose: true}]
  - name: tags
    links: [{columns: [person], to: people, role: owner}]
    fields: [{name: tag, category: content, disclose: true}]
  - name: bills
    links: [{columns: [person], to: people, role: owner}]
    retention: {period: 3y, from: made, basis: a law, rank: law}
    restriction: {strategy: flag, column: shut, value: 1}
"""


@pytest.fixture
def shop(case: Cases) -> Case:
    made = case(MAP)
    made.sql(
        "CREATE TABLE people (id, email, name)",
        "CREATE TABLE notes (person, body)",
        "CREATE TABLE tags (person TEXT, tag TEXT, PRIMARY KEY (person, tag)) WITHOUT ROWID",
        "CREATE TABLE bills (id INTEGER PRIMARY KEY, person, made TEXT, shut INT) STRICT".replace(
            "person,", "person ANY,"
        ),
        "INSERT INTO people VALUES (1, 'Ann@example.com', 'Ann'), ('2', 'bo@example.com', 'Bo'),"
        " ('a7', 'cy@example.com', 'Cy'), ('01', 'di@example.com', 'Di')",
        "INSERT INTO notes VALUES (1, 'ann'), (1, 'ann'), ('2', 'bo'), ('a7', 'cy'), (NULL, '-')",
        "INSERT INTO tags VALUES ('1', 'ann'), ('2', 'bo'), ('01', 'di')",
        "INSERT INTO bills VALUES (1, 1, '2001-01-01', 0), (2, 1, 'last Tuesday', 0),"
        " (3, 1, NULL, 0), (4, 1, '2999-01-01T00:00:00Z', 0), (5, '2', '2001-01-01', 0)",
    )
    return made


@pytest.mark.parametrize(
    ("subject", "notes", "tags"),
    [
        ({"user_id": "1"}, ["ann", "ann"], ["ann"]),
        ({"email": "ann@EXAMPLE.com"}, ["ann", "ann"], ["ann"]),
        ({"user_id": "2"}, ["bo"], ["bo"]),
        ({"user_id": "a7"}, ["cy"], []),
        ({"user_id": "01"}, [], ["di"]),
    ],
)
def test_a_column_without_a_type_holds_keys_of_any(
    shop: Case, subject: dict[str, str], notes: list[str], tags: list[str]
) -> None:
    read = shop.ask(subject, Kind.ACCESS)["records"]

    assert len(read["people"]) == 1
    assert [r["body"] for r in read.get("notes", ())] == notes
    assert [r["tag"] for r in read.get("tags", ())] == tags


def test_a_date_that_cannot_be_read_keeps_its_row(shop: Case) -> None:
    outcome, change = asked(shop, {"user_id": "1"})

    assert outcome["state"] == "fulfilled"
    assert next(x["retained"] for x in outcome["collections"] if x["collection"] == "bills") == 3
    assert change["notes"] == ([(1, "ann"), (1, "ann")], [])
    assert change["tags"] == ([("1", "ann")], [])
    assert change["people"] == ([(1, "Ann@example.com", "Ann")], [])
    left = shop.rows("SELECT id, shut FROM bills ORDER BY id")
    assert left == [(2, 1), (3, 1), (4, 1), (5, 0)]
