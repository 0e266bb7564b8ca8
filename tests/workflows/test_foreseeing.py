"""What an erasure would do is told beforehand, and is what it then does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from rights.domain.errors import LevelTooLow
from rights.domain.levels import Acr
from rights.services import lookups
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import Entry, Lookup, PlanRow, Request, StepRow
from tests.workflows.held_shop import MIA, NOA, Shop, who
from workflows.floor import Floor
from workflows.lookups import answer

Make = Callable[..., Shop]
DELETION = {"kind": "deletion", "option": "delete", "regimes": []}
EVERYTHING = "SELECT id, status, email FROM users ORDER BY id"


def person(number: int, acr: Acr | None = Acr.SESSION) -> Person:
    attested = frozenset(who(number)) if acr else frozenset()
    return Person("shop", who(number), attested, acr)


def asked(
    floor: Floor, question: str, someone: Person, about: dict[str, Any] | None = None
) -> tuple[Lookup, Any]:
    with transaction(floor.register) as session:
        row = lookups.ask_for(
            session, floor.context, someone, question, cap=3, now=floor.now(), about=about
        )
        lookup_id = row.id
    answer(floor, lookup_id)
    with reading(floor.register) as session:
        found = lookups.read_for(
            session, floor.context, someone, lookup_id, question, now=floor.now()
        )
        session.expunge(found[0])
    return found


def lines(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {x["collection"]: x for x in told["collections"] if x["action"] == "erase"}


@pytest.mark.parametrize("kind", ["deletion", "account_cancellation"])
def test_what_is_foretold_is_what_happens_and_asking_changes_nothing(make: Make, kind: str) -> None:
    shop = make()
    upgrade(shop.settings.database_url)
    before = shop.rows(EVERYTHING), shop.rows("SELECT * FROM orders ORDER BY id")
    about: dict[str, Any] = {
        "kind": kind,
        "option": "delete" if kind == "deletion" else "all",
        "regimes": [],
    }

    row, told = asked(shop.floor(), "foreseen", person(MIA), about)

    assert row.state == "answered", row.code
    foretold = lines(told)
    assert (foretold["orders"]["deleted"], foretold["orders"]["held"]) == (1, 2)
    (reason,) = foretold["orders"]["reasons"]
    assert (reason["basis"], reason["rank"]) == ("E-Commerce Law 31", "law")
    assert reason["until"] > "2028"
    assert foretold["chat"]["deleted"] == 1
    assert foretold["users"]["anonymised"] == 1
    assert (shop.rows(EVERYTHING), shop.rows("SELECT * FROM orders ORDER BY id")) == before
    assert [shop.noted(model) for model in (Request, PlanRow, StepRow, Entry)] == [[], [], [], []]

    outcome = shop.erase(kind=kind)

    done = shop.line(outcome)
    assert (done["affected"], done["retained"]) == (1, 2)
    assert shop.line(outcome, "chat")["affected"] == foretold["chat"]["deleted"]


def test_nothing_of_anybody_elses_is_told(make: Make) -> None:
    shop = make()
    upgrade(shop.settings.database_url)
    shop.run("DELETE FROM chat WHERE user_id = 1")

    _, told = asked(shop.floor(), "foreseen", person(MIA), DELETION)

    assert lines(told)["chat"]["deleted"] == 0
    assert "noa" not in orjson.dumps(told).decode()


def test_what_a_record_holds_is_shown_to_whom_is_surely_known(make: Make) -> None:
    shop = make()
    upgrade(shop.settings.database_url)

    row, told = asked(shop.floor(), "values", person(NOA, Acr.MFA))

    assert row.state == "answered", row.code
    assert told == {"shop.users.email": ["noa@example.com"]}


def test_a_session_alone_is_not_enough_for_values(make: Make) -> None:
    shop = make()
    upgrade(shop.settings.database_url)
    floor = shop.floor()

    for someone in (person(MIA), person(MIA, None)):
        with pytest.raises(LevelTooLow):
            asked(floor, "values", someone)
    assert not lookups.may(floor.context, person(MIA), "values", cap=3)
    assert lookups.may(floor.context, person(MIA), "foreseen", cap=3)

    # Whoever wrote the row all the same gets nothing from the worker either.
    with transaction(floor.register) as session:
        row = lookups.ask_for(
            session, floor.context, person(MIA, Acr.MFA), "values", cap=3, now=floor.now()
        )
        row.level, lookup_id = 1, row.id
    answer(floor, lookup_id)
    with reading(floor.register) as session:
        kept = session.get_one(Lookup, lookup_id)
    assert (kept.state, kept.sealed_answer) == ("failed", None)


def test_a_kind_that_erases_nothing_is_not_foreseen(make: Make) -> None:
    shop = make()
    upgrade(shop.settings.database_url)

    row, told = asked(
        shop.floor(),
        "foreseen",
        person(MIA),
        {"kind": "access", "option": "records", "regimes": []},
    )

    assert (row.state, told) == ("failed", None)
