"""Whoever chose to wait is told at the beginning until when, and both ways to end it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from rights.domain.kinds import Kind
from rights.services import cooling, meanwhile
from rights.store.db import reading, transaction
from rights.store.models import Request, StepRow, StepState
from tests.workflows.desk import Desk, text_of
from workflows.embedded.smtp import Sink
from workflows.notices.words import words
from workflows.plan import Plan, Step, plan_for
from workflows.preparing import asked_of
from workflows.steprows import add_steps
from workflows.sweep import sweep


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
    day = cooling.until(desk.request(made))
    assert day is not None
    told = words(locale).moment(day, ZoneInfo("Asia/Shanghai"))
    assert [one for one in (*said, told) if one not in letter] == []
    assert "working on it" not in letter


def test_without_a_choice_the_letter_says_nothing_of_waiting(desk: Desk, smtp_sink: Sink) -> None:
    made = desk.proved(Kind.ACCOUNT_CANCELLATION, locale="en")
    desk.send()

    letter = text_of(next(m for m in smtp_sink.messages if made in m["Subject"]))
    assert [one for one in ("wait", "Not before", "at once") if one in letter] == []


@pytest.mark.requirement("R-APP6-3")
@pytest.mark.parametrize(
    ("locale", "first", "then"),
    [
        (
            "en",
            "put out of use wherever that is possible",
            "There is no way to put data out of use",
        ),
        ("zh-CN", "我们会先行限制", "没有在等待期间停用信息的方式"),
    ],
)
def test_a_letter_says_what_is_out_of_use_already_and_what_is_not(
    desk: Desk, smtp_sink: Sink, locale: str, first: str, then: str
) -> None:
    more = {"locale": locale, "parameters": {"wait_days": 3}}
    made = desk.proved(Kind.ACCOUNT_CANCELLATION, **more)
    sweep(desk.register, desk.context, desk.clock)
    with reading(desk.register) as session:
        restriction = meanwhile.of(session, session.get_one(Request, made))
    assert restriction is not None

    asked = asked_of(restriction, {}, desk.context.datamap)
    steps = plan_for(asked, desk.context.datamap, desk.floor.manifests)
    rows = add_steps_done(desk, restriction, steps)
    desk.answer(restriction.id, rows, Plan(steps, config_hash="ab" * 32))
    desk.send()

    asked_for, answer = (
        text_of(next(m for m in smtp_sink.messages if one in m["Subject"]))
        for one in (made, restriction.id)
    )
    assert first in asked_for
    assert [one for one in (made, then) if one not in answer] == []


def add_steps_done(desk: Desk, restriction: Request, steps: tuple[Step, ...]) -> list[StepRow]:
    """Return the rows of a plan as they are when all that could be done was done."""
    with transaction(desk.register) as session:
        rows = add_steps(session, restriction, Plan(steps, config_hash="ab" * 32))
        for row in rows:
            row.state = row.state if row.code else StepState.DONE
        session.flush()
        session.expunge_all()
    return rows
