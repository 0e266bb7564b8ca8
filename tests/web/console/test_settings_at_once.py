"""Settings at run time when several threads, processes or people are at them at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import select

from rights import logs
from rights.domain.period import between
from rights.services import audit, checkpoints, purge, trail_export
from rights.services.live_settings import values
from rights.services.live_settings.in_force import InForce
from rights.services.signing import Signer
from rights.store.models import DayChain, Entry, SettingProposal, SettingValue
from tests.web.console.clerk import Clerk, clerk, id_of
from tests.web.correspondence import Office
from tests.web.house import SEED, House

ROUNDS = 4


@pytest.fixture
def ada(house: House) -> Clerk:
    return clerk(house, "ada", "admin")


@pytest.fixture
def bea(house: House) -> Clerk:
    return clerk(house, "bea", "admin")


@contextmanager
def _looks(house: House) -> Iterator[list[str]]:
    """Note each query for what staff set."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        if "FROM setting_value" in args[2]:
            seen.append(args[2])

    event.listen(house.engine, "before_cursor_execute", note)
    yield seen
    event.remove(house.engine, "before_cursor_execute", note)


def _at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at the same moment, each in a thread of its own."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait(timeout=20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def _sender(who: Clerk) -> Callable[..., int]:
    """Return what posts as somebody who is signed in, and the status of the answer."""
    key = dict(who.get("/account").form("/account/password").fields)["key"]

    def send(path: str, **said: str) -> int:
        return who.reader.post(f"/console{path}", {"key": key, **said}).response.status_code

    return send


def _entries(house: House) -> list[Entry]:
    with house.reading() as session:
        days = session.exec(select(DayChain.name)).all()
        found = [one for day in days for one in audit.entries(session, day)]
    return [one for one in found if one.event.startswith("setting_")]


def _proposals(house: House) -> Sequence[SettingProposal]:
    with house.reading() as session:
        found: Sequence[SettingProposal] = session.exec(select(SettingProposal)).all()
    return found


def _written(house: House, value: str) -> None:
    """Write a value past the services."""
    with house.writing() as session:
        row = session.get(SettingValue, "staff_hours") or SettingValue(name="staff_hours")
        row.value = value
        session.add(row)


# -- threads and processes -----------------------------------------------------------------------


def test_api_and_portal_ask_once_for_what_staff_set_however_many_call(house: House) -> None:
    with _looks(house) as seen:
        values.refresh(house.engine, house.context, at=1e9)  # later than any call of this test
        assert len(seen) == 1
        for number in range(3):
            made = house.submit("access", {"user_id": f"u-{number}"})
            house.get(f"/v1/requests/{made['id']}")
            assert house.app.test_client().get("/portal/").status_code == 200

    assert len(seen) == 1


def test_of_several_threads_one_asks_and_all_of_them_see_whole_settings(house: House) -> None:
    _written(house, "8")
    house.context.in_force.look_again()

    def look() -> int:
        values.refresh(house.engine, house.context, at=77.0)
        return house.context.settings.staff_hours

    with _looks(house) as seen:
        found = _at_once(*[look] * 8)

    assert len(seen) == 1
    assert {*found} <= {8, 12}
    assert house.context.settings.staff_hours == 8


def test_a_look_that_took_long_undoes_none_that_began_after_it(house: House) -> None:
    _written(house, "8")
    house.context.in_force.look_again()
    turns = iter((8.0,))

    def overtake(*args: Any) -> None:
        if "FROM setting_value" in args[2] and next(turns, None):
            _written(house, "9")
            house.context.in_force.look_again()
            values.refresh(house.engine, house.context, at=200.0)

    event.listen(house.engine, "after_cursor_execute", overtake)
    values.refresh(house.engine, house.context, at=100.0)

    assert house.context.settings.staff_hours == 9


