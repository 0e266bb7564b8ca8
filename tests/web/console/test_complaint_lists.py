"""Complaints and appeals are listed when they are over too; the address says which."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State
from rights.services import appeals
from rights.store.ids import new_id
from rights.store.models import Appeal, Backend, Complaint, Request
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page

_DAY = timedelta(days=1)
_MANY = 113


def _about(number: int) -> str:
    return f"{number:08x}" + "a" * 24


def _times(house: House, number: int) -> tuple[Any, Any, Any]:
    """Return when one was received and promised, and when it ended: in time, late, or not yet."""
    received = house.clock.now() - _DAY * (number // 3)
    ended = (received + _DAY, received + 20 * _DAY, None)[number % 3]
    return received, received + 15 * _DAY, ended


def _shop(session: Session, house: House) -> str:
    other = Backend(name="another shop", created_at=house.clock.now())
    session.add(other)
    return other.id


def _complaint(house: House, number: int, product: str) -> Complaint:
    received, promised, ended = _times(house, number)
    return Complaint(
        id=f"{number:08x}" + new_id()[8:],
        backend_id=product,
        request_id=_about(number % 2) if number % 5 else "",
        regimes=[("cn_general", "eu_gdpr")[number % 2]],
        received_at=received,
        due_at=promised,
        promised_at=promised,
        answered_at=ended,
        answered_by="staff:x" if ended else "",
    )


def _appeal(session: Session, house: House, number: int, product: str) -> None:
    received, promised, ended = _times(house, number)
    about = Request(
        id=f"{number:08x}" + new_id()[8:],
        kind=Kind.DELETION,
        option=default_option(Kind.DELETION),
        state=State.DENIED,
        backend_id=product,
        regimes=[("cn_general", "eu_gdpr")[number % 2]],
        received_at=received - _DAY,
        due_at=received,
        promised_at=received,
        closed_at=received,
    )
    row = Appeal(
        request_id=about.id,
        received_at=received,
        due_at=promised,
        promised_at=promised,
        decided_at=ended,
        outcome=(appeals.UPHELD, appeals.DISMISSED)[number % 2] if ended else "",
        decided_by="staff:x" if ended else "",
    )
    session.add_all([about, row])


def _fill(house: House, what: str) -> None:
    with house.writing() as session:
        products = house.partner.id, _shop(session, house)
        for number in range(_MANY):
            product = products[number % 7 == 0]
            if what == "complaints":
                session.add(_complaint(house, number, product))
            else:
                _appeal(session, house, number, product)


def _walked(ana: Clerk, path: str) -> list[str]:
    """Return the ids of every line of a list, page by page, in their order."""
    seen = list[str]()
    while path:
        page = ana.get(path)
        assert page.status == 200
        first = "/console/complaints/" if "/complaints" in path else "/console/requests/"
        links = [link.partition("#")[0] for link in page.links if link.startswith(first)]
        seen += [link.rpartition("/")[2] for link in links]
        more = [link for link in page.links if "after=" in link and "lang=" not in link]
        path = more[0].removeprefix("/console") if more else ""
    return seen


def _ended(row: Any) -> Any:
    return row.answered_at if isinstance(row, Complaint) else row.decided_at


def _local(at: datetime) -> date:
    """Return the day of a moment where this company counts its days."""
    return at.astimezone(ZoneInfo("Asia/Shanghai")).date()


def _asked(house: House, query: str) -> str:
    return query.format(day=_local(house.clock.now() - 10 * _DAY))


def _late(row: Any, now: Any) -> bool:
    return bool((_ended(row) or now) > row.promised_at)


_BOTH = [
    ("", lambda row, of, now: True),
    ("state=open", lambda row, of, now: _ended(row) is None),
    ("state=closed", lambda row, of, now: _ended(row) is not None),
    ("clock=late", lambda row, of, now: _late(row, now)),
    ("clock=in_time&state=closed", lambda row, of, now: _ended(row) and not _late(row, now)),
    ("regime=eu_gdpr", lambda row, of, now: of.regimes == ["eu_gdpr"]),
    ("since={day}", lambda row, of, now: _local(row.received_at) >= _local(now - 10 * _DAY)),
    ("until={day}", lambda row, of, now: _local(row.received_at) <= _local(now - 10 * _DAY)),
    ("after=yesterday", lambda row, of, now: True),
]


@pytest.mark.parametrize(
    ("query", "fits"),
    [*_BOTH, (f"request={_about(1)}", lambda row, of, now: row.request_id == _about(1))],
)
def test_complaints_are_listed_as_the_address_asks(house: House, query: str, fits: Any) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house, "complaints")
    with house.reading() as session:
        rows = list(session.exec(select(Complaint)))

    seen = _walked(ana, f"/complaints?{_asked(house, query)}")

    rows.sort(key=lambda row: (row.received_at, row.id), reverse=True)
    wanted = [row.id for row in rows if fits(row, row, house.clock.now())]
    assert seen == wanted
    assert 0 < len(wanted) <= _MANY


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        *_BOTH,
        ("state=upheld", lambda row, of, now: row.outcome == "upheld"),
        ("state=dismissed", lambda row, of, now: row.outcome == "dismissed"),
    ],
)
def test_appeals_are_listed_as_the_address_asks(house: House, query: str, fits: Any) -> None:
    otto = clerk(house, "otto", "auditor")
    _fill(house, "appeals")
    with house.reading() as session:
        rows = list(session.exec(select(Appeal)))
        about = {row.id: session.get_one(Request, row.request_id) for row in rows}

    seen = _walked(otto, f"/appeals?{_asked(house, query)}")

    rows.sort(key=lambda row: (row.received_at, row.id), reverse=True)
    fit = [row for row in rows if fits(row, about[row.id], house.clock.now())]
    assert seen == [row.request_id for row in fit]
    assert 0 < len(fit) <= _MANY


@pytest.mark.parametrize("what", ["complaints", "appeals"])
def test_of_one_product_and_what_cannot_be_read_is_named(house: House, what: str) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house, what)
    with house.reading() as session:
        other = session.exec(select(Backend).where(Backend.name == "another shop")).one().id

    assert len(_walked(ana, f"/{what}?product={other}")) == 17
    page = ana.get(f"/{what}?state=soon&clock=never&product='; DROP TABLE appeal;--&since=then")
    assert page.status == 200
    assert "could not be read and were left out" not in page.text
    assert "left out: State, Clock, Product" in page.text
    assert "Received from" in page.text


def test_an_answered_complaint_is_found_again_with_who_answered_it(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), str(house.asserted("access")["id"])
    about = {"text": "Too slow.", "subject": ALICE, "request_id": made}
    number = str(house.post("/v1/complaints", about).json["id"])
    assert f"/console/complaints/{number}" in ana.get("/complaints?state=open").links
    ana.reader.send(ana.get(f"/complaints/{number}"), "/answer", text="We were. Sorry.")

    page = ana.get("/complaints?state=closed")

    assert f"/console/complaints/{number}" in page.links
    assert "answered" in page.text
    assert "ana" in page.text.partition("Answered by")[2]
    assert f"/console/complaints/{number}" not in ana.get("/complaints?state=open").links
    from_request = ana.get(f"/requests/{made}").links
    assert f"/console/complaints?request={made}" in from_request
    for said in (ALICE["email"], "Too slow", "Sorry"):
        assert said not in page.html
    chinese = ana.get("/complaints?state=closed&lang=zh-CN")
    assert "全部投诉、举报" in chinese.text
    assert "已答复" in chinese.text


def test_complaints_are_for_who_answers_them_and_appeals_for_everybody(house: House) -> None:
    otto, ana = clerk(house, "otto", "auditor"), clerk(house, "ana", "approver")

    refused = otto.get("/complaints")

    assert refused.status == 403
    assert ("staff_refused", f"staff:{id_of(house, 'otto')}") in events(house)
    assert _lists(otto.get("/waiting")) == ["/console/appeals"]
    assert _lists(otto.get("/appeals")) == []
    assert _lists(ana.get("/waiting")) == ["/console/complaints", "/console/appeals"]
    assert "No complaint fits" in ana.get("/complaints").text
    assert "No appeal fits" in otto.get("/appeals").text


def _lists(page: Page) -> list[str]:
    return [link for link in page.links if link in ("/console/complaints", "/console/appeals")]
