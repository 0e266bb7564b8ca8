"""A wiki: names in bytes, an actor between person and page, and history that stays."""

from __future__ import annotations

import pytest

from rights.domain.kinds import Kind
from tests.links.case import Case
from tests.links.conftest import Cases
from tests.strange.pictures import asked, ids

MAP = """\
  - name: account
    identifies: {user_id: user_id, email: user_email}
    fields: [{name: user_name, category: account, disclose: true}, {name: user_email, category: contact, disclose: true}]
  - name: actor
    links: [{columns: [actor_user], to: account, role: owner}]
    erasure: anonymise
    fields: [{name: actor_name, category: account, disclose: true}]
  - name: revision
    links:
    - {columns: [rev_actor], to: actor, role: owner, on_erasure: keep, because: the history of the page}
    - {columns: [rev_parent], to: revision, role: none}
    fields: [{name: rev_id, category: content, disclose: true}]
  - name: watch
    links: [{columns: [wl_user], to: account, role: owner}]
    fields: [{name: wl_title, category: content, disclose: true}]
  - name: talk
    links:
    - {columns: [actor], to: actor, role: owner}
    - {columns: [answers], to: talk, role: none}
    - {columns: [about], to: revision, role: none}
    erasure: anonymise
    fields: [{name: body, category: content, disclose: true}]
"""  # noqa: E501 - a map reads best with a field a line

OCTETS = {"mysql": "VARBINARY(80)", "postgresql": "BYTEA", "sqlite": "BLOB"}


def wiki(anywhere: Cases) -> Case:
    shop = anywhere(MAP)
    octets = OCTETS[shop.engines["shop"].dialect.name]
    shop.sql(
        f"CREATE TABLE account (user_id INTEGER PRIMARY KEY, user_name {octets} NOT NULL,"
        f" user_email {octets} NOT NULL)",
        "CREATE TABLE actor (actor_id INTEGER PRIMARY KEY, actor_user INTEGER,"
        f" actor_name {octets} NOT NULL UNIQUE)",
        "CREATE TABLE revision (rev_id INTEGER PRIMARY KEY, rev_actor INTEGER NOT NULL,"
        " rev_parent INTEGER)",
        f"CREATE TABLE watch (wl_id INTEGER PRIMARY KEY, wl_user INTEGER, wl_title {octets})",
        "CREATE TABLE talk (id INTEGER PRIMARY KEY, actor INTEGER NOT NULL,"
        " answers INTEGER NOT NULL, about INTEGER NOT NULL, body VARCHAR(20) NOT NULL)",
        "INSERT INTO account VALUES (1, 'Ann', 'Ann@example.com'), (2, 'Bo', 'bo@example.com')",
        "INSERT INTO actor VALUES (11, 1, 'Ann'), (12, 2, 'Bo'), (13, NULL, '10.0.0.9')",
        "INSERT INTO revision VALUES (31, 11, NULL), (32, 12, 31), (33, 13, 32)",
        "INSERT INTO watch VALUES (41, 1, 'Katzen'), (42, 2, 'Hunde')",
        "INSERT INTO talk VALUES (1, 11, 1, 31, 'by ann'), (2, 12, 1, 31, 'bo answers')",
    )
    return shop


def test_names_in_bytes_are_found_and_told_as_text(anywhere: Cases) -> None:
    shop = wiki(anywhere)

    read = shop.ask({"email": "ann@example.com"}, Kind.ACCESS)["records"]

    assert [r["rev_id"] for r in read["revision"]] == [31]
    if shop.engines["shop"].dialect.name != "postgresql":  # BYTEA is for what is no text
        assert read["account"] == [{"user_name": "Ann", "user_email": "Ann@example.com"}]


@pytest.mark.parametrize("kind", ["delete", "anonymise"])
def test_what_stays_may_be_pointed_at(anywhere: Cases, kind: str) -> None:
    shop = wiki(anywhere)

    outcome, change = asked(shop, {"email": "ann@example.com"}, Kind.DELETION, f"option={kind}")

    gone = {"account": [1], "watch": [41]} if kind == "delete" else {}
    assert outcome["state"] == "fulfilled"
    assert ids(change) == gone
    # History is kept and what was said is emptied: nobody's pointer at either is cut.
    assert "revision" not in change
    assert change["talk"] == ([(1, 11, 1, 31, "by ann")], [(1, 11, 1, 31, "")])
    [(number, user, name)] = change["actor"][1]
    assert (number, user, name.startswith("anon-")) == (11, None, True)
