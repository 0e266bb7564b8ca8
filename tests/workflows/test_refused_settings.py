"""Settings that the law forbids are refused at start."""

from __future__ import annotations

import pytest

from rights.domain.errors import ConfigError
from rights.settings import Settings, load
from tests.workflows.house import KEY, SEED


@pytest.mark.requirement("R-NEG-29:bad")
@pytest.mark.parametrize("setting", [{"package_days": 60}, {"lookup_minutes": 600}])
def test_keeping_longer_than_needed_cannot_be_configured(setting: dict[str, int]) -> None:
    fine = {
        "database_url": "sqlite://",
        "redis_url": "redis://unused",
        "blobs_url": "file:///unused",
        "keys": KEY,
        "signing_key": SEED,
    }
    assert isinstance(load(**fine), Settings)

    with pytest.raises(ConfigError):
        load(**fine, **setting)
