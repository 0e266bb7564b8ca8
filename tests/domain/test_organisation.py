"""The duties of an organisation follow from its numbers at the exact bounds of the law."""

from __future__ import annotations

import math
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from rights.domain.compliance import owed
from rights.domain.duties import MAY, Act
from rights.domain.errors import Invalid
from rights.domain.organisation import FIGURES, LARGE, Decision, Pace, Profile, with_figures
from rights.domain.terms import Done, Standing, Term, Was, terms
from rights.services.organisation.duty_catalogue import catalogue

SINCE = date(2026, 1, 1)


def _profile(*flags: str, **figures: int) -> Profile:
    numbers = MappingProxyType({name: figures.get(name, 0) for name in FIGURES})
    return Profile(SINCE, numbers, frozenset(flags))


def _codes(profile: Profile) -> set[str]:
    return {one.duty.code for one in owed(profile, catalogue().values())}


def _large(*, large: bool) -> Profile:
    found = _profile(registered=60_000_000)
    return Profile(SINCE, found.figures, decision=Decision(large, "the board", date(2026, 3, 1)))


@pytest.mark.requirement("R-28-1")
@pytest.mark.parametrize(
    ("persons", "there", "missing"),
    [
        (0, set(), {"regular_audit", "protection_officer"}),
        (999_999, {"regular_audit"}, {"protection_officer"}),
        (1_000_000, {"protection_officer"}, {"security_officer"}),
        (9_999_999, {"protection_officer"}, {"security_officer", "disposal_plan"}),
        (10_000_000, {"security_officer", "disposal_plan"}, {"compliance_audit"}),
        (10_000_001, {"security_officer", "compliance_audit"}, {"regular_audit"}),
    ],
)
def test_each_number_of_people_brings_what_the_law_says_of_it(
    persons: int, there: set[str], missing: set[str]
) -> None:
    found = _codes(_profile(persons=persons))

    assert there <= found
    assert not missing & found


@pytest.mark.requirement("R-28-1")
def test_ten_million_people_bring_two_articles_on_important_data_and_no_others() -> None:
    many, important = _codes(_profile(persons=10_000_000)), _codes(_profile("important_data"))

    assert {"security_officer", "disposal_plan"} <= many & important
    assert {"sharing_assessment", "important_data_assessment"} <= important - many


@pytest.mark.requirement("R-28-1")
def test_a_large_platform_is_what_people_decided_whatever_the_numbers() -> None:
    numbers = _profile("is_platform", registered=900_000_000, mau=500_000_000)

    assert "platform_report" not in _codes(numbers)
    assert numbers.undecided
    assert "platform_report" in _codes(_large(large=True))
    assert "platform_report" not in _codes(_large(large=False))
    assert not _large(large=False).undecided
    assert not _profile(registered=49_999_999, mau=9_999_999).undecided
    assert _profile(registered=50_000_000).undecided
    assert _profile(mau=10_000_000).undecided


@pytest.mark.requirement("R-28-1")
@pytest.mark.parametrize(("people", "there"), [(9_999_999, False), (10_000_000, True)])
def test_californias_figures_are_owed_from_ten_million_consumers_on(
    people: int, *, there: bool
) -> None:
    assert ("california_metrics" in _codes(_profile(californians=people))) is there


def test_who_keeps_to_the_duties_of_a_cii_operator_by_choice_is_told_so() -> None:
    chosen = owed(_profile("cii_adjacent"), catalogue().values())
    bound = owed(_profile("is_ciio"), catalogue().values())

    assert {(one.duty.code, one.by_choice) for one in chosen} == {
        ("cii_assessment", True),
        ("cii_localisation", True),
    }
    assert {one.by_choice for one in bound} == {False}
    names = [{clause.name for one in found for clause in one.because} for found in (chosen, bound)]
    assert names == [{"cii_adjacent"}, {"is_ciio"}]


@pytest.mark.requirement("R-28-1:bad")
@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, 1.5, True, "12", None, 10**12])
def test_what_is_no_number_of_people_is_refused_by_name(wrong: Any) -> None:
    with pytest.raises(Invalid) as refused:
        with_figures(_profile(), {"persons": wrong, "mau": 5})
    assert [one.field for one in refused.value.errors] == ["persons"]
    with pytest.raises(Invalid):
        with_figures(_profile(), {"people": 5})
    assert with_figures(_profile(), {"persons": 0, "mau": 5}).figures["mau"] == 5


