"""Who is using the portal right now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime


class PortalSession(SQLModel, table=True):
    """
    One person in one browser, for an hour at most.

    Args:
        id: SHA-256 of what the cookie holds; the register alone opens nothing.
        sealed: Who it is, as far as a portal token said so; empty for somebody without one.
        origin: Whose page shows the portal in a frame; empty for a page of its own.
        requests: References that this browser may see although no product says whose they are:
            those that were made here, or whose code was answered here. Each with the level that
            was proved for it here, and whether it was made here.
        proofs: Codes that were answered here: the challenge, a keyed hash of where it went, the
            request, and when.
    """

    __tablename__ = "portal_session"

    id: str = Field(primary_key=True, max_length=64)
    backend_id: str = Field(max_length=32)
    sealed: bytes = b""
    origin: str = Field(default="", max_length=300)
    requests: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    proofs: list[Any] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
