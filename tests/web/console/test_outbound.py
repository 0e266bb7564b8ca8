"""What went out in a year: every record as a file, the sums as a page, and the map of then."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from rights.services import audit
from rights.services.organisation import declared_maps, outbound
from rights.services.organisation.declared_maps import Keeper
from rights.services.organisation.outbound import COLUMNS, MISSING
from rights.services.organisation.outbound_files import to_json
from rights.store.models import Package, ReceiptRow, Request, Staff
from tests.web.console.clerk import Clerk, clerk
from tests.web.console.organised import NOW, entries, flat
from tests.web.house import House


@pytest.fixture
def important(stated: Callable[..., House]) -> House:
    return stated(persons=10, important_data=True)


def _handed_out(house: House, at: datetime) -> tuple[str, str]:
    """Let somebody ask for a copy, get a package and be let have it; return both ids."""
    house.clock.at = at
    made = str(house.asserted("copy")["id"])
    package = house.package(made, b"all of it")
    body = {
        "outcome": [
            {
                "store": "shop",
                "collection": "users",
                "affected": 3,
                "categories": ["contact", "identity"],
                "happened": ["disclosed"],
            },
            {
                "store": "shop",
                "collection": "orders",
                "affected": 0,
                "categories": [],
                "happened": ["not_found"],
            },
        ]
    }
    with house.writing() as session:
        receipt: dict[str, Any] = {
            "body": json.dumps(body),
            "key_id": "k",
            "signature": "s",
            "created_at": at,
        }
        session.add(ReceiptRow(request_id=made, **receipt))
    proof = {"assertion": house.partner.assertion({"user_id": "u-1"}, at, "mfa")}
    granted = house.post(f"/v1/requests/{made}/packages/{package}/grants", proof)
    assert granted.status_code == 201, granted.json
    return made, package


def _told(house: House, made: str, at: datetime) -> None:
    """Let staff write down that a recipient was told of a request."""
    with house.writing() as session:
        request = session.get_one(Request, made)
        said = {"recipient": "mill", "outcome": "told"}
        audit.append(session, request, [audit.Line("recipient_told", "staff:1", said)], now=at)


def _taken(clerk_: Clerk, year: int, form: str) -> Any:
    page = clerk_.get("/organisation")
    return clerk_.reader.send(page, "/organisation/outbound", year=str(year), form=form)


@pytest.mark.requirement("R-33-1")
def test_the_register_of_what_went_out_has_every_column_in_both_forms(important: House) -> None:
    made, package = _handed_out(important, datetime(2027, 1, 5, tzinfo=UTC))
    _told(important, made, datetime(2027, 1, 6, tzinfo=UTC))
    important.clock.at = NOW
    otto = clerk(important, "otto", "auditor")

    as_json = _taken(otto, 2027, "json")
    as_csv = _taken(otto, 2027, "csv")

    told = json.loads(as_json.html)
    assert told["columns"] == list(COLUMNS)
    assert (told["from"], told["to"], told["provisional"]) == ("2027-01-01", "2027-12-31", True)
    assert told["missing"] == list(MISSING)
    assert {frozenset(one) for one in told["records"]} == {frozenset(COLUMNS)}
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in told["records"]:
        by_kind.setdefault(one["record"], []).append(one)
    (out,), (content,), (grant,) = (by_kind[n] for n in ("package", "content", "handed_out"))
    assert (out["request"], out["package"], out["bytes"]) == (made, package, 9)
    assert (out["kind"], out["to"], out["downloads"]) == ("copy", "subject", 1)
    (told_of,) = by_kind["recipient_told"]
    assert (told_of["request"], told_of["recipient"]) == (made, "mill")
    assert (told_of["outcome"], told_of["kind"]) == ("told", "copy")
    assert (content["rows"], content["categories"]) == (3, ["contact", "identity"])
    assert (grant["package"], grant["level"]) == (package, 2)
    assert {one["store"] for one in by_kind["store"]} == {s.name for s in important.context.datamap}
    head, *lines = csv.reader(io.StringIO(as_csv.html.removeprefix("\ufeff")))
    assert head == list(COLUMNS)
    assert {line[0] for line in lines} == {*by_kind, "not_recorded"}
    assert len(lines) == len(told["records"]) + len(MISSING)
    assert [e.data for e in entries(important, "outbound_exported")] == [
        {"year": 2027, "form": "json"},
        {"year": 2027, "form": "csv"},
    ]
    assert "alice" not in as_json.html + as_csv.html


@pytest.mark.requirement("R-33-1")
def test_a_year_has_its_own_packages_and_whoever_was_let_have_them_in_it(important: House) -> None:
    eve = datetime(2026, 12, 31, 15, 59, 30, tzinfo=UTC)
    made, package = _handed_out(important, eve)
    important.clock.at = NOW

    def records(year: int) -> list[tuple[str, str]]:
        staff = Staff(name="o", roles=["auditor"], created_at=NOW)
        at = outbound.begin(important.engine, important.context, staff, year, now=NOW)
        found = outbound.records(important.engine, at)
        return [(one["record"], one["package"]) for one in found if one["request"] == made]

    assert records(2026) == [("package", package), ("content", package), ("handed_out", package)]
    assert records(2027) == [], "it is the next year in Shanghai half a minute later"
    important.clock.at = eve + timedelta(minutes=1)
    again = {"assertion": important.partner.assertion({"user_id": "u-1"}, eve, "mfa")}
    important.post(f"/v1/requests/{made}/packages/{package}/grants", again)
    assert records(2027) == [("handed_out", package)]


@pytest.mark.requirement("R-33-1")
def test_what_went_out_is_a_page_of_sums(important: House) -> None:
    made, _ = _handed_out(important, datetime(2027, 1, 5, tzinfo=UTC))
    _told(important, made, datetime(2027, 1, 6, tzinfo=UTC))
    important.clock.at = NOW
    otto = clerk(important, "otto", "auditor")

    page = _taken(otto, 2027, "page")

    assert page.status == 200, page.text
    assert "What went out in a year: data for the risk assessment" in page.text
    text = flat(page.text)
    assert "Transfers to a named receiver" in text
    assert f"/console/requests/{made}" in page.links
    assert "shop / users" in text
    assert "Contact details" in text, "categories are told in words"
    again = otto.reader.send(page, "/organisation/outbound", form="csv")
    assert again.html.startswith("\ufeffrecord,"), "the same as a file"


def test_the_page_says_when_a_package_was_made_by_the_days_of_the_report(important: House) -> None:
    _handed_out(important, datetime(2026, 12, 31, 18, tzinfo=UTC))  # next year, where staff are
    important.clock.at = NOW

    page = _taken(clerk(important, "otto", "auditor"), 2027, "page")

    assert "2027-01-01T02:00:00+08:00" in page.text
    assert "2026-12-31" not in page.text


@pytest.mark.requirement("R-33-1")
def test_a_year_that_is_over_says_what_the_map_declared_at_its_end_and_what_went_out_in_it(
    important: House, tmp_path: Path
) -> None:
    eve, new_year = datetime(2026, 12, 30, tzinfo=UTC), datetime(2027, 1, 20, tzinfo=UTC)
    then = replace(important.context.datamap, stores=important.context.datamap.stores[:1])
    made, package = _handed_out(important, eve)
    with important.writing() as session:
        assert declared_maps.keep(session, then, eve)
        assert not declared_maps.keep(session, then, eve), "the same is written down once"
    staff = Staff(name="o", roles=["auditor"], created_at=NOW)

    def register(year: int, now: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        asked = outbound.begin(important.engine, important.context, staff, year, now=now)
        found = list(outbound.records(important.engine, asked))
        head = outbound.head(asked)
        return {name: head[name] for name in ("map", "missing", "provisional")}, found

    first = register(2026, datetime(2027, 1, 2, tzinfo=UTC))
    Keeper(important.engine, important.context.datamap, lambda: new_year).run()
    again = {"assertion": important.partner.assertion({"user_id": "u-1"}, new_year, "mfa")}
    important.clock.at = new_year
    important.post(f"/v1/requests/{made}/packages/{package}/grants", again)

    assert register(2026, NOW) == first, "whatever happens later"
    head, found = first
    assert [one["store"] for one in found if one["record"] == "store"] == [then.stores[0].name]
    assert [one["downloads"] for one in found if one["record"] == "package"] == [1]
    assert head["map"] == {"hash": then.hash, "since": eve.isoformat(), "known": True}
    stores = [one["store"] for one in register(2027, NOW)[1] if one["record"] == "store"]
    assert stores == [one.name for one in important.context.datamap]


@pytest.mark.requirement("R-33-1")
def test_a_year_before_any_map_was_kept_says_that_it_is_not_known(important: House) -> None:
    _handed_out(important, datetime(2026, 12, 30, tzinfo=UTC))
    important.clock.at = NOW
    Keeper(important.engine, important.context.datamap, lambda: NOW).run()
    otto = clerk(important, "otto", "auditor")

    as_json = json.loads(_taken(otto, 2026, "json").html)

    assert (as_json["map"]["known"], as_json["missing"]) == (False, [*MISSING, "map_at_end"])
    assert "did not yet keep data maps" in _taken(otto, 2026, "page").text


def test_what_is_sent_is_read_in_batches_while_it_is_written(
    important: House,
) -> None:
    made, _ = _handed_out(important, datetime(2027, 1, 5, tzinfo=UTC))
    with important.writing() as session:
        session.add_all(_packages(made, 6))
    staff = Staff(name="o", roles=["auditor"], created_at=NOW)
    asked_of = outbound.begin(important.engine, important.context, staff, 2027, now=NOW)
    asked: list[str] = []
    event.listen(important.engine, "before_cursor_execute", lambda *a: asked.append(str(a[2])))

    found = outbound.records(important.engine, asked_of, batch=2)
    pieces = to_json(outbound.head(asked_of), found)
    next(pieces)
    assert asked == [], "nothing is read before it is asked for"
    text = b"".join(pieces)

    looked = [one for one in asked if "FROM package" in one]
    assert len(looked) == 5, "seven packages, two at a time, and once more to see that it is all"
    assert text.count(b'"record":"package"') == 7


def _packages(request_id: str, number: int) -> list[Package]:
    at = datetime(2027, 1, 6, tzinfo=UTC)
    return [Package(request_id=request_id, state="ready", created_at=at) for _ in range(number)]


@pytest.mark.requirement("R-33-1:bad")
def test_who_processes_no_important_data_is_told_why_there_is_no_such_register(
    school: House,
) -> None:
    otto = clerk(school, "otto", "auditor")

    answer = otto.force("/organisation/outbound", year="2027", form="json")

    assert answer.status == 404
    assert "processors of important data" in answer.text
    assert "NDSR 33" in answer.text
    assert "What went out" not in otto.get("/organisation").text
    assert entries(school, "outbound_exported") == []


def test_the_register_is_for_who_may_make_reports_and_for_years_it_can_say(
    important: House,
) -> None:
    _handed_out(important, datetime(2027, 1, 5, tzinfo=UTC))
    important.clock.at = NOW
    rui, otto = clerk(important, "rui", "reviewer"), clerk(important, "otto", "auditor")

    assert rui.force("/organisation/outbound", year="2027", form="json").status == 403
    for year, form in (("2028", "json"), ("", "json"), ("99999", "json"), ("2027", "xml")):
        assert otto.force("/organisation/outbound", year=year, form=form).status == 422
    assert otto.force("/organisation/outbound", year="2027", form="csv").status == 200
