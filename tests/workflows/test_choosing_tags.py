"""People choose their tags out of a list: at once, in a live store, and for good."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from connectors.memory import Memory
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, Wait
from rights.services import kept_tags, requests
from rights.services.live_settings.in_force import InForce
from rights.store.models import Package, Preference, Request, StepRow, TagSaid
from tests.workflows.choice_town import ANN, BO, MAP, OPERA, OWL, TEA, Town, choice_town
from tests.workflows.house import ask, lying
from workflows.aftercare import close_out
from workflows.jobs import work_on
from workflows.packing import files_of

NIGHT = {(1, TEA, "bought"), (1, OWL, "bought"), (2, TEA, "bought")}
MARKED = (1, OPERA, "chosen")


@pytest.fixture
def town(tmp_path: Path, private_redis_url: str) -> Iterator[Town]:
    with choice_town(tmp_path, private_redis_url) as found:
        yield found


@pytest.mark.requirement("R-42-2")
def test_a_chosen_tag_stands_in_the_store_and_a_removed_one_is_gone(town: Town) -> None:
    said = town.chooses(chosen=[OPERA], removed=[OWL])

    assert town.tags == NIGHT - {(1, OWL, "bought")} | {MARKED}
    (row,) = town.sql("SELECT name, since, score FROM tags WHERE topic = ?", OPERA)
    at = (town.house.clock.now() - timedelta(seconds=1)).replace(microsecond=0).isoformat()
    assert row == ("戏曲", at, 0.0)
    assert town.state(said["request"]["id"]) == "fulfilled"
    assert town.chosen() == {OPERA}
    assert town.read()["effective"] is True
    assert town.chosen(BO) == set()


@pytest.mark.requirement("R-42-2")
def test_until_the_store_has_read_it_back_it_is_said_which_one_has_not(town: Town) -> None:
    answer = town.says(chosen=[TEA])

    assert answer.status_code == 202
    assert answer.json["tags"]["pending"] == ["feed"]
    assert {o["tag"]: o["chosen"] for o in answer.json["tags"]["items"]} == {
        TEA: True,
        OPERA: False,
    }
    work_on(town.floor, answer.json["request"]["id"])
    assert (town.read()["pending"], town.read()["effective"]) == ([], True)


@pytest.mark.requirement("R-42-2")
def test_with_a_worker_there_it_is_done_when_the_call_is_answered(town: Town) -> None:
    settings = town.house.context.settings.model_copy(update={"optout_wait_ms": 20_000})
    context = replace(town.house.context, in_force=InForce(settings))
    town.house.app.extensions["rights"] = replace(town.house.parts, context=context)
    worker = threading.Thread(target=_work_once, args=(town,))
    worker.start()

    answer = town.says(chosen=[OPERA], removed=["no such tag", OWL])

    worker.join()
    assert answer.status_code == 200, answer.json
    assert answer.json["tags"]["effective"] is True
    assert {r["item"]: r["status"] for r in answer.json["results"]} == {
        OPERA: 200,
        OWL: 200,
        "no such tag": 404,
    }
    assert MARKED in town.tags


def _work_once(town: Town) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with town.house.reading() as session:
            found = session.exec(select(Request.id)).first()
        if found:
            work_on(town.floor, found)
            return
        time.sleep(0.02)


@pytest.mark.requirement("R-42-2:bad")
def test_an_unknown_tag_is_named_and_the_others_are_done(town: Town) -> None:
    said = town.chooses(chosen=[OPERA], removed=[OWL, "no such tag"])

    assert town.results(said["request"]["id"]) == {OPERA: 200, OWL: 200, "no such tag": 404}
    assert town.tags == NIGHT - {(1, OWL, "bought")} | {MARKED}


@pytest.mark.requirement("R-42-3")
@pytest.mark.parametrize("before", [{"chosen": [OPERA]}, {"chosen": [OPERA], "removed": [TEA]}])
def test_the_nightly_job_leaves_a_choice_as_it_is_however_often_it_runs(
    town: Town, before: dict[str, Any]
) -> None:
    town.chooses(**before)
    then = town.tags

    for _ in range(2):
        town.house.clock.forward(days=1)
        town.seen.append(("1", OPERA, town.house.clock.now()))
        town.nightly()

    assert town.tags == then
    assert town.chosen() == {OPERA}


@pytest.mark.requirement("R-42-3")
def test_who_chooses_what_they_had_deleted_has_it_again_and_the_ledger_says_so(town: Town) -> None:
    town.chooses(removed=[TEA])
    one = {"type": "email", "value": ANN["email"], "tag": TEA}
    assert town.house.post("/v1/suppression/tags", {"items": [one]}).json["items"] == [
        {"allowed": False, "before": None, "chosen": False}
    ]

    town.chooses(chosen=[TEA])

    assert town.house.post("/v1/suppression/tags", {"items": [one]}).json["items"] == [
        {"allowed": True, "before": None, "chosen": True}
    ]
    lines = town.house.post("/v1/consents/read", {"subject": ANN}).json["items"]
    assert [(n["purpose"], n["state"], n["given_by"]) for n in lines] == [
        ("choice:tags", "granted", "self")
    ]
    with town.house.reading() as session:
        assert kept_tags.requests_of(session, town.house.context, ANN) == ()


def test_a_computed_tag_that_is_chosen_becomes_the_persons_own(town: Town) -> None:
    town.chooses(chosen=[TEA])
    town.seen.clear()
    town.seen.append(("2", TEA, town.house.clock.now()))

    town.nightly()

    assert town.tags == {(1, TEA, "chosen"), (2, TEA, "bought")}


@pytest.mark.parametrize("removed", [{"tags": [OPERA]}, {}])
def test_a_chosen_tag_that_is_deleted_is_chosen_no_more(town: Town, removed: Any) -> None:
    town.chooses(chosen=[OPERA])
    more = {"values": removed} if removed else {}

    made = town.house.asserted(
        "recommendation_opt_out", ANN, "session", option="tags_delete", **more
    )
    work_on(town.floor, made["id"])

    assert MARKED not in town.tags
    assert town.chosen() == set()


@pytest.mark.requirement("R-42-3:bad")
def test_a_product_alone_chooses_nothing_for_anybody(town: Town) -> None:
    bare = town.house.post("/v1/preferences/tags", {"chosen": [OPERA]})
    typed = town.house.submit(
        "recommendation_opt_out", ANN, option="tags_edit", values={"chosen": [OPERA]}
    )
    work_on(town.floor, typed["id"])

    assert (bare.status_code, bare.json["code"]) == (401, "level_too_low")
    assert typed["state"] == "verifying"
    assert town.tags == NIGHT
    assert town.chosen() == set()


@pytest.mark.requirement("R-42-2:bad")
@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"chosen": ["polo"]}, "values.chosen.0"),
        ({"chosen": [TEA, OWL]}, "values.chosen.1"),
        ({"chosen": [TEA], "removed": [TEA]}, "values.chosen.0"),
        ({}, "chosen"),
    ],
)
def test_what_is_not_offered_cannot_be_chosen(town: Town, said: Any, field: str) -> None:
    answer = town.says(**said)

    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["field"] == field
    assert error.get("allowed") in ([], [TEA, OPERA])
    assert town.tags == NIGHT


@pytest.mark.requirement("R-42-2")
@pytest.mark.parametrize("later", [{"chosen": [OPERA]}, {"removed": [OWL]}])
def test_a_request_that_names_nothing_waits_and_goes_on_with_what_is_said(
    town: Town, later: dict[str, Any]
) -> None:
    made = town.house.asserted("recommendation_opt_out", ANN, "session", option="tags_edit")["id"]
    work_on(town.floor, made)
    with town.house.reading() as session:
        assert session.get_one(Request, made).needs == ["chosen"]
    assert town.tags == NIGHT

    told = town.house.post(f"/v1/requests/{made}/information", {"values": later})
    assert told.status_code == 200, told.json
    work_on(town.floor, made)

    assert town.state(made) == "fulfilled"
    assert town.chosen() == set(later.get("chosen", ()))
    assert (MARKED in town.tags) is ("chosen" in later)
    assert ((1, OWL, "bought") in town.tags) is ("chosen" in later)


def test_nothing_that_is_removed_is_never_everything(town: Town) -> None:
    town.chooses(chosen=[OPERA])

    assert town.tags == NIGHT | {MARKED}
    with town.house.reading() as session:
        steps = session.exec(select(StepRow)).all()
        assert kept_tags.requests_of(session, town.house.context, ANN) == ()
    assert {s.action for s in steps} == {"prepare", "choose", "verify"}


def test_a_choice_counts_at_once_and_is_undone_by_another_one(town: Town) -> None:
    made = town.says(chosen=[OPERA]).json["request"]
    assert made["cancel"]["text"]["en"].startswith("This counts already")

    told = town.house.post(f"/v1/requests/{made['id']}/cancel")

    assert (told.status_code, told.json["code"]) == (409, "too_late_to_cancel")
    work_on(town.floor, made["id"])
    assert MARKED in town.tags
    town.house.clock.forward(seconds=5)
    town.chooses(removed=[OPERA])
    assert (town.tags, town.chosen()) == (NIGHT, set())


@pytest.mark.parametrize("acr", ["session", ""])
def test_a_choice_that_does_not_count_yet_can_be_cancelled(town: Town, acr: str) -> None:
    if acr:  # nothing is named yet
        made = town.house.asserted("recommendation_opt_out", ANN, acr, option="tags_edit")["id"]
        work_on(town.floor, made)
    else:  # nobody is proved yet
        values = {"chosen": [OPERA]}
        made = town.house.submit("recommendation_opt_out", ANN, option="tags_edit", values=values)
        made = made["id"]

    assert town.house.post(f"/v1/requests/{made}/cancel").status_code == 200
    assert town.state(made) == "revoked"


def test_a_choice_that_is_denied_before_it_is_done_leaves_what_was_before(town: Town) -> None:
    town.chooses(chosen=[TEA])
    town.house.clock.forward(seconds=5)
    made = town.says(removed=[TEA], chosen=[OPERA]).json["request"]["id"]
    assert town.chosen() == {OPERA}

    with town.house.writing() as session:
        request, now = requests.locked(session, made), town.house.clock.now()
        requests.record(session, request, Event.DENIED, actor="staff:1", now=now)
    close_out(town.floor, made)

    assert town.chosen() == {TEA}
    with town.house.reading() as session:
        waits = [p for p in session.exec(select(Preference)) if p.pending or not p.effective_at]
    assert waits == []


@pytest.mark.requirement("R-42-2")
def test_a_copy_says_that_the_person_chose_it(town: Town) -> None:
    town.chooses(chosen=[OPERA])

    copy = ask(town.floor, Kind.COPY, ANN)
    work_on(town.floor, copy)

    with town.house.reading() as session:
        package = session.exec(select(Package).where(Package.request_id == copy)).one()
    content = b"".join(files_of(town.floor, package))
    rows = zipfile.ZipFile(io.BytesIO(content)).read("data/feed/tags.jsonl").decode()
    assert {(r["topic"], r["source"]) for r in map(json.loads, rows.splitlines())} == {
        (TEA, "bought"),
        (OWL, "bought"),
        (OPERA, "chosen"),
    }


def test_the_register_holds_no_tag(town: Town, tmp_path: Path) -> None:
    town.chooses(chosen=[OPERA], removed=[OWL])

    for file in tmp_path.glob("register.db*"):
        for tag in (OPERA, OWL):
            assert tag.encode() not in file.read_bytes(), (file.name, tag)
    with town.house.reading() as session:
        rows = session.exec(select(TagSaid)).all()
    assert {row.key_id for row in rows} == {"k1"}
    assert len({row.subject for row in rows}) == 2, "under the address too, which a worker found"


def test_who_is_erased_leaves_no_choice_behind(town: Town) -> None:
    town.chooses(chosen=[OPERA])

    work_on(town.floor, ask(town.floor, Kind.DELETION, ANN))

    assert town.tags == {(2, TEA, "bought")}
    with town.house.reading() as session:
        assert session.exec(select(TagSaid)).all() == []


@pytest.mark.requirement("R-NEG-13")
def test_a_store_that_says_done_and_wrote_nothing_is_found_out(town: Town) -> None:
    feed: Any = town.floor.connector("feed")
    lying(feed, correct=lambda *_, **__: Memory.correct(Memory(_NONE), *_))
    made = town.says(chosen=[OPERA]).json["request"]["id"]

    work_on(town.floor, made)

    assert town.state(made) == "in_progress"
    assert town.read()["pending"] == ["feed"]


_NONE = Memory.manifest.settings()


def test_a_row_the_table_does_not_take_is_for_staff_and_names_the_column(town: Town) -> None:
    town.sql("ALTER TABLE tags RENAME TO old")
    town.sql(
        "CREATE TABLE tags (user_id INTEGER, topic TEXT, name TEXT, source TEXT, since TEXT,"
        " origin TEXT NOT NULL, PRIMARY KEY (user_id, topic))"
    )
    made = town.says(chosen=[OPERA]).json["request"]["id"]

    work_on(town.floor, made)

    with town.house.reading() as session:
        assert session.get_one(Request, made).wait is Wait.TASK
        (step,) = session.exec(select(StepRow).where(StepRow.action == "choose")).all()
    assert "insists on origin" in str(step.note)


@pytest.mark.requirement("R-42-2")
def test_where_a_connector_cannot_add_staff_do_it(tmp_path: Path, private_redis_url: str) -> None:
    with choice_town(tmp_path, private_redis_url) as town:
        manifest = replace(town.floor.manifests["sql"], adds=False)
        town.floor = replace(town.floor, manifests={**town.floor.manifests, "sql": manifest})
        made = town.says(chosen=[OPERA]).json["request"]["id"]

        work_on(town.floor, made)

        with town.house.reading() as session:
            assert session.get_one(Request, made).wait is Wait.TASK
        assert town.tags == NIGHT
        assert town.read()["effective"] is False


def test_where_no_tag_is_offered_nobody_is_asked_to_choose(
    tmp_path: Path, private_redis_url: str
) -> None:
    begin, end = MAP.index("    tags:\n"), MAP.index("    fields:\n    - {name: topic")
    with choice_town(tmp_path, private_redis_url, MAP[:begin] + MAP[end:]) as town:
        answer = town.says(chosen=[TEA])

        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "option")
        kinds = town.house.get("/v1/kinds").json
        assert "tags_edit" not in json.dumps(kinds)
        assert "tags_delete" in json.dumps(kinds)


def test_ten_years_later_it_is_chosen_still(town: Town) -> None:
    town.chooses(chosen=[OPERA])
    town.house.clock.forward(days=3653)

    town.nightly()

    assert town.chosen() == {OPERA}
    assert MARKED in town.tags
    since = town.read()["items"][1]["changed_at"]
    assert since < (town.house.clock.now() - timedelta(days=3650)).isoformat()
