"""Staff ask while work stands still: what an answer changes is planned anew, the rest stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from connectors.manual import Manual
from rights.domain.actions import EFFECTS
from rights.domain.errors import Conflict, Forbidden
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State, Wait
from rights.services import asking, information, requests
from rights.services.askable import Point
from rights.services.packages import spools
from rights.store.db import reading, transaction
from rights.store.models import OutboxMessage, Package, PlanRow, Staff, StepRow, StepState
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_by_hand import MAP
from workflows import aftercare
from workflows.floor import Floor
from workflows.jobs import work_on

QUESTION = Point(question="Which of the two letters?", why="There are two.")
GROUND = Point(name="ground", why="It decides what may stay.")


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    shop = {"users": [{"id": 1, "nickname": "ann"}]}
    made = floor_over(tmp_path, MAP, {"shop": shop}, Clock())
    made = replace(made, manifests={**made.manifests, "manual": Manual.manifest})
    with transaction(made.register) as session:
        session.add(Staff(id="s1", name="rui", roles=["reviewer"], created_at=made.now()))
    return made


@pytest.fixture
def waiting(floor: Floor) -> str:
    """Return a deletion that waits for a member of staff to look into the archive."""
    request_id = ask(floor, Kind.DELETION, {"user_id": "1"})
    work_on(floor, request_id)
    held = request_of(floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    return request_id


def _ask(floor: Floor, request_id: str, *points: Point) -> list[str]:
    with transaction(floor.register) as session:
        return asking.ask(
            session,
            floor.context,
            requests.locked(session, request_id),
            points,
            session.get_one(Staff, "s1"),
            now=floor.now(),
        )


def _supply(floor: Floor, request_id: str, given: information.Supplied) -> None:
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        information.supply(session, floor.context, request, given, actor="subject", now=floor.now())


def _steps(floor: Floor, request_id: str) -> Sequence[StepRow]:
    with reading(floor.register) as session:
        mine = select(StepRow).where(StepRow.request_id == request_id).order_by(StepRow.id)
        return session.exec(mine).all()


def _plan(floor: Floor, request_id: str) -> str:
    with reading(floor.register) as session:
        found = session.exec(select(PlanRow.hash).where(PlanRow.request_id == request_id)).first()
        return found or ""


def test_a_question_leaves_the_plan_and_its_task_as_they_are(floor: Floor, waiting: str) -> None:
    before = {step.id: step.state for step in _steps(floor, waiting)}
    plan = _plan(floor, waiting)

    _ask(floor, waiting, QUESTION)

    held = request_of(floor, waiting)
    assert (held.state, held.wait, held.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["question_1"])
    work_on(floor, waiting)
    assert request_of(floor, waiting).wait is Wait.NEEDS_INFO
    _supply(floor, waiting, information.Supplied(answers={"question_1": "The older one."}))
    work_on(floor, waiting)
    again = request_of(floor, waiting)
    assert (again.state, again.wait, again.needs) == (State.ON_HOLD, Wait.TASK, [])
    assert {step.id: step.state for step in _steps(floor, waiting)} == before
    assert (_plan(floor, waiting), plan != "") == (plan, True)


def test_what_changes_the_request_is_planned_anew_from_the_answer(
    floor: Floor, waiting: str
) -> None:
    assert _steps(floor, waiting)

    _ask(floor, waiting, GROUND, QUESTION)

    assert _steps(floor, waiting) == []
    _supply(floor, waiting, information.Supplied(parameters={"ground": "unlawful"}))
    work_on(floor, waiting)
    assert request_of(floor, waiting).needs == ["question_1"]
    assert _steps(floor, waiting) == []
    _supply(floor, waiting, information.Supplied(answers={"question_1": "The older one."}))
    work_on(floor, waiting)
    found = request_of(floor, waiting)
    assert (found.wait, found.parameters["ground"]) == (Wait.TASK, "unlawful")
    assert _steps(floor, waiting)


@pytest.mark.parametrize(
    ("state", "point", "code"),
    [
        (StepState.RUNNING, QUESTION, "being_worked_on"),
        (StepState.DONE, GROUND, "work_has_begun"),
    ],
)
def test_what_is_in_hand_or_was_changed_is_not_asked_back_into_another_plan(
    floor: Floor, waiting: str, state: StepState, point: Point, code: str
) -> None:
    with transaction(floor.register) as session:
        mine = select(StepRow).where(StepRow.request_id == waiting)
        row = next(s for s in session.exec(mine) if s.action in EFFECTS)
        row.state = state

    with pytest.raises(Conflict) as refused:
        _ask(floor, waiting, point)

    assert refused.value.code == code
    assert request_of(floor, waiting).needs == []
    assert request_of(floor, waiting).wait is Wait.TASK


@pytest.mark.requirement("R-23-7")
def test_a_question_about_a_copy_lets_no_deletion_overtake_it(floor: Floor) -> None:
    copy = ask(floor, Kind.COPY, {"user_id": "1"})
    _ask(floor, copy, QUESTION)

    deletion = ask(floor, Kind.DELETION, {"user_id": "1"})
    work_on(floor, deletion)

    assert _steps(floor, deletion) == []
    assert request_of(floor, deletion).state is State.IN_PROGRESS
    _supply(floor, copy, information.Supplied(answers={"question_1": "By mail."}))
    work_on(floor, copy)
    assert _steps(floor, copy)


@pytest.mark.parametrize("given", [{"ground": "unlawful"}, {"agreed": "anonymise"}])
def test_while_a_question_waits_nothing_else_is_put_under_the_plan_that_stands(
    floor: Floor, waiting: str, given: dict[str, str]
) -> None:
    _ask(floor, waiting, QUESTION)
    before = request_of(floor, waiting).parameters

    with pytest.raises(Conflict) as refused:
        _supply(floor, waiting, information.Supplied(parameters=given))

    assert refused.value.code == "work_has_begun"
    assert request_of(floor, waiting).parameters == before


def test_who_narrowed_a_request_may_still_ask_for_all_of_it(floor: Floor, waiting: str) -> None:
    _ask(floor, waiting, GROUND)
    _supply(floor, waiting, information.Supplied(parameters={"ground": "unlawful"}))

    again = ask(floor, Kind.DELETION, {"user_id": "1"})
    same = ask(floor, Kind.DELETION, {"user_id": "1"})

    assert again != waiting
    assert same == again


def test_what_was_read_for_a_plan_that_was_thrown_away_is_gone(floor: Floor) -> None:
    copy = ask(floor, Kind.COPY, {"user_id": "1"})
    work_on(floor, copy)
    with reading(floor.register) as session:
        package = session.exec(select(Package.id).where(Package.request_id == copy)).one()
    assert [*floor.blobs.list(spools(package))]

    _ask(floor, copy, Point(name="categories", why="Which of them?"))
    with reading(floor.register) as session:
        rung = session.exec(select(OutboxMessage).where(OutboxMessage.job == "drop_spools")).one()
    aftercare.drop_spools(floor, **rung.args)

    assert rung.args == {"package_id": package}
    assert [*floor.blobs.list(spools(package))] == []


def test_who_asks_does_not_agree_to_ask_again(floor: Floor, waiting: str) -> None:
    _ask(floor, waiting, QUESTION)
    _supply(floor, waiting, information.Supplied(answers={"question_1": "The older one."}))
    with transaction(floor.register) as session:
        ana = Staff(id="s2", name="ana", roles=["reviewer", "approver"], created_at=floor.now())
        session.add(ana)
        session.flush()
        request = requests.locked(session, waiting)
        given = (session, floor.context, request, [QUESTION], ana)

        with pytest.raises(Forbidden) as refused:
            asking.ask(*given, supervisor=ana, now=floor.now())

    assert refused.value.code == "own_approval"


def test_corrections_that_are_added_leave_those_that_were_asked_for_before(tmp_path: Path) -> None:
    rows = {"users": [{"id": 1, "nickname": "ann", "city": "Xi'an"}]}
    field = "{name: %s, category: profile, disclose: true, correct: self_service}"
    text = MAP.replace(
        "[{name: nickname, category: profile, disclose: true}]",
        f"[{field % 'nickname'}, {field % 'city'}]",
    )
    made = floor_over(tmp_path, text, {"shop": rows}, clock := Clock())
    made = replace(made, manifests={**made.manifests, "manual": Manual.manifest})
    with transaction(made.register) as session:
        session.add(Staff(id="s1", name="rui", roles=["reviewer"], created_at=made.now()))
    first = {"changes": [{"field": "shop.users.nickname", "value": "Anna"}], "text": "the city too"}
    request_id = ask(made, Kind.CORRECTION, {"user_id": "1"}, values=first)
    _ask(made, request_id, Point(name="changes", why="What should the city say?"))
    clock.on(minutes=1)
    more = {"changes": [{"field": "shop.users.city", "value": "Chengdu"}]}
    _supply(made, request_id, information.Supplied(values=more))
    work_on(made, request_id)

    assert rows["users"] == [{"id": 1, "nickname": "Anna", "city": "Chengdu"}]
