"""A minor's request with everything staff could read of it, each text unlike any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlmodel import select

from rights.domain.actions import Action
from rights.services import plans, writings
from rights.services.packages import READY
from rights.store.models import (
    Appeal,
    ContentApproval,
    Entry,
    Package,
    PlanRow,
    StepRow,
    StepState,
)
from rights.store.sealing import SealedFiles, new_data_key
from tests.web.correspondence import Office
from tests.web.house import House
from tests.web.verifying import GUARDIAN, reached, upload
from workflows.plan import Plan, Step

CHILD: Final = {"user_id": "u-12", "email": "kid@example.com"}
SAID: Final = MappingProxyType(
    {
        "message": "我在学校被欺负了",
        "appeal": "老师不让我看记录",
        "complaint": "同学把照片发出去了",
        "copy": "13800138000",
        "sample": "sampled-kind",
        "name": "林妈妈",
    }
)
"""Texts that stand in no answer unless content was opened; ``kid@example.com`` is one too."""


@dataclass(frozen=True)
class Case:
    """The references that commands take."""

    request: str
    document: str
    complaint: str
    appeal: str
    folder: str

    def words(self, given: str) -> list[str]:
        """Return the words of a command line, its references filled in."""
        return given.format(**vars(self)).split(" ")


@dataclass(frozen=True)
class Reading:
    """
    How one command opens content.

    Args:
        who: A member of staff whose role is for it.
        shows: Of :data:`SAID`.
        event: The entry that a view leaves behind.
    """

    line: str
    who: str
    shows: str
    event: str


READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "messages show": Reading("messages show {request}", "rui", "message", "messages_read"),
        "appeals show": Reading("appeals show {appeal}", "rui", "appeal", "appeal_read"),
        "complaints show": Reading(
            "complaints show {complaint}", "rui", "complaint", "complaint_read"
        ),
        "redactions list": Reading("redactions list {request}", "rui", "copy", "redactions_seen"),
        "evidence open": Reading(
            "evidence open {document} --out {folder}", "vera", "name", "evidence_opened"
        ),
    }
)
HELD: Final = Reading(
    "holds read {request} shop.users --rank litigation --ticket case-17", "wei", "", ""
)
"""What was put away is in a store: shown in ``tests/workflows/test_held_read.py``."""


def minors_case(house: House, office: Office, *, closed: bool = True, **more: Any) -> Case:
    """
    Make one.

    Args:
        more: Of the request, in place of a guardian who asks for a child under 14.
    """
    given = {"requester": {**GUARDIAN, "name": SAID["name"]}, "subject_age_band": "under_14"}
    request_id = reached(house, subject=CHILD, **{**given, **more})
    document = upload(house, request_id).json["id"]
    said = house.post(f"/v1/requests/{request_id}/messages", {"text": SAID["message"]})
    assert said.status_code == 201, said.json
    complaint = {"text": SAID["complaint"], "request_id": request_id, "subject": CHILD}
    made = house.post("/v1/complaints", complaint)
    assert made.status_code == 201, made.json
    _worked_on(house, request_id)
    appeal = _ended(house, office, request_id) if closed else ""
    folder = str(office.folder / "desk")
    return Case(request_id, document, made.json["id"], appeal, folder)


def _worked_on(house: House, request_id: str) -> None:
    """Leave behind what workers do: a copy with something taken out, and a plan with a sample."""
    package_id, key, at = "f" * 32, new_data_key(), house.clock.now()
    line = f'{{"what":"mobile","value":"{SAID["copy"]}"}}\n'.encode()
    apart = SealedFiles(house.blobs, package_id, key).put(f"apart/{package_id}/1.jsonl", [line])
    wrapped = house.context.vault.wrap(key, aad=f"package|{package_id}")
    plan = Plan((Step(1, Action.ERASE, "shop", ("shop.users",)),), config_hash="ab" * 32)
    with house.writing() as session:
        session.add(
            Package(
                id=package_id,
                request_id=request_id,
                state=READY,
                wrapped_key=wrapped,
                created_at=at,
                expires_at=at,
            )
        )
        made: dict[str, Any] = {"phase": 1, "action": Action.PACKAGE, "state": StepState.DONE}
        result = {"apart": apart.to_json()}
        step: dict[str, Any] = {
            "id": f"{request_id}-01-package",
            "request_id": request_id,
            "result": result,
        }
        session.add(StepRow(**made, **step))
        waits: dict[str, Any] = {"request_id": request_id, "created_at": at, "needs_approval": True}
        hashes: dict[str, Any] = {"config_hash": plan.config_hash, "schema_hash": "", "hash": "h"}
        session.add(PlanRow(**waits, **hashes, body=plan.to_json()))
        sample = {"shop.users": [{"nickname": {"kind": SAID["sample"]}}]}
        plans.keep_sample(session, house.context.vault, request_id, sample, at)


def _ended(house: House, office: Office, request_id: str) -> str:
    office.denied(request_id)
    at = house.clock.now()
    with house.writing() as session:
        appeal = Appeal(request_id=request_id, received_at=at, due_at=at, promised_at=at)
        session.add(appeal)
        vault = house.context.vault
        writings.keep(session, vault, request_id, writings.APPEAL, SAID["appeal"], now=at)
        return appeal.id


def read(office: Office, case: Case, one: Reading) -> Any:
    """Open content as the member of staff whose role is for it."""
    return office.run(*case.words(one.line), "--as", one.who)


def asked(office: Office, case: Case, who: str, purpose: str = "answer") -> str:
    """Ask for an approval; return it."""
    done = office.run("minors", "ask", case.request, "--purpose", purpose, "--as", who)
    assert done.exit_code == 0, done.output
    return str(done.stdout.strip())


def approved(office: Office, case: Case, who: str, by: str = "ana", hours: str = "2") -> str:
    """Ask for an approval and have it given; return it."""
    approval = asked(office, case, who)
    done = office.run("minors", "approve", approval, "--hours", hours, "--as", by)
    assert done.exit_code == 0, done.output
    return approval


def entries(house: House, event: str) -> list[Entry]:
    """Return the entries of one kind."""
    with house.reading() as session:
        return list(session.exec(select(Entry).where(Entry.event == event)))


def approvals(house: House) -> list[ContentApproval]:
    """Return every question and what came of it."""
    with house.reading() as session:
        return list(session.exec(select(ContentApproval)))
