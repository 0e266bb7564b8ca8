"""Requests and bundles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Integer, event, text
from sqlmodel import Field, SQLModel

from rights.domain.errors import Conflict
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.domain.representation import SUBJECT, AgeBand, Role
from rights.store.columns import UtcDateTime, text_enum
from rights.store.ids import new_id

_version = Column("version", Integer, nullable=False)


class Bundle(SQLModel, table=True):
    """Several requests of one person, submitted together."""

    __tablename__ = "bundle"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    backend_id: str = Field(default="", max_length=32)
    received_at: datetime = Field(sa_type=UtcDateTime)


class Request(SQLModel, table=True):
    """
    One right exercised by one person. ``id`` is the reference the person is given.

    Args:
        parameters: What stands beside the option; never personal data.
        regimes_because: Why these: ``asked``, ``product``, ``deployment`` or ``fallback``; empty
            for requests from before that was written down.
        subject: Blind index of the strongest identifier, for "the same person".
        fingerprint: Blind index over backend, kind, option, parameters and all identifiers.
        requester_role: As who it was asked; the second person of it is a ``Representation``.
        age_band: How old the subject is, as far as a product or its signed word says.
        delivers_to: Who gets results and packages: ``subject`` or ``representative``.
        channel: ``api``, ``portal`` or ``internal``; ``letter``, ``phone``, ``counter`` or
            ``email`` where staff logged it.
        received_at: When it arrived, not when it was logged.
        ack_at: By when its receipt has to be confirmed; empty where nobody counts that.
        acked_at: When the confirmation went out or was shown, or staff gave it another way.
        due_at, promised_at: What we keep, and what the person is told: the same or earlier.
        due_provisional: Counted without the published schedule of some year.
        extension_reason: Why more time was taken, once that counts; ``first_due_at``: what was
            promised before.
        pause_cause: Why the clock stands still; empty while it runs. ``paused_at``: since when.
        paused_days: Whole days of pauses that are in what is promised.
        level: What has been proved so far, 0 to 3; ``level_needed`` is what the kind asks.
        needs: Names of fields the person still has to supply.
        irreversible_at: When the first step that cannot be undone began.
        not_me_at: When somebody at a contact on file said that it was not them; empty again once
            staff let it go on. Until then nothing is given away and nothing destroyed for it.
        head_seq, head_hash: The last entry of this request's chain.
        next_at: When the sweep looks at it again; empty when nothing is due.
        version: Concurrent changes collide on it, loudly.
    """

    __tablename__ = "request"
    __table_args__ = (
        Index("ix_request_next_at", "next_at"),
        Index(
            "ix_request_open",
            "promised_at",
            "id",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_request_waiting",
            "received_at",
            "id",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_request_wait",
            "wait",
            "state",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index("ix_request_backend_received", "backend_id", "received_at", "id"),
        Index("ix_request_received", "received_at", "id"),
        Index("ix_request_promised", "promised_at", "id"),
        Index("ix_request_closed", "closed_at"),
        Index(
            "ix_request_unconfirmed",
            "ack_at",
            "id",
            postgresql_where=text("ack_at IS NOT NULL AND acked_at IS NULL"),
            sqlite_where=text("ack_at IS NOT NULL AND acked_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    kind: Kind = Field(sa_type=text_enum(Kind))
    option: Option = Field(sa_type=text_enum(Option))
    parameters: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    regimes_because: str = Field(default="", max_length=12)
    state: State = Field(default=State.OPEN, sa_type=text_enum(State))
    wait: Wait = Field(default=Wait.NONE, sa_type=text_enum(Wait))
    backend_id: str = Field(default="", max_length=32)
    bundle_id: str = Field(default="", max_length=32)
    follows: str = Field(default="", max_length=32)
    merged_into: str = Field(default="", max_length=32)
    subject: str = Field(default="", max_length=80, index=True)
    fingerprint: str = Field(default="", max_length=80, index=True)
    requester_role: Role = Field(default=Role.SELF, sa_type=text_enum(Role))
    age_band: AgeBand = Field(default=AgeBand.UNKNOWN, sa_type=text_enum(AgeBand))
    delivers_to: str = Field(default=SUBJECT, max_length=16)
    channel: str = Field(default="api", max_length=16)
    locale: str = Field(default="zh-CN", max_length=16)
    level: int = 0
    level_needed: int = 0
    acr: str = Field(default="", max_length=16)
    needs: list[str] = Field(default_factory=list, sa_type=JSON)
    received_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    promised_at: datetime = Field(sa_type=UtcDateTime)
    due_provisional: bool = False
    ack_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    extension_reason: str = Field(default="", max_length=60)
    first_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pause_cause: str = Field(default="", max_length=24)
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_days: int = 0
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    irreversible_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    not_me_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    purge_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    map_version: int = 0
    map_hash: str = Field(default="", max_length=64)
    reason: str = Field(default="", max_length=60)
    head_seq: int = 0
    head_hash: str = Field(default="", max_length=64)
    version: int = Field(default=1, sa_column=_version)

    __mapper_args__ = {"version_id_col": _version}


@event.listens_for(Request.received_at, "set", active_history=True)
def _arrived_once(request: Request, value: datetime, old: object, _: object) -> None:
    """Every clock counts from receipt: nothing moves it. Source: App violation method 6(3)."""
    if isinstance(old, datetime) and old != value:
        raise Conflict(f"when request {request.id} arrived is never changed", code="conflict")
