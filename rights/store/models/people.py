"""What is known of the person who asks: sealed, and looked up by keyed hash only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class IdentifierRow(SQLModel, table=True):
    """
    One identifier of one request.

    Args:
        sealed: AES-256-GCM with key id; AAD binds it to the request and the type.
        blind: HMAC of the normalised value: equality only.
        proof: ``""`` (only typed), ``code``, ``assertion``, ``session``, or ``review``: staff saw
            documents that are about this person, which says nothing about who reads the address.
        on_file: Whether a worker found it in a store; empty while nobody has looked.
        changed_at: When it was last changed there, where the data map can tell.
    """

    __tablename__ = "identifier"
    __table_args__ = (Index("ix_identifier_blind", "blind"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    type: str = Field(max_length=40)
    sealed: bytes
    blind: str = Field(max_length=80)
    proof: str = Field(default="", max_length=16)
    proved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    on_file: bool | None = None
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SealedNote(SQLModel, table=True):
    """Free text and values of one request: corrections, supplied information, messages."""

    __tablename__ = "sealed_note"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    purpose: str = Field(max_length=40)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class Challenge(SQLModel, table=True):
    """
    One one-time code. The code itself is kept only as a keyed hash.

    Args:
        tries: Wrong answers so far; at five it is dead.
        failed_at: When the last of those was given: for a while there is no other code then.
        identifier_id: Where it was sent: an identifier's row or a representative's contact.
        purpose: ``request``, ``grant``, ``proceed``, ``visit`` or ``guardian``: a code for one is
            no code for the other.
    """

    __tablename__ = "challenge"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    identifier_id: str = Field(max_length=32)
    purpose: str = Field(default="request", max_length=16)
    sealed_code: bytes
    tries: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Nonce(SQLModel, table=True):
    """A nonce that was used: an assertion is good once."""

    __tablename__ = "nonce"

    hash: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Consent(SQLModel, table=True):
    """
    One line of the consent ledger; rows are only ever added.

    Args:
        subject: Blind index of the identifier.
        state: ``granted`` or ``withdrawn``.
        rule_version: Which privacy notice was shown.
        manner: ``express``, ``separate`` or ``written``.
        given_by: ``self`` or ``guardian``, whose blind index then stands beside it.

    Source: NDSR 22; PIPL 13-16, 31.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_subject_purpose", "subject", "purpose", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    backend_id: str = Field(max_length=32)
    subject: str = Field(max_length=80)
    purpose: str = Field(max_length=60)
    state: str = Field(max_length=12)
    manner: str = Field(default="express", max_length=12)
    rule_version: str = Field(default="", max_length=60)
    source: str = Field(default="", max_length=60)
    given_by: str = Field(default="self", max_length=12)
    guardian: str = Field(default="", max_length=80)
    request_id: str = Field(default="", max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)


class Preference(SQLModel, table=True):
    """
    One switch of one person or device, read by its primary key.

    Args:
        subject: Blind index of one identifier (an account, or an anonymous device).
        effective_at: When every serving store read it back; empty while pending.
        pending: Names of the serving stores that have not yet.
    """

    __tablename__ = "preference"
    __table_args__ = (Index("ix_preference_waiting", "effective_at", "changed_at"),)

    subject: str = Field(primary_key=True, max_length=80)
    name: str = Field(primary_key=True, max_length=60)
    value: str = Field(max_length=40)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pending: list[str] = Field(default_factory=list, sa_type=JSON)
    request_id: str = Field(default="", max_length=32, index=True)
    alarmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    breached_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class TagKeptAway(SQLModel, table=True):
    """
    A tag that somebody had deleted: it is not computed again until they say so.

    Args:
        blind: HMAC of who and which tag, under the key ``key_id``; the tag itself is not kept.
        request_id: By which request: nobody's request takes over what another one wrote.
        subject: Blind index of who, so that their own word lets all of theirs go.
        before: Only what is computed from older behaviour is kept away: all tags were deleted
            and none was named. Empty: whatever it is computed from.

    Source: NDSR 42; Algorithmic Recommendation Provisions 17.
    """

    __tablename__ = "tag_kept_away"

    blind: str = Field(primary_key=True, max_length=80)
    subject: str = Field(max_length=80, index=True)
    key_id: str = Field(max_length=40, index=True)
    request_id: str = Field(primary_key=True, max_length=32, index=True)
    before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    at: datetime = Field(sa_type=UtcDateTime)


class TagSaid(SQLModel, table=True):
    """
    That somebody chose one of the tags they are offered, or removed it: what they said last counts.

    Args:
        blind: HMAC of who and which tag, under the key ``key_id``; the tag itself is not kept.
        request_id: By which request; taken back with it.
        subject: Blind index of who.
        chosen: False where they removed it.
        at: When they said so.

    Source: NDSR 42; Algorithmic Recommendation Provisions 17.
    """

    __tablename__ = "tag_said"

    blind: str = Field(primary_key=True, max_length=80)
    subject: str = Field(max_length=80, index=True)
    key_id: str = Field(max_length=40, index=True)
    request_id: str = Field(primary_key=True, max_length=32, index=True)
    chosen: bool
    at: datetime = Field(sa_type=UtcDateTime)
