"""Off stays off and deleted tags stay gone, whatever the product does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.app import context_of, create_app
from rights.domain.kinds import Kind
from rights.services import kept_tags
from rights.store import migrate
from rights.store.models import Entry, Preference, TagKeptAway
from tests.architecture.tree import ROOT
from tests.browser.serving import serving
from tests.web.contract import CheckedClient
from tests.web.house import House
from tests.workflows.house import ask
from tests.workflows.tag_town import ANN, OWL, Town, tag_town


@pytest.fixture
def town(tmp_path: Path, private_redis_url: str) -> Iterator[Town]:
    with tag_town(tmp_path, private_redis_url) as found:
        yield found


def test_before_anybody_says_anything_the_job_makes_every_tag(town: Town) -> None:
    assert town.tags == {(1, "tea"), (1, OWL), (2, "tea")}


@pytest.mark.requirement("R-42-3")
@pytest.mark.parametrize("by", ["user_id", "email"])
@pytest.mark.parametrize("proved", ["user_id", "email"])
def test_the_nightly_job_is_told_no_however_often_it_runs_and_whatever_name_it_has(
    town: Town, by: str, proved: str
) -> None:
    town.asked("tags_delete", {proved: ANN[proved]}, values={"tags": [OWL]})
    assert town.tags == {(1, "tea"), (2, "tea")}

    for _ in range(2):
        town.house.clock.forward(days=1)
        town.nightly(type=by)

    assert town.tags == {(1, "tea"), (2, "tea")}


@pytest.mark.requirement("R-42-3")
def test_the_job_of_the_guide_works_as_it_stands_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (ROOT / "docs" / "how-to" / "compute-tags-again.md").read_text(encoding="utf-8")
    job: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], job)  # noqa: S102 - it is ours
    town.asked("tags_delete", values={"tags": [OWL]})
    tags = [
        {"type": "user_id", "value": "1", "tag": tag, "recorded_at": "2026-11-05T08:00:00+00:00"}
        for tag in ("tea", OWL) * 300
    ]
    monkeypatch.setenv("PRIVACY_API_KEY", town.house.partner.key)

    with serving(town.house.app) as address:
        monkeypatch.setenv("PRIVACY_URL", address)
        allowed = list(job["tags_allowed"](tags))
        monkeypatch.setenv("PRIVACY_API_KEY", "none")
        with pytest.raises(RuntimeError, match="nothing is computed: 401"):
            list(job["tags_allowed"](tags))

    assert {one["tag"] for one in allowed} == {"tea"}
    assert len(allowed) == 300


@pytest.mark.requirement("R-42-3")
def test_a_job_between_the_asking_and_the_deleting_is_told_no_already(town: Town) -> None:
    made = town.house.asserted(
        "recommendation_opt_out", ANN, "session", option="tags_delete", values={"tags": [OWL]}
    )
    town.nightly()
    town.done(made["id"])
    town.nightly()

    assert (1, OWL) not in town.tags


@pytest.mark.requirement("R-42-3")
def test_a_named_tag_stays_away_from_new_behaviour_too_and_everybody_elses_comes(
    town: Town,
) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    town.house.clock.forward(days=400)
    now = town.house.clock.now()
    town.seen += [("1", OWL, now), ("1", "coffee", now), ("2", OWL, now)]

    town.nightly()

    assert town.tags == {(1, "tea"), (2, "tea"), (1, "coffee"), (2, OWL)}


@pytest.mark.requirement("R-42-3")
def test_who_has_all_deleted_starts_anew(town: Town) -> None:
    town.asked("tags_delete")
    assert town.tags == {(2, "tea")}
    town.house.clock.forward(days=1)
    town.seen.append(("1", "coffee", town.house.clock.now()))

    town.nightly()
    town.nightly()

    assert town.tags == {(2, "tea"), (1, "coffee")}
    nobody_knows = {"type": "user_id", "value": "1", "tag": "never seen"}
    (answer,) = town.house.post("/v1/suppression/tags", {"items": [nobody_knows]}).json["items"]
    assert answer["allowed"] is False
    assert datetime.fromisoformat(answer["before"]) < town.house.clock.now()


@pytest.mark.requirement("R-42-3")
def test_the_register_holds_a_keyed_hash_and_no_tag(town: Town, tmp_path: Path) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    town.nightly()

    for file in tmp_path.glob("register.db*"):
        assert OWL.encode() not in file.read_bytes(), file.name
    with town.house.reading() as session:
        rows = session.exec(select(TagKeptAway)).all()
        refused = session.exec(select(Entry).where(Entry.event == "import_refused")).all()
    assert rows and all(row.key_id == "k1" and len(row.blind) == 64 for row in rows)
    assert [e.data["why"] for e in refused] == ["tag_deleted"]
    assert OWL not in str([e.data for e in refused])


@pytest.mark.requirement("R-42-3")
def test_a_new_version_a_new_session_and_ten_years_leave_the_flag_and_the_tags_as_they_are(
    town: Town, tmp_path: Path
) -> None:
    town.asked("personalised_off")
    town.asked("tags_delete", values={"tags": [OWL]})
    url = town.house.context.settings.database_url
    with town.house.reading() as session:
        before = [row.model_dump() for row in session.exec(select(Preference))]

    migrate.upgrade(url)
    partner, clock = town.house.partner, town.house.clock
    town.house.engine.dispose()
    town.house.parts.limits.close()
    settings = town.house.context.settings
    app = create_app(settings, context=context_of(settings), now=clock.now)
    app.test_client_class = CheckedClient
    town.house = House(app, clock, partner)
    town.house.clock.forward(days=3653)
    town.house.post("/v1/portal-tokens", {"assertion": town.word()})  # they sign in again
    town.nightly()

    with town.house.reading() as session:
        after = [row.model_dump() for row in session.exec(select(Preference))]
    assert after == before
    assert town.flag() == "off"
    assert town.tables["shop"]["users"][0]["personalised"] is False
    assert (1, OWL) not in town.tags


def test_a_register_taken_back_a_version_and_forward_again_keeps_what_was_switched_off(
    town: Town,
) -> None:
    town.asked("personalised_off")
    url = town.house.context.settings.database_url
    town.house.engine.dispose()
    town.floor.register.dispose()

    migrate.downgrade(url, "0013")
    migrate.upgrade(url)

    assert town.flag() == "off"


def test_who_is_erased_leaves_no_hash_of_a_tag_behind(town: Town) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    with town.house.reading() as session:
        assert len(set(session.exec(select(col(TagKeptAway.subject))))) == 2

    town.done(ask(town.floor, Kind.DELETION, ANN))

    with town.house.reading() as session:
        assert session.exec(select(TagKeptAway)).all() == []


def test_no_more_tags_than_there_is_room_for_and_none_of_nobody(town: Town) -> None:
    one = {"type": "user_id", "value": "1", "tag": "tea"}

    many = town.house.post("/v1/suppression/tags", {"items": [one] * (kept_tags.MOST + 1)})
    strange = town.house.post("/v1/suppression/tags", {"items": [{**one, "type": "shoe_size"}]})

    assert (many.status_code, strange.status_code) == (422, 422)
    assert strange.json["errors"][0]["field"] == "items.0.type"
