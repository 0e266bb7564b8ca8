"""The collection, the people and the connector of these tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.http_backend import HttpBackend, HttpBackendSettings
from connectors.sdk import (
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
    Work,
)
from tests.connectors.backend_service import SECRET, Backend

OWNER = Link(columns=("user_id",), role=Role.OWNER, identifier="user_id")
TAGS = Collection(
    store="recommender",
    name="tags",
    key=("id",),
    fields=(
        MapField("tag", "profile", disclose=True),
        MapField("score", "profile", disclose=True),
        MapField("internal_note", "profile"),
    ),
    links=(OWNER,),
    restriction=Restriction("flag", "frozen", value=True),
    close={"active": False},
)
REACH = Reach(("user_id",), "identifier:user_id", Role.OWNER, OWNER)
PERSONALISED = Switch("personalised", "recommender.tags", "on", on=True, off=False)
ERASED = Expect.ERASED


def tag(number: int, user_id: str | None, **more: Any) -> dict[str, Any]:
    row = {"id": number, "user_id": user_id, "tag": f"t{number}", "score": number / 2}
    return {**row, "internal_note": "n", "frozen": False, "active": True, "on": True, **more}


def connect(backend: Backend, **more: Any) -> HttpBackend:
    given = {"url": backend.url, "secret": SECRET, "allow": ["127.0.0.0/8"], "timeout_s": 2.0}
    return HttpBackend(HttpBackendSettings(**{**given, **more}))


def of(*user_ids: str, collection: Collection = TAGS) -> Target:
    keys = {Standing.SOLE: tuple((u,) for u in user_ids)}
    return Target(collection, KeySet({"identifier:user_id": keys}), (REACH,))


def work(*, fence: int = 1, within_s: float = 20, step: str = "a" * 32) -> Work:
    return Work(step, fence, 0, datetime.now(UTC) + timedelta(seconds=within_s))


def ids(backend: Backend) -> list[int]:
    return [row["id"] for row in backend.tables["tags"]]
