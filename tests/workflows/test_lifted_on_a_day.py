"""A restriction ends on the day the person named, or by a decision they were told of before."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.services import requests
from rights.services.lifting import Decision, announce
from rights.store.db import open_engine, reading, transaction
from rights.store.models import Entry, Notice, Request, Staff
from tests.workflows.desk import Desk, html_of, steps_of, text_of
from tests.workflows.people_in_stores import People
from tests.workflows.restricted_shop import BILLING, ask, floor_of, ids
from workflows import sweep
from workflows.commands.staff import tasks
from workflows.embedded.smtp import Sink
from workflows.inline import settings_in
from workflows.jobs import work_on

WHO = {"user_id": "1", "email": "ann@mail.example"}
WEEK = timedelta(days=8)


@pytest.fixture
def shop(restricted: People) -> People:
    return restricted


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ["From January 31, 2027 on we will use it again", "To have a restriction lifted"]),
        ("zh-CN", ["自2027年1月31日起，我们将恢复此前的处理", "解除限制", "如您不同意"]),
    ],
)
def test_the_letter_says_when_why_and_what_one_can_do(
    desk: Desk, smtp_sink: Sink, locale: str, said: list[str]
) -> None:
    request_id = desk.proved(Kind.RESTRICTION, locale=locale)
    with transaction(desk.register) as session:
        restriction = requests.locked(session, request_id)
        restriction.state, restriction.closed_at = State.FULFILLED, desk.clock()
        decided = Decision("staff:1", "The dispute <is> settled.", date(2027, 1, 31))
        lift = announce(session, desk.context, restriction, decided, now=desk.clock()).id
    desk.send()

    letter = next(m for m in smtp_sink.messages if lift in m["Subject"])
    for each in (*said, "The dispute <is> settled."):
        assert each in text_of(letter)
    assert "<is>" not in html_of(letter)


_SAID = {
    "en": "The person contests that it is accurate, while that is verified (GDPR 18(1)(a))",
    "zh-CN": "数据主体对准确性提出异议，在核实期间（GDPR 18(1)(a)）",
}


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize("law", ["eu_gdpr", "uk_gdpr"])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_answer_and_the_letter_name_the_ground_that_it_rests_on(
    desk: Desk, smtp_sink: Sink, law: str, locale: str
) -> None:
    given = {"ground": "accuracy_contested"}
    request_id = desk.proved(
        Kind.RESTRICTION, locale=locale, regimes=(law,), parameters=given, notify=False
    )
    desk.answer(request_id, *steps_of(request_id))
    with transaction(desk.register) as session:
        restriction = requests.locked(session, request_id)
        decided = Decision("staff:1", "It was verified.", date(2027, 1, 31))
        lift = announce(session, desk.context, restriction, decided, now=desk.clock()).id
    desk.send()

    answer = next(m for m in smtp_sink.messages if request_id in m["Subject"])
    letter = next(m for m in smtp_sink.messages if lift in m["Subject"])
    assert _SAID[locale] in text_of(answer)
    assert _SAID[locale] in text_of(letter)
    assert "It was verified." in text_of(letter)


def test_where_no_ground_was_named_none_is_claimed(desk: Desk, smtp_sink: Sink) -> None:
    request_id = desk.proved(Kind.RESTRICTION, locale="en", regimes=("eu_gdpr",), notify=False)
    desk.answer(request_id, *steps_of(request_id))
    desk.send()

    (answer,) = smtp_sink.messages
    assert "It rests on" not in text_of(answer)


@pytest.fixture
def decide(shop: People, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call ``rights tasks lift`` on Ann's restriction as a member of staff."""
    restriction = ask(shop, **WHO)["request"]
    settings = settings_in(shop.map_file, shop.folder / "state")
    for name in ("database_url", "redis_url", "blobs_url", "datamap"):
        monkeypatch.setenv(f"RIGHTS_{name.upper()}", str(getattr(settings, name)))
    for name in ("keys", "signing_key"):
        monkeypatch.setenv(f"RIGHTS_{name.upper()}", getattr(settings, name).get_secret_value())
    engine = open_engine(settings.database_url)
    with transaction(engine) as session:
        now = datetime.now(UTC)
        session.add(Staff(name="wei", roles=["approver"], created_at=now))
        session.add(Staff(name="lin", roles=["auditor"], created_at=now))
    engine.dispose()

    def decide(days: float, because: str = "The dispute is settled.", who: str = "wei") -> Result:
        on = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"
        given = [restriction, "--on", on, "--because", because, "--as", who]
        return CliRunner().invoke(tasks, ["lift", *given])

    return decide


