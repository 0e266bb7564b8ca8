"""Security incidents: what was discovered, by when it is reported, and whom it was told to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class SecurityIncident(SQLModel, table=True):
    """
    One incident, or a drill of one.

    Args:
        kind, severity: Codes of ``rights.domain.incident_clocks``.
        regimes: The laws of the people who may have been hit.
        touched_from, touched_to: The time in which people were hit; empty while nobody has said.
        by_kind: What was misused: ``backend``, ``key``, ``staff`` or ``person`` (a portal token);
            empty for anything.
        by_id: Id of the backend or of the member of staff.
        key_id: Id of the backend's key.
        subjects: Keyed hashes of the person whose portal token was misused.
    """

    __tablename__ = "security_incident"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    kind: str = Field(max_length=20)
    severity: str = Field(max_length=20)
    operator: str = Field(max_length=20)
    endangers: bool = False
    minors: bool = False
    drill: bool = False
    regimes: list[str] = Field(default_factory=list, sa_type=JSON)
    discovered_at: datetime = Field(sa_type=UtcDateTime)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: str = Field(max_length=40)
    touched_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    touched_to: datetime | None = Field(default=None, sa_type=UtcDateTime)
    by_kind: str = Field(default="", max_length=12)
    by_id: str = Field(default="", max_length=32)
    key_id: str = Field(default="", max_length=32)
    subjects: list[str] = Field(default_factory=list, sa_type=JSON)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    closed_by: str = Field(default="", max_length=40)


class IncidentClock(SQLModel, table=True):
    """
    By when one incident is reported to somebody, and how that was answered.

    Args:
        reference: Of the report that was made; empty where it was found not reportable.
        reason_id: Why it is not reportable (``Writing``).
        stage: The last share of its time, in percent, that stands in the trail; -1 for none.
        mailed: The last one that staff were written of.
    """

    __tablename__ = "incident_clock"

    incident_id: str = Field(primary_key=True, max_length=32)
    name: str = Field(primary_key=True, max_length=20)
    due_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str = Field(default="", max_length=40)
    reference: str = Field(default="", max_length=80)
    reason_id: str = Field(default="", max_length=32)
    stage: int = -1
    mailed: int = -1


class IncidentLetter(SQLModel, table=True):
    """
    One letter to everybody whom an incident hit.

    Args:
        writing_id: Its elements in every language (``Writing``).
        untold: It goes to those only whom no letter of this incident was queued to before.
        reached: The last person to whom it was queued, in the order of their keyed hashes.
        spread_at: When it was queued to the last of them.
    """

    __tablename__ = "incident_letter"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    incident_id: str = Field(max_length=32, index=True)
    writing_id: str = Field(max_length=32)
    made_by: str = Field(max_length=40)
    made_at: datetime = Field(sa_type=UtcDateTime)
    untold: bool = False
    reached: str = Field(default="", max_length=80)
    spread_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class IncidentTold(SQLModel, table=True):
    """
    The log of a letter: one line for each who is written to, or cannot be.

    Args:
        id: The same as that of the notice, if there is one.
        role: ``person``, ``guardian`` or ``representative``.
        contact_id: Where it goes; empty where nothing is known.
        state: ``queued`` or ``by_text`` (the notice says what came of it), ``by_phone``,
            ``no_contact`` or ``drill``.
    """

    __tablename__ = "incident_told"
    __table_args__ = (UniqueConstraint("letter_id", "request_id", "role", "contact_id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    letter_id: str = Field(max_length=32)
    request_id: str = Field(max_length=32, index=True)
    role: str = Field(max_length=16)
    contact_id: str = Field(default="", max_length=32)
    state: str = Field(max_length=12)
    at: datetime = Field(sa_type=UtcDateTime)
