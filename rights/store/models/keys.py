"""Keys that people prove themselves with, what is asked of them, and what they proved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class PersonKey(SQLModel, table=True):
    """
    A passkey or an authenticator app of one person.

    Args:
        subject: Blind index of the account that a product vouched for: addresses may change.
        way: ``passkey`` or ``totp``.
        credential: Blind index of a passkey's credential id; NULL for an app.
        sealed: The name its owner gave it, and what is secret: an app's shared secret, or a
            passkey's credential id and how to reach it.
        public_key: Of a passkey, as COSE has it; it opens nothing.
        sign_count: How often a passkey says it was used; zero where it does not count.
        last_step: The 30 seconds whose code was used last; each is good once.
        tries: Wrong codes in a row.
        blocked_until: Until then no code of an app is looked at.
    """

    __tablename__ = "person_key"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    backend_id: str = Field(max_length=32)
    subject: str = Field(max_length=80, index=True)
    way: str = Field(max_length=12)
    credential: str | None = Field(default=None, max_length=80, unique=True)
    sealed: bytes
    public_key: bytes = b""
    sign_count: int = Field(default=0, sa_type=BigInteger)
    last_step: int = Field(default=0, sa_type=BigInteger)
    tries: int = 0
    blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class KeyChallenge(SQLModel, table=True):
    """
    What one visit was asked to answer with a key; there is one for each thing it is about.

    Args:
        id: SHA-256 of the visit and what it is about: a new one takes the place of the last.
        sealed: The challenge of a passkey, or the secret of an app that is being added.
        tries: Wrong codes of an app that is being added.
    """

    __tablename__ = "key_challenge"

    id: str = Field(primary_key=True, max_length=64)
    sealed: bytes
    tries: int = 0
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KeyProof(SQLModel, table=True):
    """
    One request was proved with a key.

    Args:
        trusted: The key was old enough to stand in place of a code.
    """

    __tablename__ = "key_proof"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    key_id: str = Field(max_length=32)
    way: str = Field(max_length=12)
    trusted: bool
    at: datetime = Field(sa_type=UtcDateTime)


class KeyLetter(SQLModel, table=True):
    """
    One occasion on which a person is written to about their keys, outside any request.

    Identifiers, notices and the code that belong to it carry its id where those of a request
    carry the request's.

    Args:
        visit: In which visit a code was asked for; empty for what only tells.
        way: Of the key it is about; empty where it is about none.
    """

    __tablename__ = "key_letter"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    subject: str = Field(max_length=80, index=True)
    visit: str = Field(default="", max_length=64, index=True)
    event: str = Field(max_length=40)
    way: str = Field(default="", max_length=12)
    locale: str = Field(default="", max_length=20)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
