"""Pictures over time, against what was seen while it went by; the share done without staff."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event as events
from sqlmodel import Session, col, select

from rights.domain.errors import IllegalTransition
from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import TERMINAL, Event, State
from rights.services import audit, requests
from rights.services.console import figures, standing
from rights.store.ids import new_id
from rights.store.models import Figures, Request, StepRow
from tests.web.console.clerk import clerk
from tests.web.house import House
from tests.web.portal.reader import Page

CHINA = ZoneInfo("Asia/Shanghai")
AT_ONCE = timedelta(0)
Seen = dict[str, Counter[tuple[str, str]]]


def _begin(session: Session, house: House, kind: Kind, *, ago: timedelta = AT_ONCE) -> None:
    """Bring one in that arrived some time ago."""
    now = house.clock.now()
    due = now + timedelta(days=15)
    row = Request(
        kind=kind,
        option=default_option(kind),
        backend_id=house.partner.id,
        regimes=["cn_general"],
        received_at=now - ago,
        due_at=due,
        promised_at=due,
    )
    session.add(row)
    session.flush()
    audit.append(session, row, [audit.Line("received", "system", {})], now=now)


def _live_on(session: Session, house: House, chance: random.Random) -> None:
    """Let something happen to a third of what is open, if it can."""
    now = house.clock.now()
    for row in session.exec(select(Request).where(col(Request.closed_at).is_(None))).all():
        event = chance.choice(list(Event))
        if chance.random() < 0.3:
            try:
                requests.record(session, row, event, actor="staff:x", now=now)
            except IllegalTransition:
                audit.append(session, row, [audit.Line("looked", "staff:x", {})], now=now)


def _as_it_is(house: House, since: datetime) -> Counter[tuple[str, str]]:
    """Count by the rows themselves, at this moment: open ones, and those that ended since."""
    with house.reading() as session:
        every = session.exec(select(Request)).all()
    return Counter(
        (str(r.kind), str(r.state)) for r in every if r.closed_at is None or r.closed_at >= since
    )


def _weeks_of_work(house: House, weeks: int, *, counting: bool) -> Seen:
    """Let weeks go by; return what was seen in the last minute of each."""
    chance, seen = random.Random(5), Seen()
    house.clock.at = datetime(2026, 6, 1, 1, 0, tzinfo=CHINA).astimezone(UTC)  # a Monday
    for week in range(weeks):
        monday = house.clock.now() - timedelta(hours=1)
        for _ in range(14):
            with house.writing() as session:
                for _ in range(chance.randrange(3)):
                    _begin(session, house, chance.choice(list(Kind)[:4]))
            with house.writing() as session:
                _live_on(session, house, chance)
            house.clock.forward(hours=12)
            if counting:
                figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)
        sunday = datetime(2026, 6, 7, tzinfo=UTC) + timedelta(weeks=week)
        seen[sunday.date().isoformat()] = _as_it_is(house, monday)
    return seen


def _counted(house: House) -> Seen:
    with house.reading() as session:
        body = session.get_one(Figures, figures.NAME).body
    assert body["standing"]["zone"] == "Asia/Shanghai"
    return {
        day: Counter({(kind, state): n for kind, state, n in rows})
        for day, rows in body["standing"]["weeks"].items()
    }


@pytest.mark.parametrize("counting", [True, False], ids=["all the time", "once"])
def test_how_requests_stood_is_what_was_seen_when_each_week_ended(
    house: House, *, counting: bool
) -> None:
    seen = _weeks_of_work(house, 8, counting=counting)
    figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)

    found = _counted(house)

    assert len(found) == standing.WEEKS
    assert {day: found[day] for day in seen} == seen
    today = house.clock.now().astimezone(CHINA)
    monday = datetime(today.year, today.month, today.day, tzinfo=CHINA)
    assert today.weekday() == 0
    assert list(found.values())[-1] == _as_it_is(house, monday)
    assert not any(sum(n.values()) for day, n in found.items() if day < min(seen))
    states = {state for week in seen.values() for _, state in week}
    assert states >= {*map(str, TERMINAL - {State.PARTIALLY_FULFILLED}), "open", "on_hold"}


def test_what_came_on_paper_and_was_logged_late_changes_no_week_before(house: House) -> None:
    _weeks_of_work(house, 2, counting=False)
    figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)
    before = _counted(house)
    with house.writing() as session:
        _begin(session, house, Kind.ACCESS, ago=timedelta(days=9))
        session.delete(session.get_one(Figures, figures.NAME))
    figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)

    after = _counted(house)

    last = max(after)
    assert {d: n for d, n in after.items() if d != last} == {
        d: n for d, n in before.items() if d != last
    }
    assert after[last] - before[last] == Counter({("access", "open"): 1})


def test_weeks_that_are_over_are_counted_once_and_the_last_again_until_it_has_settled(
    house: House,
) -> None:
    _weeks_of_work(house, 3, counting=False)
    house.clock.forward(minutes=-90)
    figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)

    def asked() -> int:
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        events.listen(house.engine, "before_cursor_execute", note)
        figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)
        events.remove(house.engine, "before_cursor_execute", note)
        return sum("FROM entry" in one or "JOIN entry" in one for one in statements)

    house.clock.forward(minutes=60)
    first = asked()
    house.clock.forward(hours=2)
    assert (first, asked(), asked()) == (2, 2, 1)


def _figure(page: Page) -> str:
    found = re.search(r"<figure[^>]*standing-title.*?</figure>", page.html, re.DOTALL)
    assert found is not None
    return found[0]


def _rows(figure: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", figure)
    ]


def test_the_page_draws_it_beside_its_numbers_of_every_kind_or_of_one(house: House) -> None:
    seen = _weeks_of_work(house, 4, counting=False)
    figures.renew(house.engine, house.clock.now, AT_ONCE, CHINA, house.context.regimes)
    ana = clerk(house, "ana", "approver")

    every = _figure(ana.get("/"))
    one = _figure(ana.get("/?kind=access"))

    assert _figure(ana.get("/?kind=%3Cb%3E")) == every
    for figure, kinds in ((every, set(Kind)), (one, {"access"})):
        rows = _rows(figure)
        assert len(rows) == 1 + standing.WEEKS
        expected = [
            sum(n for (kind, _), n in week.items() if kind in kinds) for week in seen.values()
        ]
        told = [sum(int(cell) for cell in row[1:]) for row in rows[1:]]
        assert told[-1 - len(seen) : -1] == expected
        drawn = {round(float(x), 2) for x in re.findall(r'x="([0-9.]+)" y', figure)}
        assert len(drawn) == sum(n > 0 for n in told)
    assert 'aria-current="true">Access' in one
    assert "every kind</a>" in one
    ana.reader.language = "zh-CN"
    chinese = _figure(ana.get("/?kind=access&lang=zh-CN"))
    assert "每周末各请求所处的状态" in chinese
    assert [row[1:] for row in _rows(chinese)[1:]] == [row[1:] for row in _rows(one)[1:]]


# -- done without staff ------------------------------------------------------------------------

DONE_BY = ((), ("",), ("worker",), ("system", "worker"), ("staff:a",), ("worker", "staff:b"))


def _work(house: House) -> Iterator[tuple[Request, list[StepRow]]]:
    """Yield requests of every kind, end and age, each with steps that somebody did."""
    chance, now = random.Random(3), house.clock.now()
    for number in range(300):
        kind = chance.choice(list(Kind))
        closed = now - timedelta(days=chance.randrange(180), hours=1)
        ended = chance.random() < 0.8
        row = Request(
            id=f"{number:08x}" + new_id()[8:],
            kind=kind,
            option=default_option(kind),
            regimes=["cn_general"],
            received_at=closed - timedelta(days=3),
            due_at=closed,
            promised_at=closed,
            state=chance.choice(sorted(TERMINAL)) if ended else State.IN_PROGRESS,
            closed_at=closed if ended else None,
        )
        yield row, [_step(row, place, who) for place, who in enumerate(chance.choice(DONE_BY))]


def _step(row: Request, place: int, who: str) -> StepRow:
    return StepRow(
        id=f"{row.id}-{place}-erase", request_id=row.id, phase=place, action="erase", done_by=who
    )


def test_the_share_done_without_staff_is_that_of_the_steps_themselves(house: House) -> None:
    work = list(_work(house))
    expected: dict[str, list[int]] = {}
    begin = house.clock.now() - timedelta(days=90)
    for row, steps in work:
        carried_out = row.state in (State.FULFILLED, State.PARTIALLY_FULFILLED)
        if not carried_out or row.closed_at is None or row.closed_at < begin:
            continue
        alone, every = expected.setdefault(str(row.kind), [0, 0])
        by_hand = [step for step in steps if step.done_by.partition(":")[0] == "staff"]
        expected[str(row.kind)] = [alone + (not by_hand), every + 1]
    with house.writing() as session:
        for row, steps in work:
            session.add_all([row, *steps])
    figures.renew(house.engine, house.clock.now, AT_ONCE, UTC, house.context.regimes)

    page = clerk(house, "ana", "approver").get("/")

    with house.reading() as session:
        assert session.get_one(Figures, figures.NAME).body["automatic"] == expected
    assert any(0 < alone < every for alone, every in expected.values())
    figure = page.html.partition('aria-labelledby="automatic-title"')[2].partition("</figure>")[0]
    rows = {tuple(row[1:]) for row in _rows(figure)[1:]}
    assert rows == {
        (str(alone), str(every), f"{100 * alone / every:.0f} %")
        for alone, every in expected.values()
    }
