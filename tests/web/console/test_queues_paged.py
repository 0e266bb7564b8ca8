"""A queue that is longer than its page is read to its end, and by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlmodel import Session

from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State, Wait
from rights.domain.minors import Purpose
from rights.domain.representation import Role
from rights.store.ids import new_id
from rights.store.models import (
    Aftercare,
    Appeal,
    AskProposal,
    Complaint,
    ContentApproval,
    DenialProposal,
    Evidence,
    LegalHold,
    Notice,
    Package,
    PartProposal,
    PlanRow,
    Representation,
    Request,
    StepRow,
    StepState,
    Writing,
)
from rights.web.console.waiting_lines import FEW, MOST, READ
from tests.web.console.clerk import clerk, events, id_of
from tests.web.house import House
from tests.web.portal.reader import Page

_MANY: Final = FEW + MOST + 3
_DAY: Final = timedelta(days=1)


def _id(number: int) -> str:
    return f"{number:08x}" + new_id()[8:]


def _filled(house: House, put: Callable[..., Any], count: int = _MANY) -> list[str]:
    """
    Put *count* lines into a queue, the most urgent first, many of them of one moment.

    Returns:
        How each begins, in the order in which they have to be shown.
    """
    with house.writing() as session:
        for number in range(count):
            put(session, house, number, house.clock.now() + timedelta(minutes=number // 40))
    return [f"{number:08x}" for number in range(count)]


def _request(session: Session, house: House, number: int, at: Any, **more: Any) -> Request:
    row = Request(
        id=_id(number),
        kind=Kind.ACCESS,
        option=default_option(Kind.ACCESS),
        backend_id=house.partner.id,
        regimes=["cn_general"],
        received_at=at - _DAY,
        due_at=at + _DAY,
        promised_at=at + _DAY,
        **{"state": State.ON_HOLD, "wait": Wait.APPROVAL, **more},
    )
    session.add(row)
    return row


def _approval(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    hashes: dict[str, Any] = {"config_hash": "c", "schema_hash": "s", "hash": "h"}
    session.add(PlanRow(request_id=made.id, created_at=at, needs_approval=True, body={}, **hashes))


def _task(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at, wait=Wait.TASK)
    step: dict[str, Any] = {
        "id": f"{made.id}-01-erase",
        "request_id": made.id,
        "phase": 1,
        "action": "erase",
    }
    session.add(StepRow(state=StepState.MANUAL, store="shop", **step))


def _denial(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    said: dict[str, Any] = {
        "reason": "no_ground",
        "channel": "api",
        "proposed_by": new_id(),
        "proposed_at": at,
    }
    session.add(DenialProposal(id=_id(number), request_id=made.id, **said))


def _asking(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    said: dict[str, Any] = {"said_id": new_id(), "proposed_by": new_id(), "proposed_at": at}
    session.add(AskProposal(id=_id(number), request_id=made.id, **said))


def _parts(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    said: dict[str, Any] = {"parts": {"shop.users": "no_ground"}, "proposed_by": new_id()}
    session.add(PartProposal(id=_id(number), request_id=made.id, proposed_at=at, **said))


def _untold(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at, state=State.FULFILLED, wait=Wait(""), closed_at=at)
    session.add(Notice(request_id=made.id, event="outcome", state="failed", created_at=at))


def _message(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    said: dict[str, Any] = {"purpose": "message_person", "sealed": b"sealed", "created_at": at}
    session.add(Writing(request_id=made.id, **said))


def _appeal(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at, state=State.DENIED, wait=Wait(""), closed_at=at)
    days: dict[str, Any] = {"received_at": at, "due_at": at + _DAY, "promised_at": at + _DAY}
    session.add(Appeal(id=_id(number), request_id=made.id, **days))


def _complaint(session: Session, house: House, number: int, at: Any) -> None:
    days: dict[str, Any] = {"received_at": at, "due_at": at + _DAY, "promised_at": at + _DAY}
    session.add(Complaint(id=_id(number), backend_id=house.partner.id, **days))


def _minor(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    said: dict[str, Any] = {"asked_by": new_id(), "purpose": Purpose.ANSWER, "asked_at": at}
    session.add(ContentApproval(id=_id(number), request_id=made.id, **said))


def _documents(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    kept: dict[str, Any] = {"file_id": new_id(), "wrapped_key": b"key", "destroy_at": at + _DAY}
    session.add(Evidence(request_id=made.id, uploaded_at=at, **kept))
    session.add(Representation(request_id=made.id, role=Role.AGENT, relation="agent"))


def _hold(session: Session, house: House, number: int, at: Any) -> None:
    del house
    said: dict[str, Any] = {
        "path": "shop.users",
        "rank": "law",
        "basis": "b",
        "placed_by": "staff:x",
    }
    session.add(LegalHold(id=_id(number), placed_at=at, **said))


def _passages(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at)
    given: dict[str, Any] = {
        "state": "ready",
        "undecided": True,
        "created_at": at,
        "expires_at": at + _DAY,
    }
    session.add(Package(id=_id(number), request_id=made.id, **given))


def _not_me(session: Session, house: House, number: int, at: Any) -> None:
    _request(session, house, number, at, not_me_at=at)


def _owed(session: Session, house: House, number: int, at: Any) -> None:
    made = _request(session, house, number, at, state=State.FULFILLED, wait=Wait(""), closed_at=at)
    found: dict[str, Any] = {
        "kind": "incident",
        "state": "open",
        "code": "came_back",
        "note": "shop.users (1)",
    }
    session.add(Aftercare(id=_id(number), request_id=made.id, created_at=at, due_at=at, **found))


PUT: Final[dict[str, Callable[..., None]]] = {
    "approvals": _approval,
    "tasks": _task,
    "denials": _denial,
    "asking": _asking,
    "parts": _parts,
    "untold": _untold,
    "messages": _message,
    "appeals": _appeal,
    "complaints": _complaint,
    "minors": _minor,
    "documents": _documents,
    "holds": _hold,
    "passages": _passages,
    "not_me": _not_me,
    "other": _owed,
}


def _shown(page: Page, queue: str) -> list[str]:
    """Return how the lines of a queue begin, in the order of the page."""
    _, _, section = page.html.partition(f'aria-labelledby="{queue}"')
    return re.findall(r">([0-9a-f]{8})</(?:code|a)>", section.partition("</section>")[0])


def _rest(page: Page, queue: str) -> str:
    """Return the path of a queue's next page; empty at its end."""
    links = [one for one in page.links if f"queue={queue}&after=" in one and "lang=" not in one]
    assert len(links) < 2
    return links[0].removeprefix("/console") if links else ""


