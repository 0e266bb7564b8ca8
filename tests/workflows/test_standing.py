"""Who asks for somebody, at work: nothing is looked for under the contact of who merely asks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import State, Wait
from rights.domain.representation import REVIEWED, AgeBand, Role, Scope
from rights.services import (
    arrangements,
    intake,
    quantities,
    representatives,
    requests,
    subjects,
    submission,
    tasks,
)
from rights.services.representatives import Second
from rights.store.db import reading, transaction
from rights.store.models import (
    Consent,
    Notice,
    ReceiptRow,
    Representation,
    RepresentativeContact,
    Request,
    Staff,
    StepRow,
)
from tests.workflows.house import Clock, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows.floor import Floor
from workflows.jobs import work_on

MOTHER = {"user_id": "1", "email": "ann@example.com"}
SON, DAUGHTER = "bo@example.com", "daughter@example.com"


def _tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    people = [
        {"id": 1, "email": "ann@example.com", "personalised": True, "status": "open"},
        {"id": 2, "email": "bo@example.com", "personalised": True, "status": "open"},
    ]
    letters = [{"email": one["email"], "topic": "tea", "restricted": False} for one in people]
    return {"shop": {"users": people, "orders": []}, "letters": {"subscribers": letters}}


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    return _tables()


@pytest.fixture
def floor(tmp_path: Path, tables: dict[str, dict[str, list[dict[str, Any]]]]) -> Floor:
    return floor_over(tmp_path, MAP, tables, Clock())


def acting(
    floor: Floor,
    kind: Kind,
    role: Role = Role.CLOSE_RELATIVE,
    contact: str = SON,
    *,
    band: AgeBand = AgeBand.UNKNOWN,
    option: Option | None = None,
    who: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """Submit a request of somebody whose documents were accepted; return its id."""
    second = Second(role, "child", {"email": contact}, interest="the estate", **more)
    new = intake.Submission(
        kind,
        option or default_option(kind),
        subjects.cleaned(floor.context.datamap, who or MOTHER),
        role=role,
        second=second,
        age_band=band,
    )
    with transaction(floor.register) as session:
        made, _ = intake.submit(session, floor.context, new, now=floor.now())
        session.flush()
        _accepted(session, floor, made.id)
        return made.id


def _accepted(session: Any, floor: Floor, request_id: str) -> None:
    from rights.domain.lifecycle import Event  # noqa: PLC0415 - one use

    request = requests.locked(session, request_id)
    row = session.get_one(Representation, request_id)
    row.result = representatives.ACCEPTED
    for contact in session.exec(select(RepresentativeContact)):
        contact.proof = contact.proof or "code"
    for identifier in subjects.identifier_rows(session, request_id):
        identifier.proof = "review"
    request.needs = [n for n in request.needs if n != "evidence"]
    request.level = REVIEWED
    requests.record(session, request, Event.VERIFIED, actor="system", now=floor.now())


def own(
    floor: Floor,
    kind: Kind,
    band: AgeBand = AgeBand.UNKNOWN,
    option: Option | None = None,
) -> str:
    new = intake.Submission(
        kind,
        option or default_option(kind),
        subjects.cleaned(floor.context.datamap, MOTHER),
        age_band=band,
        attested=frozenset(MOTHER),
        operator=True,
    )
    with transaction(floor.register) as session:
        return intake.submit(session, floor.context, new, now=floor.now())[0].id


def manual(floor: Floor, request_id: str) -> list[str]:
    with reading(floor.register) as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id))
        return [row.id.rpartition("-")[2] for row in rows if row.state == "manual"]


def by(floor: Floor, *roles: str) -> Staff:
    with transaction(floor.register) as session:
        staff = Staff(name="-".join(roles), roles=list(roles), created_at=floor.now())
        session.add(staff)
        session.flush()
        return staff


def test_a_relatives_own_data_is_never_what_is_found(
    floor: Floor, tables: dict[str, dict[str, list[dict[str, Any]]]]
) -> None:
    request_id = acting(floor, Kind.DELETION)

    work_on(floor, request_id)

    left = [row["email"] for row in tables["letters"]["subscribers"]]
    assert request_of(floor, request_id).state is State.FULFILLED
    assert left == [SON]


@pytest.mark.requirement("R-P49-1")
def test_what_the_statute_does_not_list_is_decided_by_staff(floor: Floor) -> None:
    request_id = acting(floor, Kind.PORTABILITY)

    work_on(floor, request_id)

    now = request_of(floor, request_id)
    assert (now.state, now.wait) == (State.ON_HOLD, Wait.TASK)
    assert manual(floor, request_id) == ["statute_lists_only"]
    with reading(floor.register) as session:
        (task,) = tasks.open_tasks(session)
    assert "PIPL 49 lists" in task["note"]


def test_a_decision_of_staff_lets_the_request_go_on(floor: Floor) -> None:
    request_id = acting(floor, Kind.RESTRICTION)
    work_on(floor, request_id)
    staff = by(floor, "reviewer")

    with transaction(floor.register) as session:
        (task,) = tasks.open_tasks(session)
        tasks.complete(session, task["step"], staff, now=floor.now(), proof="T-1")
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED


@pytest.mark.requirement("R-P49-1")
def test_relatives_who_compete_are_heard_by_staff(floor: Floor) -> None:
    first = acting(floor, Kind.COPY, contact=SON)
    again = acting(floor, Kind.COPY, contact=SON, option=Option.ALL)
    second = acting(floor, Kind.COPY, contact=DAUGHTER)

    work_on(floor, second)
    work_on(floor, again)

    assert manual(floor, second) == ["competing_relatives"]
    assert first != second
    assert manual(floor, again) == ["competing_relatives"]


def test_an_authority_whose_term_has_ended_meanwhile_is_asked_for_again(floor: Floor) -> None:
    request_id = acting(
        floor,
        Kind.COPY,
        Role.AGENT,
        name="Li",
        matters=(Kind.COPY,),
        scope=Scope.SUBMIT,
        until=date(2020, 1, 1),
        signed=True,
    )

    work_on(floor, request_id)

    now = request_of(floor, request_id)
    assert (now.state, now.wait, now.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["poa_expired"])


@pytest.mark.requirement("R-P31-1")
def test_a_minor_and_a_guardian_who_contradict_each_other_are_heard(floor: Floor) -> None:
    minor = own(floor, Kind.DELETION, AgeBand.FROM_14)
    guardian = acting(floor, Kind.COPY, Role.GUARDIAN, "parent@example.com", band=AgeBand.FROM_14)

    work_on(floor, guardian)

    assert manual(floor, guardian) == ["minor_and_guardian"]
    work_on(floor, minor)
    assert request_of(floor, minor).irreversible_at is None  # it takes its turn after the other


def test_a_minor_of_fourteen_acts_alone(floor: Floor) -> None:
    request_id = own(floor, Kind.DELETION, AgeBand.FROM_14)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED


def test_a_childs_own_deletion_waits_for_a_guardian_while_the_clock_runs(floor: Floor) -> None:
    request_id = own(floor, Kind.DELETION, AgeBand.UNDER_14)
    due = request_of(floor, request_id).promised_at

    work_on(floor, request_id)

    now = request_of(floor, request_id)
    assert (now.state, now.wait, now.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["guardian"])
    assert now.promised_at == due


def test_what_protects_a_child_runs_at_once(floor: Floor) -> None:
    request_id = own(floor, Kind.RESTRICTION, AgeBand.UNDER_14)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED


@pytest.mark.requirement("R-M34-1")
def test_a_minors_summary_says_how_much_of_each_kind_each_store_has(
    floor: Floor, tables: dict[str, dict[str, list[dict[str, Any]]]]
) -> None:
    request_id = own(floor, Kind.ACCESS, AgeBand.FROM_14, Option.SUMMARY)

    work_on(floor, request_id)

    with reading(floor.register) as session:
        found = quantities.of(session.get_one(ReceiptRow, request_id))
    by_store: dict[str, set[int]] = {}
    for one in found:
        by_store.setdefault(one["store"], set()).add(one["records"])
    mine = [r for r in tables["letters"]["subscribers"] if r["email"] == MOTHER["email"]]
    assert by_store["letters"] == {len(mine)} == {1}
    assert all(isinstance(one["records"], int) for one in found)
    categories = {f.category for c in floor.context.datamap.collections for f in c.fields}
    assert {one["category"] for one in found} <= categories
    assert {one["store"] for one in found} == {"shop", "letters"}


@pytest.mark.requirement("R-P49-2")
def test_an_arrangement_under_an_account_stops_a_relative_who_knew_an_address_only(
    floor: Floor,
) -> None:
    with transaction(floor.register) as session:
        arrangements.record(
            session,
            floor.context,
            "",
            {"user_id": MOTHER["user_id"]},
            {"*": {"*": "deny"}},
            level=2,
            channel="portal",
            now=floor.now(),
        )
    request_id = acting(floor, Kind.COPY, who={"email": MOTHER["email"]})

    work_on(floor, request_id)

    now = request_of(floor, request_id)
    assert (now.state, now.wait) == (State.ON_HOLD, Wait.TASK)
    with reading(floor.register) as session:
        (task,) = tasks.open_tasks(session)
    assert "deceased_arrangement" in task["note"]


@pytest.mark.requirement("R-P31-1")
def test_a_twelve_year_old_withdraws_and_the_guardian_is_asked_about_the_rest(
    floor: Floor, tables: dict[str, dict[str, list[dict[str, Any]]]]
) -> None:
    """The consent counts as taken back at once; what rested on it goes when the guardian agrees."""
    who = subjects.cleaned(floor.context.datamap, MOTHER)
    contact = {"email": "parent@example.com"}
    vouched = frozenset(contact)
    guardian = Second(Role.GUARDIAN, "parent", contact, vouched=vouched, attested=True)
    purposes = [p.name for p in floor.context.datamap.purposes.values() if p.basis == "consent"]
    new = intake.Submission(
        Kind.CONSENT_WITHDRAWAL,
        Option.ALL,
        who,
        parameters={"purposes": purposes},
        attested=frozenset(who),
        acr=Acr.MFA,
        second=guardian,
        age_band=AgeBand.UNDER_14,
    )
    with transaction(floor.register) as session:
        withdrawal, _ = submission.take(session, floor.context, new, now=floor.now())
        withdrawal_id = withdrawal.id
    with reading(floor.register) as session:
        (deletion,) = session.exec(select(Request).where(Request.kind == Kind.DELETION)).all()
        asked = session.exec(select(Notice).where(Notice.event == "guardian_asked")).all()
        states = {line.state for line in session.exec(select(Consent))}

    work_on(floor, withdrawal_id)
    work_on(floor, deletion.id)

    assert states == {"withdrawn"}
    assert [n.request_id for n in asked] == [deletion.id]
    assert request_of(floor, withdrawal_id).state is State.FULFILLED
    now = request_of(floor, deletion.id)
    assert (now.state, now.wait) == (State.ON_HOLD, Wait.GUARDIAN)
    assert len(tables["letters"]["subscribers"]) == 2
