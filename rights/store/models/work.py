"""Plans, steps, and what carries them to the workers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime, text_enum
from rights.store.ids import new_id


class StepState(StrEnum):
    """Where a step is. ``manual`` waits for staff; ``left_out`` was left out by name."""

    TODO = "todo"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    MANUAL = "manual"
    LEFT_OUT = "left_out"


class OutboxMessage(SQLModel, table=True):
    """One thing a worker or the relay must do; written with its cause."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "sent_at", "not_before", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    job: str = Field(max_length=40)
    args: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    queue: str = Field(default="work", max_length=16)
    created_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PlanRow(SQLModel, table=True):
    """The plan of a request: what will be done, under which map and schema."""

    __tablename__ = "plan"
    __table_args__ = (Index("ix_plan_under", "request_id", "config_hash"),)

    request_id: str = Field(primary_key=True, max_length=32)
    config_hash: str = Field(max_length=64)
    schema_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)
    body: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    needs_approval: bool = False
    approved_by: str = Field(default="", max_length=60)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StepRow(SQLModel, table=True):
    """
    One unit of work: one action on one store.

    Args:
        id: ``<request>-<phase>-<action>[-<store>]``: stable, so a repeat finds its own tracks.
        fence: Grows with every claim; a write with a lower one is refused.
        result: Receipts per collection; from the first success, never overwritten.
        note: For staff: what went wrong, in words without personal data.
    """

    __tablename__ = "step"
    __table_args__ = (
        Index("ix_step_request", "request_id", "phase"),
        Index("ix_step_sweep", "state", "next_at"),
        Index(
            "ix_step_drift",
            "request_id",
            postgresql_where=text("code = 'drift'"),
            sqlite_where=text("code = 'drift'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=120)
    request_id: str = Field(max_length=32)
    phase: int
    action: str = Field(max_length=20)
    store: str = Field(default="", max_length=60)
    state: StepState = Field(default=StepState.TODO, sa_type=text_enum(StepState))
    queue: str = Field(default="work", max_length=16)
    lease_owner: str = Field(default="", max_length=80)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fence: int = 0
    attempts: int = 0
    code: str = Field(default="", max_length=60)
    note: str = Field(default="", max_length=400)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str = Field(default="", max_length=60)


class TaskDocument(SQLModel, table=True):
    """
    One document that shows that a step was done by hand; nothing of it but this line is here.

    Args:
        wrapped_key: The data key of this object alone; emptied when its time is over.
        media_type: As its first bytes say; no name is kept.
        sha256: In hex, of the sealed object as it lies in its place.
        kept_at: When the step was completed with it; empty while it is on its way.
        destroy_at: When what nobody kept goes; empty once it goes with its request's record.
    """

    __tablename__ = "task_document"
    __table_args__ = (Index("ix_task_document_due", "destroyed_at", "destroy_at"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    step_id: str = Field(max_length=120)
    wrapped_key: bytes = b""
    file_id: str = Field(default="", max_length=32)
    size: int = 0
    sha256: str = Field(default="", max_length=64)
    media_type: str = Field(default="", max_length=20)
    uploaded_by: str = Field(max_length=60)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    destroy_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class KeyringRow(SQLModel, table=True):
    """The frozen keys of a request, sealed; destroyed once the request is closed."""

    __tablename__ = "keyring"

    request_id: str = Field(primary_key=True, max_length=32)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class JournalRow(SQLModel, table=True):
    """What a step did to one collection: copied from the store's own journal where it has one."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_step", "step_id"),)

    id: int | None = Field(default=None, primary_key=True)
    step_id: str = Field(max_length=120)
    request_id: str = Field(max_length=32, index=True)
    chunk: int
    fence: int
    collection: str = Field(max_length=120)
    phase: str = Field(max_length=8)
    affected: int = 0
    digest: str = Field(default="", max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class SubjectLock(SQLModel, table=True):
    """
    Whom a request is about, by keyed hash: what was found of the identifiers it came with.

    Two requests that share a row are of one person, and take turns.
    """

    __tablename__ = "subject_lock"

    subject: str = Field(primary_key=True, max_length=80)
    request_id: str = Field(primary_key=True, max_length=32, index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class Lookup(SQLModel, table=True):
    """
    A question only a worker can answer, and its sealed answer.

    Args:
        question: ``counts``, ``values``, ``decisions`` …
        level: What the asker had proved; checked again by the worker.
    """

    __tablename__ = "lookup"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(default="", max_length=32, index=True)
    backend_id: str = Field(default="", max_length=32)
    question: str = Field(max_length=40)
    level: int = 0
    sealed_input: bytes
    sealed_answer: bytes | None = None
    state: str = Field(default="waiting", max_length=12)
    code: str = Field(default="", max_length=60)
    created_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
