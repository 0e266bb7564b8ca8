"""Authors and readers in lists: papers of several people, found inside a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind
from tests.links.case import Case, said
from tests.links.conftest import Cases
from tests.strange.pictures import asked, ids

MAP = """\
  - name: contacts
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
  - name: papers
    fields:
    - {name: title, category: content, disclose: true}
    - {name: "meta.info.authors[].aff", category: content, disclose: true}
    - {name: watchers, category: content, disclose: true}
    links:
    - columns: ["meta.info.authors[].email"]
      identifier: email
      role: owner
      on_erasure: {anonymise: ["meta.info.authors[].email", "meta.info.authors[].aff"]}
    - {columns: ["watchers[]"], to: contacts, role: accessor}
  - name: topics
    links: [{columns: [paper], to: papers, role: owner}]
    fields: [{name: topic, category: content, disclose: true}]
  - name: events
    links: [{columns: [payload.customer.email], identifier: email, role: owner}]
    fields: [{name: payload.n, category: usage, disclose: true}]
"""

ANN, BO = {"email": "Ann@example.com", "aff": "A"}, {"email": "bo@example.com", "aff": "B"}
NAMELESS = {"aff": "unnamed", "n": 1.5, "x": None, "ok": True, "s": 'a "quote" and 中文'}


def conference(anywhere: Cases) -> Case:
    shop = anywhere(MAP)
    engine = shop.engines["shop"].dialect.name
    document = {"postgresql": "JSON", "mysql": "JSON", "sqlite": "TEXT"}[engine]
    listed = "INTEGER[]" if engine == "postgresql" else document

    def numbers(*of: int) -> str:
        text = ", ".join(map(str, of))
        return f"'{{{text}}}'" if engine == "postgresql" else f"'[{text}]'"

    def by(*authors: Any) -> str:
        text = json.dumps({"info": {"authors": authors}}, ensure_ascii=False)
        return "'" + (text.replace("\\", "\\\\") if engine == "mysql" else text) + "'"

    shop.sql(
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email VARCHAR(40))",
        f"CREATE TABLE papers (id INTEGER PRIMARY KEY, title VARCHAR(20), meta {document},"
        f" watchers {listed})",
        "CREATE TABLE topics (topic INTEGER, paper INTEGER)",
        f"CREATE TABLE events (id INTEGER PRIMARY KEY, payload {document})",
        "INSERT INTO contacts VALUES (1, 'ann@example.com'), (2, 'bo@example.com')",
        f"INSERT INTO papers VALUES (10, 'ann', {by(ANN)}, {numbers(1)}),"
        f" (11, 'both', {by(ANN, BO, NAMELESS)}, {numbers(2, 1, 3)}),"
        f" (12, 'bo', {by(BO)}, {numbers(2)}), (13, 'none', '{{}}', NULL)",
        "INSERT INTO topics VALUES (1, 10), (1, 10), (1, 11), (1, 12)",
        """INSERT INTO events VALUES (1, '{"customer": {"email": "ANN@example.com"}, "n": 1}'),"""
        """ (2, '{"customer": {"email": "bo@example.com"}, "n": 2}'), (3, '{"n": 3}'), (4, NULL)""",
    )
    return shop


def _paper(shop: Case, number: int) -> Any:
    [(meta, watchers)] = shop.rows(f"SELECT meta, watchers FROM papers WHERE id = {number:d}")
    read = [json.loads(x) if isinstance(x, str) else x for x in (meta, watchers)]
    return read[0]["info"]["authors"], read[1]


def test_a_list_of_several_people_shows_each_their_own(anywhere: Cases) -> None:
    read = conference(anywhere).ask({"user_id": "1"}, Kind.ACCESS)["records"]

    told = [(r["title"], r["meta.info.authors[].aff"], r["watchers"]) for r in read["papers"]]
    assert told == [("ann", ["A"], [1]), ("both", ["A", "unnamed"], [1])]
    assert read["events"] == [{"payload.n": 1}]
    assert len(read["topics"]) == 3


def test_the_last_of_a_list_takes_the_row_along(anywhere: Cases) -> None:
    shop = conference(anywhere)

    outcome, change = asked(shop, {"user_id": "1"})
    between = _paper(shop, 11)
    again, rest = asked(shop, {"email": "bo@example.com"})

    assert (outcome["state"], again["state"]) == ("fulfilled", "fulfilled"), said(outcome)
    assert ids(change) == {"contacts": [1], "papers": [10], "topics": [1, 1], "events": [1]}
    assert between == ([{}, BO, NAMELESS], [2, 3])
    assert ids(rest)["papers"] == [11, 12]
    assert ids(rest)["events"] == [2]
    assert shop.rows("SELECT id FROM papers") == [(13,)]
    assert shop.rows("SELECT topic FROM topics") == []


def test_a_path_that_leads_nowhere_is_refused_by_name(anywhere: Cases) -> None:
    shop = conference(anywhere)
    text = shop.map.read_text(encoding="utf-8").replace("payload.customer.email", "paylod.email")
    shop.map.write_text(text, encoding="utf-8")

    before = _paper(shop, 11), shop.rows("SELECT id FROM events ORDER BY id")

    with pytest.raises(ConfigError, match=r"shop\.events\.paylod\.email.*the link to email"):
        shop.ask({"user_id": "1"})

    assert (_paper(shop, 11), shop.rows("SELECT id FROM events ORDER BY id")) == before
