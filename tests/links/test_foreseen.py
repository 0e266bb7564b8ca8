"""What a dry run says would happen is what happens, in random worlds and on every engine."""

from __future__ import annotations

import pytest
from hypothesis import event, given

from rights.domain.kinds import Kind
from tests.links.lab import Lab
from tests.links.test_laboratory import examples
from tests.links.world import World
from tests.links.worlds import Kinds, worlds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COUNTED = ("affected", "decorrelated", "retained")


def told(outcome: dict) -> dict[str, tuple[int, ...]]:  # type: ignore[type-arg]
    lines = [x for x in outcome["collections"] if x["action"] == "erase"]
    return {x["collection"]: tuple(x[name] for name in COUNTED) for x in lines}


def foreseen(lab: Lab, world: World, *options: str) -> None:
    """Plan the erasure of the person of *world*, carry it out, and compare the two."""
    lab.build(world)
    before = lab.picture(world)

    planned = lab.ask(world, Kind.DELETION, *options, dry_run=True)

    assert lab.picture(world) == before
    outcome = lab.ask(world, Kind.DELETION, *options)
    if outcome["state"] == "on_hold":
        event("refused")
        return
    event("erased")
    assert planned["state"] == "planned", planned
    assert told(planned) == told(outcome)


@examples(10)
@given(worlds())
def test_an_erasure_is_foreseen(sqlite_lab: Lab, world: World) -> None:
    foreseen(sqlite_lab, world)


@examples(6)
@given(worlds())
def test_anonymising_is_foreseen(sqlite_lab: Lab, world: World) -> None:
    foreseen(sqlite_lab, world, "option=anonymise")


@examples(4)
@given(worlds())
def test_it_is_foreseen_on_postgresql(postgres_lab: Lab, world: World) -> None:
    foreseen(postgres_lab, world)


@examples(4)
@given(worlds(Kinds(deferrable=False)))
def test_it_is_foreseen_on_mariadb(mariadb_lab: Lab, world: World) -> None:
    foreseen(mariadb_lab, world)
