"""
What is kept for minutes, days or weeks whatever becomes of a request, and when its time is over.

Source: PIPL 19, 47.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_
from sqlmodel import SQLModel, col

from rights.services.idempotency import KEPT
from rights.store.models import (
    AskedReport,
    Capsule,
    Challenge,
    ContactWarning,
    Grant,
    IdempotencyRecord,
    KeyChallenge,
    Lookup,
    NetworkIdentityVisit,
    Nonce,
    OutboxMessage,
    PortalSession,
    ProofTry,
    SignIn,
    StaffInvitation,
    StaffSession,
    Suppression,
    WebhookDelivery,
)

_DAY: Final = timedelta(days=1)
_DELIVERIES: Final = timedelta(days=30)
_SENT: Final = timedelta(days=7)


def over(
    now: datetime,
) -> dict[str, tuple[type[SQLModel], ColumnElement[bool]]]:
    """Return by its name what is over by *now*: its table, and which of its rows."""
    unused = and_(col(Challenge.used_at).is_(None), col(Challenge.expires_at) <= now - _DAY)
    settled = col(WebhookDelivery.created_at) <= now - _DELIVERIES
    return {
        "grants": (Grant, col(Grant.expires_at) <= now - _DAY),
        "challenges": (Challenge, unused),
        "portal_sessions": (PortalSession, col(PortalSession.expires_at) <= now),
        "staff_sessions": (StaffSession, col(StaffSession.expires_at) <= now),
        "staff_invitations": (StaffInvitation, col(StaffInvitation.expires_at) <= now),
        "proof_tries": (ProofTry, col(ProofTry.at) <= now - _DAY),
        "sign_ins": (SignIn, col(SignIn.expires_at) <= now),
        "network_identity_visits": (
            NetworkIdentityVisit,
            col(NetworkIdentityVisit.expires_at) <= now,
        ),
        "key_challenges": (KeyChallenge, col(KeyChallenge.expires_at) <= now),
        "nonces": (Nonce, col(Nonce.expires_at) <= now),
        "warnings": (ContactWarning, col(ContactWarning.expires_at) <= now),
        "lookups": (Lookup, col(Lookup.expires_at) <= now),
        "idempotency": (IdempotencyRecord, col(IdempotencyRecord.created_at) <= now - KEPT),
        "capsules": (Capsule, col(Capsule.expires_at) <= now),
        "asked_reports": (AskedReport, col(AskedReport.expires_at) <= now),
        "suppressions": (Suppression, col(Suppression.expires_at) <= now),
        "outbox": (OutboxMessage, col(OutboxMessage.sent_at) <= now - _SENT),
        "deliveries": (WebhookDelivery, and_(settled, col(WebhookDelivery.state) != "waiting")),
    }
