"""The reference page of the protocol says what is really sent and understood."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connectors.http_backend import HttpBackend, HttpBackendSettings
from connectors.http_backend.answers import parsed
from connectors.sdk import (
    Change,
    Collection,
    Expect,
    KeySet,
    Link,
    MapField,
    Reach,
    Restriction,
    Role,
    Standing,
    Switch,
    Target,
    Verb,
    Work,
)
from tests.connectors.backend_service import EFFECTS, READS, SECRET, Backend, Server

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http-backend.md"
BLOCKS = re.findall(r"^```json ([a-z-]+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
SCHEMA = next(json.loads(text) for name, text in BLOCKS if name == "schema")
EXAMPLES = [(name, json.loads(text)) for name, text in BLOCKS if name != "schema"]


def check(name: str, document: Any) -> None:
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"}).validate(document)


@pytest.fixture
def backend() -> Iterator[Backend]:
    row = {"id": 1, "user_id": "ann", "kind": "user", "email": "Ann@x", "tag": "t", "off": False}
    server = Server(Backend({"tags": [row, {**row, "id": 2}]}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.backend
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("name", "document"), EXAMPLES)
def test_every_example_fits_its_schema(name: str, document: Any) -> None:
    check(name, document)


@pytest.mark.parametrize(("name", "document"), [(n, d) for n, d in EXAMPLES if n == "read-answer"])
def test_the_answer_of_the_example_is_understood(name: str, document: Any) -> None:
    answer = parsed(name, "application/json", json.dumps(document).encode())

    assert len(answer.rows(["id", "user_id", "tag"])) == 1
    assert answer.cursor() is None


BY_ID = Link(("user_id",), Role.OWNER, identifier="user_id", type_column="kind", type_value="user")
BY_MAIL = Link(("email",), Role.OWNER, identifier="email")
TAGS = Collection(
    "recommender",
    "tags",
    fields=(MapField("tag", "profile", disclose=True),),
    links=(BY_ID, BY_MAIL),
    key=("id",),
    restriction=Restriction("flag", "off", value=True),
    close={"off": True},
)
REACHES = (
    Reach(("user_id",), "identifier:user_id", Role.OWNER, BY_ID),
    Reach(("email",), "identifier:email", Role.OWNER, BY_MAIL, "email"),
)
KEYS = KeySet(
    {
        "identifier:user_id": {Standing.SOLE: (("ann",),)},
        "identifier:email": {Standing.SOLE: (("ann@x",),)},
    }
)


def _adding() -> Target:
    named = KeySet({TAGS.path: {Standing.SOLE: ((1,), (9,))}})
    by_key = (Reach(("id",), TAGS.path, Role.OWNER),)
    return Target(replace(TAGS, links=()), named, by_key, adding=True)


def test_every_request_that_is_sent_fits_the_schemas(backend: Backend) -> None:
    target = Target(TAGS, KEYS, REACHES)
    nobody = KeySet({"identifier:user_id": {Standing.SOLE: (("new",),)}})
    work = Work("a" * 32, 1, 0, datetime.now(UTC) + timedelta(seconds=30))
    switch = Switch("personalised", "recommender.tags", "off", on=False, off="yes")
    settings = HttpBackendSettings(backend.url, SECRET, allow=("127.0.0.0/8",), page_rows=1)
    connector = HttpBackend(settings)

    connector.probe()
    connector.freeze(TAGS, KEYS, REACHES, ((),))
    connector.locate(target, work)
    list(connector.collect(target, work))
    connector.correct(target, work, [Change("tag", "u", old="t", check_old=True)])
    connector.correct(_adding(), work, [Change("tag", "chosen"), Change("user_id", "ann")])
    connector.verify(_adding(), work, Expect.ADDED, changes=[Change("tag", "chosen")])
    connector.restrict(target, work)
    backend.tables["tags"][0]["off"] = False
    connector.close(target, work)
    connector.suppress(target, work, switch)
    connector.suppress(Target(TAGS, nobody, REACHES), work, switch)
    connector.verify(target, work, Expect.ERASED)
    connector.erase(target, work)
    connector.close_connections()

    verbs = set()
    for seen in backend.seen:
        verb = seen.document["verb"]
        verbs.add(verb)
        form = "read" if verb in READS else "effect" if verb in EFFECTS else "about"
        check(f"{form}-request", seen.document)
    assert verbs == {*READS, *EFFECTS, "about"}
    assert verbs - {"about"} == {str(v) for v in Verb} - {"discover"}


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(), re.MULTILINE))

    assert described == set(HttpBackendSettings.__dataclass_fields__)
