"""What staff see of the stores on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rights.domain.breaker import Circuit
from rights.domain.kinds import Kind
from rights.store.db import transaction
from rights.store.migrate import upgrade
from rights.store.models import StoreGate
from tests.workflows.house import KEY, SEED, Clock, ask, floor_over
from tests.workflows.test_store_limits import limited
from workflows.advance import begin
from workflows.cli import cli


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_is_at_work_who_waits_and_which_is_left_alone(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, url = tmp_path / "map.yaml", f"sqlite:///{tmp_path / 'stores.sqlite'}"
    file.write_text(limited("{concurrent: 1, per_minute: 600}"), encoding="utf-8")
    upgrade(url)
    floor = floor_over(tmp_path, limited("{concurrent: 1}"), {}, clock, register_url=url)
    first, second = (ask(floor, Kind.ACCESS, {"user_id": str(n)}) for n in (1, 2))
    begin(floor, first)
    begin(floor, second)
    with transaction(floor.register) as session:
        gate = StoreGate(store="letters", circuit=Circuit.OPEN, openings=3, reason="locks")
        gate.until = clock()
        session.add(gate)
    for name, value in {
        "DATABASE_URL": url,
        "REDIS_URL": "redis://unused",
        "BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "KEYS": KEY,
        "SIGNING_KEY": SEED,
        "DATAMAP": str(file),
    }.items():
        monkeypatch.setenv(f"RIGHTS_{name}", value)

    said = CliRunner().invoke(cli, ["stores"], catch_exceptions=False)
    told = json.loads(CliRunner().invoke(cli, ["stores", "--json"]).stdout)

    shop, letters = told
    assert (shop["store"], shop["circuit"]) == ("shop", "closed")
    assert (shop["at_work"], shop["concurrent"], shop["waiting"]) == (1, 1, 1)
    assert (letters["circuit"], letters["reason"], letters["trials_failed"]) == ("open", "locks", 2)
    assert "shop  closed  1 of 1 at work  1 waiting since" in said.stdout
    assert "letters  open (locks) until" in said.stdout
    floor.register.dispose()
