"""What comes too late is refused with a code of its own, in words of both languages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import requests
from rights.store.models import LegalHold, PlanRow, Request, StepState
from rights.web.problems import catalogue
from tests.web.console.clerk import Clerk, clerk, planned, refusals
from tests.web.house import House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

CASE = {"collection": "shop.users", "rank": "litigation", "basis": "case 2026-17"}


def _refused(who: Clerk, path: str, code: str, **said: Any) -> None:
    """Make sure that a form is refused with *code*, told in the reader's language."""
    for language in ("en", "zh-CN"):
        who.reader.language = language
        page = who.force(path, **said)
        assert page.status == 409, page.text
        assert catalogue()[code]["title"][language] in page.text
        assert refusals(who.house)[-1]["code"] == code


def test_a_hold_is_placed_approved_and_released_once(house: House) -> None:
    wei, lin = clerk(house, "wei", "legal"), clerk(house, "lin", "legal")
    assert wei.force("/holds", **CASE).status == 200

    _refused(wei, "/holds", "hold_there", **CASE)
    with house.reading() as session:
        (hold,) = session.exec(select(LegalHold)).all()
    assert lin.force(f"/holds/{hold.id}/confirm").status == 200
    _refused(lin, f"/holds/{hold.id}/confirm", "hold_decided")
    _refused(wei, f"/holds/{hold.id}/release", "release_takes_two")
    assert wei.force(f"/holds/{hold.id}/propose-release", because="It is over.").status == 200
    assert lin.force(f"/holds/{hold.id}/read-release").status == 200
    assert lin.force(f"/holds/{hold.id}/confirm-release").status == 200
    _refused(wei, f"/holds/{hold.id}/release", "hold_over")
    _refused(lin, f"/holds/{hold.id}/confirm", "hold_decided")


def test_what_nobody_stopped_is_not_let_go_on(house: House) -> None:
    made = str(house.asserted("deletion")["id"])

    _refused(clerk(house, "vera", "verifier"), f"/requests/{made}/release", "not_stopped", why="x")


def test_of_what_is_closed_no_contact_is_vouched_for(house: House) -> None:
    vera, made = clerk(house, "vera", "verifier"), str(house.asserted("access")["id"])
    with house.writing() as session:
        request, now = session.get_one(Request, made), house.clock.now()
        requests.record(session, request, Event.COMPLETED, actor="system", now=now)

    _refused(vera, f"/requests/{made}/trust", "not_to_vouch", why="she came by")


@pytest.mark.parametrize("act", ["retry", "complete"])
def test_a_step_that_is_done_does_not_wait_for_a_person(house: House, act: str) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house, state=StepState.DONE)
    said = {"step": f"{made}-01-erase-shop", "proof": "ticket 1"}

    _refused(ana, f"/requests/{made}/{act}", "step_not_waiting", **said)


def test_a_plan_that_was_made_anew_is_looked_at_again(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)
    page = ana.get(f"/requests/{made}")
    with house.writing() as session:
        plan = session.exec(select(PlanRow).where(PlanRow.request_id == made)).one()
        plan.hash = "q" * 64

    stale = ana.reader.send(page, "/approve")

    assert stale.status == 409
    assert catalogue()["plan_changed"]["title"]["en"] in stale.text
    _refused(ana, f"/requests/{made}/approve", "plan_changed", plan="p" * 64)
    with house.reading() as session:
        assert session.exec(select(PlanRow)).one().approved_by == ""
    ana.reader.language = "en"
    assert ana.reader.send(ana.get(f"/requests/{made}"), "/approve").status == 200
