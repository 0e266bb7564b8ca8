"""What a law wants done at once: the day that is aimed at, the limit, and whose work goes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import ConfigError
from rights.domain.lifecycle import State
from rights.services import outbox, targets
from rights.settings import load
from rights.store.models import (
    Entry,
    OutboxMessage,
    Request,
    StepRow,
    WebhookDelivery,
    WebhookSubscription,
)
from tests.services.regime_files import change_new
from tests.web.cooling import ANN, KIND, company
from tests.web.correspondence import Office, request_of
from tests.web.house import ALICE, BOB, House
from workflows import clock_watch

MORNING = datetime(2026, 9, 1, 2, tzinfo=UTC)
"""Ten o'clock in Shanghai, on a Tuesday."""

MIDNIGHT = datetime(2026, 9, 1, 16, tzinfo=UTC)
SHOP, REST = ["cn_ecommerce"], ["cn_general"]


@pytest.fixture
def office(furnished: Callable[..., House], tmp_path: Path) -> Office:
    made = Office(furnished(), tmp_path)
    made.house.clock.at = MORNING
    return made


def _asked(office: Office, kind: str, regimes: list[str], **more: Any) -> str:
    made = office.house.asserted(kind, regimes=regimes, **more)
    assert made["state"] == "in_progress", made
    return str(made["id"])


def _watched(office: Office, at: datetime) -> None:
    office.house.clock.at = at
    for _ in range(2):
        clock_watch.watch(office.house.engine, office.house.context, office.house.clock.now)


def _told(office: Office, request_id: str) -> list[str]:
    """Return what the clock said of a request, in order."""
    clocks = ("target_missed", "clock_alert")
    with office.house.reading() as session:
        query = select(Entry).where(Entry.chain == request_id).order_by("seq")
        rows = [e for e in session.exec(query) if e.event in clocks]
    return [" ".join([e.event, *map(str, e.data.values())]) for e in rows]


@pytest.mark.requirement("R-SLA-8")
def test_a_cancellation_in_e_commerce_is_missed_at_midnight_and_late_after_a_day(
    office: Office,
) -> None:
    hooks = ["request.due_soon", "request.overdue"]
    with office.house.writing() as session:
        session.add(
            WebhookSubscription(
                backend_id=office.house.partner.id,
                url="https://shop.example/hooks",
                events=hooks,
                sealed_secret=b"x",
                created_at=MORNING,
            )
        )
    at_once, rest = _asked(office, KIND, SHOP), _asked(office, "deletion", SHOP)

    _watched(office, MIDNIGHT - timedelta(seconds=1))
    before = _told(office, at_once)
    _watched(office, MIDNIGHT)
    after = _told(office, at_once)
    _watched(office, MORNING + timedelta(hours=24))

    assert (before, after) == (["clock_alert 50"], ["clock_alert 50", "target_missed"])
    assert _told(office, at_once) == [*after, "clock_alert 100"]
    assert _told(office, rest) == []
    assert request_of(office.house, at_once).state is State.IN_PROGRESS
    with office.house.reading() as session:
        (sent,) = session.exec(select(WebhookDelivery)).all()
    assert "request.overdue" in sent.body


@pytest.mark.requirement("R-SLA-8", "R-SLA-12")
def test_what_a_company_promises_from_the_proof_on_is_not_late_at_the_proof(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    ours = tmp_path / "ours.yaml"
    change_new(ours, {"promises": {"cn_ecommerce": {KIND: {"hours": 12}}}})
    office = Office(furnished(regimes_override=ours), tmp_path)
    house, proved = office.house, MORNING + timedelta(days=2)
    house.clock.at = MORNING

    made = _by_code(house)

    running = request_of(house, made["id"])
    assert running.verified_at == proved
    assert running.promised_at == proved + timedelta(hours=12)
    assert running.due_at == proved + timedelta(hours=24)
    _watched(office, proved)
    assert "clock_alert 100" not in _told(office, made["id"])
    _watched(office, proved + timedelta(hours=12))
    assert _told(office, made["id"])[-1] == "clock_alert 100"


@pytest.mark.requirement("R-SLA-8")
def test_tags_that_are_not_gone_after_a_minute_are_told_of_and_late_after_a_day(
    office: Office,
) -> None:
    made = _asked(office, "recommendation_opt_out", REST, option="tags_delete")

    _watched(office, MORNING + timedelta(seconds=60))
    assert _told(office, made) == []
    _watched(office, MORNING + timedelta(seconds=61))
    assert _told(office, made) == ["target_missed"]
    _watched(office, MORNING + timedelta(hours=24))
    assert _told(office, made) == ["target_missed", "clock_alert 100"]


def test_two_relays_that_look_at_once_tell_of_it_once(office: Office) -> None:
    made = _asked(office, "recommendation_opt_out", REST, option="tags_delete")
    office.house.clock.forward(seconds=90)
    told = []
    for _ in range(2):
        with office.house.writing() as session:
            told += targets.tell(session, [made], office.house.clock.now())

    assert (told, _told(office, made)) == ([made], ["target_missed"])


def test_what_nothing_is_aimed_at_for_is_in_nobodys_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "BATCH", 1)
    options = {"option": "tags_delete", "subject": BOB}
    other = _asked(office, "recommendation_opt_out", ["eu_gdpr"], **options)
    office.house.clock.forward(seconds=1)
    made = _asked(office, "recommendation_opt_out", REST, option="tags_delete")

    _watched(office, MORNING + timedelta(seconds=90))

    assert (_told(office, other), _told(office, made)) == ([], ["target_missed"])