def test_every_duty_says_all_of_it_in_both_languages_and_has_an_owner_who_may_mark_it() -> None:
    for duty in catalogue().values():
        for text in (duty.title, duty.about, duty.citation):
            assert all(text[language].strip() for language in ("zh-CN", "en")), duty.code
        assert not duty.cadence.recurs or duty.owner in MAY[Act.MARK_DUTY], duty.code


# -- the days ----------------------------------------------------------------------------------


def _terms(
    code: str, profile: Profile, today: date, *done: tuple[date, date], **pace: Any
) -> list[Term]:
    (one,) = [o for o in owed(profile, catalogue().values()) if o.duty.code == code]
    given = Profile(
        profile.since,
        profile.figures,
        profile.flags,
        profile.decision,
        MappingProxyType({code: Pace(**pace)}),
    )
    return [*terms(one, given, [Was(due, Done(on)) for due, on in done], today)]


def _dues(found: list[Term]) -> list[date]:
    return [term.due for term in found]


def test_a_yearly_duty_has_a_day_each_year_from_the_profiles_own_on() -> None:
    minors = _profile("minors_service")
    assert _dues(_terms("minors_audit", minors, date(2026, 6, 1))) == [date(2026, 12, 31)]
    assert _dues(_terms("minors_audit", minors, date(2028, 1, 1))) == [
        date(2026, 12, 31),
        date(2027, 12, 31),
        date(2028, 12, 31),
    ]
    earlier = _terms("minors_audit", minors, date(2026, 6, 1), by=(6, 30))
    assert _dues(earlier) == [date(2026, 6, 30)]
    settled = _terms("minors_audit", minors, date(2026, 6, 1), last=date(2026, 5, 1))
    assert _dues(settled) == []


def test_an_earlier_last_day_leaves_what_was_done_done() -> None:
    done = (date(2026, 12, 31), date(2026, 11, 2))
    found = _terms("minors_audit", _profile("minors_service"), date(2027, 3, 1), done, by=(6, 30))

    assert [(t.due, t.done is not None) for t in found] == [
        (date(2026, 12, 31), True),
        (date(2027, 6, 30), False),
    ]


def test_two_years_are_counted_from_the_day_the_last_audit_was_done() -> None:
    many = _profile(persons=10_000_001)
    assert _dues(_terms("compliance_audit", many, SINCE)) == [date(2028, 1, 1)]
    assert _dues(_terms("compliance_audit", many, SINCE, last=date(2025, 6, 30))) == [
        date(2027, 6, 30)
    ]
    # What was done before the law asked for it is no reason to be late on its first day.
    before = _terms("compliance_audit", many, SINCE, last=date(2022, 6, 30))
    assert _dues(before) == [date(2027, 5, 1)]
    done = (date(2028, 1, 1), date(2027, 9, 15))
    assert _dues(_terms("compliance_audit", many, date(2027, 10, 1), done)) == [
        date(2028, 1, 1),
        date(2029, 9, 15),
    ]
    assert _dues(_terms("compliance_audit", many, SINCE, months=12)) == [date(2027, 1, 1)]


def test_the_report_of_a_large_platform_is_owed_from_the_decision_on() -> None:
    late = Profile(
        date(2025, 2, 1),
        _profile().figures,
        decision=Decision(large=True, by="the board", on=date(2026, 3, 1)),
    )
    assert late.holds(LARGE)
    assert _dues(_terms("platform_report", late, date(2026, 6, 1))) == [date(2026, 12, 31)]


@pytest.mark.parametrize(
    ("today", "standing"),
    [
        (date(2026, 10, 31), Standing.AHEAD),
        (date(2026, 11, 1), Standing.SOON),
        (date(2026, 12, 31), Standing.SOON),
        (date(2027, 1, 1), Standing.OVERDUE),
    ],
)
def test_the_last_day_is_in_time_and_sixty_days_before_are_soon(
    today: date, standing: Standing
) -> None:
    first, *_ = _terms("minors_audit", _profile("minors_service"), today)
    assert first.standing(today) is standing


def test_what_is_done_too_early_or_not_yet_counts_for_nothing() -> None:
    first, *_ = _terms("minors_audit", _profile("minors_service"), date(2026, 6, 1))
    for day in (date(2025, 12, 31), date(2026, 6, 2)):
        with pytest.raises(Invalid):
            first.check(day, date(2026, 6, 1))
    first.check(date(2026, 1, 1), date(2026, 6, 1))
    first.check(date(2026, 6, 1), date(2026, 6, 1))
