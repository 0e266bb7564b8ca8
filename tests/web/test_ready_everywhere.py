"""Every surface says at its root whether it is up and ready, and shows nothing of another one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rights.app import create_app
from tests.web.house import House

SURFACES = [("api",), ("portal",), ("console",), ("portal", "console"), ("api", "portal")]
UNREACHABLE: dict[str, Any] = {
    "evidence_url": "s3://documents/x?endpoint=http://127.0.0.1:9",
    "evidence_access_key": "a",
    "evidence_secret_key": "b",
}


def _client(house: House, surfaces: Sequence[str]) -> Any:
    settings = house.context.settings
    return create_app(settings, surfaces, context=house.context, now=house.clock.now).test_client()


@pytest.mark.parametrize("surfaces", SURFACES, ids="-".join)
def test_each_surface_says_whether_it_is_up_and_ready(
    house: House, surfaces: tuple[str, ...]
) -> None:
    client = _client(house, surfaces)

    up, ready = client.get("/healthz"), client.get("/readyz")

    assert (up.status_code, up.get_json()) == (200, {"status": "ok"})
    names = {"register", "redis", "keys", "evidence"}
    names |= set() if surfaces == ("console",) else {"blobs"}
    assert (ready.status_code, ready.get_json()) == (
        200,
        {"status": "ok", **dict.fromkeys(names, "up")},
    )
    assert ready.headers["Cache-Control"] == "no-store"
    assert client.post("/readyz").status_code == 405


@pytest.mark.parametrize(
    ("surface", "others"),
    [
        ("portal", ["/v1/kinds", "/openapi.yaml", "/console/sign-in", "/console/readyz"]),
        ("console", ["/v1/kinds", "/openapi.yaml", "/portal/", "/public/rights-methods"]),
    ],
)
def test_it_opens_nothing_of_another_surface(house: House, surface: str, others: list[str]) -> None:
    client = _client(house, (surface,))

    assert {path: client.get(path).status_code for path in others} == dict.fromkeys(others, 404)


@pytest.mark.parametrize("surfaces", SURFACES, ids="-".join)
def test_documents_that_cannot_be_reached_are_named_without_their_address(
    furnished: Callable[..., House], surfaces: tuple[str, ...]
) -> None:
    client = _client(furnished(**UNREACHABLE), surfaces)

    ready = client.get("/readyz")

    assert ready.status_code == 503
    assert b"127.0.0.1" not in ready.data
    if surfaces == ("console",):
        assert ready.get_json()["status"] == "not_ready"
        assert ready.get_json()["evidence"] != "up"
        assert client.get("/console/readyz").get_json() == ready.get_json()
    else:
        assert ready.get_json()["code"] == "not_ready"
        assert "evidence: " in ready.get_json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_a_folder_of_documents_that_went_is_told(house: House) -> None:
    shutil.rmtree(Path(urlsplit(house.context.settings.evidence_url).path))

    gone = house.client.get("/readyz")

    assert gone.get_json()["detail"] == "not ready: evidence: down"


def test_where_no_documents_are_taken_none_are_looked_for(
    furnished: Callable[..., House],
) -> None:
    client = furnished(evidence_url="").client

    for path in ("/readyz", "/console/readyz"):
        ready = client.get(path)
        assert ready.status_code == 200
        assert "evidence" not in ready.get_json()


@pytest.mark.parametrize("surface", ["portal", "console"])
def test_it_answers_without_the_register_that_it_is_up(house: House, surface: str) -> None:
    client = _client(house, (surface,))
    house.app.extensions["rights"].engine.dispose()
    with house.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE alembic_version")

    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "not_migrated" in ready.get_data(as_text=True)
