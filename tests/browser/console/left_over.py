"""What others do meanwhile: events a webhook never took, evidence signed, a report made."""

from __future__ import annotations

from datetime import date, timedelta

from rights.services.reports import awaited
from rights.services.signing import Signer
from rights.store.ids import new_id
from rights.store.models import AskedReport, WebhookDelivery, WebhookSubscription
from tests.web.house import SEED, House


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