def test_what_is_made_of_a_context_works_by_the_same_settings(house: House) -> None:
    before = replace(house.context, regimes={})
    _written(house, "8")
    values.refresh(house.engine, house.context, at=1e9)
    after = replace(house.context, regimes={})

    assert (before.settings.staff_hours, after.settings.staff_hours) == (8, 8)
    assert after.given.staff_hours == 12
    assert not values.fixed(after.given, "staff_hours")


@pytest.mark.parametrize("value", ["99", "0", "-1", "twelve", " "])
def test_what_is_written_beyond_the_bounds_is_left_out_and_warned_of_once(
    house: House, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()  # to where it is read here
    _written(house, value)

    for at in (1e8, 2e8, 3e8):
        values.refresh(house.engine, house.context, at=at)

    said = capsys.readouterr()
    lines = [one for one in (said.out + said.err).splitlines() if "settings.beyond" in one]
    assert house.context.settings.staff_hours == 12
    assert [json.loads(one)["name"] for one in lines] == ["staff_hours"]


def test_a_process_that_is_started_with_a_value_goes_by_that(house: House) -> None:
    _written(house, "8")
    given = house.context.given.model_copy(update={"staff_hours": 10})
    other = replace(house.context, in_force=InForce(given))

    values.refresh(house.engine, other, at=1.0)

    assert other.settings.staff_hours == 10


# -- people --------------------------------------------------------------------------------------


def test_of_two_proposals_at_once_one_waits(house: House, ada: Clerk, bea: Clerk) -> None:
    first, second = _sender(ada), _sender(bea)
    path, why = "/settings/staff_hours", {"because": "night shifts"}

    found = _at_once(
        lambda: first(path, value="24", **why), lambda: second(path, value="20", **why)
    )

    assert sorted(found) == [200, 409]
    assert [one.outcome for one in _proposals(house)] == [""]
    assert [one.event for one in _entries(house)] == ["setting_proposed"]


def test_agreed_and_overtaken_or_dismissed_at_once_is_decided_once(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    cia = clerk(house, "cia", "admin")
    proposes, agrees, other = _sender(ada), _sender(bea), _sender(cia)
    for number in range(ROUNDS):
        assert proposes("/settings/staff_hours", value="24", because="night shifts") == 200
        (one,) = [row for row in _proposals(house) if not row.outcome]
        path = "/settings/staff_hours" if number % 2 else f"/settings/proposals/{one.id}/dismiss"
        said = {"value": str(11 - 2 * number)}
        found = _at_once(
            partial(agrees, f"/settings/proposals/{one.id}/agree"), partial(other, path, **said)
        )

        assert set(found) <= {200, 409}, found
        told = [e.event for e in _entries(house) if e.data.get("proposal") == one.id]
        ended = [row.outcome for row in _proposals(house) if row.id == one.id]
        assert len(told) == (1 if ended == ["agreed"] else 2), (told, ended)
        assert other("/settings/staff_hours", value=str(10 - 2 * number)) == 200
    assert [row for row in _proposals(house) if not row.outcome] == []


@pytest.mark.requirement("R-NEG-28", "R-NEG-28:bad")
def test_who_proposed_in_the_console_does_not_agree_on_the_command_line(
    house: House, ada: Clerk, tmp_path: Path
) -> None:
    office = Office(house, tmp_path)
    assert _sender(ada)("/settings/staff_hours", value="24", because="night shifts") == 200

    alone = office.run("settings", "set", "staff_hours", "24", "--as", "ada")
    twice = office.run("settings", "set", "staff_hours", "24", "--as", "ada", "--agreed-by", "ada")
    other = office.run("settings", "set", "staff_hours", "24", "--as", "ada", "--agreed-by", "ana")

    assert [one.exit_code for one in (alone, twice, other)] == [1, 1, 1]
    assert [row.outcome for row in _proposals(house)] == [""]
    with house.reading() as session:
        assert values.in_force(session) == ({}, frozenset())
        days = session.exec(select(DayChain.name)).all()
        refused = [
            (one.actor, one.data["code"])
            for day in days
            for one in audit.entries(session, day)
            if one.event == "staff_refused"
        ]
    me = f"staff:{id_of(house, 'ada')}"
    assert refused[:2] == [(me, "setting_takes_two"), (me, "own_setting")]
    assert [actor for actor, _ in refused] == [me] * 3


def test_a_proposal_about_a_value_that_is_another_by_now_is_refused(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    assert _sender(ada)("/settings/staff_hours", value="24", because="night shifts") == 200
    (one,) = _proposals(house)
    _written(house, "6")

    assert _sender(bea)(f"/settings/proposals/{one.id}/agree") == 409
    assert [row.outcome for row in _proposals(house)] == [""]
    with house.reading() as session:
        assert session.get_one(SettingValue, "staff_hours").value == "6"


def test_bounds_are_looked_at_again_when_somebody_agrees(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    assert _sender(ada)("/settings/staff_hours", value="24", because="night shifts") == 200
    (one,) = _proposals(house)
    with house.writing() as session:
        session.get_one(SettingProposal, one.id).value = "25"

    assert _sender(bea)(f"/settings/proposals/{one.id}/agree") == 422
    assert "setting_changed" not in [e.event for e in _entries(house)]
    assert _sender(ada)(f"/settings/proposals/{one.id}/dismiss") == 200


def test_who_is_no_admin_any_more_agrees_to_nothing(house: House, ada: Clerk, bea: Clerk) -> None:
    assert _sender(ada)("/settings/staff_hours", value="24", because="night shifts") == 200
    (one,) = _proposals(house)
    agrees = _sender(bea)
    assert _sender(ada)(f"/staff/{id_of(house, 'bea')}/roles", roles="auditor") == 200

    assert agrees(f"/settings/proposals/{one.id}/agree") == 403
    assert [row.outcome for row in _proposals(house)] == [""]


# -- what is left of it --------------------------------------------------------------------------


@pytest.mark.requirement("R-LOG-2")
def test_decided_proposals_go_when_records_of_their_time_go_and_waiting_ones_stay(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    sends = _sender(ada)
    for name, value in (("staff_hours", "24"), ("code_tries", "9"), ("idle_days", "9")):
        assert sends(f"/settings/{name}", value=value, because="night shifts") == 200
    agreed, dismissed, waiting = _proposals(house)
    assert _sender(bea)(f"/settings/proposals/{agreed.id}/agree") == 200
    assert _sender(bea)(f"/settings/proposals/{dismissed.id}/dismiss") == 200
    days = house.context.settings.record_days

    counts = []
    for later in (days - 1, days + 1, days + 2):
        now = house.clock.now() + timedelta(days=later)
        found = purge.purge(house.engine, house.context, house.blobs, now=now)
        counts.append(found["setting_proposals"])

    assert counts == [0, 2, 0]
    assert [one.id for one in _proposals(house)] == [waiting.id]
    with house.reading() as session:
        assert values.in_force(session)[0] == {"staff_hours": 24}


@pytest.mark.requirement("R-LOG-1")
def test_a_change_of_a_setting_is_in_the_trail_that_an_auditor_takes_away(
    house: House, ada: Clerk, tmp_path: Path
) -> None:
    assert _sender(ada)("/settings/staff_hours", value="8") == 200
    signer, now = Signer(SEED), house.clock.now()
    with house.writing() as session:
        assert checkpoints.checkpoint(session, signer, now)
    today = now.astimezone(zone := ZoneInfo("Asia/Shanghai")).date()
    place = tmp_path / "trail"

    trail_export.write(house.engine, signer, between(today, today, zone), place, now=now)

    lines = [line for file in place.glob("*.jsonl") for line in file.read_text().splitlines()]
    (line,) = [line for line in lines if "setting_changed" in line]
    assert f"staff:{id_of(house, 'ada')}" in line
    assert '"after":8' in line.replace(" ", "")
    assert '"before":12' in line.replace(" ", "")
