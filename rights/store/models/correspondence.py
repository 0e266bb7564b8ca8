"""What people and staff write to each other: messages, appeals, complaints. No worker reads it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class Writing(SQLModel, table=True):
    """
    One text of a person or of staff, sealed.

    Args:
        id: Of a ``letter`` that of its notice.
        request_id: The reference of the request, complaint or security incident it belongs to.
        purpose: ``message_person``, ``message_staff``, ``appeal``, ``appeal_reasons``,
            ``complaint``, ``complaint_answer``, ``complaint_claim``, ``denial_facts``,
            ``denial_dismissed``, ``part_facts``, ``letter``, ``not_reportable`` or
            ``incident_letter``; what was sealed as one opens as no other.
    """

    __tablename__ = "writing"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    purpose: str = Field(max_length=24)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class Appeal(SQLModel, table=True):
    """
    An appeal inside the company; one for each request. Its texts are ``Writing``.

    Args:
        outcome: Empty while it is open; then ``upheld`` or ``dismissed``.
        assigned_to: Id of the member of staff who is to decide.
        led_to: The request that an appeal which was upheld brought about.
    """

    __tablename__ = "appeal"
    __table_args__ = (Index("ix_appeal_received", "received_at", "id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, unique=True)
    outcome: str = Field(default="", max_length=12)
    assigned_to: str = Field(default="", max_length=32)
    received_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    promised_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    decided_by: str = Field(default="", max_length=60)
    led_to: str = Field(default="", max_length=32)


class Complaint(SQLModel, table=True):
    """
    A complaint or report. Its texts are ``Writing``; where to reply to are ``IdentifierRow``.

    Args:
        id: The reference the person is given.
        request_id: The request it is about, if it is about one.
        subject: "The same person", as for a request.
        ack_at, acked_at: By when its receipt has to be confirmed, and when it was.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        Index(
            "ix_complaint_unconfirmed",
            "ack_at",
            "id",
            postgresql_where=text("ack_at IS NOT NULL AND acked_at IS NULL"),
            sqlite_where=text("ack_at IS NOT NULL AND acked_at IS NULL"),
        ),
        Index("ix_complaint_received", "received_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    backend_id: str = Field(default="", max_length=32, index=True)
    request_id: str = Field(default="", max_length=32, index=True)
    subject: str = Field(default="", max_length=80, index=True)
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    locale: str = Field(default="zh-CN", max_length=16)
    channel: str = Field(default="api", max_length=16)
    received_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    promised_at: datetime = Field(sa_type=UtcDateTime)
    ack_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    answered_by: str = Field(default="", max_length=60)
