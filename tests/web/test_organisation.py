"""The duties that follow from an organisation's profile, over the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rights.services import backends
from rights.services.backends import SCOPES, USUAL
from tests.organisations import profile_file
from tests.web.house import House

DUTIES = "/v1/organisation/duties"
SHOP = {
    "persons": 9_999_999,
    "sensitive_persons": 40_000,
    "registered": 9_000_000,
    "mau": 12_000_000,
    "is_platform": True,
    "ecommerce": True,
    "cii_adjacent": True,
    "minors_service": True,
}


@pytest.fixture
def stated(furnished: Callable[..., House], tmp_path: Path) -> Callable[..., House]:
    """Return a house whose organisation states a profile."""
    return lambda **said: furnished(organisation=profile_file(tmp_path, **said))


def _codes(answer: Any) -> set[str]:
    return {one["duty"] for one in answer["duties"]}


@pytest.mark.requirement("R-28-1")
def test_the_duties_are_told_with_their_citations_and_what_brings_them(
    stated: Callable[..., House],
) -> None:
    house = stated(**SHOP)

    answer = house.get(DUTIES)

    assert answer.status_code == 200, answer.json
    by_code = {one["duty"]: one for one in answer.json["duties"]}
    officer = by_code["protection_officer"]
    assert officer["citation"]["en"] == "PIPL 52; audit measures (2025) 12"
    assert officer["because"] == [
        {"name": "persons", "least": 1_000_000, "above": None, "most": None}
    ]
    assert by_code["minors_audit"]["period"] == {"rhythm": "yearly", "by": "12-31", "months": None}
    assert by_code["cii_assessment"]["by_choice"]
    assert {"ecommerce_rights", "ecommerce_records", "recommendation_off"} <= set(by_code)
    assert not {"security_officer", "compliance_audit", "platform_report"} & set(by_code)
    assert answer.json["undecided"] == ["is_large_platform"]
    assert answer.json["profile"]["is_large_platform"] is None


@pytest.mark.requirement("R-28-1")
@pytest.mark.parametrize(
    ("persons", "brought", "not_yet"),
    [
        (999_999, set(), {"protection_officer"}),
        (1_000_000, {"protection_officer"}, {"security_officer"}),
        (9_999_999, {"protection_officer"}, {"security_officer"}),
        (10_000_000, {"security_officer", "disposal_plan"}, {"compliance_audit"}),
        (10_000_001, {"compliance_audit"}, {"sharing_assessment", "important_data_assessment"}),
    ],
)
def test_a_figure_in_the_query_says_what_would_be_owed_then(
    stated: Callable[..., House], persons: int, brought: set[str], not_yet: set[str]
) -> None:
    house = stated(persons=5)

    found = _codes(house.get(f"{DUTIES}?persons={persons}").json)

    assert brought <= found
    assert not not_yet & found
    assert not brought & _codes(house.get(DUTIES).json), "the profile itself is as it was"


@pytest.mark.requirement("R-28-1:bad")
@pytest.mark.parametrize("wrong", ["-1", "NaN", "nan", "inf", "1.5", "1e7", "", "ten", "9" * 30])
def test_a_figure_that_is_none_is_422_and_named(stated: Callable[..., House], wrong: str) -> None:
    house = stated(persons=5)

    answer = house.get(f"{DUTIES}?persons={wrong}&mau=7")

    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert [one["field"] for one in answer.json["errors"]] == ["persons"]
    assert house.get(f"{DUTIES}?persons=0&mau=7").status_code == 200
    assert house.get(f"{DUTIES}?is_large_platform=true").status_code == 422, "people decide that"


def test_without_a_profile_there_is_nothing_to_tell_and_that_is_said(house: House) -> None:
    answer = house.get(DUTIES)

    assert (answer.status_code, answer.json["code"]) == (404, "no_profile")
    assert "RIGHTS_ORGANISATION" in answer.json["detail"]


def test_a_key_has_to_be_given_leave_by_name(stated: Callable[..., House]) -> None:
    house = stated(persons=5)
    assert "organisation:read" in set(SCOPES) - set(USUAL)
    with house.writing() as session:
        _, key = backends.issue_key(session, house.partner.id, USUAL, now=house.clock.now())

    assert house.get(DUTIES, token=key).status_code == 403
    assert house.get(DUTIES).status_code == 200
