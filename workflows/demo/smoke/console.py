"""Whether the console works: an approver signs in, sees what there is, approves, and it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rights.domain.lifecycle import State
from rights.services import audit
from rights.services.staff import staff_named
from rights.store.db import open_engine, reading
from workflows.demo.house.building import House
from workflows.demo.office.clerk import Clerk
from workflows.demo.smoke.asking import Outcome
from workflows.demo.smoke.cases import cases

_APPROVED: Final = "plan_approved"


def console_works(house: House, approver: Clerk, outcomes: Iterable[Outcome]) -> str:
    """Return what is wrong, or nothing."""
    waiting = {case.name for case in cases() if case.approval}
    ended = {o.name: o for o in outcomes if o.name in waiting}
    if set(ended) != waiting or not waiting:
        return "nothing waited for an approval"
    for outcome in ended.values():
        if outcome.state != State.FULFILLED or not _approved(house, outcome, approver.name):
            return f"{outcome.name} did not go on after it was approved"
    page = approver.get("/console/")
    if 'href="/console/waiting"' not in page:
        return "the overview does not lead to what waits"
    return ""


def _approved(house: House, outcome: Outcome, name: str) -> bool:
    """Return whether the trail says who approved, and that nobody else did."""
    engine = open_engine(house.addresses.register_url)
    try:
        with reading(engine) as session:
            staff = staff_named(session, name)
            entries = audit.entries(session, outcome.request_id)
    finally:
        engine.dispose()
    return [e.actor for e in entries if e.event == _APPROVED] == [f"staff:{staff.id}"]
