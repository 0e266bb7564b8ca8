"""The first page, lists and their filters, finding a person, and what waits."""

from __future__ import annotations

import csv
import io
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State, Wait
from rights.services import reasons
from rights.services.console import figures
from rights.store.ids import new_id
from rights.store.models import (
    Assignment,
    Backend,
    Entry,
    PlanRow,
    Request,
    StoreStatus,
)
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page


def _fill(house: House, count: int = 60) -> list[str]:
    """Put requests of every kind and state into the register, of some months."""
    with house.writing() as session:
        return [_one(session, house, number) for number in range(count)]


def _one(session: Session, house: House, number: int) -> str:
    now, kinds = house.clock.now(), list(Kind)
    kind = kinds[number % len(kinds)]
    received = now - timedelta(days=number * 2, hours=1)
    closed = number % 3 == 0
    running: dict[str, Any] = {"state": State.ON_HOLD, "wait": list(Wait)[1 + number % 7]}
    ended: dict[str, Any] = {
        "state": (State.FULFILLED, State.DENIED)[number % 2],
        "closed_at": received + timedelta(days=number % 25, hours=2),
        "reason": "no_ground" if number % 2 else "",
    }
    row = Request(
        id=f"{number:08x}" + new_id()[8:],
        kind=kind,
        option=default_option(kind),
        backend_id=house.partner.id,
        regimes=[("cn_general", "eu_gdpr")[number % 2]],
        received_at=received,
        due_at=received + timedelta(days=20),
        promised_at=received + timedelta(days=20),
        channel=("api", "portal", "letter")[number % 3],
        **(ended if closed else running),
    )
    session.add(row)
    return row.id


def test_the_first_page_says_what_is_late_due_and_stuck_with_as_many_queries_as_ever(
    house: House,
) -> None:
    ana = clerk(house, "ana", "approver", "legal")
    ana.get("/")  # clocks and caches
    empty, before = _counted(house, ana)
    _fill(house)
    page, after = _counted(house, ana)

    assert "Nothing is late" in empty.text
    assert before == after > 0
    assert "Nothing is late" not in page.text
    assert "days late" in page.text
    assert "an approval" in page.text


