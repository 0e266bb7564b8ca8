"""The data map beside the live system, and what our own tools make of its twelve schemas."""

from __future__ import annotations

import io
import os

import psycopg
import pytest
import yaml

from tests.indico.conftest import MAP, Indico
from tests.indico.digest import Picture, circles, connect
from workflows.datamap_cli import check_command, diff_command, discover_command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("indico")]


def _scalar(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_the_laboratory_is_the_real_thing(indico: Indico) -> None:
    keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
    json = (
        "SELECT count(*) FROM information_schema.columns WHERE data_type IN ('json', 'jsonb')"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )

    tables = Picture.of(indico.url).tables

    assert len(tables) == 162
    assert len({name.partition(".")[0] for name in tables} - {"public"}) == 12
    with connect(indico.url) as connection:
        assert _scalar(connection, keys) == 357
        assert _scalar(connection, f"{keys} AND array_length(conkey, 1) > 1") == 7
        assert _scalar(connection, json) == 44
    assert len(circles(indico.url)) == 6


def test_the_map_agrees_with_the_live_system(indico: Indico) -> None:
    out = io.StringIO()

    code = check_command(MAP, environ=os.environ, out=out)

    found = [line for line in out.getvalue().splitlines() if not line.startswith("warning")]
    assert (code, found) == (0, [found[-1]])
    assert found[-1].startswith("0 errors")


def test_nothing_is_in_the_map_that_the_system_does_not_have(indico: Indico) -> None:
    out = io.StringIO()

    diff_command(MAP, environ=os.environ, out=out)

    assert [line for line in out.getvalue().splitlines() if line.startswith("-")] == []


def test_the_draft_our_tool_makes_has_every_link_that_a_foreign_key_shows(indico: Indico) -> None:
    mine = yaml.safe_load(MAP.read_text(encoding="utf-8"))["stores"][0]
    stub = indico.out.with_suffix(".yaml")
    stub.write_text(
        yaml.safe_dump(
            {"stores": [{"name": "indico", "connector": "sql", "settings": mine["settings"]}]}
        )
    )
    out = io.StringIO()

    assert discover_command(stub, environ=os.environ, out=out) == 0

    text = out.getvalue()
    draft = yaml.safe_load(text)["stores"][0]["collections"]
    drafted = {c["name"]: {(*k["columns"], k["to"]) for k in c.get("links", [])} for c in draft}
    assert "users.users" in drafted
    missed = {
        (c["name"], *link["columns"])
        for c in mine["collections"]
        for link in c.get("links", [])
        if link.get("to")
        and (*link["columns"], link["to"]) not in drafted.get(c["name"], set())
        and f"{{columns: [{', '.join(link['columns'])}], to: {link['to']}" not in text
    }
    assert missed == {("roombooking.reservation_links", "id")}  # it is pointed at, and points not
    assert {c["name"] for c in mine["collections"]} - set(drafted) == {
        "users.registration_requests",  # known by address only: no foreign key leads there
    }
