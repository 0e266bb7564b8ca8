"""The demo company's assistant: one conversation is deleted, with all that hangs on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.registry import load as load_connectors
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from tests.workflows.house import Clock, ask, floor_over, replace, request_of
from tests.workflows.test_demo_company import company, service, shop  # noqa: F401 - fixtures
from workflows.demo.company import assistant, datamap_file, newsletter, shop_tables
from workflows.demo.company.filling import create, insert
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.secrets import Secrets
from workflows.stores import open_connector

STORES = ("shop", "assistant", "newsletter")
TABLES = ("conversations", "prompts", "replies", "embeddings", "memory_entries")


def _content(engine: sa.Engine) -> dict[str, dict[int, Any]]:
    found = {}
    with engine.connect() as connection:
        for name in TABLES:
            rows = connection.execute(sa.select(assistant.METADATA.tables[name]))
            found[name] = {row[0]: tuple(row) for row in rows}
    return found


def _url(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}.db"


def _floor(folder: Path, recommender: Any) -> Floor:
    text = Path(datamap_file()).read_text(encoding="utf-8")
    floor = floor_over(folder, text, {}, Clock())
    classes = load_connectors(tuple(s.connector for s in floor.context.datamap))
    secrets = Secrets.of({f"RIGHTS_SECRET_{n.upper()}_URL": _url(folder, n) for n in STORES})
    stores: dict[str, Any] = {"recommender": recommender}
    for name in STORES:
        store = floor.context.datamap.store(name)
        stores[name] = open_connector(store, classes, secrets)
    manifests = {name: of.manifest for name, of in classes.items()}
    return replace(floor, connector=stores.__getitem__, manifests=manifests)


def test_one_conversation_goes_and_the_others_stay(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    people, goods = request.getfixturevalue("company"), request.getfixturevalue("shop")
    said = assistant.talk(people)
    for name, metadata, rows in (
        ("shop", shop_tables.METADATA, goods.rows),
        ("assistant", assistant.METADATA, said),
        ("newsletter", newsletter.METADATA, newsletter.subscribe(people)),
    ):
        create(_url(tmp_path, name), metadata)
        insert(_url(tmp_path, name), metadata, rows)
    floor = _floor(tmp_path, request.getfixturevalue("service").connector)
    engine = sa.create_engine(_url(tmp_path, "assistant"))
    before = _content(engine)
    one = next(iter(before["conversations"].values()))
    prompts = {n for n, row in before["prompts"].items() if row[1] == one[0]}

    named = [{"collection": "assistant.prompts", "session": str(one[0])}]
    who = {"user_id": one[1]}
    done = ask(floor, Kind.DELETION, who, values={"conversations": named})
    work_on(floor, done)

    after = _content(engine)
    engine.dispose()
    assert request_of(floor, done).state is State.FULFILLED
    gone = {name: before[name].keys() - after[name].keys() for name in TABLES}
    assert (gone["conversations"], gone["prompts"], gone["replies"]) == ({one[0]}, prompts, prompts)
    vectors = {n for n, r in before["embeddings"].items() if r[1] == "prompt" and r[2] in prompts}
    assert (gone["embeddings"], gone["memory_entries"]) == (vectors, set())
    for name in TABLES:
        assert after[name].items() <= before[name].items()
    for name in STORES:
        floor.connector(name).close_connections()
