"""Every role against every act of staff, done for real: allowed, or refused and not done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlmodel import Session, select

from rights.domain.duties import AUTOMATION, BY_A_PERSON, MAY, Act, check
from rights.domain.errors import Forbidden
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, Wait
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import asking, denial_proposals, plans, requests, tasks
from rights.services.askable import Point
from rights.services.denials import Said
from rights.store.db import reading, transaction
from rights.store.models import DenialProposal, PlanRow, Request, Staff, StepRow, StepState
from tests.denying import denied, second
from tests.workflows.house import Clock, ask, floor_over
from tests.workflows.test_engine import ANN, MAP
from workflows.floor import Floor

_WRITING = frozenset({Act.CORRESPOND, Act.ANSWER_COMPLAINT})
_LOGGING = frozenset({Act.LOG_REQUEST, Act.LOG_LATE})
_ASKING = frozenset({Act.ASK_POINTS, Act.ASK_AGAIN})
_APPEALS = frozenset({Act.ASSIGN_APPEAL, Act.DECIDE_APPEAL})
_MINORS = frozenset({Act.ASK_MINOR, Act.APPROVE_MINOR})
_DESK = frozenset({Act.LOOK, Act.FIND_PERSON, Act.ASSIGN, Act.PAUSE_CLOCK})
_INCIDENTS = frozenset({Act.OPEN_INCIDENT, Act.HANDLE_INCIDENT, Act.LIST_TOUCHED})
_HOLDS = frozenset({Act.PLACE_HOLD, Act.PROPOSE_RELEASE})
_CHECKING = _DESK - {Act.ASSIGN}
# One line a role: what it may do, and nothing else.
_MATRIX: Mapping[str, frozenset[Act]] = MappingProxyType(
    {
        "reviewer": frozenset({Act.COMPLETE, Act.REVIEW, Act.RETRY, Act.LEAVE_OUT, Act.ASK_PROOF})
        | _WRITING
        | {Act.ASK_MINOR, Act.LOG_REQUEST, Act.ASK_POINTS, Act.OPEN_INCIDENT}
        | _HOLDS
        | _DESK,
        "approver": frozenset(
            {
                Act.COMPLETE,
                Act.RETRY,
                Act.LEAVE_OUT,
                Act.APPROVE,
                Act.DENY,
                Act.CONFIRM_DENIAL,
                Act.LIFT,
                Act.ASK_PROOF,
                Act.REPORT,
                Act.EXTEND,
                Act.OPEN_INCIDENT,
                Act.LIST_TOUCHED,
                Act.OPEN_TASK_DOCUMENT,
            }
        )
        | _WRITING
        | _APPEALS
        | _MINORS
        | _LOGGING
        | _ASKING
        | _HOLDS
        | _DESK,
        "verifier": frozenset(
            {
                Act.DENY,
                Act.ASK_PROOF,
                Act.IDENTIFY,
                Act.VERIFY,
                Act.OPEN_EVIDENCE,
                Act.REDACT_EVIDENCE,
                Act.ASK_MINOR,
                Act.LOG_REQUEST,
                Act.OPEN_INCIDENT,
            }
        )
        | _CHECKING,
        "auditor": frozenset({Act.REPORT, Act.LOOK, Act.AUDIT_MINORS})
        | {Act.READ_TRAIL, Act.EXPORT_TRAIL, Act.OPEN_TASK_DOCUMENT},
        "admin": frozenset({Act.COMPLETE, Act.RETRY, Act.ASSIGN_APPEAL, Act.REPORT})
        | {Act.LOOK, Act.ASSIGN, Act.MANAGE_STAFF, Act.MANAGE_PRODUCTS, Act.OPEN_INCIDENT}
        | {Act.MARK_DUTY, Act.CHANGE_SETTINGS},
        "automation": frozenset({Act.COMPLETE, Act.RETRY}),
        "legal": frozenset({Act.DENY, Act.CONFIRM_DENIAL, Act.LIFT, Act.READ_HELD, Act.ASK_MINOR})
        | _WRITING
        | _APPEALS
        | _LOGGING
        | _ASKING
        | _DESK
        | {Act.REPORT, Act.EXTEND, Act.MARK_DUTY, Act.DECIDE_HOLD}
        | _HOLDS
        | _INCIDENTS,
        "dpo": frozenset({Act.DENY, Act.CONFIRM_DENIAL, Act.LIFT})
        | _WRITING
        | _APPEALS
        | _LOGGING
        | _ASKING
        | _MINORS
        | _DESK
        | {Act.REPORT, Act.EXTEND, Act.READ_TRAIL, Act.EXPORT_TRAIL, Act.MARK_DUTY}
        | {Act.OPEN_TASK_DOCUMENT}
        | _HOLDS
        | _INCIDENTS,
    }
)
_HELD = [
    *((r,) for r in _MATRIX),
    *((r, AUTOMATION) for r in ("reviewer", "approver", "legal")),
    (),
]
_ACTION = {Act.REVIEW: "review", Act.RETRY: "collect", Act.LEAVE_OUT: "verify"}
_ELSEWHERE = (
    Act.REPORT,
    Act.READ_HELD,
    Act.PLACE_HOLD,
    Act.PROPOSE_RELEASE,
    Act.DECIDE_HOLD,
    Act.LIFT,
    Act.ASK_PROOF,
    Act.IDENTIFY,
    Act.VERIFY,
    Act.OPEN_EVIDENCE,
    Act.REDACT_EVIDENCE,
    Act.OPEN_TASK_DOCUMENT,
    Act.CORRESPOND,
    Act.ASSIGN_APPEAL,
    Act.DECIDE_APPEAL,
    Act.ANSWER_COMPLAINT,
    Act.ASK_MINOR,
    Act.APPROVE_MINOR,
    Act.LOG_REQUEST,
    Act.LOG_LATE,
    Act.ASK_AGAIN,
    Act.LOOK,
    Act.FIND_PERSON,
    Act.ASSIGN,
    Act.MANAGE_STAFF,
    Act.MANAGE_PRODUCTS,
    Act.CHANGE_SETTINGS,
    Act.READ_TRAIL,
    Act.EXPORT_TRAIL,
    Act.MARK_DUTY,
    Act.EXTEND,
    Act.PAUSE_CLOCK,
    *_INCIDENTS,
    Act.AUDIT_MINORS,
)
"""They change nothing of the request itself: what they do is seen in tests of their own."""
_FAILED = (Act.RETRY, Act.LEAVE_OUT)
POINT = Point(question="Which one?", why="There are two.")


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return floor_over(tmp_path, MAP, {"shop": {}, "letters": {}}, Clock())


def _waiting(floor: Floor, act: Act) -> str:
    """Return a request that waits for nothing but this act."""
    request_id = ask(floor, Kind.COPY, ANN)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        if act in (Act.DENY, Act.CONFIRM_DENIAL):
            request.level = 0  # else nobody is denied as unverified
        if act is Act.DENY:
            return request_id
        if act is Act.CONFIRM_DENIAL:
            given, said = second(session, floor.now()), Said("identity_unverified")
            at = floor.now()
            denial_proposals.propose(session, floor.context, request, given, said, now=at)
            return request_id
        request.wait = Wait.APPROVAL if act is Act.APPROVE else Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=floor.now())
        if act is Act.APPROVE:
            values: dict[str, Any] = {
                "config_hash": "c",
                "schema_hash": "s",
                "hash": "h",
                "body": {},
            }
            at = floor.now()
            session.add(
                PlanRow(request_id=request_id, created_at=at, needs_approval=True, **values)
            )
            return request_id
        state = StepState.FAILED if act in _FAILED else StepState.MANUAL
        action = _ACTION.get(act, "erase")
        step = f"{request_id}-01-{action}"
        session.add(StepRow(id=step, request_id=request_id, phase=1, action=action, state=state))
    return request_id


def _act(session: Session, floor: Floor, act: Act, request_id: str, staff: Staff) -> None:
    now, request = floor.now(), requests.locked(session, request_id)
    step = session.exec(select(StepRow.id).where(StepRow.request_id == request_id)).first() or ""
    do: dict[Act, Callable[[], Any]] = {
        Act.COMPLETE: lambda: tasks.complete(session, step, staff, now=now, proof="T-1"),
        Act.REVIEW: lambda: tasks.complete(session, step, staff, now=now, proof="T-1"),
        Act.RETRY: lambda: tasks.retry(session, step, staff, now=now),
        Act.LEAVE_OUT: lambda: tasks.leave_out(session, step, staff, now=now, reason="infeasible"),
        Act.APPROVE: lambda: plans.approve(session, request, "h", staff, now),
        Act.DENY: lambda: _deny(session, floor, request, staff),
        Act.CONFIRM_DENIAL: lambda: _confirm(session, floor, staff),
        Act.ASK_POINTS: lambda: asking.ask(
            session, floor.context, request, [POINT], staff, now=now
        ),
    }
    do[act]()


def _deny(session: Session, floor: Floor, request: Request, staff: Staff) -> None:
    """Deny with a reason that this role could use, if it can use any."""
    by_law = {"legal": "secrecy_by_law", "dpo": "manifestly_unfounded_or_excessive"}
    reason = next((by_law[r] for r in staff.roles if r in by_law), "identity_unverified")
    if "dpo" in staff.roles:
        request.regimes = ["us_ca"]
    said = Said(reason, "事实说明。", law="《反洗钱法》第七条", rank="law")
    denied(session, floor.context, request, staff, said, now=floor.now())


def _confirm(session: Session, floor: Floor, staff: Staff) -> None:
    waits = session.exec(select(DenialProposal)).one()
    request, found = denial_proposals.find(session, waits.id)
    now, context = floor.now(), floor.context
    denial_proposals.read_by(session, context, request, found, staff, now=now)
    denial_proposals.confirm(session, floor.context, request, found, staff, now=floor.now())


def _rows(floor: Floor, request_id: str) -> list[dict[str, Any]]:
    with reading(floor.register) as session:
        steps = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        plan = session.get(PlanRow, request_id)
        found = [session.get_one(Request, request_id), *steps, *([plan] if plan else [])]
        return [row.model_dump() for row in found]


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("act", [act for act in Act if act not in _ELSEWHERE])
@pytest.mark.parametrize("roles", _HELD)
def test_staff_can_do_what_their_role_is_for_and_nothing_else(
    floor: Floor, roles: tuple[str, ...], act: Act
) -> None:
    request_id = _waiting(floor, act)
    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=list(roles), created_at=floor.now())
        session.add(staff)
        session.flush()
    before = _rows(floor, request_id)
    allowed = any(act in _MATRIX[role] for role in roles)
    if AUTOMATION in roles and act in BY_A_PERSON:
        allowed = False

    refused = False
    try:
        with transaction(floor.register) as session:
            _act(session, floor, act, request_id, staff)
    except Forbidden:
        refused = True

    assert refused is not allowed
    assert (_rows(floor, request_id) == before) is refused


@pytest.mark.parametrize("act", _ELSEWHERE)
@pytest.mark.parametrize("roles", _HELD)
def test_who_reads_what_is_held_or_lifts_a_restriction_is_never_a_machine(
    roles: tuple[str, ...], act: Act
) -> None:
    """``test_held_read``, ``test_lifted_on_a_day``, ``test_asked_by_staff``, ``tests/web``,
    ``tests/services/reports``."""
    if AUTOMATION not in roles and any(act in _MATRIX[role] for role in roles):
        check(roles, act)
        return
    with pytest.raises(Forbidden):
        check(roles, act)


def test_the_matrix_knows_every_role_and_scope_that_can_be_given() -> None:
    assert set(_MATRIX) == {*EVERY_ROLE, *SCOPES}
    assert set(MAY) == set(Act)


def test_a_narrower_case_only_ever_takes_away() -> None:
    with pytest.raises(Forbidden, match="legal"):
        check(("approver",), Act.DENY, narrower=frozenset({"legal"}))
    with pytest.raises(Forbidden):
        check(("auditor",), Act.DENY, narrower=frozenset({"auditor"}))
    with pytest.raises(Forbidden):
        check(("approver",), Act.DENY, narrower=frozenset())
