"""By when deleted bytes are gone: what a store declares, laid on a date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rights.domain.datamap import Store
from rights.domain.horizon import after, backups, last_return, overwritten, physically_gone

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


def _store(horizon: str = "", *keeps: str) -> Store:
    kept = tuple({"name": f"dump {n}", "keeps": k} for n, k in enumerate(keeps))
    return Store("shop", "sql", horizon=horizon, horizon_by="vacuum", backups=kept)


@pytest.mark.parametrize(
    ("period", "day"),
    [("1d", (2026, 2, 1)), ("2w", (2026, 2, 14)), ("1m", (2026, 2, 28)), ("2y", (2028, 1, 31))],
)
def test_periods_are_counted_in_days_and_in_months(period: str, day: tuple[int, int, int]) -> None:
    assert after(AT, period) == datetime(*day, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("period", ["", "0d", "30", "d", "1h", "-1d", "30d "])
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        after(AT, period)


def test_a_store_is_gone_when_its_maintenance_ran_and_its_last_backup_ended() -> None:
    assert physically_gone(_store("3d", "1d", "2w"), AT) == after(AT, "2w")
    assert physically_gone(_store("1m", "1d"), AT) == after(AT, "1m")
    assert physically_gone(_store("3d"), AT) == overwritten(_store("3d"), AT) == after(AT, "3d")


def test_where_nobody_says_nothing_is_promised() -> None:
    assert physically_gone(_store("", "2w"), AT) is None
    assert overwritten(_store(), AT) is None
    assert backups(_store(), AT) == {}


def test_what_may_come_back_is_the_longest_of_all_stores() -> None:
    assert last_return([_store("3d", "1d"), _store("", "2w")], AT) == after(AT, "2w")
    assert last_return([_store()], AT) == AT
