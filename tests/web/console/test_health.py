"""Whether a console's process is ready is told to whoever asks, and nothing else of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rights.services.readiness import Readiness
from rights.web.parts import NAME as PARTS
from tests.web.house import House


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"register": "up", "keys": "up", "redis": "up"}, 200),
        ({"register": "up", "keys": "up", "redis": "down"}, 200),
        ({"register": "not_migrated", "keys": "up", "redis": "up"}, 503),
        ({"register": "up", "keys": "missing", "redis": "up"}, 503),
    ],
)
def test_what_is_missing_is_named(house: House, said: dict[str, str], status: int) -> None:
    looks = Readiness({name: lambda how=how: how for name, how in said.items()})  # type: ignore[misc]
    house.app.extensions[PARTS] = replace(house.app.extensions[PARTS], readiness=looks)

    answer = house.client.get("/console/readyz")

    assert answer.status_code == status
    assert answer.json == {"status": "ok" if status == 200 else "not_ready", **said}
