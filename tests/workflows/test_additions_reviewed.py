"""A copy that is made anew waits for a look too; the one before stays until it was let go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from rights.domain.errors import Conflict
from rights.services import additions, aftertasks, package_reviews
from rights.services.additions import Stands
from rights.services.purge import purge
from rights.services.spools import drop_orphans
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Notice, OutboxMessage, Package
from tests.workflows.review_desk import ONLY, Desk, desk, ended
from tests.workflows.test_other_people import BOB, shop
from workflows import aftercare, jobs, sweep
from workflows.packing import files_of

__all__ = ["desk", "shop"]

SOON = timedelta(minutes=6)


def _packages(desk: Desk, request_id: str) -> list[Package]:
    found = desk.rows(Package, Package.request_id == request_id)
    return sorted(found, key=lambda one: one.created_at)


def _letters(desk: Desk, request_id: str) -> int:
    mine = Notice.request_id == request_id
    return len(desk.rows(Notice, mine, Notice.event == "package_added"))


def _ring(desk: Desk, ahead: timedelta = SOON) -> None:
    """Let the relay ring for what is due after a while, and a worker answer."""
    desk.ahead += ahead
    sweep.aftercare(desk.floor.register, desk.floor.now)
    with transaction(desk.floor.register) as session:
        rung = select(OutboxMessage).where(OutboxMessage.job == "look_again")
        waiting = session.exec(rung.where(col(OutboxMessage.sent_at).is_(None))).all()
        ids = {one.args["aftercare_id"] for one in waiting}
        for one in waiting:
            one.sent_at = desk.floor.now()
    jobs.at(desk.floor)
    for one_id in ids:
        jobs.JOBS["look_again"](one_id)


def _stands(desk: Desk, request_id: str) -> Stands | None:
    with reading(desk.floor.register) as session:
        return additions.stands(session, request_id)


def _kept_back(desk: Desk) -> tuple[str, Package]:
    """Return a closed request whose copy was made anew, and the package that waits."""
    made = desk.asked()
    desk.setting("always")
    desk.release(made, BOB["mobile"])
    _ring(desk)
    old, new = _packages(desk, made)
    assert (old.state, new.state, new.expires_at) == ("ready", "in_review", None)
    return made, new


@ONLY
def test_a_copy_that_is_made_anew_waits_and_then_takes_the_place_of_the_one_before(
    desk: Desk,
) -> None:
    made, new = _kept_back(desk)
    (old,) = desk.given(made)
    assert old.id != new.id
    assert (_letters(desk, made), _stands(desk, made)) == (0, Stands.REVIEW)
    with reading(desk.floor.register) as session:
        (task,) = aftertasks.open_tasks(session, desk.floor.context.datamap)
    assert (task["request"], task["code"]) == (made, "package_review")
    with transaction(desk.floor.register) as session, pytest.raises(Conflict) as general:
        staff = desk.staff(session)
        aftertasks.complete(session, task["step"], staff, now=desk.floor.now(), proof="T-1")
    assert general.value.code == "package_waits"

    for _ in range(3):  # nothing that tidies up takes it away
        _ring(desk, timedelta(hours=1))
        aftercare.close_out(desk.floor, made)
        drop_orphans(desk.floor.register, desk.floor.blobs)
        floor = desk.floor
        purge(floor.register, floor.context, floor.blobs, now=floor.now())
    assert _packages(desk, made)[1].state == "in_review"

    desk.let_go(made, new.sha256)
    assert _letters(desk, made) == 0
    _ring(desk, timedelta())

    now = desk.floor.now()
    live = [one for one in desk.given(made) if one.expires_at and one.expires_at > now]
    assert [one.id for one in live] == [new.id]
    assert (_letters(desk, made), _stands(desk, made)) == (1, Stands.READY)
    assert b"".join(files_of(desk.floor, live[0])).startswith(b"PK")


@ONLY
def test_more_that_is_let_through_makes_it_anew_and_what_was_said_of_it_is_void(
    desk: Desk,
) -> None:
    made, first = _kept_back(desk)
    desk.let_go(made, first.sha256)
    desk.release(made, BOB["id"])  # before any worker came

    _ring(desk)

    again = _packages(desk, made)[1]
    assert (again.state, again.id) == ("in_review", first.id)
    assert (again.sha256 != first.sha256, _letters(desk, made)) == (True, 0)
    with pytest.raises(Conflict) as stale:
        desk.let_go(made, first.sha256)
    assert stale.value.code == "package_rebuilt"
    desk.let_go(made, again.sha256)
    _ring(desk)
    assert _letters(desk, made) == 1


@ONLY
def test_it_is_made_anew_where_whoever_looks_wants_that(desk: Desk) -> None:
    made, first = _kept_back(desk)
    with transaction(desk.floor.register) as session:
        request = session.get_one(type(desk.request(made)), made)
        about = (session, request, first.sha256, "changed", desk.staff(session))
        package_reviews.make_anew(*about, now=desk.floor.now())
    assert desk.rows(Aftercare, Aftercare.kind == "addition")[0].state == "waiting"
    desk.setting("never")  # what waits takes its look; what is finished from then on does not

    _ring(desk)

    assert _packages(desk, made)[1].state == "ready"
    assert _letters(desk, made) == 1


@ONLY
def test_a_worker_that_ends_while_it_gives_out_what_was_let_go_gives_it_once(desk: Desk) -> None:
    made, new = _kept_back(desk)
    desk.let_go(made, new.sha256)
    for at in range(1, 60):
        if ended(lambda: _ring(desk, timedelta(minutes=20)), at):
            break
        assert bool(_letters(desk, made)) == (_packages(desk, made)[1].state == "ready")
    assert at > 2  # it was cut off, and more than once
    _ring(desk, timedelta(minutes=20))
    assert (_letters(desk, made), _packages(desk, made)[1].state) == (1, "ready")
