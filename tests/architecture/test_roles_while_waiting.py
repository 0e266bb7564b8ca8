"""What waits, and goes on or back, with the roles of ``deploy/postgresql`` alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.services import denial_proposals, denials, meanwhile, requests
from rights.store.db import open_engine, transaction
from rights.store.models import Request, Staff
from tests.architecture.deployed import Register, stores
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows import aftercare, sweep
from workflows.jobs import work_on


def test_who_waits_is_put_out_of_use_and_back_with_these_roles(
    register: Register, tmp_path: Path
) -> None:
    tables, clock = stores(), Clock()
    made = floor_over(tmp_path, MAP, tables, clock, register_url=register.url)
    worker = replace(made, register=open_engine(register.as_role("worker")))
    web, relay_ = (open_engine(register.as_role(name)) for name in ("web", "relay"))
    who = {"user_id": "1", "email": "ann@example.com"}
    cancellation = ask(made, Kind.ACCOUNT_CANCELLATION, who, parameters={"wait_days": 3})
    row = tables["shop"]["users"][0]

    sweep.sweep(relay_, made.context, clock)
    with transaction(web) as session:
        restriction = meanwhile.of(session, request_of(made, cancellation))
        assert restriction is not None
    work_on(worker, restriction.id)
    assert [row["personalised"]] == [False]
    with transaction(web) as session:
        request = requests.locked(session, cancellation)
        requests.revoke(session, request, actor="subject", now=clock())
    aftercare.close_out(worker, cancellation)
    with transaction(web) as session:
        (lift,) = session.exec(select(Request).where(Request.follows == restriction.id)).all()
    work_on(worker, lift.id)

    assert request_of(made, lift.id).closed_at is not None
    assert [row["personalised"]] == [True]
    for engine in (web, relay_, worker.register, made.register):
        engine.dispose()


def test_what_is_final_waits_for_a_second_person_with_these_roles(
    register: Register, tmp_path: Path
) -> None:
    clock = Clock()
    made = floor_over(tmp_path, MAP, stores(), clock, register_url=register.url)
    worker = replace(made, register=open_engine(register.as_role("worker")))
    staff = open_engine(register.as_role("relay"))
    deletion = ask(made, Kind.DELETION, {"user_id": "1"})
    ana = Staff(name="ana", roles=["approver"], created_at=clock())
    said = denials.Said("still_necessary_contract", "x")
    with transaction(staff) as session:
        session.add(ana)
        session.flush()
        request = requests.locked(session, deletion)
        proposal = denial_proposals.propose(session, made.context, request, ana, said, now=clock())
        named, by = proposal.id, ana.id

    work_on(worker, deletion)
    assert request_of(made, deletion).wait is Wait.DECISION
    with transaction(staff) as session:
        found = denial_proposals.find(session, named)
        denial_proposals.withdraw(session, *found, session.get_one(Staff, by), now=clock())
    work_on(worker, deletion)

    assert request_of(made, deletion).state is State.FULFILLED
    assert not register.may("worker", "SELECT", "denial_proposal"), "not why, nor by whom"
    for engine in (staff, worker.register, made.register):
        engine.dispose()


def test_a_summary_goes_before_the_records_with_the_workers_role(
    register: Register, tmp_path: Path
) -> None:
    clock = Clock()
    made = floor_over(tmp_path, MAP, stores(), clock, register_url=register.url)
    worker = replace(made, register=open_engine(register.as_role("worker")))
    who, option = {"user_id": "1", "email": "ann@example.com"}, Option.RECORDS
    records = ask(made, Kind.ACCESS, who, option=option, regimes=("br_lgpd",))

    work_on(worker, records)
    with transaction(made.register) as session:
        (summary,) = session.exec(select(Request).where(Request.follows == records)).all()
    work_on(worker, summary.id)

    assert request_of(made, summary.id).state is State.FULFILLED
    for engine in (worker.register, made.register):
        engine.dispose()
