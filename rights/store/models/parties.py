"""Product backends, staff, and what they subscribe to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, Column, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from rights.domain.uses import USUAL
from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class Backend(SQLModel, table=True):
    """
    One product backend.

    Args:
        assertion_keys: JWK set that verifies its signed assertions: Ed25519 public keys, or
            ``{"kty": "oct", "sealed": …}`` for a shared HS256 secret, sealed.
        level_cap: The most its assertions may bring about, 0 to 3.
        origins: Web origins whose pages may embed the portal.
        uses: What it uses what it learns for: see ``rights/domain/uses.py``.
    """

    __tablename__ = "backend"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    name: str = Field(max_length=80, unique=True)
    audience: str = Field(default="rights", max_length=120)
    assertion_keys: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    level_cap: int = 2
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    origins: list[str] = Field(default_factory=list, sa_type=JSON)
    uses: list[str] = Field(default_factory=lambda: [*USUAL], sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BackendKey(SQLModel, table=True):
    """An API key: shown once, kept as a hash; two may be live while one replaces the other."""

    __tablename__ = "backend_key"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    backend_id: str = Field(max_length=32, index=True)
    prefix: str = Field(max_length=16, unique=True)
    hash: str = Field(max_length=64)
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Staff(SQLModel, table=True):
    """
    A member of the privacy staff, as far as the command line needs one.

    Args:
        roles: And scopes: ``legal``, ``dpo`` say what somebody may decide beyond the role.
    """

    __tablename__ = "staff"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    name: str = Field(max_length=80, unique=True)
    roles: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IdempotencyRecord(SQLModel, table=True):
    """The answer to one ``Idempotency-Key``, kept for a day; body and reply never in clear."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("backend_id", "key_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    backend_id: str = Field(max_length=32)
    key_hash: str = Field(max_length=64)
    body_hmac: str = Field(max_length=64)
    sealed_reply: bytes = b""
    status: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


def _origin_of(context: Any) -> str:
    return origin_of(context.get_current_parameters()["url"])


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address: its path, and who calls, may be secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class WebhookSubscription(SQLModel, table=True):
    """
    Where a backend wants to be told of events, or staff of clocks. The secret is sealed.

    Args:
        backend_id: Empty where it is for staff.
        role: The role of staff that it is for; empty where it is a backend's.
        url: The whole of it may open a door, so whoever only shows where it leads reads *origin*.
        origin: Its scheme, host and port; follows from it when a row is made.
    """

    __tablename__ = "webhook_subscription"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    backend_id: str = Field(max_length=32, index=True)
    role: str = Field(default="", max_length=20)
    url: str = Field(max_length=500)
    origin: str = Field(
        default=None, sa_column=Column(String(500), nullable=False, default=_origin_of)
    )
    sealed_secret: bytes
    events: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WebhookDelivery(SQLModel, table=True):
    """
    One event on its way to one subscription. ``body`` holds ids and codes only.

    Args:
        state: ``waiting``, ``delivered``, ``dead`` (given up) or ``discarded`` by staff.
        request_id: The request it tells of; empty where it tells of none.
        last_status: Of the last answer; 0 when there was none.
        tried_at: When it was last sent, whatever was answered.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "next_at"),
        Index(
            "ix_delivery_dead",
            "subscription_id",
            "created_at",
            "id",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    subscription_id: str = Field(max_length=32, index=True)
    event_id: str = Field(max_length=40)
    event: str = Field(max_length=60)
    request_id: str = Field(default="", max_length=32)
    body: str
    state: str = Field(default="waiting", max_length=12)
    attempts: int = 0
    last_status: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StoreStatus(SQLModel, table=True):
    """
    What workers last saw of a store; the web reads stores only through this.

    Args:
        worker: Who looked last: host and process.
        findings: What the live schema has and the data map does not name (``sign`` ``+``), and the
            reverse (``-``): ``what`` is ``table`` or ``column``, ``place`` where. Names only.
        looked_at: When the live schema was compared; None: never, so *findings* claims nothing.
    """

    __tablename__ = "store_status"

    store: str = Field(primary_key=True, max_length=60)
    connector: str = Field(max_length=40)
    manifest: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    healthy: bool = False
    note: str = Field(default="", max_length=400)
    schema_hash: str = Field(default="", max_length=64)
    findings: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    worker: str = Field(default="", max_length=80)
    looked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checked_at: datetime = Field(sa_type=UtcDateTime)
