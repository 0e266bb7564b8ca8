"""An office whose mail goes out, and requests of a law that knows more time or pauses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.services import audit
from rights.store.db import RegisterClock
from rights.store.models import ExtensionRow, Request
from tests.web.correspondence import Office
from tests.web.house import ALICE, House
from workflows import clock_watch
from workflows.embedded.smtp import Sink
from workflows.notices import send

WHY = "Your records lie in eleven systems, canary-0815"


def office_of(
    furnished: Callable[..., House],
    sink: Sink,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    **settings: Any,
) -> Office:
    """Return an office in which the clock of the test is the register's."""
    house = furnished(smtp_host=sink.host, smtp_port=sink.port, **settings)
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, folder)


def at(day: str, hour: int = 10) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


def working(office: Office, *regimes: str, kind: str = "access", locale: str = "en") -> str:
    """Return a request that is proved and being worked on."""
    made = office.house.asserted(kind, regimes=[*regimes], locale=locale)
    assert made["state"] == "in_progress", made
    return str(made["id"])


def proving(office: Office, *regimes: str, kind: str = "access") -> str:
    """Return a request for which a code was asked."""
    made = office.house.submit(kind, ALICE, regimes=[*regimes], locale="en")
    assert made["state"] == "verifying", made
    return str(made["id"])


def request_of(office: Office, request_id: str) -> Request:
    with office.house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def dates(office: Office, request_id: str) -> tuple[str, str]:
    """Return the days that are kept and promised, in UTC."""
    one = request_of(office, request_id)
    return one.due_at.date().isoformat(), one.promised_at.date().isoformat()


def extend(
    office: Office, *ids: str, reason: str = "complexity", by: str = "ana", because: str = WHY
) -> Any:
    return office.run(
        "clocks", "extend", *ids, "--reason", reason, "--because", because, "--as", by
    )


def sent(office: Office) -> int:
    house = office.house
    return send.send_due(house.engine, house.context, house.clock.now)


def watch(office: Office) -> int:
    house = office.house
    return clock_watch.watch(house.engine, house.context, house.clock.now)


def entries(office: Office, request_id: str, event: str) -> list[dict[str, Any]]:
    with office.house.reading() as session:
        return [dict(e.data) for e in audit.entries(session, request_id) if e.event == event]


def extension(office: Office, request_id: str) -> ExtensionRow:
    with office.house.reading() as session:
        query = select(ExtensionRow).where(ExtensionRow.request_id == request_id)
        found: ExtensionRow = session.exec(query).one()
    return found
