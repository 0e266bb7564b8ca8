"""One person leaves single steps out; to leave out all that is done is a denial, and takes two."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain.lifecycle import TERMINAL
from rights.store.models import Request, StepRow, StepState
from tests.web.console.clerk import Clerk, clerk, planned, refusals
from tests.web.house import House
from tests.web.portal.reader import Page

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

HINT = "To leave this step out is a denial"


def _two(house: House) -> str:
    """A deletion that failed in both stores of its plan."""
    made = planned(house, beside="press", state=StepState.FAILED)
    with house.writing() as session:
        session.get_one(StepRow, f"{made}-01-erase-press").state = StepState.FAILED
    return made


def _leave(who: Clerk, made: str, store: str, reason: str) -> Page:
    return who.force(f"/requests/{made}/leave_out", step=f"{made}-01-erase-{store}", reason=reason)


def _states(house: House, made: str) -> dict[str, StepState]:
    with house.reading() as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == made)).all()
        return {row.store: row.state for row in rows}


@pytest.mark.requirement("R-P50-2:bad")
@pytest.mark.parametrize("reason", ["held", "store_unavailable", "not_identifiable"])
def test_nobody_ends_a_deletion_alone_of_which_nothing_was_done(house: House, reason: str) -> None:
    rui, made = clerk(house, "rui", "reviewer"), _two(house)
    assert HINT not in rui.get(f"/requests/{made}").text
    assert _leave(rui, made, "shop", reason).status == 200

    page = _leave(rui, made, "press", reason)

    assert page.status == 409
    assert "To leave everything out is a denial. Propose to deny the request;" in page.text
    assert _states(house, made) == {"shop": StepState.LEFT_OUT, "press": StepState.FAILED}
    assert [one["code"] for one in refusals(house)] == ["all_left_out"]
    shown = rui.get(f"/requests/{made}")
    assert HINT in shown.text
    assert "略去该步骤即为拒绝" in rui.get(f"/requests/{made}?lang=zh-CN").text
    assert {form.action.rpartition("/")[2] for form in shown.forms} >= {"retry"}
    assert "/leave_out" not in shown.html
    with house.reading() as session:
        assert session.get_one(Request, made).state not in TERMINAL


def test_a_second_person_ends_what_can_be_neither_done_nor_denied_any_more(house: House) -> None:
    rui, ana = clerk(house, "rui", "reviewer"), clerk(house, "ana", "approver")
    made = _two(house)
    with house.writing() as session:
        for store in ("shop", "press"):  # a store was asked: it may have changed something
            session.get_one(StepRow, f"{made}-01-erase-{store}").fence = 1
    assert _leave(rui, made, "shop", "store_unavailable").status == 200
    assert _leave(rui, made, "press", "store_unavailable").status == 409

    assert _leave(ana, made, "press", "store_unavailable").status == 200
    assert set(_states(house, made).values()) == {StepState.LEFT_OUT}


@pytest.mark.requirement("R-P50-2:bad")
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("deletion", "not_agreed"),
        ("deletion", "unverifiable"),
        ("deletion", "other_person"),
        ("copy", "held"),
        ("restriction", "held"),
    ],
)
def test_a_reason_for_another_kind_leaves_no_step_out(house: House, kind: str, reason: str) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, kind, beside="press", state=StepState.FAILED)

    assert f'value="{reason}"' not in rui.get(f"/requests/{made}").html
    assert _leave(rui, made, "shop", reason).status == 422
    assert _states(house, made)["shop"] is StepState.FAILED
