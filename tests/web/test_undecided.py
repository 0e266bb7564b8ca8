"""A denial that waits for a second person holds up what is final, for some days at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State, Wait
from rights.services import denial_proposals, queued, requests
from rights.services.denials import Said
from rights.store.models import Package, Staff, StepRow
from tests.web.cooling import ANN, Company, company
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.web.test_denials import STAFF, WHY

REASON = "still_necessary_contract"


class Desk(Company):
    """The company, with two who may deny."""

    def staff(self, name: str) -> Staff:
        with self.house.reading() as session:
            found: Staff = session.exec(select(Staff).where(Staff.name == name)).one()
        return found

    def propose(self, request_id: str, reason: str = REASON) -> str:
        """Let Ana propose to deny a request; return the proposal's id."""
        context, now = self.floor.context, self.floor.now()
        with self.house.writing() as session:
            request = requests.locked(session, request_id)
            made = denial_proposals.propose(
                session, context, request, self.staff("ana"), Said(reason, WHY), now=now
            )
            return made.id

    def decide(self, proposal_id: str, how: str) -> None:
        """Let Bea read and confirm, or dismiss; or Ana take it back."""
        context, now = self.floor.context, self.floor.now()
        bea, ana = self.staff("bea"), self.staff("ana")
        with self.house.writing() as session:
            request, found = denial_proposals.find(session, proposal_id)
            if how == "withdraw":
                denial_proposals.withdraw(session, request, found, ana, now=now)
            elif how == "dismiss":
                why = "see the ticket"
                denial_proposals.dismiss(
                    session, context, request, found, bea, because=why, now=now
                )
            else:
                denial_proposals.read_by(session, context, request, found, bea, now=now)
                session.flush()
                denial_proposals.confirm(session, context, request, found, bea, now=now)

    def asked(self, kind: str = "deletion", **more: str) -> str:
        made: str = self.house.asserted(kind, ANN, "mfa", **more)["id"]
        return made

    def waits(self, request_id: str) -> tuple[State, Wait]:
        row = self.request(request_id)
        return row.state, row.wait


@pytest.fixture
def here(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Desk]:
    made = company(furnished, tmp_path)
    with made.house.writing() as session:
        now = made.house.clock.now()
        session.add_all(Staff(name=n, roles=STAFF[n], created_at=now) for n in ("ana", "bea"))
    yield Desk(made.house, made.floor, made.tables)
    made.floor.register.dispose()


HELD = (State.ON_HOLD, Wait.DECISION)


def test_nothing_is_erased_while_a_second_person_has_not_decided(here: Desk) -> None:
    made = here.asked()
    proposal = here.propose(made)

    here.work(made)

    assert here.waits(made) == HELD
    assert here.untouched()
    with here.house.reading() as session:
        (line,) = queued.open_tasks(session, here.floor.now())
        steps = session.exec(select(StepRow).where(StepRow.request_id == made)).all()
    assert "the request until" in line["note"]
    assert len(steps) > 1  # it was planned
    said = here.house.get(f"/v1/requests/{made}").json
    assert (said["state"], said["wait"], said["denial"]) == ("on_hold", "decision", None)

    here.decide(proposal, "confirm")

    here.work(made)
    assert here.request(made).state is State.DENIED
    assert here.untouched()


@pytest.mark.parametrize("how", ["dismiss", "withdraw"])
def test_not_confirmed_it_goes_on_at_once(here: Desk, how: str) -> None:
    made = here.asked()
    proposal = here.propose(made)
    here.work(made)
    due = here.request(made).due_at

    here.decide(proposal, how)

    assert here.waits(made) == (State.IN_PROGRESS, Wait.NONE)
    here.work(made)
    assert here.request(made).state is State.FULFILLED
    assert here.request(made).due_at == due
    assert here.erased()


def test_a_copy_is_read_and_not_given_out(here: Desk) -> None:
    made = here.asked("copy")
    here.propose(made, "not_identifiable")

    here.work(made)

    assert here.waits(made) == HELD
    with here.house.reading() as session:
        steps = session.exec(select(StepRow).where(StepRow.request_id == made)).all()
        packed = session.exec(select(Package).where(Package.request_id == made)).all()
    assert {one.action for one in steps if one.state == "done"} == {"prepare", "collect"}
    assert not [one for one in packed if one.blob]


def test_nobody_can_sit_on_a_request_with_a_proposal(here: Desk) -> None:
    made = here.asked()
    here.propose(made)
    here.work(made)
    until = here.request(made).next_at
    assert until is not None
    assert until - here.floor.now() <= timedelta(days=12)  # three working days, holidays and all

    here.pass_by(hours=1)
    assert here.waits(made) == HELD
    here.house.clock.forward(seconds=(until - here.floor.now()).total_seconds() + 1)
    here.pass_by()
    here.work(made)

    assert here.request(made).state is State.FULFILLED


def test_proposing_again_gains_no_time(here: Desk) -> None:
    made = here.asked()
    first = here.propose(made)
    here.work(made)
    until = here.request(made).next_at
    here.pass_by(days=1)
    here.decide(first, "withdraw")
    here.propose(made)

    here.work(made)

    assert (here.waits(made), here.request(made).next_at) == (HELD, until)


@pytest.mark.parametrize(("language", "said"), [("en", "a second person"), ("zh-CN", "复核")])
def test_the_persons_page_says_why_it_waits(here: Desk, language: str, said: str) -> None:
    made = here.asked()
    here.propose(made)
    here.work(made)
    reader = Reader(here.house, language)
    reader.enter(ANN, "mfa")

    assert said in reader.get(f"/portal/requests/{made}").text
