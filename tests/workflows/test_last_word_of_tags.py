"""Whatever order workers come in, of each tag the person's last word counts, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import TagSaid
from tests.workflows.choice_town import ANN, OPERA, OWL, TEA, Town, choice_town
from workflows.jobs import work_on

NIGHT = {(1, TEA, "bought"), (1, OWL, "bought"), (2, TEA, "bought")}
MARKED = (1, OPERA, "chosen")


@pytest.fixture
def town(tmp_path: Path, private_redis_url: str) -> Iterator[Town]:
    with choice_town(tmp_path, private_redis_url) as found:
        yield found


def _says(town: Town, **said: Any) -> str:
    """Let Ann say something that no worker has seen yet; return the request."""
    made = town.says(**said).json["request"]["id"]
    town.house.clock.forward(seconds=5)
    return str(made)


def _deletes(town: Town, *tags: str) -> str:
    """Let Ann ask for these tags to be deleted, or for all of them."""
    more = {"values": {"tags": list(tags)}} if tags else {}
    made = town.house.asserted(
        "recommendation_opt_out", ANN, "session", option="tags_delete", **more
    )
    town.house.clock.forward(seconds=5)
    return str(made["id"])


def _asks(town: Town, tag: str) -> Any:
    """What the nightly job is told of a tag that it computed from today's behaviour."""
    now = town.house.clock.now().isoformat()
    one = {"type": "user_id", "value": "1", "tag": tag, "recorded_at": now}
    return town.house.post("/v1/suppression/tags", {"items": [one]}).json["items"][0]


def _ledger(town: Town) -> list[str]:
    lines = town.house.post("/v1/consents/read", {"subject": ANN}).json["items"]
    return [line["purpose"] for line in lines]


@pytest.mark.requirement("R-42-3")
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_tag_that_was_removed_after_it_was_chosen_stays_gone(
    town: Town, *, newest_first: bool
) -> None:
    first = _says(town, chosen=[OPERA])
    second = _says(town, removed=[OPERA])

    for one in (second, first) if newest_first else (first, second):
        work_on(town.floor, one)

    assert town.results(first) == {OPERA: 409}
    assert (_asks(town, OPERA)["allowed"], _asks(town, OPERA)["chosen"]) == (False, False)
    assert _ledger(town) == [], "nothing was written, so nothing was agreed to"
    town.seen.append(("1", OPERA, town.house.clock.now()))
    town.nightly()
    assert town.tags == NIGHT


@pytest.mark.requirement("R-42-3")
def test_a_deletion_that_is_said_again_counts_from_then_on(town: Town) -> None:
    first = _deletes(town, OPERA)
    second = _says(town, chosen=[OPERA])
    assert _deletes(town, OPERA) == first

    work_on(town.floor, second)
    work_on(town.floor, first)

    assert town.results(second) == {OPERA: 409}
    assert _asks(town, OPERA)["allowed"] is False
    assert town.tags == NIGHT


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_tag_that_was_chosen_after_it_was_removed_may_come(
    town: Town, *, newest_first: bool
) -> None:
    first = _says(town, removed=[TEA])
    second = _says(town, chosen=[TEA])

    for one in (second, first) if newest_first else (first, second):
        work_on(town.floor, one)

    assert town.results(first) == {TEA: 409}
    assert (1, TEA, "chosen") in town.tags
    assert _asks(town, TEA) == {"allowed": True, "before": None, "chosen": True}
    assert _ledger(town) == ["choice:tags"]


@pytest.mark.requirement("R-42-2")
@pytest.mark.parametrize(
    ("named", "told", "left"),
    [
        ([], {}, {MARKED}),
        ([OPERA], {OPERA: 409}, {MARKED, (1, TEA, "bought"), (1, OWL, "bought")}),
        ([OPERA, OWL], {OPERA: 409, OWL: 200}, {MARKED, (1, TEA, "bought")}),
    ],
)
def test_a_late_deletion_leaves_what_was_chosen_since(
    town: Town, named: list[str], told: dict[str, int], left: set[Any]
) -> None:
    first = _deletes(town, *named)
    work_on(town.floor, _says(town, chosen=[OPERA]))

    work_on(town.floor, first)

    assert town.state(first) == "fulfilled"
    assert town.results(first) == told
    assert {row for row in town.tags if row[0] == 1} == left
    assert town.chosen() == {OPERA}


def test_what_was_said_before_is_forgotten_once_the_newest_is_done(town: Town) -> None:
    town.chooses(chosen=[OPERA])
    second = town.chooses(removed=[OPERA])["request"]["id"]

    with town.house.reading() as session:
        assert {row.request_id for row in session.exec(select(TagSaid))} == {second}


def test_a_choice_that_comes_after_its_words_were_forgotten_is_passed_over(town: Town) -> None:
    first = _says(town, chosen=[OPERA])
    town.chooses(removed=[OPERA])
    with town.house.reading() as session:
        assert first not in {row.request_id for row in session.exec(select(TagSaid))}

    work_on(town.floor, first)

    assert town.results(first) == {OPERA: 409}
    assert town.tags == NIGHT
    assert town.chosen() == set()
    with town.house.reading() as session:
        assert first not in {row.request_id for row in session.exec(select(TagSaid))}
