"""An empty register on either database, and requests in it that nobody has to submit."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from rights.domain.kinds import Kind, default_option
from rights.services import audit
from rights.services.signing import Signer
from rights.store.db import open_engine
from rights.store.models import Request

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
SEED = "s1:" + base64.b64encode(b"s" * 32).decode()
DATABASES = ["sqlite", "postgres"]


def create(url: str) -> None:
    engine = open_engine(url)
    SQLModel.metadata.create_all(engine)
    engine.dispose()


def register_url(request: pytest.FixtureRequest, which: str) -> str:
    """Return the address of an empty register on SQLite or PostgreSQL."""
    if which == "postgres":
        copy: Callable[..., str] = request.getfixturevalue("postgres_template")
        return copy("empty-register", create)
    url = str(request.getfixturevalue("sqlite_url"))
    create(url)
    return url


def opened(request: pytest.FixtureRequest, which: str) -> Engine:
    """Return an empty register, closed again after the test."""
    engine = open_engine(register_url(request, which))
    request.addfinalizer(engine.dispose)
    return engine


def signer() -> Signer:
    return Signer(SEED)


def new_request(session: Session, number: int, **values: Any) -> Request:
    """Add a request that has no entries yet."""
    kind = values.pop("kind", Kind.ACCESS)
    moments = dict.fromkeys(("received_at", "due_at", "promised_at"), NOW)
    row = Request(
        id=f"{number:032x}", kind=kind, option=default_option(kind), **{**moments, **values}
    )
    session.add(row)
    session.flush()
    return row


def write(session: Session, request: Request, *events: str, now: datetime = NOW) -> None:
    """Append entries to a request's chain."""
    lines = [audit.Line(event, "system", {"step": "01-erase"}) for event in events]
    audit.append(session, request, lines, now=now)
