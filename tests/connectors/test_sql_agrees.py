"""
Two writings of one rule: what SQL conditions do, and what Python says row by row.

Random links, keys and rows go to the SQL connector and to the memory connector; whatever they
are asked, they have to answer the same and to leave the same rows.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from connectors.memory import Memory, MemorySettings
from connectors.sdk import (
    Collection,
    Erasure,
    Expect,
    KeySet,
    Link,
    MapField,
    OnErasure,
    Restriction,
    Role,
    Standing,
    Target,
    held,
)
from rights.domain.datamap import Depth, Retention
from tests.connectors.contract import NOW, work
from tests.connectors.database import Database
from tests.connectors.keys import reaches

CASES = 15
PEOPLE = (1, 2, 3, None)
MADE = ("2020-05-01", "2025-05-01", None)
COLUMNS = ("id", "a", "b", "kind", "item", "mail", "text", "flag", "made")


def a_link(dice: random.Random, column: str) -> Link:
    more: dict[str, Any] = {
        "role": dice.choice([Role.OWNER, Role.OWNER, Role.ACCESSOR, Role.NONE]),
        "mask": dice.choice([(), ("text",)]),
        "omit": dice.random() < 0.1,
        "on_erasure": dice.choice([OnErasure.DECORRELATE] * 4 + [OnErasure.DELETE, OnErasure.KEEP]),
        "anonymise": dice.choice([(), (), ("text",)]),
        "depth": dice.choice([Depth.SHALLOW, Depth.SHALLOW, Depth.DEEP]),
    }
    if column == "mail":
        return Link(columns=("mail",), identifier="mail", **more)
    if column == "item":
        kind = dice.choice(["x", "x", None])
        return Link(columns=("item",), to="shop.items", type_column="kind", type_value=kind, **more)
    return Link(columns=(column,), to="shop.users", **more)


def a_collection(dice: random.Random) -> Collection:
    linked = dice.sample(["a", "b", "item", "mail"], dice.randint(1, 3))
    links = tuple(a_link(dice, column) for column in linked)
    dated = Retention("3y", "made", "a law", "law", dice.choice([(), ("item",)]))
    follows = Retention("3y", "", "a law", "law", with_="shop.users")
    return Collection(
        store="shop",
        name="things",
        key=("id",),
        fields=(
            MapField("text", "content", disclose=True),
            MapField("item", "content", erasure=dice.choice([None, Erasure.KEEP, Erasure.DELETE])),
            MapField("id", "technical", disclose=True),
        ),
        identifies=dice.choice([{}, {}, {"mail": "mail"}]),
        links=links,
        erasure=dice.choice([Erasure.DELETE] * 4 + [Erasure.ANONYMISE, Erasure.KEEP]),
        because="asked to",
        retention=dice.choice([None, None, dated, follows]),
        restriction=Restriction("flag", "flag", value=1),
    )


def the_keys(dice: random.Random) -> KeySet:
    def some(values: tuple[Any, ...]) -> dict[Standing, tuple[tuple[Any, ...], ...]]:
        out: dict[Standing, tuple[tuple[Any, ...], ...]] = {}
        for value in dice.sample(values, dice.randint(0, len(values))):
            standing = dice.choice([Standing.SOLE, Standing.SOLE, *Standing])
            out[standing] = (*out.get(standing, ()), (value,))
        return out

    return KeySet(
        {
            "shop.users": some((1, 2)),
            "shop.items": some((7, 8)),
            "identifier:mail": some(("p@x", "q@x")),
            "shop.things": some((1, 2, 3)),
            held("shop.users"): {Standing.SOLE: ((1,),)},
        }
    )


def the_rows(dice: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "a": dice.choice(PEOPLE),
            "b": dice.choice(PEOPLE),
            "kind": dice.choice(["x", "y", None]),
            "item": dice.choice([7, 8, 9, None]),
            "mail": dice.choice(["p@x", "q@x", "P@x", "", None]),
            "text": dice.choice(["t", None]),
            "flag": 0,
            "made": dice.choice(MADE),
        }
        for number in range(1, 13)
    ]


def test_sql_and_python_say_the_same_of_every_row(database: Database) -> None:
    database.run(
        "CREATE TABLE things (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, kind VARCHAR(5),"
        " item INTEGER, mail VARCHAR(20), text VARCHAR(20), flag INTEGER, made DATE)"
    )
    sql = database.connector()
    for seed in range(CASES):
        dice = random.Random(seed)
        collection, keys, rows = a_collection(dice), the_keys(dice), the_rows(dice)
        normalise = dice.choice(["", "email"])
        target = Target(collection, keys, reaches(collection, normalise=normalise))
        unit = replace(work(anonymise=dice.random() < 0.2), now=NOW)
        database.run("DELETE FROM things")
        database.put("things", *rows)
        tables = {"things": [dict(row) for row in rows]}
        memory = Memory(MemorySettings(tables))

        asked: list[Any] = [
            [
                connector.locate(target, unit),
                list(connector.collect(target, unit)),
                connector.freeze(collection, keys, target.predicate, ((), ("item",))),
                connector.verify(target, unit, Expect.ERASED),
                replace(connector.erase(target, unit), digest=""),
                connector.verify(target, unit, Expect.ERASED),
                connector.locate(target, unit),
            ]
            for connector in (memory, sql)
        ]
        left = [
            tuple(str(v) if n == len(COLUMNS) - 1 and v else v for n, v in enumerate(row))
            for row in database.rows(f"SELECT {', '.join(COLUMNS)} FROM things ORDER BY id")
        ]
        kept = sorted(tuple(row[c] for c in COLUMNS) for row in tables["things"])
        assert asked[1] == asked[0], f"seed {seed}"
        assert left == kept, f"seed {seed}"
        assert asked[1][5].rows == 0, f"seed {seed}"
