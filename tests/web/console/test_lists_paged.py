"""Lists of holds, of drifts, of changes and of one person's requests go on to their end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import event

from rights.domain.lifecycle import State, Wait
from rights.services.console import coverage, held, held_lists, people
from rights.store.ids import new_id
from rights.store.models import (
    HeldRows,
    LegalHold,
    PlanRow,
    Request,
    StepRow,
    StepState,
    StoreChange,
    StoreStatus,
)
from tests.web.console.clerk import Clerk, clerk, events
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page

_DAY: Final = timedelta(days=1)
_MANY: Final = held_lists.PAGE + 1


def _id(number: int) -> str:
    return f"{number:08x}" + new_id()[8:]


def _at(house: House, number: int) -> datetime:
    """Return the moment of a line: many are of one."""
    return house.clock.now() - _DAY + timedelta(minutes=number // 40)


def _hold(house: House, number: int, **more: Any) -> LegalHold:
    said: dict[str, Any] = {"path": "shop.users", "rank": "law", "basis": "b"}
    said |= {"placed_by": "staff:x", "placed_at": _at(house, number), **more}
    return LegalHold(id=_id(number), **said)


def _legal(house: House, number: int) -> LegalHold:
    """Return what waits for a second person, and behind it what is in force since long before."""
    if number < held_lists.PAGE // 2:
        return _hold(house, number)
    before = _at(house, number) - 90 * _DAY
    return _hold(house, number, placed_at=before, approved_at=before, approved_by="staff:y")


def _ending(house: House, number: int) -> LegalHold:
    """Return what was released, which has no end of its own or a late one, and what ends."""
    if number < held_lists.PAGE // 2:
        until = (None, _at(house, number) + 400_000 * _DAY)[number % 2]
        return _hold(house, number, until=until, released_at=_at(house, number))
    return _hold(house, number, until=_at(house, number))


def _rows(house: House, number: int) -> HeldRows:
    """Return what is stuck, of which some has no end, and what is late."""
    stuck = number < held_lists.PAGE // 2
    said: dict[str, Any] = {"collection": "shop.orders", "code": "x", "basis": "b", "count": 1}
    said |= {"state": "stuck"} if stuck else {"latest": _at(house, number)}
    if stuck and number % 2:
        said["latest"] = house.clock.now() + 2 * _DAY
    made = _at(house, number)
    return HeldRows(id=_id(number), request_id=_id(number), created_at=made, **said)


PUT: Final[dict[str, Callable[[House, int], Any]]] = {
    "legal": _legal,
    "ending": _ending,
    "rows": _rows,
}


def _put(house: House, lines: Sequence[Any]) -> None:
    with house.writing() as session:
        session.add_all(lines)


def _section(page: Page, name: str) -> str:
    """Return one part of a page."""
    return page.html.partition(f'aria-labelledby="{name}"')[2].partition("</section>")[0]


def _shown(page: Page, name: str) -> list[str]:
    return re.findall(r">([0-9a-f]{8})</(?:code|a)>", _section(page, name))


def _rest(page: Page, name: str) -> str:
    """Return the path of the next page of a list; empty at its end."""
    found = re.findall(r'<a href="/console([^"]*after=[^"]*)"', _section(page, name))
    assert len(found) < 2
    return str(found[0]).replace("&amp;", "&") if found else ""


def _read(ana: Clerk, path: str, name: str) -> list[list[str]]:
    """Return what every page of a list shows."""
    found = []
    while path:
        page = ana.get(path)
        found.append(_shown(page, name))
        path = _rest(page, name)
        assert len(found) < 5
    return found


def _wanted(count: int) -> list[str]:
    return [f"{number:08x}" for number in range(count)]


def _counted(house: House, do: Callable[[], Page]) -> int:
    do()  # the first page of a minute writes down that somebody was here
    found: list[str] = []

    def note(*args: Any) -> None:
        found.append(args[2])

    event.listen(house.engine, "before_cursor_execute", note)
    try:
        assert do().status == 200
    finally:
        event.remove(house.engine, "before_cursor_execute", note)
    return len(found)


@pytest.mark.parametrize("name", PUT)
def test_a_list_of_holds_is_read_to_its_end(house: House, name: str) -> None:
    ana = clerk(house, "ana", "legal")
    _put(house, [PUT[name](house, number) for number in range(_MANY)][::-1])

    pages = _read(ana, "/holds", name)

    assert [len(page) for page in pages] == [held_lists.PAGE, 1]
    assert [line for page in pages for line in page] == _wanted(_MANY)
    further = ana.get(_rest(ana.get("/holds"), name))
    assert further.html.count('<section aria-labelledby="') == 1  # by itself
    assert "/console/holds" in further.links  # and a way back


@pytest.mark.parametrize("name", PUT)
def test_a_list_of_holds_that_just_fits_has_no_next_page(house: House, name: str) -> None:
    ana = clerk(house, "ana", "legal")
    _put(house, [PUT[name](house, number) for number in range(held_lists.PAGE)])

    assert _read(ana, "/holds", name) == [_wanted(held_lists.PAGE)]


@pytest.mark.parametrize(
    "query",
    [
        "list=everything",
        "list=legal&after=yesterday",
        "list=legal&after=x|2026-11-25T08:00:00%2B00:00|x",
        "list=legal&after=77|2026-11-25T08:00:00%2B00:00|x",
        "list=legal&after=0|0001-01-01T00:00:00%2B14:00|x",
        "after=1|2026-11-25T08:00:00%2B00:00|x",
    ],
)
def test_a_place_among_holds_that_cannot_be_read_begins_at_the_beginning(
    house: House, query: str
) -> None:
    ana = clerk(house, "ana", "legal")
    _put(house, [_legal(house, number) for number in range(3)])

    assert _shown(ana.get(f"/holds?{query}"), "legal") == _wanted(3)


def test_holds_take_as_many_queries_for_any_number(house: House) -> None:
    ana = clerk(house, "ana", "legal")
    _put(house, [_legal(house, 0)])
    before = _counted(house, lambda: ana.get("/holds"))
    _put(house, [_legal(house, number) for number in range(1, _MANY)])

    assert _counted(house, lambda: ana.get("/holds")) == before


def test_what_a_request_left_says_when_it_is_cut(house: House) -> None:
    ana, made = clerk(house, "ana", "legal"), str(house.asserted("deletion")["id"])
    said = "The first 100 are shown; the receipt names all of them."
    lines = [_rows(house, number) for number in range(held.MOST + 1)]
    for one in lines:
        one.request_id = made
    _put(house, lines[: held.MOST])
    assert said not in ana.get(f"/requests/{made}").text
    _put(house, lines[held.MOST :])

    page = ana.get(f"/requests/{made}")

    assert said in page.text
    assert _section(page, "held-title").count("<li>") == held.MOST


# -- stores -----------------------------------------------------------------------------------


def _request(house: House, number: int) -> Request:
    at = _at(house, number)
    days: dict[str, Any] = {
        "received_at": at,
        "due_at": at + 40 * _DAY,
        "promised_at": at + 40 * _DAY,
    }
    said: dict[str, Any] = {"kind": "deletion", "option": "delete", "regimes": ["cn_general"]}
    said |= {"state": State.IN_PROGRESS, "wait": Wait(""), "backend_id": house.partner.id}
    return Request(id=_id(number), **said, **days)


def _kept(house: House, number: int) -> list[Any]:
    """Return a request that two steps stop, of two stores; behind such, one of another map."""
    made = _request(house, number)
    hashes: dict[str, Any] = {"schema_hash": "", "hash": "h", "body": {}}
    plan = PlanRow(request_id=made.id, config_hash="older", created_at=_at(house, 0), **hashes)
    if number >= coverage.MOST // 2:
        return [made, plan]
    step: dict[str, Any] = {"request_id": made.id, "phase": 40, "action": "erase"}
    step |= {"state": StepState.FAILED, "code": "drift"}
    stores = ("billing", "shop")
    steps = [StepRow(id=f"{made.id}-40-erase-{name}", store=name, **step) for name in stores]
    return [made, plan, *steps]


def test_what_a_drift_keeps_is_read_to_its_end_each_request_once(house: House) -> None:
    ana = clerk(house, "ana", "auditor")
    _put(house, [row for number in range(coverage.MOST) for row in _kept(house, number)])
    before = _counted(house, lambda: ana.get("/stores"))
    assert _read(ana, "/stores", "kept-title")[0][:1] == _wanted(1)
    assert not _rest(ana.get("/stores"), "kept-title"), "it just fits"
    _put(house, _kept(house, coverage.MOST))

    pages = [ana.get("/stores")]
    pages.append(ana.get(_rest(pages[0], "kept-title")))

    found = [line for page in pages for line in _shown(page, "kept-title")]
    assert found == _wanted(coverage.MOST + 1)
    assert len(_shown(pages[1], "kept-title")) == 1
    assert not _rest(pages[1], "kept-title")
    assert _section(pages[0], "kept-title").count("what was approved is not what is there") == 50
    assert _counted(house, lambda: ana.get("/stores")) == before


def test_changes_of_a_store_are_read_to_their_end(house: House) -> None:
    ana, now = clerk(house, "ana", "auditor"), house.clock.now()

    def change(number: int) -> StoreChange:
        place, at = f"shop.t.c{number:03d}", now - timedelta(minutes=number // 60)
        return StoreChange(store="shop", sign="+", what="column", place=place, seen_at=at)

    status = StoreStatus(store="shop", connector="sql", checked_at=now, looked_at=now, healthy=True)
    _put(house, [status, *(change(number) for number in range(coverage.MOST))])
    assert not _rest(ana.get("/stores/shop"), "changes-title"), "it just fits"
    _put(house, [change(coverage.MOST)])

    pages = [ana.get("/stores/shop")]
    pages.append(ana.get(_rest(pages[0], "changes-title")))

    found = [re.findall(r"shop\.t\.c(\d+)", _section(page, "changes-title")) for page in pages]
    assert [len(one) for one in found] == [coverage.MOST, 1]
    assert [int(one) for page in found for one in page] == [*range(coverage.MOST + 1)]
    assert not _rest(pages[1], "changes-title")


# -- one person -------------------------------------------------------------------------------


def _of_alice(house: House, count: int) -> list[str]:
    """Return *count* requests of one person, the newest first, many of one moment."""
    first = str(house.asserted("access")["id"])
    with house.writing() as session:
        kept = session.get_one(Request, first)
        made = [(kept.received_at, first)]
        same = kept.model_dump(exclude={"id", "received_at"})
        for number in range(1, count):
            made.append((kept.received_at + timedelta(minutes=number // 40), new_id()))
            session.add(Request(id=made[-1][1], received_at=made[-1][0], **same))
    return [number for _, number in sorted(made, reverse=True)]


def _links(page: Page) -> set[str]:
    return {link.rpartition("/")[2] for link in page.links if "/console/requests/" in link}


@pytest.mark.parametrize("more", [0, 1])
def test_requests_of_a_person_go_on_and_every_page_is_a_look(house: House, more: int) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = _of_alice(house, people.MOST + more)
    value = ALICE["user_id"]

    page = rui.reader.send(rui.get("/find"), "/find", type="user_id", value=value)

    assert _links(page) == {*made[: people.MOST]}
    forms = [form for form in page.forms if "after" in dict(form.fields)]
    assert len(forms) == more
    if not more:
        assert value not in page.html, "a page that ends holds nothing of what was typed"
        return
    further = rui.reader.post(forms[0].action, dict(forms[0].fields))
    assert _links(further) == {made[-1]}
    assert "Shown is the next 1, received before." in further.text
    assert not [form for form in further.forms if "after" in dict(form.fields)]
    assert not [link for link in (*page.links, *further.links) if value in link]
    assert [name for name, _ in events(house)].count("person_looked_up") == 2


@pytest.mark.parametrize("more", [0, 1])
def test_a_request_says_that_its_person_has_more_than_are_shown(house: House, more: int) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = _of_alice(house, people.MOST + 1 + more)

    page = rui.get(f"/requests/{made[-1]}")

    assert _shown(page, "related-title") or len(_links(page)) >= people.MOST
    assert ("Shown are the 100 received last." in page.text) is bool(more)
    assert ("/console/find" in _section(page, "related-title")) is bool(more)
