"""Representatives of a test of the web: their documents, and the verifier who looks at them."""

from __future__ import annotations

from typing import Any

from rights.services import evidence, requests, reviewing
from rights.store.models import Staff
from tests.web.house import ALICE, House, Reply, reply

PDF = b"%PDF-1.7\nof somebody who may\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\xff" * 64
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 64

RELATIVE = {
    "role": "close_relative",
    "relation": "child",
    "contact": {"email": "son@example.com"},
    "interest": "I settle my mother's estate.",
}
GUARDIAN = {"role": "guardian", "relation": "parent", "contact": {"email": "mum@example.com"}}


def upload(
    house: House,
    request_id: str,
    content: bytes = PDF,
    kind: str = "application/pdf",
    *,
    token: str = "",
    **more: Any,
) -> Reply:
    """Upload one document."""
    headers = {"Authorization": f"Bearer {token or house.partner.key}", "Content-Type": kind}
    path = f"/v1/requests/{request_id}/evidence"
    return reply(house.client.post(path, data=content, headers=headers, **more))


def reached(house: House, kind: str = "copy", requester: Any = RELATIVE, **more: Any) -> str:
    """Submit a request of a representative who answered the code to their own address."""
    made = house.submit(kind, subject=more.pop("subject", ALICE), requester=requester, **more)
    answered = house.post(
        f"/v1/requests/{made['id']}/verification/answer", {"code": house.code(made["id"])}
    )
    assert answered.status_code == 200, answered.json
    return str(made["id"])


def staff(house: House, *roles: str) -> Staff:
    """Return a member of staff with these roles."""
    with house.writing() as session:
        one = Staff(name="-".join(roles), roles=list(roles), created_at=house.clock.now())
        session.add(one)
        session.flush()
        session.expunge(one)
    return one


def accepted(house: House, request_id: str, by: Staff | None = None) -> str:
    """Let a verifier accept the documents, as the command line does; return the state."""
    by = by or staff(house, "verifier")
    with house.writing() as session:
        request = requests.locked(session, request_id)
        now = house.clock.now()
        state = reviewing.accept(session, house.context, request, by, now=now)
    evidence.destroy(house.engine, house.parts.evidence, now=house.clock.now())
    return state


def refused(house: House, request_id: str, reason: str, by: Staff | None = None) -> str:
    """Let a verifier send the documents back."""
    by = by or staff(house, "verifier")
    with house.writing() as session:
        request = requests.locked(session, request_id)
        now = house.clock.now()
        state = reviewing.refuse(session, house.context, request, by, reasons=(reason,), now=now)
    evidence.destroy(house.engine, house.parts.evidence, now=house.clock.now())
    return state
