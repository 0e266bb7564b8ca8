"""What a relay does in one round, and whom of the staff it mails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rights.store.db import RegisterClock
from tests.web.correspondence import Office
from tests.web.house import House
from workflows import clock_watch, gauges, sweep
from workflows.embedded.smtp import Sink
from workflows.notices import alert_mail, send

MAIL = "reviewer=desk@example.com,approver=lead@example.com,dpo=dpo@example.com"
EVERYBODY = ["desk@example.com", "dpo@example.com", "lead@example.com"]


def told_by_mail(
    furnished: Callable[..., House], sink: Sink, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    """Return an office whose staff are mailed, on an evening of November."""
    smtp = {"smtp_host": sink.host, "smtp_port": sink.port}
    house = furnished(**smtp, alert_mail=MAIL, staff_locale="en")
    house.clock.at = datetime(2026, 11, 22, 18, tzinfo=UTC)
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, folder)


def a_round(office: Office, sink: Sink) -> list[str]:
    """Do what a relay does; return which members of staff were mailed."""
    house = office.house
    while send.send_due(house.engine, house.context, house.clock.now):
        pass
    before = len(sink.messages)
    sweep.watch_preferences(house.engine, house.context, house.clock.now)
    clock_watch.watch(house.engine, house.context, house.clock.now)
    alert_mail.send(house.engine, house.context, house.clock.now, office.alerted)
    return sorted(one["X-Envelope-To"] for one in sink.messages[before:])


def gauge(office: Office, name: str, **labels: str) -> float:
    """Return what a gauge of the register says now."""
    house = office.house
    with house.reading() as session:
        now = house.clock.now()
        found = gauges.of_register(session, house.context.datamap, house.context.regimes, now)
    return sum(value for said, value in found[name] if labels.items() <= said.items())