def _counted(house: House, ana: Clerk) -> tuple[Page, int]:
    """Return the first page, and with how many statements it was made."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(house.engine, "before_cursor_execute", note)
    page = ana.get("/")
    event.remove(house.engine, "before_cursor_execute", note)
    return page, len(asked)


def test_nothing_to_do_is_said_in_words(house: House) -> None:
    page = clerk(house, "ana", "approver").get("/")

    for said in (
        "Nothing is late",
        "Nothing is due today",
        "Nothing waits",
        "Nothing waits for you",
    ):
        assert said in page.text


def test_the_pictures_say_in_words_and_numbers_what_they_show(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    assert "Not counted yet" in ana.get("/").text
    _fill(house)
    with house.writing() as session:
        seen = house.clock.now()
        session.add(StoreStatus(store="shop", connector="sql", healthy=False, checked_at=seen))
    given = house.engine, house.clock.now, timedelta(minutes=5), UTC, house.context.regimes
    assert figures.renew(*given)
    assert not figures.renew(*given)

    page = ana.get("/")

    assert page.html.count("<figure") == 9
    assert "Requests received each week" in page.text
    assert "not well" in page.text
    assert reasons.catalogue()["no_ground"].texts["en"] in page.text


def test_figures_are_those_of_the_requests_themselves(house: House) -> None:
    _fill(house)
    now = house.clock.now()
    with house.reading() as session:
        counted = figures.count(session, now, UTC, house.context.regimes)
        every = [session.get_one(Request, one) for one in _ids(session)]

    recent = [r for r in every if r.received_at >= now - figures.PERIOD]
    assert sum(counted["states"].values()) == len(recent)
    answered = [r for r in every if r.closed_at and r.closed_at >= now - figures.PERIOD]
    assert sum(n for _, n in counted["in_time"]["kind"].values()) == len(answered)
    on_time = sum(r.closed_at <= r.promised_at for r in answered if r.closed_at)
    assert sum(good for good, _ in counted["in_time"]["kind"].values()) == on_time
    assert sum(good for good, _ in counted["in_time"]["regime"].values()) == on_time
    denied = [r for r in every if r.state is State.DENIED and r.closed_at]
    assert counted["denials"] == {"no_ground": len(denied)}
    running = [r for r in every if r.closed_at is None]
    late = sum(now >= r.promised_at for r in running)
    assert counted["ages"].get("101", 0) == late
    assert sum(counted["ages"].values()) == len(running)
    begin = now - timedelta(weeks=figures.WEEKS)
    assert sum(n for _, _, n in counted["weeks"]) == sum(r.received_at >= begin for r in every)
    for kind, said in counted["times"].items():
        days = sorted(
            (r.closed_at - r.received_at).days + 1
            for r in answered
            if r.kind == kind and r.closed_at
        )
        for name, value in said.items():
            share = int(name[1:]) / 100
            assert sum(d <= value for d in days) >= share * len(days)
            assert sum(d < value for d in days) < share * len(days)


def _ids(session: Session) -> list[str]:
    return list(session.exec(select(Request.id)))


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("state=all", lambda r, now: True),
        ("state=open", lambda r, now: r.closed_at is None),
        ("state=closed", lambda r, now: r.closed_at is not None),
        ("state=denied", lambda r, now: r.state is State.DENIED),
        ("kind=deletion&state=all", lambda r, now: r.kind is Kind.DELETION),
        ("wait=approval", lambda r, now: r.wait is Wait.APPROVAL),
        ("regime=eu_gdpr&state=all", lambda r, now: "eu_gdpr" in r.regimes),
        ("channel=letter&state=all", lambda r, now: r.channel == "letter"),
        ("clock=late", lambda r, now: r.closed_at is None and r.promised_at < now),
        ("q=portal&state=all", lambda r, now: r.channel == "portal"),
        ("q=00000007&state=all", lambda r, now: r.id.startswith("00000007")),
        ("q=shop&state=all", lambda r, now: True),
        ("q=%25&state=all", lambda r, now: False),
    ],
)
def test_a_list_shows_what_its_address_asks_for(house: House, query: str, fits: Any) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house)
    now, seen, path = house.clock.now(), list[str](), f"/requests?{query}"
    while path:
        page = ana.get(path)
        seen += [link.rpartition("/")[2] for link in page.links if "/console/requests/" in link]
        more = [link for link in page.links if "after=" in link and "lang=" not in link]
        path = more[0].removeprefix("/console") if more else ""

    with house.reading() as session:
        every = [session.get_one(Request, one) for one in _ids(session)]
    wanted = {r.id for r in every if fits(r, now)}
    assert sorted(seen) == sorted(wanted)


def test_a_product_whose_name_could_be_a_reference_is_found(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house)
    with house.writing() as session:
        cafe = Backend(name="cafe24", created_at=house.clock.now())
        session.add(cafe)
        its = session.get_one(Request, _ids(session)[0])
        its.backend_id = cafe.id
        id_ = its.id

    links = ana.get("/requests?q=cafe24&state=all").links
    found = {link.rpartition("/")[2] for link in links if "/console/requests/" in link}

    assert found == {id_}


def test_a_filter_that_cannot_be_read_is_named_and_left_out(house: House) -> None:
    ana, words = clerk(house, "ana", "approver"), "李娜" * 16

    ana.get(f"/requests.csv?product={words}&assigned={words}")
    with house.reading() as session:
        told = session.exec(select(Entry.data).where(Entry.event == "list_exported")).one()
    assert told == {"state": "open"}  # an id is of ours, or it is nothing that the trail keeps
    page = ana.get(
        "/requests?kind=everything&since=yesterday&product='; DROP TABLE request;--&after=x"
    )

    assert page.status == 200
    assert "could not be read" in page.text
    assert "Kind, Product, Received from" in page.text


def test_a_list_is_kept_under_a_name_by_whoever_keeps_it(house: House) -> None:
    ana, rui = clerk(house, "ana", "approver"), clerk(house, "rui", "reviewer")
    page = ana.get("/requests?clock=late&kind=deletion")
    page = ana.reader.send(page, "/views", name="  late   deletions ")
    assert "late deletions" in page.text
    assert "late deletions" not in rui.get("/requests").text
    page = ana.get("/requests")
    kept = next(link for link in page.links if "clock=late" in link and "deletion" in link)
    assert ana.reader.get(kept).status == 200
    forget = next(form for form in page.forms if form.action.endswith("/forget"))
    assert rui.force(forget.action.removeprefix("/console")).status == 404
    assert "late deletions" in ana.get("/requests").text  # somebody else's is not forgotten
    ana.reader.post(forget.action, forget.holding())
    assert "late deletions" not in ana.get("/requests").text


def test_many_are_given_to_somebody_in_one_go_and_each_says_so(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    clerk(house, "rui", "reviewer")
    ids = _fill(house, 9)
    rui = id_of(house, "rui")
    page = ana.get("/requests?state=all")

    ana.reader.send(page, "/requests/assign", requests=ids[:5], to=rui)

    with house.reading() as session:
        given = {one for one in ids if session.get(Assignment, one)}
    assert given == set(ids[:5])
    mine = ana.get(f"/requests?state=all&assigned={rui}")
    assert sum("/console/requests/" in link for link in mine.links) == 5


def test_an_auditor_gives_nothing_to_anybody(house: House) -> None:
    otto = clerk(house, "otto", "auditor")
    ids = _fill(house, 3)

    page = otto.force("/requests/assign", requests=ids, to="")

    assert page.status == 403
    assert ("staff_refused", f"staff:{id_of(house, 'otto')}") in events(house)


def test_a_list_is_taken_as_a_file_without_personal_data(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    house.asserted("access")
    _fill(house, 30)

    page = ana.get("/requests.csv?state=all")

    rows = list(csv.DictReader(io.StringIO(page.html)))
    assert len(rows) == 31
    assert not any(value in page.html for value in ALICE.values())
    assert ("list_exported", f"staff:{id_of(house, 'ana')}") in events(house)


def test_a_person_is_found_by_an_exact_identifier_and_the_look_is_an_entry(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = [str(house.asserted(kind)["id"]) for kind in ("access", "deletion")]
    other = str(house.asserted("access", BOB)["id"])
    page = rui.get("/find")

    found = rui.reader.send(page, "/find", type="email", value=" ALICE@example.com ")
    part = rui.reader.send(page, "/find", type="email", value="alice@example")
    wrong = rui.reader.send(page, "/find", type="user_id", value="nobody-of-that-name")

    links = {link.rpartition("/")[2] for link in found.links if "/console/requests/" in link}
    assert links == set(made)
    assert other not in found.html
    assert (part.status, wrong.status) == (200, 200)
    assert not any("/console/requests/" in link for link in part.links + wrong.links)
    looked = [one for one in events(house) if one[0] == "person_looked_up"]
    assert len(looked) == 3
    assert "alice" not in found.response.request.full_path.casefold()
    with house.reading() as session:
        assert "alice" not in str([one.data for one in session.exec(select(Entry))]).casefold()


def test_looking_for_people_is_for_whoever_works_with_them(house: House) -> None:
    otto = clerk(house, "otto", "auditor")

    assert otto.get("/find").status == 403
    assert "Find a person" not in otto.get("/").text


def test_every_queue_is_shown_to_whom_it_waits_for(house: House) -> None:
    roles = {
        "approver": ("Plans to approve", "Denials to confirm", "Steps by hand"),
        "reviewer": ("Steps by hand", "Messages to answer"),
        "verifier": ("Documents to look at",),
    }
    pages = {role: clerk(house, role, role).get("/waiting").text for role in roles}
    for role, said in roles.items():
        assert all(one in pages[role] for one in said), role
    assert "Plans to approve" not in pages["reviewer"]
    assert "Messages to answer" not in pages["verifier"]


def test_a_queue_of_more_than_is_shown_says_that_these_are_the_first(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    with house.writing() as session:
        for id_ in [_one(session, house, number) for number in range(51)]:
            request = session.get_one(Request, id_)
            request.state, request.wait, request.closed_at = State.ON_HOLD, Wait.APPROVAL, None
            texts: dict[str, Any] = {
                "config_hash": "c",
                "schema_hash": "s",
                "hash": "h",
                "body": {},
            }
            now = house.clock.now()
            session.add(PlanRow(request_id=id_, created_at=now, needs_approval=True, **texts))

    page = ana.get("/waiting")

    assert "Plans to approve the 20 most urgent" in " ".join(page.text.split())


def test_stores_are_shown_as_workers_saw_them(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    with house.writing() as session:
        session.add(
            StoreStatus(
                store="shop",
                connector="sql",
                healthy=False,
                note="cannot be reached",
                findings=[{"sign": "+", "what": "column", "place": "shop.users.age"}],
                looked_at=house.clock.now(),
                manifest={"verbs": ["locate", "erase"]},
                checked_at=house.clock.now(),
            )
        )

    page = ana.get("/stores")
    one = ana.get("/stores/shop")

    assert "cannot be reached" in page.text
    assert "Differences from the data map: 1" in page.text
    assert "shop.users.age" in one.text
    assert "erase locate" in one.text
    assert ana.get("/stores/none").status == 404


@pytest.mark.parametrize(
    "query",
    [
        "since=0001-01-01",
        "until=9999-12-31",
        "after=0001-01-01T00:00:00%2B14:00|x",
        "since=2026-02-31",
    ],
)
def test_days_that_no_calendar_of_ours_has_are_left_out(house: House, query: str) -> None:
    ana = clerk(house, "ana", "approver")

    assert ana.get(f"/requests?{query}").status == 200
    assert ana.get(f"/requests.csv?{query}").html.startswith("request,")