def _look(shop: People, request_id: str, after: timedelta, *, told: bool = True) -> Request:
    """Let the relay look *after* from now, a mail go out before, and a worker do what is next."""
    floor = floor_of(shop, after)
    if told:
        with transaction(floor.register) as session:
            for notice in session.exec(select(Notice).where(Notice.request_id == request_id)):
                notice.state, notice.sent_at = "sent", notice.sent_at or notice.created_at
    sweep.sweep(floor.register, floor.context, floor.now)
    work_on(floor, request_id)
    with reading(floor.register) as session:
        found = session.get_one(Request, request_id)
    floor.close()
    return found


@pytest.mark.requirement("R-P44-1")
def test_without_prior_notice_it_is_not_lifted(shop: People, decide: Any) -> None:
    refused = decide(3)

    assert isinstance(refused.exception, Conflict)
    assert refused.exception.code == "no_prior_notice"
    assert ids(shop, BILLING) == [2]
    assert "refused" in " ".join(e.event for e in _entries(shop))


def test_after_the_person_was_told_it_is_lifted_on_its_day(shop: People, decide: Any) -> None:
    request_id = decide(9).output.strip()

    waiting = _look(shop, request_id, timedelta())
    assert (waiting.state, waiting.wait) == (State.ON_HOLD, Wait.COOLING_OFF)
    assert _look(shop, request_id, WEEK).state is State.ON_HOLD
    assert ids(shop, BILLING) == [2]
    assert _look(shop, request_id, timedelta(days=10)).state is State.FULFILLED
    assert ids(shop, BILLING) == [1, 2]


def test_a_notice_that_could_not_be_sent_delays_it(shop: People, decide: Any) -> None:
    request_id = decide(9).output.strip()

    late = timedelta(days=30)
    assert _look(shop, request_id, late, told=False).state is State.ON_HOLD
    assert ids(shop, BILLING) == [2]


def test_the_person_may_object_and_it_stays(shop: People, decide: Any) -> None:
    request_id = decide(9).output.strip()
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        requests.revoke(session, request, actor="subject", now=floor.now())
    floor.close()

    assert _look(shop, request_id, timedelta(days=30)).state is State.REVOKED
    assert ids(shop, BILLING) == [2]
    assert decide(9).exit_code == 0  # and it can be decided again


def test_who_may_not_or_says_nothing_or_says_it_twice_is_refused(shop: People, decide: Any) -> None:
    assert isinstance(decide(9, who="lin").exception, Forbidden)
    assert isinstance(decide(9, because=" ").exception, Invalid)
    assert decide(9).exit_code == 0
    again = decide(12).exception
    assert isinstance(again, Conflict)
    assert again.code == "announced_already"


def test_what_another_restriction_stops_too_stays(shop: People, decide: Any) -> None:
    request_id = decide(9).output.strip()
    ask(shop, email="ann@mail.example")  # asks again, by another of her identifiers

    done = _look(shop, request_id, timedelta(days=10))

    assert done.state is State.PARTIALLY_FULFILLED
    assert ids(shop, BILLING) == [2]


def test_when_the_person_is_faster_the_announced_end_is_called_off(
    shop: People, decide: Any
) -> None:
    request_id = decide(9).output.strip()

    ask(shop, "option=lift")

    assert _look(shop, request_id, timedelta(days=30)).state is State.REVOKED


