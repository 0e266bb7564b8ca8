"""How long logs of no request stay: six months at least, whatever somebody sets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from rights.domain.errors import ConfigError
from rights.services import audit
from rights.services.checkpoints import checkpoint
from rights.services.purge import purge
from rights.settings import load
from rights.store.db import reading, transaction
from rights.store.models import Entry
from tests.services.registers import NOW, SEED
from tests.workflows.desk import Desk


@pytest.mark.requirement("R-C23-1")
def test_a_purge_leaves_entries_that_are_184_days_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ("127.0.0.1", 1))
    with transaction(desk.register) as session:
        for days in (400, 185, 184, 183, 0):
            line = audit.Line("signed_in", "system", {"days": days})
            audit.append_day(session, line, now=NOW - timedelta(days=days))
    _cover(desk)

    purge(desk.register, desk.context, desk.floor.blobs, now=NOW)

    with reading(desk.register) as session:
        ages = [e.data["days"] for e in session.exec(select(Entry).order_by(col(Entry.at)))]
    assert ages[-3:] == [184, 183, 0]
    assert 400 not in ages
    desk.close()


def _cover(desk: Desk) -> None:
    with transaction(desk.register) as session:
        assert checkpoint(session, desk.floor.signer, NOW) is not None


@pytest.mark.requirement("R-C23-1:bad")
@pytest.mark.parametrize("days", [0, 180, 183])
def test_a_setting_below_six_months_stops_the_start_and_is_named(days: int) -> None:
    with pytest.raises(ConfigError, match="RIGHTS_LOG_DAYS"):
        load(
            database_url="sqlite://",
            redis_url="redis://unused",
            blobs_url="file:///unused",
            keys=SEED,
            signing_key=SEED,
            log_days=days,
        )
