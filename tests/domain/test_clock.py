"""Deadlines from a clock's rules, the moment of receipt and a calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.alerts import LATE, moment
from rights.domain.calendars import Calendar, Counting
from rights.domain.clock import (
    check_pause,
    due,
    end_of_day,
    extend,
    local_day,
    paused_days,
    strictest,
    tighten,
)
from rights.domain.errors import Conflict, Invalid
from rights.domain.regime import (
    Ack,
    Clock,
    Denial,
    Extension,
    Fee,
    Pause,
    Period,
    Response,
    Source,
    Start,
    Unit,
)

SOURCE = Source("own rule", "A")
WEEKDAYS = Calendar()
SHANGHAI = Counting("cn", ZoneInfo("Asia/Shanghai"), WEEKDAYS, True, False, "own", "A")
DUBLIN = Counting("eu", ZoneInfo("Europe/Dublin"), WEEKDAYS, True, True, "own", "A")
CALIFORNIA = Counting("us", ZoneInfo("America/Los_Angeles"), WEEKDAYS, False, False, "own", "A")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

PERIODS = st.builds(Period, st.integers(1, 60), st.sampled_from([Unit.DAY, Unit.WORKING_DAY])) | (
    st.builds(Period, st.integers(1, 6), st.just(Unit.MONTH))
)
MOMENTS = st.integers(0, 20 * 365 * 86_400).map(
    lambda second: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
COUNTINGS = st.sampled_from([SHANGHAI, DUBLIN, CALIFORNIA])


def clock_of(response: Response | Period, **blocks: Any) -> Clock:
    if isinstance(response, Period):
        response = Response(response, SOURCE)
    plain = Clock(
        "deletion",
        response,
        Ack(Period(1, Unit.WORKING_DAY), SOURCE),
        Extension(False, SOURCE),
        Pause(False, SOURCE),
        Fee(False, SOURCE),
        Denial((), SOURCE),
    )
    return replace(plain, **blocks)


MONTH = clock_of(
    Period(1, Unit.MONTH),
    extension=Extension(
        True, SOURCE, Period(2, Unit.MONTH), times=1, reasons=("complexity", "number_of_requests")
    ),
    pause=Pause(True, SOURCE, ("identity_doubt",)),
)
AT_ONCE = clock_of(
    Response(None, SOURCE, target=timedelta(seconds=60), breach_after=timedelta(hours=24))
)
ON_VERIFICATION = clock_of(
    Response(
        None,
        SOURCE,
        also_max=Period(15, Unit.WORKING_DAY),
        start=Start.VERIFICATION,
        target=timedelta(hours=24),
        breach_after=timedelta(hours=24),
    )
)


@pytest.mark.requirement("R-SLA-2")
def test_the_local_date_decides_when_a_request_was_received() -> None:
    evening = datetime(2026, 9, 1, 16, 30, tzinfo=UTC)
    assert local_day(SHANGHAI, evening) == date(2026, 9, 2)
    assert local_day(CALIFORNIA, evening) == date(2026, 9, 1)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        local_day(SHANGHAI, datetime(2026, 9, 1, 16, 30))  # noqa: DTZ001


def test_a_day_ends_with_its_last_second_where_the_law_applies() -> None:
    assert end_of_day(SHANGHAI, date(2026, 9, 21)) == datetime(2026, 9, 21, 15, 59, 59, tzinfo=UTC)


def test_a_month_that_ends_on_a_day_off_is_kept_before_and_lawful_after() -> None:
    result = due(MONTH, datetime(2026, 1, 31, 10, tzinfo=UTC), DUBLIN)
    assert local_day(DUBLIN, result.due_at) == date(2026, 2, 27)
    assert local_day(DUBLIN, result.due_legal_at) == date(2026, 3, 2)


def test_what_is_immediate_has_a_target_of_seconds_and_is_missed_after_a_day() -> None:
    result = due(AT_ONCE, NOON, SHANGHAI)
    assert result.target_at == NOON + timedelta(seconds=60)
    assert result.due_at == NOON + timedelta(hours=24)


def test_a_clock_from_verification_keeps_its_outer_limit_until_somebody_verified() -> None:
    waiting = due(ON_VERIFICATION, NOON, SHANGHAI)
    assert local_day(SHANGHAI, waiting.due_at) == date(2026, 12, 14)
    assert waiting.target_at is None


def test_a_clock_from_verification_is_at_once_when_somebody_verified() -> None:
    proved = NOON + timedelta(days=3)
    assert due(ON_VERIFICATION, NOON, SHANGHAI, verified_at=proved).due_at == proved + 24 * HOUR


def test_a_second_limit_cuts_the_first() -> None:
    both = Response(Period(15, Unit.WORKING_DAY), SOURCE, also_max=Period(10, Unit.DAY))
    assert local_day(SHANGHAI, due(clock_of(both), NOON, SHANGHAI).due_at) == date(2026, 12, 3)


def test_a_target_in_working_days_ends_with_its_day() -> None:
    rule = Response(Period(15, Unit.WORKING_DAY), SOURCE, target=Period(1, Unit.WORKING_DAY))
    target = due(clock_of(rule), NOON, SHANGHAI).target_at
    assert target == end_of_day(SHANGHAI, date(2026, 11, 24))


def test_a_deployment_that_promises_seven_working_days_is_held_to_them() -> None:
    clock = clock_of(Period(15, Unit.WORKING_DAY), promise=Period(7, Unit.WORKING_DAY))
    result = due(clock, NOON, SHANGHAI)
    assert local_day(SHANGHAI, result.promised_at) == date(2026, 12, 2)
    assert moment(NOON, result.promised_at, LATE) == result.promised_at


def test_a_promise_runs_from_the_moment_from_which_the_law_counts() -> None:
    proved = NOON + timedelta(days=3)
    clock = replace(ON_VERIFICATION, promise=12 * HOUR)

    waiting = due(clock, NOON, SHANGHAI)
    running = due(clock, NOON, SHANGHAI, verified_at=proved)

    assert waiting.promised_at == waiting.due_at == due(ON_VERIFICATION, NOON, SHANGHAI).due_at
    assert (running.promised_at, running.due_at) == (proved + 12 * HOUR, proved + 24 * HOUR)


@given(
    st.integers(1, 24),
    MOMENTS,
    COUNTINGS,
    st.timedeltas(timedelta(), timedelta(days=40)) | st.none(),
)
def test_a_promise_from_verification_is_never_late_before_it_began(
    hours: int, received_at: datetime, counting: Counting, wait: timedelta | None
) -> None:
    proved = None if wait is None else received_at + wait
    clock = replace(ON_VERIFICATION, promise=timedelta(hours=hours))

    made = due(clock, received_at, counting, verified_at=proved)

    lawful = due(ON_VERIFICATION, received_at, counting, verified_at=proved)
    assert made.due_at == lawful.due_at
    assert made.promised_at <= made.due_at
    mine = None if proved is None else proved + timedelta(hours=hours)
    assert made.promised_at == (lawful.due_at if mine is None else min(mine, lawful.due_at))


@given(PERIODS, MOMENTS, COUNTINGS, st.integers(0, 30))
def test_nothing_is_due_before_it_was_received(
    period: Period, received_at: datetime, counting: Counting, paused: int
) -> None:
    result = due(clock_of(period), received_at, counting, paused_days=paused)
    assert received_at < result.promised_at <= result.due_at <= result.due_legal_at
    assert received_at < result.ack_at


@given(PERIODS, MOMENTS, COUNTINGS, st.timedeltas(timedelta(), timedelta(days=40)))
def test_a_request_received_later_is_never_due_earlier(
    period: Period, received_at: datetime, counting: Counting, later: timedelta
) -> None:
    first = due(clock_of(period), received_at, counting)
    second = due(clock_of(period), received_at + later, counting)
    assert first.due_at <= second.due_at
    assert first.due_legal_at <= second.due_legal_at


@given(PERIODS, MOMENTS, COUNTINGS)
def test_the_day_kept_is_the_local_date_of_the_deadline(
    period: Period, received_at: datetime, counting: Counting
) -> None:
    due_at = due(clock_of(period), received_at, counting).due_at
    assert due_at.tzinfo is UTC
    assert due_at.astimezone(counting.zone).time().isoformat() == "23:59:59"


@given(MOMENTS)
def test_one_month_never_reaches_into_the_month_after_next(received_at: datetime) -> None:
    start = local_day(CALIFORNIA, received_at)
    end = local_day(CALIFORNIA, due(MONTH, received_at, CALIFORNIA).due_at)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1


@pytest.mark.requirement("R-SLA-5")
def test_an_extension_counts_the_whole_time_from_receipt() -> None:
    received_at = datetime(2026, 1, 31, 10, tzinfo=UTC)
    result = extend(
        MONTH, received_at, DUBLIN, reason="complexity", notified_at=received_at + 24 * HOUR
    )
    assert local_day(DUBLIN, result.due_at) == date(2026, 4, 30)
    assert result.promised_at == result.due_at


@given(PERIODS, MOMENTS)
def test_where_the_law_knows_no_extension_none_is_given(
    period: Period, received_at: datetime
) -> None:
    with pytest.raises(Conflict) as refused:
        extend(clock_of(period), received_at, SHANGHAI, reason="x", notified_at=received_at)
    assert refused.value.code == "extension_not_permitted"


def test_what_is_immediate_cannot_be_extended() -> None:
    clock = replace(AT_ONCE, extension=MONTH.extension)
    with pytest.raises(Conflict, match="no extension"):
        extend(clock, NOON, SHANGHAI, reason="complexity", notified_at=NOON)


def test_an_extension_told_after_the_first_due_date_is_refused() -> None:
    after = due(MONTH, NOON, DUBLIN).due_at + timedelta(seconds=1)
    with pytest.raises(Conflict) as refused:
        extend(MONTH, NOON, DUBLIN, reason="complexity", notified_at=after)
    assert refused.value.code == "extension_too_late"


def test_a_second_extension_is_refused() -> None:
    with pytest.raises(Conflict) as refused:
        extend(MONTH, NOON, DUBLIN, reason="complexity", notified_at=NOON, times_used=1)
    assert refused.value.code == "extension_used"


def test_an_extension_without_a_lawful_reason_names_the_lawful_ones() -> None:
    with pytest.raises(Invalid) as refused:
        extend(MONTH, NOON, DUBLIN, reason="holidays", notified_at=NOON)
    assert refused.value.errors[0].allowed == ("complexity", "number_of_requests")


def test_a_pause_is_refused_where_the_clock_keeps_running() -> None:
    with pytest.raises(Conflict) as refused:
        check_pause(AT_ONCE, "identity_doubt")
    assert refused.value.code == "pause_not_permitted"


def test_a_pause_is_given_only_for_the_causes_of_the_law() -> None:
    check_pause(MONTH, "identity_doubt")
    with pytest.raises(Conflict, match="identity_doubt"):
        check_pause(MONTH, "vacation")


def test_pauses_that_overlap_count_once_and_parts_of_a_day_do_not() -> None:
    day = timedelta(days=1)
    overlapping = [(NOON, NOON + 3 * day), (NOON + day, NOON + 4 * day), (NOON, NOON + day)]
    assert paused_days(overlapping) == 4
    assert paused_days([(NOON, NOON + 23 * HOUR)]) == 0
    assert paused_days([]) == 0


SPANS = st.lists(st.tuples(MOMENTS, st.timedeltas(timedelta(), timedelta(days=20))), max_size=5)


@given(SPANS)
def test_pauses_never_add_more_than_they_lasted(spans: list[tuple[datetime, timedelta]]) -> None:
    added = paused_days((begin, begin + length) for begin, length in spans)
    assert 0 <= added <= sum((length for _, length in spans), timedelta()) / timedelta(days=1)


@given(PERIODS, MOMENTS, COUNTINGS, st.integers(1, 30))
def test_a_pause_never_makes_anything_due_earlier(
    period: Period, received_at: datetime, counting: Counting, paused: int
) -> None:
    clock = clock_of(period)
    paused_due = due(clock, received_at, counting, paused_days=paused).due_at
    assert paused_due >= due(clock, received_at, counting).due_at


@given(PERIODS, PERIODS, MOMENTS)
def test_the_strictest_of_two_is_never_later_than_either(
    one: Period, other: Period, received_at: datetime
) -> None:
    dues = {
        "one": due(clock_of(one), received_at, SHANGHAI),
        "other": due(clock_of(other), received_at, DUBLIN),
    }
    name, together = strictest(dues)
    assert together.due_at == dues[name].due_at == min(each.due_at for each in dues.values())
    assert all(together.due_legal_at <= each.due_legal_at for each in dues.values())
    assert all(together.ack_at <= each.ack_at for each in dues.values())
    assert together.promised_at <= together.due_at <= together.due_legal_at


@pytest.mark.requirement("R-SLA-12")
@given(MOMENTS, st.lists(MOMENTS, min_size=1, max_size=8))
def test_however_often_it_is_counted_again_a_promise_only_moves_earlier(
    promised_at: datetime, counted: list[datetime]
) -> None:
    for fresh in counted:
        earlier = tighten(promised_at, fresh)
        assert earlier <= promised_at
        promised_at = earlier