def test_a_decision_on_the_persons_own_day_is_told_all_the_same(shop: People) -> None:
    """They took their own end back; the company may not use its date to say nothing."""
    day = (datetime.now(UTC) + timedelta(days=40)).date()
    restriction = ask(shop, f"until={day}", **WHO)["request"]
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        own = session.exec(select(Request).where(Request.follows == restriction)).one()
        requests.revoke(session, own, actor="subject", now=floor.now())
    with transaction(floor.register) as session:
        found = requests.locked(session, restriction)
        decided = Decision("staff:1", "settled", day)
        lift = announce(session, floor.context, found, decided, now=floor.now()).id
    floor.close()

    assert _look(shop, lift, timedelta(days=41), told=False).state is State.ON_HOLD
    assert ids(shop, BILLING) == [2]


def test_who_has_no_address_cannot_be_told_and_so_it_stays(shop: People) -> None:
    restriction = ask(shop)["request"]
    floor = floor_of(shop)
    with transaction(floor.register) as session, pytest.raises(Conflict) as refused:
        found = requests.locked(session, restriction)
        day = (floor.now() + timedelta(days=9)).date()
        announce(
            session, floor.context, found, Decision("staff:1", "settled", day), now=floor.now()
        )
    floor.close()
    assert refused.value.code == "cannot_be_told"


def test_a_letter_that_nobody_got_ends_the_announcement_and_not_the_restriction(
    shop: People, decide: Any
) -> None:
    request_id = decide(9).output.strip()
    floor = floor_of(shop)
    with transaction(floor.register) as session:
        for notice in session.exec(select(Notice).where(Notice.request_id == request_id)):
            notice.state = "refused"
    floor.close()

    assert _look(shop, request_id, timedelta(days=10), told=False).state is State.REVOKED
    assert ids(shop, BILLING) == [2]
    listed = CliRunner().invoke(tasks, ["list", "--json"]).output
    assert [task["code"] for task in json.loads(listed)] == ["lift_untold"]


def test_after_an_erasure_nobody_is_told_that_their_data_is_used_again(
    shop: People, decide: Any
) -> None:
    request_id = decide(9).output.strip()

    ask(shop, kind="deletion", email="ann@mail.example")

    assert _look(shop, request_id, timedelta(days=30)).state is State.REVOKED


# -- on its day ------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [4, 9])
def test_a_day_of_a_year_whose_calendar_is_not_known_yet_is_one_too(
    shop: People, years: int
) -> None:
    until = datetime.now(UTC) + timedelta(days=365 * years)

    assert ask(shop, f"until={until:%Y-%m-%d}", **WHO)["state"] == "fulfilled"

    floor = floor_of(shop)
    with reading(floor.register) as session:
        lift = session.exec(select(Request).where(Request.follows != "")).one()
    floor.close()
    assert lift.wait is Wait.COOLING_OFF
    assert lift.due_at > until


def test_it_ends_on_the_day_that_the_person_named(shop: People) -> None:
    until = datetime.now(UTC) + timedelta(days=40)
    ask(shop, f"until={until:%Y-%m-%d}", **WHO)
    assert ids(shop, BILLING) == [2]
    floor = floor_of(shop)
    with reading(floor.register) as session:
        lift = session.exec(select(Request).where(Request.follows != "")).one()
    floor.close()

    assert not _told(shop, lift.id)
    assert _look(shop, lift.id, timedelta(days=34)).state is State.ON_HOLD
    assert _told(shop, lift.id)
    assert _look(shop, lift.id, timedelta(days=41)).state is State.FULFILLED
    assert ids(shop, BILLING) == [1, 2]


def _told(shop: People, request_id: str) -> list[str]:
    floor = floor_of(shop)
    with reading(floor.register) as session:
        found = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
    floor.close()
    return [n.event for n in found]


def _entries(shop: People) -> list[Entry]:
    floor = floor_of(shop)
    with reading(floor.register) as session:
        found = list(session.exec(select(Entry)))
    floor.close()
    return found
