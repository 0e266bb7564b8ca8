"""Who cancels for somebody else and waits: they are told what is out of use, as of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rights.domain.lifecycle import State, Wait
from rights.domain.representation import Role, Scope
from rights.services import contacts, reaching, representatives
from rights.services.representatives import DELEGATED, Second
from rights.store.models import Representation, Request
from tests.web.cooling import ANN, KIND, WAITS
from tests.web.house import House
from tests.web.test_guardians import LINK, MOTHER, for_child
from tests.web.waiting_shop import Waiting, waiting
from workflows.aftercare import close_out

OUT_OF_USE = (1, 0, 0)
IN_USE = (0, 1, 1)


@pytest.fixture
def here(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Waiting]:
    made = waiting(furnished, tmp_path)
    yield made
    made.floor.register.dispose()


def told(here: Waiting, request_id: str) -> set[str]:
    """Return where what is written about a request goes to."""
    with here.house.reading() as session:
        rows = reaching.rows(session, session.get_one(Request, request_id))
        return {contacts.value(here.house.context.vault, row) for row in rows}


def by_guardian(here: Waiting) -> str:
    word = for_child(here.house, child=ANN)
    made = here.house.post("/v1/requests", {"kind": KIND, "assertion": word, "parameters": WAITS})
    assert made.status_code == 201, made.json
    here.pass_by()
    request_id: str = made.json["id"]
    return request_id


def test_a_guardian_is_told_what_is_out_of_use_and_what_is_used_again(here: Waiting) -> None:
    made = by_guardian(here)
    restriction = here.meanwhile(made)
    assert (restriction.requester_role, restriction.delivers_to) == (
        Role.GUARDIAN,
        "representative",
    )
    assert told(here, restriction.id) == told(here, made)
    assert MOTHER["email"] in told(here, made)

    here.work(restriction.id)
    assert here.used() == OUT_OF_USE
    _call_off(here, made)

    lift = here.lift(made)
    assert lift is not None
    assert (lift.state, lift.requester_role) == (State.FULFILLED, Role.GUARDIAN)
    assert told(here, lift.id) == told(here, made)
    assert here.used() == IN_USE


def _call_off(here: Waiting, made: str) -> None:
    assert here.house.post(f"/v1/requests/{made}/cancel").status_code == 200
    close_out(here.floor, made)


def test_an_agent_for_whom_the_term_ends_meanwhile_is_told_and_holds_nothing_up(
    here: Waiting,
) -> None:
    made: str = here.ask()["id"]
    _acted(here, made, until=here.house.clock.now().date())
    here.pass_by()
    restriction = here.meanwhile(made)
    assert restriction.requester_role is Role.AGENT
    assert told(here, restriction.id) == {"lawyer@firm.example"}

    here.pass_by(days=2)
    here.work(restriction.id)
    assert here.used() == OUT_OF_USE
    _call_off(here, made)
    lift = here.lift(made)
    assert lift is not None
    assert lift.state is State.FULFILLED
    assert here.used() == IN_USE
    with here.house.reading() as session:
        row = session.get_one(Representation, lift.id)
        assert representatives.told(here.house.context, row)["name"] == "Li Na"


def _acted(here: Waiting, made: str, until: date) -> None:
    """Let a cancellation be one that an agent asked for and the person agreed to."""
    context, now = here.house.context, here.house.clock.now()
    who = {"email": "lawyer@firm.example"}
    second = Second(
        Role.AGENT, "lawyer", who, scope=Scope.RECEIVE, until=until, signed=True, name="Li Na"
    )
    with here.house.writing() as session:
        request = session.get_one(Request, made)
        representatives.write(session, context, request, second, now=now)
        session.get_one(Representation, made).delegated_at = now
        session.get_one(Representation, made).method = DELEGATED
        request.requester_role, request.delivers_to = Role.AGENT, "representative"


def test_what_a_child_asked_is_told_to_the_guardian_who_said_yes(here: Waiting) -> None:
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa", **LINK)
    body: dict[str, Any] = {"kind": KIND, "assertion": word, "parameters": WAITS}
    made = here.house.post("/v1/requests", body).json["id"]
    with here.house.writing() as session:
        request = session.get_one(Request, made)
        session.get_one(Representation, made).confirmed_at = here.house.clock.now()
        request.state, request.wait = State.ON_HOLD, Wait.COOLING_OFF
        request.next_at = here.house.clock.now()
    here.pass_by()

    restriction = here.meanwhile(made)
    assert (restriction.requester_role, restriction.delivers_to) == (Role.SELF, "representative")
    with here.house.reading() as session:
        kept = reaching.rows(session, restriction, "grant")
        found = {contacts.value(here.house.context.vault, row) for row in kept}
    assert MOTHER["email"] in found
