"""A package waits for a look, and nothing goes out or is lost before; whatever ends a worker."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import Event, State
from rights.services import audit, requests, tasks
from rights.services.purge import purge
from rights.store.db import reading, transaction
from rights.store.models import (
    Aftercare,
    Entry,
    Notice,
    OutboxMessage,
    Package,
)
from tests.workflows.house import ask
from tests.workflows.review_desk import ONLY, Desk, desk, ended_at
from tests.workflows.test_other_people import ANN, BOB, shop
from workflows import aftercare, jobs
from workflows.packing import files_of

__all__ = ["desk", "shop"]


@ONLY
def test_nothing_waits_unless_the_company_wants_it(desk: Desk) -> None:
    made = desk.asked()

    assert desk.request(made).state is State.FULFILLED
    assert desk.package(made).state == "ready"


@ONLY
@pytest.mark.parametrize("kind", [Kind.COPY, Kind.ACCESS, Kind.PORTABILITY])
def test_a_package_is_made_and_waits_until_somebody_lets_it_go(desk: Desk, kind: Kind) -> None:
    desk.setting("always")
    made = desk.asked(kind)
    assert desk.waits(made)
    before = desk.request(made).promised_at
    (task,) = tasks_of(desk)
    assert (task["request"], task["action"], task["code"]) == (made, "review", "package_review")

    desk.ahead = timedelta(days=40)  # longer than a package lives
    purge(desk.floor.register, desk.floor.context, desk.floor.blobs, now=desk.floor.now())
    jobs.work_on(desk.floor, made)
    assert desk.waits(made) and desk.request(made).promised_at == before  # its clock went on

    desk.let_go(made)
    assert not desk.given(made)  # the state, the letter and the copy are one transaction
    jobs.work_on(desk.floor, made)

    found, package = desk.request(made), desk.package(made)
    assert found.state is State.FULFILLED
    assert package.state == "ready" and desk.given(made)
    assert found.closed_at is not None
    assert package.expires_at == found.closed_at + timedelta(days=7)
    assert desk.rows(Notice, Notice.request_id == made, Notice.event == "package_ready")
    assert b"".join(files_of(desk.floor, package)).startswith(b"PK")
    (entry,) = desk.rows(Entry, Entry.chain == made, Entry.event == "package_let_go")
    assert entry.data["sha256"] == package.sha256 and entry.actor.startswith("staff:")


def tasks_of(desk: Desk) -> list[dict[str, Any]]:
    with reading(desk.floor.register) as session:
        return tasks.open_tasks(session)


@ONLY
def test_only_what_something_was_taken_out_of_waits_where_that_is_wanted(desk: Desk) -> None:
    desk.setting("quarantined")
    assert desk.waits(desk.asked())  # Bob's number was in it
    assert desk.request(desk.asked(Kind.ACCESS, Option.AI_USE)).state is State.FULFILLED


@ONLY
def test_what_the_law_wants_at_once_and_what_is_no_copy_never_waits(desk: Desk) -> None:
    desk.setting("always")
    assert desk.request(desk.asked(Kind.EXPLANATION, Option.RULES)).state is State.FULFILLED


@ONLY
def test_switched_off_meanwhile_what_waits_still_takes_its_look(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    desk.setting("never")
    jobs.work_on(desk.floor, made)
    assert desk.waits(made)
    assert desk.request(desk.asked(Kind.ACCESS)).state is State.FULFILLED

    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.request(made).state is State.FULFILLED


@ONLY
def test_the_package_that_was_looked_at_goes_and_no_other(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    first = desk.package(made)
    lay = set(desk.floor.blobs.list("packages"))
    assert lay

    desk.anew(made)
    with reading(desk.floor.register) as session:
        thrown = select(OutboxMessage).where(OutboxMessage.job == "drop_spools")
        assert {one.args["package_id"] for one in session.exec(thrown)} >= {first.id}
    desk.ahead += timedelta(minutes=5)  # within one second it would be the same, byte by byte
    jobs.work_on(desk.floor, made)
    aftercare.drop_spools(desk.floor, first.id)

    assert not lay & set(desk.floor.blobs.list("packages"))  # no leftovers
    assert not list(desk.floor.blobs.list(f"apart/{first.id}"))
    assert desk.waits(made)
    with pytest.raises(Conflict) as stale:
        desk.let_go(made, first.sha256)
    assert stale.value.code == "package_rebuilt"
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.given(made) and first.id != desk.package(made).id
    assert "package_made_anew" in desk.events(made)


@ONLY
def test_what_was_thrown_away_goes_though_nobody_heard_the_ring_for_it(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    first = desk.package(made)
    desk.anew(made)
    desk.ahead += timedelta(minutes=5)
    jobs.work_on(desk.floor, made)
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert list(desk.floor.blobs.list(f"packages/{first.id}"))

    aftercare.close_out(desk.floor, made)

    for place in (f"packages/{first.id}", f"apart/{first.id}"):
        assert not list(desk.floor.blobs.list(place))
    assert b"".join(files_of(desk.floor, desk.package(made))).startswith(b"PK")


@ONLY
def test_what_is_released_while_it_waits_has_to_be_in_it_before_it_goes(desk: Desk) -> None:
    desk.setting("quarantined")
    made = desk.asked()

    desk.release(made, BOB["mobile"])

    # No second copy is owed, and no second letter.
    assert not desk.rows(Aftercare, Aftercare.request_id == made)
    with pytest.raises(Conflict) as lacking:
        desk.let_go(made)
    assert lacking.value.code == "package_lacks_released"
    desk.anew(made, "released")
    jobs.work_on(desk.floor, made)
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.request(made).state is State.FULFILLED
    assert desk.given(made)


@ONLY
def test_what_is_released_after_it_was_let_go_comes_with_a_second_copy(desk: Desk) -> None:
    desk.setting("quarantined")
    made = desk.asked()
    desk.let_go(made)

    desk.release(made, BOB["mobile"])  # before any worker ended the request

    (owed,) = desk.rows(Aftercare, Aftercare.request_id == made)
    jobs.work_on(desk.floor, made)
    (first,) = desk.given(made)
    desk.ahead += timedelta(minutes=6)
    desk.setting("never")
    jobs.at(desk.floor)
    jobs.JOBS["look_again"](owed.id)
    (second,) = (one for one in desk.given(made) if one.id != first.id)
    assert BOB["mobile"].encode() not in text_of(desk, first)
    assert BOB["mobile"].encode() in text_of(desk, second)


def text_of(desk: Desk, package: Package) -> bytes:
    """Return what is in the records of a package."""
    with ZipFile(BytesIO(b"".join(files_of(desk.floor, package)))) as file:
        return b"".join(file.read(name) for name in file.namelist() if name.endswith(".jsonl"))


@ONLY
@pytest.mark.parametrize("end", [Event.REVOKED, Event.DENIED])
def test_nothing_is_owed_to_who_called_it_off_or_was_denied(desk: Desk, end: Event) -> None:
    desk.setting("quarantined")
    made = desk.asked()
    with transaction(desk.floor.register) as session:
        found, actor = requests.locked(session, made), f"staff:{desk.staff(session).id}"
        requests.record(session, found, end, actor=actor, now=desk.floor.now())

    desk.release(made, BOB["mobile"])

    assert "redactions_released" in desk.events(made)
    assert not desk.rows(Aftercare, Aftercare.request_id == made)


@ONLY
@pytest.mark.parametrize("end", [Event.REVOKED, Event.DENIED])
def test_what_is_called_off_meanwhile_takes_its_package_along(desk: Desk, end: Event) -> None:
    desk.setting("always")
    made = desk.asked()
    with transaction(desk.floor.register) as session:
        actor = f"staff:{desk.staff(session).id}"
        requests.record(
            session, requests.locked(session, made), end, actor=actor, now=desk.floor.now()
        )
    with pytest.raises(Conflict) as over:
        desk.let_go(made)
    assert over.value.code == "package_not_waiting"
    assert not tasks_of(desk) and not desk.given(made)
    aftercare.close_out(desk.floor, made)
    purge(desk.floor.register, desk.floor.context, desk.floor.blobs, now=desk.floor.now())

    package = desk.package(made)
    assert (package.state, package.wrapped_key) == ("unsent", b"")
    assert not desk.given(made)
    assert not list(desk.floor.blobs.list(f"packages/{package.id}"))


@ONLY
def test_nobody_lets_go_without_the_role_or_what_they_brought_in(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    for role in ("approver", "verifier", "admin", "auditor", "legal", "dpo"):
        with pytest.raises(Forbidden):
            desk.let_go(made, "", role, role)
    with transaction(desk.floor.register) as session:
        wang = desk.staff(session, "wang", "reviewer").id
        logged = audit.Line("received", f"staff:{wang}", {})
        audit.append(session, requests.locked(session, made), [logged], now=desk.floor.now())
    with pytest.raises(Forbidden) as own:
        desk.let_go(made, "", "wang")
    assert own.value.code == "own_request"
    with pytest.raises(Invalid):
        desk.anew(made, "because I say so")
    assert desk.waits(made)


@ONLY
def test_a_general_word_about_a_step_lets_no_package_go(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    step = tasks_of(desk)[0]["step"]
    for do in ("complete", "leave_out", "retry"):
        with transaction(desk.floor.register) as session, pytest.raises(Conflict):
            said = {"complete": {"proof": "T-1"}, "leave_out": {"reason": "infeasible"}}
            given: dict[str, Any] = {"now": desk.floor.now(), **said.get(do, {})}
            getattr(tasks, do)(session, step, desk.staff(session), **given)
    assert desk.waits(made)


@ONLY
def test_a_worker_that_ends_anywhere_lets_nothing_out_and_loses_nothing(desk: Desk) -> None:
    desk.setting("always")
    made = ask(desk.floor, Kind.COPY, ANN)
    for at in range(1, 400):
        if ended_at(desk, made, at):
            break
        assert not desk.given(made)
        desk.ahead += timedelta(minutes=10)  # the lease of whoever ended lapses
    assert at > 5  # it was cut off, and more than once
    assert desk.waits(made)
    assert desk.events(made).count("package_kept_back") == 1

    desk.let_go(made)
    for at in range(1, 100):
        over = ended_at(desk, made, at)
        assert bool(desk.given(made)) == (desk.request(made).closed_at is not None)
        if over:
            break
    assert at > 2
    assert desk.given(made)
    assert len(desk.rows(Notice, Notice.request_id == made, Notice.event == "package_ready")) == 1
