"""Who acts for somebody: their authority, how they are reached, and what shows it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from rights.domain.representation import Role
from rights.store.columns import UtcDateTime, text_enum
from rights.store.ids import new_id


class Representation(SQLModel, table=True):
    """
    The second person of one request: who asks for its subject, or confirms what a child asks.

    Args:
        relation: What they are to the subject: a word of the closed list of their role.
        attested: A product's signed word says who they are to the subject.
        matters: Kinds that the authority is for.
        scope: ``submit`` or ``receive``; empty where it was not said.
        signed: The principal has signed, as the representative says or the principal did here.
        sealed: Name and statement of interest.
        delegated_at: When the principal delegated here, proved at the second level.
        confirmed_at: When a guardian said yes to what a child had asked.
        method, result, verifier, decided_at, decision_hash: What remains of looking at documents.

    Source: Civil Code 165; PIPL 31, 49.
    """

    __tablename__ = "representation"

    request_id: str = Field(primary_key=True, max_length=32)
    role: Role = Field(sa_type=text_enum(Role))
    relation: str = Field(max_length=20)
    attested: bool = False
    matters: list[str] = Field(default_factory=list, sa_type=JSON)
    scope: str = Field(default="", max_length=12)
    until: date | None = None
    signed: bool = False
    sealed: bytes = b""
    delegated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    method: str = Field(default="", max_length=20)
    result: str = Field(default="", max_length=20)
    verifier: str = Field(default="", max_length=40)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_hash: str = Field(default="", max_length=64)


class RepresentativeContact(SQLModel, table=True):
    """
    How a representative is recognised and reached. A table of its own on purpose: whatever
    reads ``identifier`` finds the subject's rows and nothing else, so that nobody's data is ever
    looked for under the contact of somebody who merely asks for them.

    Args:
        client: Keyed hash of the network address it was typed from; empty where that is not known.
            Whoever types somebody else's address must not use up what its owner may ask for.
    """

    __tablename__ = "representative_contact"
    __table_args__ = (Index("ix_representative_contact_blind", "blind"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    type: str = Field(max_length=40)
    sealed: bytes
    blind: str = Field(max_length=80)
    client: str = Field(default="", max_length=80)
    proof: str = Field(default="", max_length=16)
    proved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Evidence(SQLModel, table=True):
    """
    One document that shows who somebody is to the subject; nothing of it but this line is here.

    Args:
        wrapped_key: The data key of this object alone; emptied with the decision, so that no
            copy of the object opens any more, wherever it may be.
        media_type: As its first bytes say; no name is kept.
        destroy_at: When the object goes: at the decision, or when its time is over.
    """

    __tablename__ = "evidence"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    wrapped_key: bytes = b""
    file_id: str = Field(default="", max_length=32)
    size: int = 0
    media_type: str = Field(default="", max_length=20)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    destroy_at: datetime = Field(sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (Index("ix_evidence_due", "destroyed_at", "destroy_at"),)


class Arrangement(SQLModel, table=True):
    """
    What somebody arranged in their lifetime about what relatives may ask for; rows are only added.

    Args:
        subject: Blind index of one identifier: there is one row for each that was proved.
        version: Counts from 1; the highest holds.
        rules: Kind to relation to ``allow`` or ``deny``; ``*`` stands for every one.

    Source: PIPL 49.
    """

    __tablename__ = "arrangement"
    __table_args__ = (Index("ix_arrangement_subject", "subject", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    backend_id: str = Field(max_length=32)
    subject: str = Field(max_length=80)
    version: int
    rules: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    level: int
    channel: str = Field(max_length=16)
    at: datetime = Field(sa_type=UtcDateTime)
