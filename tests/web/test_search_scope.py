"""A search that is limited, under the law that knows it: recorded, told, and never silent."""

from __future__ import annotations

from typing import Any

import pytest

from rights.services import audit
from rights.store.models import Request, StepRow, StepState
from tests.web.console.clerk import clerk, planned
from tests.web.house import House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

LIMIT = "We searched all mailboxes since 2020; tapes before that would take four people a month."
LIMITED = {"reason": "disproportionate", "answer": LIMIT}


def _waiting(house: House, *regimes: str, action: str = "collect") -> str:
    made = planned(house, "copy", action=action, beside="press", state=StepState.MANUAL)
    with house.writing() as session:
        session.get_one(Request, made).regimes = list(regimes)
    return made


def _found(house: House, request_id: str, action: str = "collect") -> tuple[Any, list[Any]]:
    with house.reading() as session:
        row = session.get_one(StepRow, f"{request_id}-01-{action}-shop")
        entries = audit.entries(session, request_id)
        return row.state, [one.data for one in entries if one.event == "search_limited"]


@pytest.mark.requirement("R-UK12-1")
def test_a_limited_search_is_recorded_and_told(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), _waiting(house, "uk_gdpr")

    page = rui.act(made, "leave_out", **LIMITED)

    assert page.status == 200
    state, records = _found(house, made)
    assert state is StepState.LEFT_OUT
    assert records == [{"step": "01-collect-shop", "collections": ["shop.users"]}]
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.state, request.closed_at = "partially_fulfilled", house.clock.now()
    assert house.get(f"/v1/requests/{made}/remarks").json["answers"] == [LIMIT]


@pytest.mark.requirement("R-UK12-1:bad")
@pytest.mark.parametrize("words", ["", " \n "])
def test_no_search_is_limited_without_a_record(house: House, words: str) -> None:
    rui, made = clerk(house, "rui", "reviewer"), _waiting(house, "uk_gdpr")

    page = rui.act(made, "leave_out", **{**LIMITED, "answer": words})

    assert page.status == 409
    assert "Say what is not searched" in page.text
    assert _found(house, made) == (StepState.MANUAL, [])


@pytest.mark.parametrize(
    ("regimes", "action"),
    [(["eu_gdpr"], "collect"), (["uk_gdpr", "cn_general"], "collect"), (["uk_gdpr"], "erase")],
)
def test_no_other_law_knows_it_and_nothing_else_than_a_search_is_limited(
    house: House, regimes: list[str], action: str
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), _waiting(house, *regimes, action=action)
    step = f"{made}-01-{action}-shop"

    page = rui.force(f"/requests/{made}/leave_out", step=step, **LIMITED)

    assert page.status == 422
    assert _found(house, made, action) == (StepState.MANUAL, [])
    assert 'value="disproportionate"' not in rui.get(f"/requests/{made}").html
