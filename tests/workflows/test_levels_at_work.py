"""Below its level nothing of a request is done, whatever let it through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import ConfigError, LevelTooLow
from rights.domain.kinds import Kind, Option
from rights.domain.levels import minimum
from rights.domain.lifecycle import State
from rights.domain.parameters import offered
from rights.services import requests
from rights.settings import load
from rights.store.db import transaction
from tests.workflows.house import KEY, SEED, Clock, ask, floor_over, replace, request_of
from tests.workflows.test_engine import ANN, MAP
from workflows.floor import Floor
from workflows.jobs import work_on

ASKED = [(kind, option) for kind in Kind for option in offered(kind) if minimum(kind, option)]


@pytest.fixture
def opened() -> list[str]:
    """Return the stores that were opened."""
    return []


@pytest.fixture
def floor(tmp_path: Path, opened: list[str]) -> Floor:
    made = floor_over(tmp_path, MAP, {"shop": {}, "letters": {}}, Clock())

    def connector(name: str) -> Any:
        opened.append(name)
        return made.connector(name)

    return replace(made, connector=connector)


def let_through(floor: Floor, kind: Kind, option: Option, level: int) -> str:
    """Submit a request and put it to work with a level of *level*, as a door gone bad would."""
    request_id = ask(floor, kind, ANN, option=option)
    with transaction(floor.register) as session:
        requests.locked(session, request_id).level = level
    assert request_of(floor, request_id).state is State.IN_PROGRESS
    return request_id


@pytest.mark.requirement("R-ID-1")
@pytest.mark.parametrize(("kind", "option"), ASKED)
def test_one_level_too_low_no_store_is_asked(
    floor: Floor, opened: list[str], kind: Kind, option: Option
) -> None:
    request_id = let_through(floor, kind, option, minimum(kind, option) - 1)

    with pytest.raises(LevelTooLow):
        work_on(floor, request_id)

    assert opened == []
    assert request_of(floor, request_id).state is State.IN_PROGRESS


def test_every_kind_that_asks_for_a_proof_is_in_the_table() -> None:
    assert {kind for kind, _ in ASKED} == set(Kind) - {Kind.CONSENT_WITHDRAWAL}
    opting_out = [option for kind, option in ASKED if kind is Kind.RECOMMENDATION_OPT_OUT]
    assert opting_out == [Option.TAGS_EDIT, Option.SWITCH_ON]


@pytest.mark.requirement("R-ID-1:bad")
def test_work_of_the_second_level_is_refused_at_the_first(floor: Floor, opened: list[str]) -> None:
    request_id = let_through(floor, Kind.DELETION, Option.DELETE, 1)

    with pytest.raises(LevelTooLow):
        work_on(floor, request_id)

    assert opened == []


@pytest.mark.requirement("R-ID-1:bad")
@pytest.mark.parametrize("line", ["portability = 2", "recommendation_opt_out = 2"])
def test_no_level_can_be_lowered_or_raised_by_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    config = tmp_path / "rights.toml"
    config.write_text(f"[levels]\n{line}\n", encoding="utf-8")
    monkeypatch.setenv("RIGHTS_CONFIG", str(config))

    with pytest.raises(ConfigError, match="RIGHTS_LEVELS"):
        load(
            database_url="sqlite://",
            redis_url="redis://unused",
            blobs_url="file:///unused",
            keys=KEY,
            signing_key=SEED,
        )
