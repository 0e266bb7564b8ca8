"""The whole trail is checked once a day by one relay; staff hear of it when it does not hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from rights.services import audit, trail_checks
from rights.services.checkpoints import checkpoint
from rights.services.trail_checks import Found
from rights.store.db import transaction
from rights.store.models import TrailCheck
from tests.services.registers import DATABASES, NOW, opened, signer
from tests.unguarded import unguarded
from tests.web.house import House
from tests.workflows.desk import text_of
from workflows import gauges
from workflows.embedded.smtp import Sink
from workflows.notices import trail_mail
from workflows.trail_watch import Watch

DAY = timedelta(days=1)
MAIL = "dpo=dpo@example.com,auditor=otto@example.com,admin=ada@example.com"


@pytest.fixture
def house(furnished: Callable[..., House], smtp_sink: Sink) -> House:
    more = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port, "staff_locale": "en"}
    made = furnished(alert_mail=MAIL, **more)
    made.asserted("access")
    with made.writing() as session:
        checkpoint(session, signer(), made.clock.now())
    return made


def _entries(house: House) -> list[dict[str, Any]]:
    with house.reading() as session:
        day = f"day:{house.clock.now().date()}"
        return [dict(e.data) for e in audit.entries(session, day) if e.event == "trail_checked"]


def _readings(house: House, now: datetime) -> tuple[float, list[float]]:
    context = house.context
    with house.reading() as session:
        found = gauges.of_register(session, context.datamap, context.regimes, now)
    age = found["rights_audit_held_age_seconds"][0][1]
    return age, [value for _, value in found["rights_audit_problems"]]


@pytest.mark.requirement("R-LOG-1")
def test_a_relay_checks_the_whole_trail_in_a_process_of_its_own(
    house: House, smtp_sink: Sink
) -> None:
    broken = house.engine.dialect.name == "sqlite"
    if broken:
        with unguarded(house.engine) as connection:
            connection.execute(text("UPDATE entry SET event = 'denied' WHERE seq = 1"))
    watch, other = (Watch(house.context.settings, house.engine, house.clock.now) for _ in "ab")
    done: trail_mail.Done = {}

    ends_at = time.monotonic() + 30
    while not _entries(house) and time.monotonic() < ends_at:
        watch.look()
        other.look()
        time.sleep(0.05)
    mailed = [trail_mail.send(house.engine, house.context, house.clock.now, done) for _ in "ab"]

    (said,) = _entries(house)
    with house.reading() as session:
        row = session.exec(select(TrailCheck)).one()
    now = house.clock.now()
    assert row.ended_at is not None
    assert said["check"] == row.id
    assert said["entries"] >= 1
    if broken:
        assert (said["outcome"], said["problems"]) == ("broken", len(row.first_problems))
        assert mailed == [2, 0]
        told = {m["X-Envelope-To"]: " ".join(text_of(m).split()) for m in smtp_sink.messages}
        assert set(told) == {"otto@example.com", "ada@example.com"}
        assert row.first_problems[0] in told["otto@example.com"]
        assert _readings(house, now)[1] == [said["problems"]]
    else:
        assert (said["outcome"], said["problems"], mailed) == ("held", 0, [0, 0])
        assert _readings(house, now + DAY) == (DAY.total_seconds(), [0])


def test_one_relay_checks_at_a_time_and_a_dead_ones_turn_goes_on(house: House) -> None:
    def begin(after: timedelta) -> int | None:
        with house.writing() as session:
            return trail_checks.begin(session, DAY, house.clock.now() + after)

    first = begin(timedelta())
    assert first is not None
    assert begin(timedelta(minutes=4)) is None
    with house.writing() as session:
        trail_checks.seen(session, first, house.clock.now() + timedelta(minutes=4))
    assert begin(timedelta(minutes=8)) is None
    second = begin(timedelta(minutes=9))
    assert second is not None

    later = house.clock.now() + timedelta(minutes=30)
    with house.writing() as session:  # it was slow, not dead; what it found comes too late
        trail_checks.end(session, first, Found("held", problems=0), later)
        trail_checks.end(session, second, Found("held", entries=1), later)
    assert [one["outcome"] for one in _entries(house)] == ["died", "held"]
    assert begin(timedelta(hours=24)) is None
    assert begin(timedelta(hours=24, minutes=9)) is not None


def test_a_check_that_takes_too_long_is_ended_and_tried_again(
    furnished: Callable[..., House],
) -> None:
    house = furnished(trail_check_most_s=0.001)
    watch = Watch(house.context.settings, house.engine, house.clock.now)
    while not _entries(house):
        watch.look()
        time.sleep(0.01)

    assert [one["outcome"] for one in _entries(house)] == ["too_long"]
    with house.reading() as session:
        again = [
            trail_checks.due(session, DAY, house.clock.now() + timedelta(minutes=m))
            for m in (59, 60)
        ]
        assert trail_checks.held_since(session) is None
    assert again == [False, True]


def test_of_relays_that_start_at_once_one_checks_and_a_later_start_checks_nothing(
    house: House,
) -> None:
    settings, now = house.context.settings, house.clock.now
    relays = [Watch(settings, house.engine, now) for _ in range(4)]
    together = threading.Barrier(len(relays))

    def start(relay: Watch) -> None:
        together.wait(timeout=10)
        relay.look()

    with ThreadPoolExecutor(len(relays)) as pool:
        for begun in [pool.submit(start, relay) for relay in relays]:
            begun.result()
    ends_at = time.monotonic() + 30
    while not _entries(house) and time.monotonic() < ends_at:
        for relay in relays:
            relay.look()
        time.sleep(0.05)
    Watch(settings, house.engine, now).look()

    with house.reading() as session:
        (row,) = session.exec(select(TrailCheck)).all()
    assert row.outcome == "held"


@pytest.mark.parametrize("which", DATABASES)
def test_a_register_without_any_entry_is_not_checked_and_the_first_entry_is_at_once(
    request: pytest.FixtureRequest, which: str
) -> None:
    register = opened(request, which)
    with transaction(register) as session:
        assert not trail_checks.due(session, DAY, NOW)
        assert trail_checks.begin(session, DAY, NOW) is None

    with transaction(register) as session:
        audit.append_day(session, audit.Line("settings_read", "operator", {}), now=NOW)
        assert trail_checks.due(session, DAY, NOW)


def _ended(house: House, outcome: str, hours: int) -> None:
    """Let a check end so, so many hours from now."""
    at = house.clock.now() + timedelta(hours=hours)
    with house.writing() as session:
        number = trail_checks.begin(session, DAY, at)
        assert number is not None
        trail_checks.end(session, number, Found(outcome), at)


def _mailed(house: House) -> int:
    return trail_mail.send(house.engine, house.context, house.clock.now, {})


@pytest.mark.parametrize(
    ("outcome", "locale", "said"),
    [
        ("too_long", "en", "took too long"),
        ("failed", "en", "could not be made"),
        ("too_long", "zh-CN", "耗时过长"),
        ("failed", "zh-CN", "未能完成"),
    ],
)
def test_staff_hear_once_a_day_of_checks_that_say_nothing(
    furnished: Callable[..., House], smtp_sink: Sink, outcome: str, locale: str, said: str
) -> None:
    more = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port}
    house = furnished(alert_mail=MAIL, staff_locale=locale, **more)
    house.asserted("access")

    sent = []
    for hours in (0, 1, 23, 24):
        _ended(house, outcome, hours)
        sent += [_mailed(house), _mailed(house)]

    assert sent == [2, 0, 0, 0, 0, 0, 2, 0]
    told = {m["X-Envelope-To"]: text_of(m) for m in smtp_sink.messages}
    assert set(told) == {"otto@example.com", "ada@example.com"}
    assert all(said in " ".join(text.split()) for text in told.values())
    assert [one["outcome"] for one in _entries(house)][:1] == [outcome]


def test_a_check_that_died_is_told_of_when_the_one_before_said_nothing_either(
    house: House, smtp_sink: Sink
) -> None:
    sent = []
    for hours, outcome in ((0, "died"), (1, "held"), (25, "died"), (26, "died")):
        _ended(house, outcome, hours)
        sent.append(_mailed(house))

    assert sent == [0, 0, 0, 2]
    assert "twice in a row" in " ".join(text_of(smtp_sink.messages[0]).split())


def test_a_check_that_cannot_be_made_is_told_of_by_mail(
    furnished: Callable[..., House], smtp_sink: Sink, tmp_path: Path
) -> None:
    more = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port, "staff_locale": "en"}
    house = furnished(alert_mail=MAIL, **more)
    house.asserted("access")
    nowhere = f"sqlite:///{tmp_path}/none/register.db"
    settings = house.context.settings.model_copy(update={"database_url": nowhere})
    watch = Watch(settings, house.engine, house.clock.now)

    ends_at = time.monotonic() + 30
    while not _entries(house) and time.monotonic() < ends_at:
        watch.look()
        time.sleep(0.05)

    assert [one["outcome"] for one in _entries(house)] == ["failed"]
    assert _mailed(house) == 2
