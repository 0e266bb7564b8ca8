"""Rows that point at each other in a circle, on every engine."""

from __future__ import annotations

import pytest

from tests.links.case import USERS, USERS_TABLE, said
from tests.links.conftest import Cases

TEAMS = """\
  - name: teams
    links:
    - {columns: [founder_id], to: users, role: owner}
    - {columns: [best_game_id], to: games, role: none}
    fields: [{name: name, category: content, disclose: true}]
  - name: games
    links: [{columns: [team_id], to: teams, role: owner}]
    fields: [{name: title, category: content, disclose: true}]
"""

ANNA, BEN = {"user_id": "1"}, {"user_id": "2"}


def tables(*, loose: bool, later: str = "") -> tuple[str, ...]:
    need = "" if loose else " NOT NULL"
    return (
        USERS_TABLE,
        (
            "CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(20),"
            f" founder_id INTEGER NOT NULL REFERENCES users (id), best_game_id INTEGER{need})"
        ),
        (
            "CREATE TABLE games (id INTEGER PRIMARY KEY, title VARCHAR(20),"
            " team_id INTEGER NOT NULL,"
            " CONSTRAINT game_team FOREIGN KEY (team_id) REFERENCES teams (id))"
        ),
        "INSERT INTO users VALUES (1, 'anna@example.com'), (2, 'ben@example.com')",
        "INSERT INTO teams VALUES (10, 'reds', 1, 21), (11, 'blues', 2, 22)",
        "INSERT INTO games VALUES (20, 'first', 10), (21, 'final', 10), (22, 'cup', 11)",
        (
            "ALTER TABLE teams ADD CONSTRAINT team_best FOREIGN KEY (best_game_id)"
            f" REFERENCES games (id) {later}"
        ),
    )


@pytest.mark.parametrize("engine", ["postgres_url", "mariadb_url"])
def test_a_pointer_that_may_be_empty_is_emptied_first(
    case: Cases, request: pytest.FixtureRequest, engine: str
) -> None:
    shop = case(USERS + TEAMS, shop=request.getfixturevalue(engine))
    shop.sql(*tables(loose=True))

    outcome = shop.ask(ANNA)

    assert (outcome["state"], outcome["problems"]) == ("fulfilled", [])
    assert shop.rows("SELECT id FROM users") == [(2,)]
    assert shop.rows("SELECT * FROM teams") == [(11, "blues", 2, 22)]
    assert shop.rows("SELECT * FROM games") == [(22, "cup", 11)]


def test_a_dry_run_shows_which_pointer_gives_way(case: Cases, postgres_url: str) -> None:
    shop = case(USERS + TEAMS, shop=postgres_url)
    shop.sql(*tables(loose=True))

    outcome = shop.ask(ANNA, dry_run=True)

    erase = [s for s in outcome["plan"]["steps"] if s["action"] == "erase"]
    assert [(s["unhook"], s["deferred"]) for s in erase] == [(("shop.teams:best_game_id",), False)]
    assert shop.rows("SELECT count(*) FROM games") == [(3,)]


def test_a_check_that_can_wait_is_made_at_the_end_of_one_transaction(
    case: Cases, postgres_url: str
) -> None:
    shop = case(USERS + TEAMS, shop=postgres_url)
    shop.sql(*tables(loose=False, later="DEFERRABLE"))

    outcome = shop.ask(ANNA)

    assert (outcome["state"], outcome["problems"]) == ("fulfilled", [])
    assert shop.rows("SELECT * FROM teams") == [(11, "blues", 2, 22)]
    assert shop.rows("SELECT * FROM games") == [(22, "cup", 11)]


@pytest.mark.parametrize("engine", ["postgres_url", "mariadb_url"])
def test_a_circle_that_nothing_unties_is_refused_before_anything_is_touched(
    case: Cases, request: pytest.FixtureRequest, engine: str
) -> None:
    shop = case(USERS + TEAMS, shop=request.getfixturevalue(engine))
    shop.sql(*tables(loose=False))

    outcome = shop.ask(ANNA)

    assert outcome["state"] == "on_hold"
    assert "point at each other in a circle" in said(outcome)
    assert "shop.teams:best_game_id" in said(outcome)
    assert shop.rows("SELECT count(*) FROM games") == [(3,)]
    assert shop.rows("SELECT count(*) FROM users") == [(2,)]


def test_rows_that_own_each_other_go_with_their_person_and_no_other(anywhere: Cases) -> None:
    knot = """\
  - name: folders
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [cover_id], to: files, role: owner}
    fields: [{name: name, category: content, disclose: true}]
  - name: files
    links: [{columns: [folder_id], to: folders, role: owner}]
    fields: [{name: name, category: content, disclose: true}]
"""
    shop = anywhere(USERS + knot)
    shop.sql(
        USERS_TABLE,
        "CREATE TABLE folders (id INTEGER PRIMARY KEY, name VARCHAR(20), user_id INTEGER,"
        " cover_id INTEGER)",
        "CREATE TABLE files (id INTEGER PRIMARY KEY, name VARCHAR(20), folder_id INTEGER)",
        "INSERT INTO users VALUES (1, 'anna@example.com'), (2, 'ben@example.com')",
        "INSERT INTO folders VALUES (1, 'mine', 1, 1), (2, 'ours', 1, 2), (3, 'his', 2, 3)",
        "INSERT INTO files VALUES (1, 'a', 1), (2, 'b', 3), (3, 'c', 3)",
    )

    assert shop.ask(ANNA)["state"] == "fulfilled"

    # the cover of the second is a file of his, so it is his too: only her name goes
    assert shop.rows("SELECT * FROM folders ORDER BY id") == [
        (2, "ours", None, 2),
        (3, "his", 2, 3),
    ]
    assert shop.rows("SELECT id FROM files ORDER BY id") == [(2,), (3,)]
    assert shop.ask(BEN)["state"] == "fulfilled"
    assert shop.rows("SELECT * FROM folders") == []
    assert shop.rows("SELECT * FROM files") == []


def test_an_emptied_row_that_points_at_itself_lets_go_of_itself(anywhere: Cases) -> None:
    shop = anywhere("""\
  - name: users
    identifies: {user_id: id}
    fields: [{name: body, category: content}]
  - name: notes
    links:
    - {columns: [copy_of], to: notes, role: accessor}
    - {columns: [author_id], to: users, role: owner}
    erasure: anonymise
    fields: [{name: body, category: content}]
""")
    shop.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, body VARCHAR(9))",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(9), copy_of INTEGER,"
        " author_id INTEGER)",
        "INSERT INTO users VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO notes VALUES (1, 'one', 1, 1), (2, 'two', 1, 2), (3, 'three', 3, 2)",
    )

    outcome = shop.ask({"user_id": "1"})

    assert outcome["state"] == "fulfilled", outcome["problems"]
    assert sorted(shop.rows("SELECT * FROM notes")) == [
        (1, None, None, None),
        (2, "two", None, 2),
        (3, "three", 3, 2),
    ]
