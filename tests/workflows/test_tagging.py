"""Tags are looked up in the store that has them, of one person, and no more than may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from rights.domain.errors import LevelTooLow, Transient
from rights.domain.levels import Acr
from rights.services import lookups, subjects
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.store.models import Lookup
from tests.workflows.house import Clock, floor_over, lying
from tests.workflows.test_rights import WIDER
from workflows import tagging
from workflows.floor import Floor
from workflows.lookups import answer

PLACE = "shop.tags"


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    users = [{"id": n, "email": f"u{n}@example.com"} for n in (1, 2)]
    rows = [(1, "tea"), (1, "night"), (2, "coffee")]
    tags = [{"user_id": n, "tag": tag, "hidden": "score 7"} for n, tag in rows]
    empty: dict[str, list[dict[str, Any]]] = {"orders": [], "credit": [], "coupons": []}
    return {"shop": {"users": users, "tags": tags, **empty}, "letters": {"subscribers": []}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, WIDER, tables, clock, backoff_s=(5.0,))


def _asked(floor: Floor, number: str, acr: Acr | None = Acr.SESSION) -> tuple[Lookup, Any]:
    who = {"user_id": number}
    context = floor.context
    person = Person(
        backend_id="b",
        identifiers=who,
        attested=frozenset(who) if acr else frozenset(),
        acr=acr,
        subjects=subjects.subjects_of(context.vault, context.datamap, who),
    )
    with transaction(floor.register) as session:
        row = lookups.ask_for(session, context, person, "tags", cap=2, now=floor.now())
        lookup_id = row.id
    answer(floor, lookup_id)
    with reading(floor.register) as session:
        row, found = lookups.read_for(session, context, person, lookup_id, "tags", now=floor.now())
        return row, found


def test_a_session_sees_its_own_tags_and_nobody_elses(floor: Floor) -> None:
    row, found = _asked(floor, "1")

    assert row.state == "answered", row.code
    assert {one["id"] for one in found[PLACE]["rows"]} == {"tea", "night"}
    assert found[PLACE]["more"] is False
    told = orjson.dumps(found).decode()
    assert "coffee" not in told
    assert "score 7" not in told, "what the map does not disclose is not shown here either"


def test_whom_nobody_vouches_for_sees_none(floor: Floor) -> None:
    with pytest.raises(LevelTooLow):
        _asked(floor, "1", None)


def test_many_are_cut_and_said_to_be_more(floor: Floor, tables: Any) -> None:
    long = "x" * 300
    tables["shop"]["tags"] += [{"user_id": 1, "tag": f"{n:03}{long}"} for n in range(300)]

    _, found = _asked(floor, "1")

    assert len(found[PLACE]["rows"]) == tagging.MOST
    assert found[PLACE]["more"] is True
    assert {one["id"] for one in found[PLACE]["rows"]} <= {"tea", "night", ""}
    assert max(len(o["values"]["tag"]) for o in found[PLACE]["rows"]) == tagging.LONGEST + 1


def test_a_store_that_cannot_be_asked_is_a_failure_never_nothing(floor: Floor) -> None:
    lying(floor.connector("shop"), collect=_down)  # type: ignore[arg-type]  # the memory store

    row, found = _asked(floor, "1")

    assert (row.state, row.code, found) == ("failed", "store_unavailable", None)


def _down(*_: Any, **__: Any) -> Any:
    raise Transient("the store cannot be reached")
