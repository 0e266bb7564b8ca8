"""
What others do meanwhile: events a webhook never took, evidence signed, a report made, a package
that waits for a look, a letter that names no address, a document of a parent's.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import Session, select

from rights.domain.actions import Action
from rights.domain.lifecycle import Event, Wait
from rights.domain.representation import Role
from rights.services import audit, evidence, packages, requests
from rights.services.package_reviews import KEPT_BACK
from rights.services.reports import awaited
from rights.services.signing import Signer
from rights.store.ids import new_id
from rights.store.models import (
    AskedReport,
    Package,
    Representation,
    Request,
    StepRow,
    StepState,
    WebhookDelivery,
    WebhookSubscription,
)
from tests.browser.console import planned
from tests.browser.console.scene import drawn
from tests.web.house import BOB, SEED, House


def lost(house: House, about: str) -> str:
    """Let two events about a request have been given up; return the webhook."""
    now, hook = house.clock.now(), new_id()
    made = now - timedelta(days=9)
    with house.writing() as session:
        session.add(
            WebhookSubscription(
                id=hook,
                backend_id=house.partner.id,
                url="https://shop.example/rights",
                sealed_secret=b"x",
                events=["request.denied"],
                created_at=made,
            )
        )
        session.flush()
        for number in range(2):
            row = WebhookDelivery(
                id=new_id(),
                subscription_id=hook,
                event_id=f"msg_{number:03d}",
                event="request.denied",
                request_id=about,
                body="{}",
                state="dead",
                attempts=7,
                last_status=503,
                created_at=made + timedelta(minutes=number),
                tried_at=made + timedelta(days=1),
            )
            session.add(row)
    return hook


def signed(house: House) -> str:
    """Let evidence of a year have been signed; return its id."""
    now, body = house.clock.now(), {"sha256": "5" * 64, "content": {"provisional": True}}
    row = AskedReport(
        report="audit",
        signed=True,
        first_day=date(2026, 1, 1),
        last_day=date(2026, 11, 30),
        items="16,17",
        state="made",
        asked_by="staff:1",
        asked_at=now,
        made_at=now,
        body=body,
        expires_at=now + timedelta(days=30),
    )
    with house.writing() as session:
        session.add(row)
        session.flush()
        return row.id


def made(house: House) -> int:
    """Let the relay make or refuse the reports that are waited for; return how many it made."""
    return awaited.make_due(house.engine, house.context, Signer(SEED), house.clock.now)


def kept_back(house: House) -> str:
    """Let a worker have made a copy whose package waits for a look; return the request."""
    made = str(house.asserted("copy", BOB)["id"])
    house.package(made, b"x" * 40960, missing=[{"path": "shop.orders", "why": "held"}])
    planned.packed(house, made)
    now, look = house.clock.now(), f"{made}-03-{Action.REVIEW}-package"
    with house.writing() as session:
        package = session.exec(select(Package).where(Package.request_id == made)).one()
        package.state, package.expires_at = packages.IN_REVIEW, None
        step = StepRow(id=look, request_id=made, phase=3, action=str(Action.REVIEW))
        step.state, step.code = StepState.MANUAL, packages.REVIEW
        session.add(step)
        request = session.get_one(Request, made)
        line = audit.Line(KEPT_BACK, "system", {"sha256": package.sha256})
        audit.append(session, request, [line], now=now)
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=now)
    return made


def letter(house: House) -> str:
    """Let staff have logged what a son wrote, who named no address; return the request."""
    made = str(house.asserted("deletion", BOB, "session")["id"])
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.channel, request.requester_role = "letter", Role.CLOSE_RELATIVE
        row = Representation(request_id=made, role=Role.CLOSE_RELATIVE, relation="child")
        session.add(row)
    return made


def minors_paper(house: House) -> str:
    """Let a parent have sent a document that staff may look at; return the request."""
    made = str(house.asserted("deletion", BOB, "session")["id"])
    now, place = house.clock.now(), evidence.given(house.parts.evidence)
    with house.writing() as session:
        request = session.get_one(Request, made)
        request.channel, request.requester_role = "letter", Role.GUARDIAN
        session.add(Representation(request_id=made, role=Role.GUARDIAN, relation="parent"))

    def find(session: Session) -> Request:
        return requests.locked(session, made)

    about = (house.engine, house.context, place, find, [drawn()])
    evidence.take(*about, actor="system", now=now, on_paper=True)
    return made
