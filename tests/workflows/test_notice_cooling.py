"""Whoever chose to wait is told at the beginning until when, and both ways to end it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from rights.domain.kinds import Kind
from tests.workflows.desk import Desk, text_of
from workflows.embedded.smtp import Sink
from workflows.notices.words import words


@pytest.mark.requirement("R-NEG-9")
@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ["You chose to wait", "Not before", "To cancel", "To have it done at once"]),
        ("zh-CN", ["您选择了先等待", "最早执行时间", "撤回申请", "立即办理"]),
    ],
)
def test_the_acknowledgement_names_the_day_and_both_ways(
    desk: Desk, smtp_sink: Sink, locale: str, said: list[str]
) -> None:
    made = desk.proved(Kind.ACCOUNT_CANCELLATION, locale=locale, parameters={"wait_days": 3})
    desk.send()

    letter = text_of(next(m for m in smtp_sink.messages if made in m["Subject"]))
    day = desk.request(made).next_at
    assert day is not None
    told = words(locale).moment(day, ZoneInfo("Asia/Shanghai"))
    assert [one for one in (*said, told) if one not in letter] == []
    assert "working on it" not in letter


def test_without_a_choice_the_letter_says_nothing_of_waiting(desk: Desk, smtp_sink: Sink) -> None:
    made = desk.proved(Kind.ACCOUNT_CANCELLATION, locale="en")
    desk.send()

    letter = text_of(next(m for m in smtp_sink.messages if made in m["Subject"]))
    assert [one for one in ("wait", "Not before", "at once") if one in letter] == []
