"""What an owner's link cuts is the owner's own: it goes from an anonymised row, field or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rights.domain.kinds import Kind
from tests.connectors.database import Database
from tests.workflows.people_in_stores import People, people

MAP = """\
  - name: users
    identifies: {user_id: id}
    fields: [{name: email, category: contact, disclose: true}]
  - name: messages
    links:
    - {columns: [sender_id], to: users, role: owner, on_erasure: {anonymise: [body, sender_id]}}
    - {columns: [reader_id], to: users, role: accessor, on_erasure: {anonymise: [reader_id, note]}}
"""


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def post(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80))",
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER, reader_id INTEGER,"
        " body VARCHAR(80), note VARCHAR(80))",
    )
    for n, name in ((1, "ann"), (2, "bo")):
        database.put("users", {"id": n, "email": f"{name}@mail.example"})
    mine = {"id": 1, "sender_id": 1, "reader_id": 2, "body": "I am Ann", "note": "Bo read it"}
    theirs = {"id": 2, "sender_id": 2, "reader_id": 1, "body": "I am Bo", "note": "Ann read it"}
    database.put("messages", mine)
    database.put("messages", theirs)
    yield people(database, tmp_path / "post", MAP)
    database.close()


def test_an_anonymised_row_keeps_nothing_that_its_owner_wrote(post: People) -> None:
    outcome = post.run(Kind.DELETION, "option=anonymise", subject={"user_id": "1"})

    assert outcome["state"] == "fulfilled", outcome["problems"]
    rows = post.database.rows("SELECT sender_id, reader_id, body, note FROM messages ORDER BY id")
    assert [*rows] == [(None, 2, None, "Bo read it"), (2, None, "I am Bo", None)]
