"""Bridges to the national network identity service, and the visits under way there."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime


class NetworkIdentityBridge(SQLModel, table=True):
    """
    The bridge through which the people of one backend show their network identity.

    Args:
        sealed_secret: With it both sides sign.
        attests_names: Its word that a real name is the one we hold is taken.
    """

    __tablename__ = "network_identity_bridge"

    backend_id: str = Field(primary_key=True, max_length=32)
    url: str = Field(max_length=300)
    sealed_secret: bytes
    attests_names: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class NetworkIdentityVisit(SQLModel, table=True):
    """
    Somebody who was sent there and has not come back: good once, for ten minutes.

    Args:
        id: SHA-256 of the state that travels with them.
        visit: Which browser they left; empty for a product's backend.
        sealed: The nonce that the bridge has to name, and which bridge was asked.
    """

    __tablename__ = "network_identity_visit"

    id: str = Field(primary_key=True, max_length=64)
    backend_id: str = Field(max_length=32)
    request_id: str = Field(max_length=32, index=True)
    visit: str = Field(default="", max_length=64)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
