"""A month that has happened, once for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rights import logs
from rights.store.db import RegisterClock
from rights.store.migrate import upgrade
from tests.month.month import OFFICE, Month, month
from tests.month.rounds import BEGUN
from tests.services.regime_files import change_new
from tests.web.house import Clock, furnish, settings_for
from workflows.embedded.smtp import Sink

NUMBER = 5_000
SEED = 23
ROLES = ("reviewer", "approver", "dpo")


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """Return the month with the register as it was left."""
    logs.configure(level="CRITICAL")
    folder, sink = tmp_path_factory.mktemp("month"), Sink()
    override, url = folder / "override.yaml", f"sqlite:///{folder / 'register.db'}"
    change_new(override, {"promises": {"us_ca": {"access": {"count": 30, "unit": "day"}}}})
    upgrade(url)
    house = furnish(
        settings_for(
            url,
            "redis://127.0.0.1:1",
            folder,
            regimes_override=override,
            smtp_host=sink.host,
            smtp_port=sink.port,
            alert_mail=",".join(f"{role}={role}@{OFFICE}" for role in ROLES),
        ),
        clock=Clock(BEGUN),
    )
    made = month(house, sink, NUMBER, SEED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegisterClock, "now", lambda _: house.clock.now())
        made.happen()
    yield made
    house.engine.dispose()
    house.parts.limits.close()
    sink.stop()
