"""Restriction for named purposes: only those stop, what a statute asks for is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.workflows.people_in_stores import People
from tests.workflows.restricted_shop import ANALYST, ANN, AUDITOR, BILLING, ask, ids


@pytest.fixture
def shop(restricted_anywhere: People) -> People:
    return restricted_anywhere


def _restrict(shop: People, purposes: str, kind: str = "restriction") -> dict[str, Any]:
    return ask(shop, f"purposes={purposes}", kind=kind)


def test_only_the_purposes_that_were_named_stop(shop: People) -> None:
    outcome = _restrict(shop, "analytics")

    assert outcome["state"] == "fulfilled"
    assert ids(shop, ANALYST) == [2]
    assert (ids(shop, BILLING), ids(shop, AUDITOR)) == ([1, 2], [1, 2])
    assert shop.run(Kind.RESTRICTION, subject=ANN)["state"] == "fulfilled"
    assert ids(shop, BILLING) == [2]  # without a purpose it is the whole row


@pytest.mark.requirement("R-P44-1:bad")
def test_what_a_statute_asks_for_is_refused_in_part_and_named(shop: People) -> None:
    outcome = _restrict(shop, "analytics,tax")

    assert outcome["state"] == "partially_fulfilled"
    (refused,) = (x for x in outcome["collections"] if x["missing"])
    assert (refused["missing"], refused["because"]) == (
        "statutory_duty",
        "a law asks for the use for: tax",
    )
    assert (ids(shop, ANALYST), ids(shop, AUDITOR)) == ([2], [1, 2])


@pytest.mark.parametrize("restricted_anywhere", ["sqlite"], indirect=True)
def test_a_purpose_that_nothing_can_stop_is_a_task_and_not_passed_over(shop: People) -> None:
    outcome = _restrict(shop, "analytics,research")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no switch of the map stops: research" in str(outcome["problems"])
    assert ids(shop, ANALYST) == [2]  # what can be stopped does not wait for it


@pytest.mark.parametrize("restricted_anywhere", ["sqlite"], indirect=True)
@pytest.mark.parametrize("purposes", ["analytics,research", "research"])
def test_a_consent_that_no_switch_takes_back_is_a_task_too(shop: People, purposes: str) -> None:
    outcome = _restrict(shop, purposes, "consent_withdrawal")

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert "no switch of the map stops: research" in str(outcome["problems"])
    assert ids(shop, ANALYST) == ([2] if "analytics" in purposes else [1, 2])
