"""The benchmark of the console opens every kind of page that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import Rule

from bench.console.barepages import QUERIES
from bench.console.places import LEFT_OUT, OPENED_ALIKE, PAGES, REPORTS_ALIKE, REPORTS_OPENED
from rights.services.reports import making
from tests.web.house import House

_ID: Final = "0" * 32
_OPEN: Final = "console-one.look"

on_sqlite = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


def _rules(house: House) -> Iterator[Rule]:
    return (r for r in house.app.url_map.iter_rules() if r.endpoint.startswith("console-"))


def _visited(house: House) -> set[tuple[str, str]]:
    """Return the endpoint of each page that is opened, and what of it, where it has several."""
    at = house.app.url_map.bind("127.0.0.1")
    found = set()
    for place in PAGES.values():
        named = "/requests" if place.path == "{second}" else place.path
        path = "/console" + urlsplit(re.sub(r"{\w+}", _ID, named)).path
        endpoint, values = at.match(path, "GET" if place.sent is None else "POST")
        found.add((str(endpoint), str(values.get("what", ""))))
    return found


@on_sqlite
def test_every_page_of_the_console_is_measured_or_said_to_be_left_out(house: House) -> None:
    pages = {str(rule.endpoint) for rule in _rules(house) if "GET" in (rule.methods or ())}

    visited = {endpoint for endpoint, _ in _visited(house)}

    assert pages - visited == LEFT_OUT.keys()


@on_sqlite
def test_whatever_is_opened_on_the_page_of_a_request_is_measured_or_is_like_what_is(
    house: House,
) -> None:
    (rule,) = (one.rule for one in _rules(house) if one.endpoint == _OPEN)
    kinds = re.search(r"any\(([^)]*)\):what", rule)
    assert kinds

    visited = {what for endpoint, what in _visited(house) if endpoint == _OPEN}

    assert {*kinds[1].split(",")} - visited == OPENED_ALIKE.keys()


def test_every_report_is_measured_or_is_like_what_is() -> None:
    assert making.BUILDS.keys() - REPORTS_OPENED.keys() == REPORTS_ALIKE.keys()
    assert all("/reports/made/" in PAGES[name].path for name in REPORTS_OPENED.values())


def test_each_page_has_a_bare_one() -> None:
    assert QUERIES.keys() == PAGES.keys()
