"""A right that a law grants from a day on: asked for before, it is handled as what there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rights.services import audit
from tests.web.house import ALICE, House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

LAST_MOMENT = datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)
"""A second before 2027 begins in California."""


def _asked(house: House, option: str, *regimes: str) -> dict[str, Any]:
    more: dict[str, Any] = {"option": option, "regimes": list(regimes)}
    return house.asserted("explanation", ALICE, **more)


def _received(house: House, request_id: str) -> dict[str, Any]:
    with house.reading() as session:
        return audit.entries(session, request_id)[0].data


@pytest.mark.requirement("R-US7221-1", "R-US7221-1:bad")
@pytest.mark.parametrize("option", ["automated_decision", "refuse_sole_automation"])
def test_before_its_day_it_is_handled_as_the_rules_and_not_refused(
    house: House, option: str
) -> None:
    house.clock.at = LAST_MOMENT
    before = _asked(house, option, "us_ca")
    house.clock.forward(seconds=1)
    after = _asked(house, option, "us_ca")

    assert (before["option"], after["option"]) == ("rules", option)
    assert before["state"] == "in_progress"
    entry = _received(house, before["id"])
    assert (entry["option"], entry["asked_option"]) == ("rules", option)
    assert "asked_option" not in _received(house, after["id"])
    due, received = (datetime.fromisoformat(before[name]) for name in ("due_at", "received_at"))
    assert due - received > timedelta(days=44)


@pytest.mark.requirement("R-US7221-1:bad")
def test_beside_a_law_that_knows_it_already_it_stays_what_was_asked(house: House) -> None:
    house.clock.at = LAST_MOMENT

    assert _asked(house, "automated_decision", "us_ca", "eu_gdpr")["option"] == "automated_decision"
