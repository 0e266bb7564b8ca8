"""One person exercises one right, from the first call to the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session

from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.services import tasks
from rights.services.staff import staff_named
from rights.store.db import open_engine, transaction
from workflows.demo.company.people import Person
from workflows.demo.house.backend import REVIEWER, ShopBackend
from workflows.demo.office.clerk import Clerk
from workflows.demo.smoke.cases import Case
from workflows.demo.smoke.client import Api
from workflows.demo.smoke.codes import wait_for_code
from workflows.embedded.smtp import Sink

PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Desk:
    """
    What asking needs: the API, the backend that vouches, the mailbox, and the staff's end.

    Args:
        approver: Is signed in to the console.
    """

    api: Api
    backend: ShopBackend
    sink: Sink
    register_url: str
    approver: Clerk


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a request ended.

    Args:
        state: The request's last state, or the error's name when it did not get that far.
        package: The ZIP, where there is one.
    """

    name: str
    kind: str
    request_id: str
    state: str
    seconds: float
    person: Person | None = None
    package: bytes = field(default=b"", repr=False)
    receipt: dict[str, Any] = field(default_factory=dict, repr=False)
    problem: str = ""


def ask(desk: Desk, case: Case, person: Person) -> Outcome:
    """Submit, prove, wait, and fetch what there is to fetch."""
    begun = time.monotonic()
    request_id = _submit(desk, case, person)
    body = _until(desk, request_id, case)
    if case.approval:
        desk.approver.approve(request_id)
        body = _until(desk, request_id, replace(case, approval=False))
    if case.task:
        _complete(desk, request_id)
        body = _until(desk, request_id, None)
    seconds = time.monotonic() - begun
    return Outcome(
        name=case.name,
        kind=str(case.kind),
        request_id=request_id,
        state=body["state"],
        seconds=seconds,
        person=person,
        package=_download(desk, case, person, request_id) if case.package else b"",
        receipt=desk.api.get(f"/v1/requests/{request_id}/receipt").body,
        problem=str(body.get("reason") or ""),
    )


def _submit(desk: Desk, case: Case, person: Person) -> str:
    seen = len(desk.sink.messages)
    document: dict[str, Any] = {
        "kind": str(case.kind),
        "option": str(case.option),
        "assertion": _vouched(desk, case, person),
        "locale": person.locale,
    }
    document |= {"parameters": dict(case.parameters)} if case.parameters else {}
    document |= {"values": dict(case.values)} if case.values else {}
    made = desk.api.post("/v1/requests", document).body
    request_id = str(made["id"])
    if case.code:
        code = wait_for_code(desk.sink, person.email, seen=seen)
        desk.api.post(f"/v1/requests/{request_id}/verification/answer", {"code": code})
    return request_id


def _vouched(desk: Desk, case: Case, person: Person) -> str:
    subject = {"user_id": str(person.id), "email": person.email}
    return desk.backend.assertion(subject, case.acr, now=datetime.now(UTC))


def _until(desk: Desk, request_id: str, case: Case | None) -> dict[str, Any]:
    """Return the request once it is closed, or waits for staff where the case expects that."""
    end = time.monotonic() + PATIENCE_S
    while True:
        body = desk.api.get(f"/v1/requests/{request_id}").body
        if State(body["state"]) in TERMINAL:
            return body
        if body["wait"] == Wait.APPROVAL and case is not None and case.approval:
            return body
        if body["wait"] == Wait.TASK:
            if case is not None and case.task:
                return body
            raise LookupError(f"waits for staff: {_notes(desk, request_id)}")
        if time.monotonic() > end:
            raise TimeoutError(f"still {body['state']} ({body['wait']}) after {PATIENCE_S:.0f} s")
        time.sleep(_LOOK_S)


def _complete(desk: Desk, request_id: str) -> None:
    """Do what ``rights tasks complete`` does, as the demo's reviewer."""
    with _register(desk) as session:
        staff = staff_named(session, REVIEWER)
        for task in _open(session, request_id):
            now = datetime.now(UTC)
            tasks.complete(session, task["step"], staff, now=now, proof="demo-ticket-1")


def _notes(desk: Desk, request_id: str) -> str:
    """Return why staff have to do something; notes hold no personal data."""
    with _register(desk) as session:
        return "; ".join(f"{t['step']}: {t['note']}" for t in _open(session, request_id))


def _open(session: Session, request_id: str) -> list[dict[str, Any]]:
    return [t for t in tasks.open_tasks(session) if t["request"] == request_id]


@contextmanager
def _register(desk: Desk) -> Iterator[Session]:
    engine = open_engine(desk.register_url)
    try:
        with transaction(engine) as session:
            yield session
    finally:
        engine.dispose()


def _download(desk: Desk, case: Case, person: Person, request_id: str) -> bytes:
    """Prove afresh, at the request's level, and download."""
    seen = len(desk.sink.messages)
    here = f"/v1/requests/{request_id}"
    (package,) = desk.api.get(f"{here}/packages").body["items"]
    proof: dict[str, Any] = {"assertion": _vouched(desk, case, person)}
    if case.code:
        desk.api.post(f"{here}/verification", {"purpose": "grant"})
        proof["code"] = wait_for_code(desk.sink, person.email, seen=seen)
    grant = desk.api.post(f"{here}/packages/{package['id']}/grants", proof).body
    return desk.api.download(grant["content"], grant["token"])


def opt_out(desk: Desk, person: Person) -> Outcome:
    """Turn personalisation off for an anonymous device, in one call."""
    begun = time.monotonic()
    document = {"name": "personalised", "subject": {"device_id": person.device}}
    body = desk.api.post("/v1/preferences/off", document).body
    request_id = str(body["request"]["id"])
    ended = _until(desk, request_id, None)
    return Outcome(
        name="recommendation_opt_out/personalised_off",
        kind="recommendation_opt_out",
        request_id=request_id,
        state=ended["state"],
        seconds=time.monotonic() - begun,
        receipt=desk.api.get(f"/v1/requests/{request_id}/receipt").body,
    )