def test_every_queue_can_be_filled() -> None:
    assert set(PUT) == set(READ)


@pytest.mark.parametrize("queue", PUT)
def test_a_queue_is_read_to_its_end_each_line_once_and_in_its_order(
    house: House, queue: str
) -> None:
    ana = clerk(house, "ana", "approver", "reviewer", "verifier", "legal")
    wanted = _filled(house, PUT[queue])
    pages = [ana.get("/waiting")]
    while path := _rest(pages[-1], queue):
        pages.append(ana.get(path))

    assert [len(_shown(page, queue)) for page in pages] == [FEW, MOST, 3]
    assert [line for page in pages for line in _shown(page, queue)] == wanted
    for page in pages[1:]:
        assert page.html.count("<section") == 1  # by itself
        assert "/console/waiting" in page.links  # and a way back


def test_a_queue_that_just_fits_says_its_number_and_has_no_next_page(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _filled(house, PUT["approvals"], MOST)

    page = ana.get("/waiting?queue=approvals")

    assert f"Plans to approve {MOST}" in " ".join(page.text.split())
    assert not _rest(page, "approvals")


def test_a_queue_by_itself_is_for_whom_it_waits(house: House) -> None:
    otto = clerk(house, "otto", "auditor")

    page = otto.get("/waiting?queue=approvals")

    assert page.status == 403
    assert ("staff_refused", f"staff:{id_of(house, 'otto')}") in events(house)


@pytest.mark.parametrize(
    "query",
    [
        "queue=everything",
        "queue=approvals&after=yesterday",
        "queue=approvals&after=0001-01-01T00:00:00%2B14:00|x",
        "queue=approvals&after=2026-11-25T08:00:00|x",
        "after=2026-11-25T08:00:00%2B00:00|x",
    ],
)
def test_what_cannot_be_read_begins_at_the_beginning(house: House, query: str) -> None:
    ana = clerk(house, "ana", "approver")
    wanted = _filled(house, PUT["approvals"], 3)

    page = ana.get(f"/waiting?{query}")

    assert (page.status, _shown(page, "approvals")) == (200, wanted)


def test_what_is_done_on_a_further_page_leads_back_to_that_page(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _filled(house, PUT["other"], FEW + 2)
    page = ana.get(_rest(ana.get("/waiting"), "other"))
    assert _shown(page, "other") == ["00000014", "00000015"]

    page = ana.reader.send(page, "/waiting/other", proof="OPS-1")

    assert (page.status, _shown(page, "other")) == (200, ["00000015"])
    assert page.html.count("<section") == 1


def test_the_first_page_counts_all_that_is_owed(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _filled(house, PUT["other"], 203)

    text = " ".join(ana.get("/").text.split())

    assert "restores and closed requests 203" in text