def test_what_has_a_law_that_was_taken_away_keeps_nobody_from_being_told_of(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "BATCH", 1)
    asked = ({"subject": ALICE}, {"subject": BOB})
    first, other = (
        _asked(office, "recommendation_opt_out", REST, option="tags_delete", **who) for who in asked
    )
    with office.house.writing() as session:
        session.get_one(Request, first).regimes = [*REST, "zz_old"]

    _watched(office, MORNING + timedelta(seconds=90))
    one = _told(office, first), _told(office, other)
    with office.house.writing() as session:
        session.get_one(Request, first).regimes = REST
    _watched(office, MORNING + timedelta(seconds=100))

    assert one == ([], ["target_missed"])
    assert _told(office, first) == ["target_missed"]


def test_a_switch_has_an_alarm_of_its_own_and_no_second_one(office: Office) -> None:
    made = _asked(office, "recommendation_opt_out", REST, option="personalised_off")

    _watched(office, MORNING + timedelta(hours=1))

    assert _told(office, made) == []


@pytest.mark.requirement("R-SLA-8:bad")
@pytest.mark.parametrize(
    "wrong", [{"optout_alarm_s": 61}, {"optout_breach_s": 86_401}, {"optout_breach_s": 59}]
)
def test_an_alarm_after_the_minute_or_the_day_is_refused_at_start(
    office: Office, wrong: dict[str, int]
) -> None:
    given: dict[str, Any] = office.house.context.settings.model_dump()

    assert load(**{**given, "optout_alarm_s": 60, "optout_breach_s": 86_400})
    with pytest.raises(ConfigError, match=next(iter(wrong)).upper()):
        load(**{**given, **wrong})


@pytest.mark.requirement("R-E24-1", "R-SLA-8")
@pytest.mark.parametrize("how", ["signed", "code"])
def test_a_cancellation_in_e_commerce_is_due_within_a_day_of_the_proof_and_begun_at_once(
    furnished: Callable[..., House], tmp_path: Path, how: str
) -> None:
    here = company(furnished, tmp_path)
    house = here.house
    made = here.ask(parameters={}, regimes=SHOP) if how == "signed" else _by_code(house)
    plain = house.asserted("deletion", {"user_id": "2"}, "mfa", regimes=SHOP)

    row = here.request(made["id"])
    assert row.verified_at == house.clock.now()
    assert row.due_at == row.promised_at == row.verified_at + timedelta(hours=24)
    assert here.request(plain["id"]).due_at > row.due_at + timedelta(days=10)
    assert _bells(house, made["id"]) == [("advance", outbox.FIRST, None)]
    assert _bells(house, plain["id"]) == [("advance", outbox.WORK, None)]
    here.work(made["id"])
    assert here.erased()
    with house.reading() as session:
        steps = session.exec(select(StepRow).where(StepRow.request_id == made["id"])).all()
    assert {one.action for one in steps} >= {"erase"}
    assert {one.queue for one in steps} == {outbox.FIRST}
    here.floor.register.dispose()


def _by_code(house: House) -> dict[str, Any]:
    """Cancel Ann's account: asked on one day, proved on another."""
    word = house.partner.assertion(ANN, house.clock.now())
    made = house.post("/v1/requests", {"kind": KIND, "assertion": word, "regimes": SHOP}).json
    assert made["state"] == "verifying"
    house.clock.forward(days=2)
    where = f"/v1/requests/{made['id']}/verification"
    assert house.post(where, {}).status_code == 202
    found: dict[str, Any] = house.post(f"{where}/answer", {"code": house.code(made["id"])}).json
    return found


def _bells(house: House, request_id: str) -> list[tuple[str, str, Any]]:
    with house.reading() as session:
        rows = session.exec(select(OutboxMessage).where(OutboxMessage.job == "advance")).all()
    mine = [one for one in rows if one.args["request_id"] == request_id]
    return [(one.job, one.queue, one.not_before) for one in mine]
