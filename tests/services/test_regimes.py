"""The regime files of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from rights.domain.calendars import count_working, working_calendar
from rights.domain.clock import check_pause, due, extend, local_day, tighten
from rights.domain.errors import ConfigError, Conflict, Invalid
from rights.domain.kinds import OPTIONS
from rights.domain.regime import (
    EXTRA_KINDS,
    Ack,
    Clock,
    CoolingOff,
    Denial,
    Duties,
    Extension,
    Fee,
    Pause,
    Regime,
    Response,
)
from rights.services.regimes import (
    FALLBACK,
    extended,
    load,
    promise,
    regimes,
    schedules_to_load,
)
from tests.services.regime_files import change_new

ROOT = Path(__file__).parents[2]
READ_AS: Mapping[type, str] = {
    Regime: "regime|law|r|one",
    Clock: "clock|c|asked",
    Response: "response|rule",
    Ack: "ack",
    Extension: "extension|rule|more",
    Pause: "pause",
    Fee: "fee",
    Denial: "denial|rule",
    CoolingOff: "said",
    Duties: "duties",
}
"""What each block of a regime is called where the product reads it."""

ELSEWHERE = {"Regime.law", "Regime.inherits", "Clock.effective_from", "Pause.conditions"}
"""What the loading itself reads, ``Clock.binds``, or only ``rights regimes explain``."""

VECTORS = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "regime_vectors.yaml").read_text(encoding="utf-8")
)
NAMES = {
    *("cn_general", "cn_ecommerce", "cn_minor", "cn_credit"),
    *("eu_gdpr", "uk_gdpr", "us_ca", "br_lgpd"),
}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CAPPED = ("account_cancellation", "correction", "deletion", "access")
"""What the App method, and the notices of the virus centre, give fifteen working days."""

DAYS_OFF_2027 = [date(2027, 1, 1), *(date(2027, 2, day) for day in range(5, 15))]


def _examples() -> Iterator[Any]:
    """Yield every worked example with the requirement of its own law."""
    own = {"us_ca": "R-US7021-1", "br_lgpd": "R-BR19-1", "cn_credit": "R-CR25-1"}
    for each in VECTORS:
        law, name = each["regime"], f"{each['regime']}-{each['why']}"
        marks = [pytest.mark.requirement(own[law])] if law in own else []
        yield pytest.param(each, id=name, marks=marks)


@pytest.fixture(scope="module")
def book() -> Mapping[str, Regime]:
    return regimes()


@pytest.mark.requirement("R-SLA-2", "R-SLA-3", "R-SLA-6", "R-SLA-9", "R-SLA-10")
@pytest.mark.parametrize("vector", [*_examples()])
def test_every_worked_example_comes_out(book: Mapping[str, Regime], vector: dict[str, Any]) -> None:
    regime = book[vector["regime"]]
    clock = regime.clock(vector["kind"])
    assert clock is not None
    received_at = vector["received"].replace(tzinfo=UTC)
    result = due(clock, received_at, regime.counting, paused_days=vector.get("paused_days", 0))
    assert local_day(regime.counting, result.due_at) == vector["due"]
    assert result.provisional == vector.get("provisional", False)
    if "due_legal" in vector:
        assert local_day(regime.counting, result.due_legal_at) == vector["due_legal"]
    if "ack" in vector:
        assert local_day(regime.counting, result.ack_at) == vector["ack"]
    if "extended" in vector:
        longer = extend(
            clock, received_at, regime.counting, reason="complexity", notified_at=received_at
        )
        assert local_day(regime.counting, longer.due_at) == vector["extended"]


def test_all_eight_regimes_load_with_titles_in_both_languages(book: Mapping[str, Regime]) -> None:
    assert set(book) == NAMES
    assert all(regime.titles["zh-CN"] and regime.titles["en"] for regime in book.values())


def test_every_kind_and_option_has_a_clock_under_every_regime(book: Mapping[str, Regime]) -> None:
    for regime in book.values():
        assert all(regime.clock(kind) for kind in (*OPTIONS, *EXTRA_KINDS))
        assert all(regime.clock(kind, each) for kind in OPTIONS for each in OPTIONS[kind])


def test_every_rule_says_where_it_comes_from(book: Mapping[str, Regime]) -> None:
    for regime in book.values():
        for clock in regime.clocks.values():
            parts = (clock.response, clock.ack, clock.extension, clock.pause, clock.fee)
            sources = [*(part.source for part in parts), clock.denial.source]
            assert all(each.text and each.confidence in "ABC" for each in sources)


def test_every_rule_of_a_regime_is_read_where_something_follows_from_it() -> None:
    code = "".join(
        file.read_text(encoding="utf-8")
        for room in ("rights", "workflows")
        for file in (ROOT / room).rglob("*.py")
        if not file.stem.startswith("regime_") and file.name != "regime.py"
    )
    unread = {
        f"{block.__name__}.{rule.name}"
        for block, called in READ_AS.items()
        for rule in fields(block)
        if not re.search(rf"\b({called})\.{rule.name}\b", code)
    }

    assert {one for one in unread if not one.endswith(".source")} == ELSEWHERE


def test_an_option_without_a_clock_of_its_own_uses_that_of_its_kind(
    book: Mapping[str, Regime],
) -> None:
    regime = book["cn_general"]
    assert regime.clock("deletion", "anonymise") is regime.clocks["deletion"]
    own = regime.clock("recommendation_opt_out", "push_off")
    assert own is regime.clocks["recommendation_opt_out/push_off"]


def test_a_clock_that_stands_in_for_another_counts_like_it(book: Mapping[str, Regime]) -> None:
    cancellation = book["us_ca"].clocks["account_cancellation"]
    assert cancellation.maps_to == "deletion"
    assert cancellation.response is book["us_ca"].clocks["deletion"].response


def test_a_regime_inherits_what_it_does_not_say(book: Mapping[str, Regime]) -> None:
    minor, general = book["cn_minor"].clocks["copy"], book["cn_general"].clocks["copy"]
    assert minor.response == general.response
    assert (minor.denial.form, general.denial.form) == ("written", "any_durable")


def test_an_e_commerce_account_is_closed_within_a_day_of_the_proof() -> None:
    proved = NOON + timedelta(days=2)
    result = promise("account_cancellation", None, ["cn_ecommerce"], NOON, verified_at=proved)
    assert result.due_at == proved + timedelta(hours=24)


@pytest.mark.requirement("R-SLA-1")
def test_under_two_regimes_the_earliest_limit_governs_and_both_are_shown() -> None:
    result = promise("deletion", "delete", ["cn_general", "eu_gdpr"], NOON)
    assert set(result.by_regime) == {"cn_general", "eu_gdpr"}
    assert result.due_at == min(each.due_at for each in result.by_regime.values())
    assert result.governing == "cn_general"


def test_what_favours_the_one_who_answers_needs_every_regime() -> None:
    alone = promise("deletion", None, ["eu_gdpr"], NOON)
    both = promise("deletion", None, ["eu_gdpr", "cn_general"], NOON)
    assert (alone.may_extend, alone.may_pause, alone.may_charge) == (True, True, True)
    assert (both.may_extend, both.may_pause, both.may_charge) == (False, False, False)


def test_the_duties_of_all_regimes_apply() -> None:
    duties = promise("correction", None, ["cn_credit", "us_ca"], NOON).duties
    assert duties.written_answer
    assert "gov_id" in duties.never_disclose


def test_without_a_regime_the_fallback_counts() -> None:
    assert promise("access", None, [], NOON).governing == FALLBACK


def test_an_unknown_regime_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid) as refused:
        promise("access", None, ["atlantis"], NOON)
    assert set(refused.value.errors[0].allowed) == NAMES


def test_a_right_nobody_offers_is_refused(book: Mapping[str, Regime]) -> None:
    with pytest.raises(Invalid, match="not offered"):
        promise("levitation", None, ["cn_general"], NOON, book=book)


def test_a_rule_that_is_not_yet_in_force_does_not_bind_beside_one_that_is() -> None:
    names = ["us_ca", "eu_gdpr"]
    before = promise("explanation", "refuse_sole_automation", names, NOON)
    after = promise(
        "explanation", "refuse_sole_automation", names, datetime(2027, 1, 4, 12, tzinfo=UTC)
    )
    assert set(before.by_regime) == {"eu_gdpr"}
    assert after.governing == "us_ca"


@pytest.mark.requirement("R-SLA-5")
@pytest.mark.parametrize(
    ("name", "day"),
    [("eu_gdpr", date(2027, 2, 22)), ("uk_gdpr", date(2027, 2, 22)), ("us_ca", date(2027, 2, 20))],
)
def test_where_the_law_knows_an_extension_it_is_given(
    book: Mapping[str, Regime], name: str, day: date
) -> None:
    result = extended("access", None, [name], NOON, reason="complexity", notified_at=NOON)
    assert local_day(book[name].counting, result.due_at) == day


@pytest.mark.requirement("R-SLA-5:bad")
@pytest.mark.parametrize("name", sorted(NAMES - {"eu_gdpr", "uk_gdpr", "us_ca"}))
def test_where_the_law_knows_no_extension_it_is_refused(name: str) -> None:
    with pytest.raises(Conflict) as refused:
        extended("deletion", None, [name], NOON, reason="complexity", notified_at=NOON)
    assert refused.value.code == "extension_not_permitted"
    late = NOON + timedelta(days=40)
    with pytest.raises(Conflict) as refused:
        extended("deletion", None, ["eu_gdpr"], NOON, reason="complexity", notified_at=late)
    assert refused.value.code == "extension_too_late"


@pytest.mark.requirement("R-SLA-6:bad")
@pytest.mark.parametrize("name", sorted(NAMES - {"eu_gdpr", "uk_gdpr"}))
def test_where_the_law_knows_no_pause_it_is_refused(book: Mapping[str, Regime], name: str) -> None:
    for clock in book[name].clocks.values():
        with pytest.raises(Conflict) as refused:
            check_pause(clock, "identity")
        assert refused.value.code == "pause_not_permitted"


def test_the_uk_clock_stands_still_for_a_clarification_and_the_eu_one_does_not(
    book: Mapping[str, Regime],
) -> None:
    check_pause(book["uk_gdpr"].clocks["access"], "clarification")
    with pytest.raises(Conflict, match="identity_doubt"):
        check_pause(book["eu_gdpr"].clocks["access"], "clarification")


@pytest.mark.requirement("R-SLA-4")
def test_a_schedule_that_is_loaded_makes_a_deadline_certain_and_never_later(
    override: Path,
) -> None:
    received_at = datetime(2026, 12, 11, 2, tzinfo=UTC)
    before = promise("deletion", None, ["cn_general"], received_at)
    schedule = {"source": "https://www.gov.cn/2027", "off_days": DAYS_OFF_2027}
    change_new(override, {"calendars": {"cn": {2027: schedule}}})
    after = promise("deletion", None, ["cn_general"], received_at, book=load(override=override))
    assert (before.due.provisional, after.due.provisional) == (True, False)
    assert after.due_at > before.due_at
    assert tighten(before.promised_at, after.promised_at) == before.promised_at


@pytest.mark.requirement("R-SLA-4:bad")
def test_a_schedule_with_too_few_days_off_or_no_source_is_refused(override: Path) -> None:
    change_new(override, {"calendars": {"cn": {2027: {"off_days": DAYS_OFF_2027[:10]}}}})
    with pytest.raises(ConfigError) as refused:
        load(override=override)
    text = str(refused.value)
    assert "11 days off or more" in text
    assert "address of the published schedule" in text


@pytest.mark.requirement("R-SLA-3:bad")
def test_a_day_that_is_both_off_and_worked_is_refused(override: Path) -> None:
    year = {
        "source": "https://www.gov.cn/2027",
        "off_days": DAYS_OFF_2027,
        "makeup_workdays": DAYS_OFF_2027[:1],
    }
    change_new(override, {"calendars": {"cn": {2027: year}}})
    with pytest.raises(ConfigError, match="2027-01-01 is both a day off and worked"):
        load(override=override)


def test_a_missing_schedule_is_named_from_sixty_days_ahead(book: Mapping[str, Regime]) -> None:
    assert schedules_to_load(date(2026, 10, 1), book) == {}
    assert schedules_to_load(date(2026, 11, 22), book) == {"cn": 2027}


def test_the_place_of_establishment_decides_the_holidays(override: Path) -> None:
    change_new(override, {"establishment": {"country": "DE", "zone": "Europe/Berlin"}})
    book = load(override=override)
    # One month later is 1 May, a Friday: off in Germany, worked in Ireland.
    received_at = datetime(2026, 4, 1, 10, tzinfo=UTC)
    german = promise("access", None, ["eu_gdpr"], received_at, book=book)
    irish = promise("access", None, ["eu_gdpr"], received_at)
    assert local_day(book["eu_gdpr"].counting, german.due_at) == date(2026, 4, 30)
    assert local_day(regimes()["eu_gdpr"].counting, irish.due_at) == date(2026, 5, 1)


def test_a_promise_of_seven_working_days_is_what_the_person_is_told(override: Path) -> None:
    seven = {"count": 7, "unit": "working_day"}
    change_new(override, {"promises": {"cn_general": {"deletion": seven}}})
    result = promise("deletion", None, ["cn_general"], NOON, book=load(override=override))
    assert result.promised_at == datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC)
    assert result.promised_at < result.due_at


@pytest.mark.requirement("R-APP6-1:bad")
def test_a_promise_of_twenty_working_days_is_refused(override: Path) -> None:
    twenty = {"count": 20, "unit": "working_day"}
    change_new(override, {"promises": {"cn_general": dict.fromkeys(CAPPED, twenty)}})
    with pytest.raises(ConfigError) as refused:
        load(override=override)
    told = [one for one in refused.value.problems if "promise may only be shorter" in one]
    assert sorted(one.split(" ")[1].split(".")[1] for one in told) == sorted(CAPPED)


@pytest.mark.requirement("R-APP6-1")
@pytest.mark.parametrize("name", sorted(each for each in NAMES if each.startswith("cn_")))
def test_what_nobody_promised_less_for_is_promised_within_fifteen_working_days(
    book: Mapping[str, Regime], name: str
) -> None:
    counting = book[name].counting
    fifteen = count_working(
        working_calendar(book[name].counting), local_day(book[name].counting, NOON), 15
    ).day
    for kind in CAPPED:
        due_at = promise(kind, None, [name], NOON, book=book).promised_at
        # A dispute under the law on credit reporting has twenty calendar days of its own.
        last = date(2026, 12, 12) if (name, kind) == ("cn_credit", "correction") else fifteen
        assert local_day(counting, due_at) <= last, (name, kind)


def test_an_immediate_kind_cannot_be_promised_after_the_breach_limit(override: Path) -> None:
    promises = {"cn_general": {"recommendation_opt_out": {"hours": 25}}}
    change_new(override, {"promises": promises})
    with pytest.raises(ConfigError, match="promise may only be shorter"):
        load(override=override)


@pytest.mark.parametrize(
    ("span", "fits"),
    [
        ({"count": 28, "unit": "day"}, True),
        ({"count": 29, "unit": "day"}, False),
        ({"count": 5, "unit": "working_day"}, False),
        ({"hours": 48}, True),
    ],
)
def test_a_promise_in_another_unit_must_be_shorter_in_every_season(
    override: Path, span: dict[str, object], *, fits: bool
) -> None:
    change_new(override, {"promises": {"eu_gdpr": {"access": span}}})
    if fits:
        load(override=override)
    else:
        with pytest.raises(ConfigError):
            load(override=override)
