"""Providers that say who somebody is, and the sign-ins under way at them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime


class SignInProvider(SQLModel, table=True):
    """
    The OpenID Connect provider at which the people of one backend sign in.

    Args:
        title: What people know it by; stands on the button.
        sealed_secret: The client's; empty for a client that has none.
        claims: Name of a claim to the identifier type it is.
        acrs, amrs: Values of these claims that are worth more than a session, and how much.
        ask_acrs: What is asked for where the session's own proof is not enough.
    """

    __tablename__ = "sign_in_provider"

    backend_id: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=80)
    issuer: str = Field(max_length=300)
    client_id: str = Field(max_length=200)
    sealed_secret: bytes = b""
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    claims: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    acrs: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    amrs: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    ask_acrs: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class SignIn(SQLModel, table=True):
    """
    A sign-in that was begun and has not come back: good once, for ten minutes.

    Args:
        id: SHA-256 of the state that travels with it.
        browser: SHA-256 of what the cookie holds: no other browser ends it.
        sealed: Nonce and verifier, and what is to happen afterwards.
    """

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True, max_length=64)
    backend_id: str = Field(max_length=32)
    browser: str = Field(max_length=64)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
