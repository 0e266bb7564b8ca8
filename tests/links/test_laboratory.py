"""
Random schemas with random links, run through the public face and compared with an oracle.

``RIGHTS_LAB_EXAMPLES`` asks for more examples than the few that each run of the suite can take.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, event, given, settings

from rights.domain.kinds import Kind
from tests.links.lab import Lab
from tests.links.oracle import Oracle
from tests.links.world import World
from tests.links.worlds import Kinds, worlds

MANY = int(os.environ.get("RIGHTS_LAB_EXAMPLES", "0"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if MANY else 600)]


def examples(few: int) -> settings:
    return settings(
        max_examples=MANY or few,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def erased(lab: Lab, world: World, *options: str) -> None:
    """Erase the person of *world*, and compare every row of every table."""
    verdict = Oracle(world, erasing=True, anonymise=bool(options)).judge(waits=lab.waits)
    lab.build(world)
    before = lab.picture(world)

    outcome = lab.ask(world, Kind.DELETION, *options)

    after = lab.picture(world)
    if verdict.stuck or verdict.knotted:
        event("refused")
        assert outcome["state"] == "on_hold", outcome
        word = "circle" if verdict.knotted else "may not be empty"
        assert any(word in p for p in outcome["problems"]), outcome["problems"]
        assert after == before
        return
    assert (outcome["state"], outcome["problems"]) == ("fulfilled", [])
    event("erased")
    expected = {name: +rows for name, rows in verdict.after.items()}
    assert after == expected
    assert lab.broken() == []
    gone = sum((before[n] - after[n]).total() for n in before)
    if not options and not gone:
        assert sum(x["affected"] + x["decorrelated"] for x in outcome["collections"]) == 0


def shown(lab: Lab, world: World) -> None:
    """Give the person access, and compare every record with its masks."""
    verdict = Oracle(world, erasing=False).judge(waits=lab.waits)
    lab.build(world)
    before = lab.picture(world)

    outcome = lab.ask(world, Kind.ACCESS)

    assert lab.picture(world) == before
    assert (outcome["state"], outcome["problems"]) == ("fulfilled", [])
    assert packed(world, outcome) == verdict.shown


def packed(world: World, outcome: dict) -> dict:  # type: ignore[type-arg]
    return {
        name: Counter(tuple(r[c] for c in world.table(name).shown) for r in rows)
        for name, rows in outcome.get("records", {}).items()
    }


@examples(40)
@given(worlds())
def test_an_erasure_takes_what_the_table_of_roles_says(sqlite_lab: Lab, world: World) -> None:
    erased(sqlite_lab, world)


@examples(15)
@given(worlds())
def test_anonymising_empties_what_the_table_of_roles_says(sqlite_lab: Lab, world: World) -> None:
    erased(sqlite_lab, world, "option=anonymise")


@examples(25)
@given(worlds())
def test_a_person_sees_what_the_table_of_roles_says(sqlite_lab: Lab, world: World) -> None:
    shown(sqlite_lab, world)


@examples(8)
@given(worlds())
def test_the_same_on_postgresql(postgres_lab: Lab, world: World) -> None:
    erased(postgres_lab, world)


@examples(8)
@given(worlds(Kinds(deferrable=False)))
def test_the_same_on_mariadb(mariadb_lab: Lab, world: World) -> None:
    erased(mariadb_lab, world)


@examples(12)
@given(worlds())
def test_two_people_erased_in_either_order_leave_the_same(sqlite_lab: Lab, world: World) -> None:
    ends = []
    for order in (("1", "2"), ("2", "1")):
        sqlite_lab.build(world)
        states = [
            sqlite_lab.ask(World(world.tables, {"user_id": number}), Kind.DELETION)["state"]
            for number in order
        ]
        ends.append((sorted(states), sqlite_lab.picture(world)))
        assert sqlite_lab.broken() == []
    if ends[0][0] == ends[1][0] == ["fulfilled", "fulfilled"]:
        assert ends[0][1] == ends[1][1]


def together(lab: Lab, world: World) -> None:
    """Erase everybody at once and one after the other: the same is left (I15)."""
    people = [{"user_id": str(row["id"])} for row in world.table("users").rows]
    ends = []
    for groups in ([people], [[person] for person in people]):
        lab.build(world)
        outcomes = [o for group in groups for o in lab.ask_for(world, group, Kind.DELETION)]
        ends.append(({o["state"] for o in outcomes}, lab.picture(world)))
        assert lab.broken() == []
    if ends[0][0] == ends[1][0] == {"fulfilled"}:
        event("together")
        assert ends[0][1] == ends[1][1]


@examples(6)
@given(worlds())
def test_everybody_at_once_leaves_what_one_after_the_other_does(
    sqlite_lab: Lab, world: World
) -> None:
    together(sqlite_lab, world)


@examples(2)
@given(worlds())
def test_everybody_at_once_leaves_the_same_on_postgresql(postgres_lab: Lab, world: World) -> None:
    together(postgres_lab, world)


@examples(2)
@given(worlds(Kinds(deferrable=False)))
def test_everybody_at_once_leaves_the_same_on_mariadb(mariadb_lab: Lab, world: World) -> None:
    together(mariadb_lab, world)
