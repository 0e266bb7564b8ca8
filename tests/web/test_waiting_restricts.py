"""While somebody waits before their account is cancelled, their data is out of use already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State, Wait
from rights.services import requests
from rights.store.models import ReceiptRow, Request, StepRow
from tests.web.cooling import ANN
from tests.web.house import House
from tests.web.waiting_shop import Waiting, waiting
from workflows.advance import begin, settle
from workflows.aftercare import close_out
from workflows.perform import performed

IN_USE = (0, 1, 1)
OUT_OF_USE = (1, 0, 0)


@pytest.fixture
def here(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Waiting]:
    made = waiting(furnished, tmp_path)
    yield made
    made.floor.register.dispose()


@pytest.mark.requirement("R-APP6-3")
def test_who_waits_is_out_of_use_at_once_and_then_cancelled(here: Waiting) -> None:
    made = here.restricted()

    assert here.used() == OUT_OF_USE
    assert here.used(2) == IN_USE
    assert (here.reads("personalised"), here.reads("push")) == ("off", "off")
    row = here.request(made)
    assert (row.state, row.wait) == (State.ON_HOLD, Wait.COOLING_OFF)
    assert row.next_at is not None
    assert (row.next_at - row.received_at).days == 3

    here.pass_by(days=3)
    here.work(made)
    assert here.request(made).state is State.FULFILLED
    assert here.erased()


@pytest.mark.requirement("R-APP6-3")
def test_signing_in_while_it_waits_leaves_both_as_they_are(here: Waiting) -> None:
    made = here.restricted()
    close_out(here.floor, here.meanwhile(made).id)
    before = here.stands(made), here.stands(here.meanwhile(made).id)

    here.pass_by(days=1)
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    token = here.house.post("/v1/portal-tokens", {"assertion": word}).json["token"]
    assert here.house.get(f"/v1/requests/{made}", token=token).status_code == 200
    here.pass_by(hours=1)

    assert (here.stands(made), here.stands(here.meanwhile(made).id)) == before
    assert here.used() == OUT_OF_USE


def test_where_nothing_can_be_put_out_of_use_the_answer_says_so(here: Waiting) -> None:
    made = here.restricted()

    restriction = here.meanwhile(made)
    assert (restriction.state, restriction.follows) == (State.PARTIALLY_FULFILLED, made)
    with here.house.reading() as session:
        lines = json.loads(session.get_one(ReceiptRow, restriction.id).body)["outcome"]
    told = {(x["collection"], x["missing"]) for x in lines}
    assert ("subscribers", "not_restrictable") in told
    assert ("users", "") in told
    with here.house.reading() as session:
        steps = session.exec(select(StepRow).where(StepRow.request_id == restriction.id)).all()
    assert not [one for one in steps if one.state in ("manual", "failed")]


@pytest.mark.requirement("R-APP6-3")
def test_who_changes_their_mind_has_all_in_use_again(here: Waiting) -> None:
    made = here.restricted()

    lift = here.called_off(made)

    assert lift is not None
    assert lift.state is State.FULFILLED
    assert here.used() == IN_USE
    assert (here.reads("personalised"), here.reads("push")) == ("on", "on")
    close_out(here.floor, made)  # the doorbell may ring twice
    assert here.lift(made) is not None


def test_an_older_restriction_and_switch_of_theirs_stay(here: Waiting) -> None:
    older = here.house.asserted("restriction", ANN, "mfa")["id"]
    off = here.house.asserted("recommendation_opt_out", ANN, "mfa", option="push_off")["id"]
    here.work(older)
    here.work(off)
    made = here.restricted()
    assert here.used() == OUT_OF_USE

    lift = here.called_off(made)

    assert lift is not None
    assert here.used() == (1, 1, 0)
    assert (here.reads("personalised"), here.reads("push")) == ("on", "off")


def test_what_they_switched_off_themselves_while_waiting_stays_off(here: Waiting) -> None:
    made = here.restricted()
    off = here.house.asserted("recommendation_opt_out", ANN, "mfa", option="push_off")["id"]
    here.work(off)

    here.called_off(made)

    assert here.used() == (0, 1, 0)
    assert (here.reads("personalised"), here.reads("push")) == ("on", "off")


def test_called_off_before_a_worker_came_nothing_is_ever_put_out_of_use(here: Waiting) -> None:
    made: str = here.ask()["id"]
    here.pass_by()
    assert here.reads("push") == "off"

    assert here.called_off(made) is None

    restriction = here.meanwhile(made)
    assert restriction.state is State.REVOKED
    here.work(restriction.id)
    close_out(here.floor, restriction.id)
    assert (here.used(), here.reads("push")) == (IN_USE, "on")


def test_called_off_while_a_worker_is_at_it_it_ends_as_soon_as_that_is_done(here: Waiting) -> None:
    made: str = here.ask()["id"]
    here.pass_by()
    restriction = here.meanwhile(made).id
    _begin_and_die(here, restriction)

    assert here.called_off(made) is None
    assert here.request(restriction).state is State.IN_PROGRESS
    here.house.clock.forward(hours=1)
    here.work(restriction)

    lift = here.lift(made)
    assert lift is not None
    assert lift.state is State.FULFILLED
    assert (here.used(), here.reads("push")) == (IN_USE, "on")


def _begin_and_die(here: Waiting, request_id: str) -> None:
    """Let a worker take up the first effect, and end before it could write anything down."""
    claim = begin(here.floor, request_id)
    assert claim is not None
    following = settle(here.floor, claim, performed(here.floor, claim))
    assert following is not None
    performed(here.floor, following)
    here.floor.leases.release(following.step_id)


def test_the_cancellation_overtakes_what_was_not_put_out_of_use_in_time(here: Waiting) -> None:
    made: str = here.ask()["id"]
    here.pass_by()
    restriction = here.meanwhile(made).id

    here.pass_by(days=3)
    here.work(made)
    here.work(restriction)
    close_out(here.floor, restriction)

    assert here.request(made).state is State.FULFILLED
    assert here.request(restriction).state is State.REVOKED
    assert here.erased()
    assert here.reads("push") == "off"  # nothing is recommended to whom is being erased


def test_done_at_once_takes_what_is_out_of_use_along(here: Waiting) -> None:
    made = here.restricted()
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    assert here.house.post(f"/v1/requests/{made}/proceed", {"assertion": word}).status_code == 200

    here.work(made)

    assert here.request(made).state is State.FULFILLED
    assert here.erased()


def test_who_does_not_wait_is_not_put_out_of_use_first(here: Waiting) -> None:
    here.ask(parameters={})
    here.pass_by()

    with here.house.reading() as session:
        assert len(session.exec(select(Request)).all()) == 1


def test_while_somebody_says_it_was_not_them_nothing_is_put_out_of_use(here: Waiting) -> None:
    made: str = here.ask()["id"]
    with here.house.writing() as session:
        session.get_one(Request, made).not_me_at = here.house.clock.now()

    here.pass_by()

    with here.house.reading() as session:
        assert len(session.exec(select(Request)).all()) == 1
    assert here.used() == IN_USE


def test_nobody_can_ask_for_such_a_restriction(here: Waiting) -> None:
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    body: dict[str, Any] = {"kind": "restriction", "assertion": word}

    refused = here.house.post("/v1/requests", {**body, "parameters": {"meanwhile": True}})

    assert refused.status_code == 422


def _begun(here: Waiting) -> tuple[str, str]:
    """Let the day of a cancellation come before its restriction was carried out."""
    made: str = here.ask()["id"]
    here.pass_by()
    restriction = here.meanwhile(made).id
    here.pass_by(days=3)
    assert begin(here.floor, made) is not None
    assert here.request(restriction).state is State.REVOKED
    return made, restriction


@pytest.mark.parametrize("wait", [Wait.APPROVAL, Wait.TASK, Wait.NEEDS_INFO, Wait.DECISION])
def test_nothing_is_switched_on_while_a_cancellation_that_began_is_held(
    here: Waiting, wait: Wait
) -> None:
    made, restriction = _begun(here)
    with here.house.writing() as session:
        row = session.get_one(Request, made)
        row.wait = wait
        requests.record(session, row, Event.HELD, actor="system", now=here.house.clock.now())

    close_out(here.floor, restriction)

    assert here.request(made).state is State.ON_HOLD
    assert (here.reads("personalised"), here.reads("push")) == ("off", "off")


def test_a_cancellation_that_began_and_is_called_off_after_all_leaves_no_switch_off(
    here: Waiting,
) -> None:
    made, restriction = _begun(here)
    close_out(here.floor, restriction)
    assert here.reads("push") == "off"

    assert here.house.post(f"/v1/requests/{made}/cancel").status_code == 200
    close_out(here.floor, made)

    assert here.request(made).state is State.REVOKED
    assert (here.reads("personalised"), here.reads("push")) == ("on", "on")


def test_who_ends_the_restriction_alone_while_they_wait_has_the_switches_on(here: Waiting) -> None:
    made: str = here.ask()["id"]
    here.pass_by()
    restriction = here.meanwhile(made).id

    assert here.house.post(f"/v1/requests/{restriction}/cancel").status_code == 200
    close_out(here.floor, restriction)

    assert here.request(made).wait is Wait.COOLING_OFF
    assert here.reads("push") == "on"


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_that_wait_the_one_that_stands_keeps_all_out_of_use(
    here: Waiting, first: int
) -> None:
    both = [here.restricted()]
    here.house.clock.forward(minutes=1)
    both.append(here.restricted(parameters={"wait_days": 5}))
    here.house.clock.forward(minutes=1)

    here.called_off(both.pop(first))
    assert here.used() == OUT_OF_USE
    assert (here.reads("personalised"), here.reads("push")) == ("off", "off")

    here.house.clock.forward(minutes=1)
    here.called_off(both.pop())
    assert here.used() == IN_USE
    assert (here.reads("personalised"), here.reads("push")) == ("on", "on")
