"""Whether a web process can take calls: each thing it needs, by name, within a bounded time."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from alembic.script import ScriptDirectory
from sqlalchemy import text

from rights import app as composition
from rights import logs
from rights.domain.errors import ConfigError
from rights.metrics.listener import bound
from rights.services.readiness import Readiness
from rights.settings import Settings, load
from rights.store import revision
from rights.store.blobs import open_blobs
from rights.store.migrate import FOLDER
from rights.store.s3_blobs import S3Blobs, open_client
from tests.servers.s3 import Bucket
from tests.web.house import House


def test_a_process_that_has_everything_is_ready(house: House) -> None:
    ready = house.client.get("/readyz")

    names = ("register", "redis", "blobs", "evidence", "keys")
    assert ready.get_json() == {"status": "ok", **dict.fromkeys(names, "up")}


def test_a_register_that_is_behind_is_not_ready_and_one_ahead_is(house: House) -> None:
    answers = []
    for version in ("0001", "9999"):
        with house.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        answers.append(house.client.get("/readyz"))
    with house.writing() as session:
        session.execute(text("DROP TABLE alembic_version"))
    answers.append(house.client.get("/readyz"))

    assert [one.status_code for one in answers] == [503, 200, 503]
    assert answers[0].get_json()["code"] == "not_ready"
    assert "register: not_migrated" in answers[0].get_json()["detail"]
    assert "register: not_migrated" in answers[2].get_json()["detail"]


def test_packages_that_cannot_be_reached_are_named_without_their_address(
    house: House, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "blobs")

    ready = house.client.get("/readyz")

    assert (ready.status_code, ready.get_json()["code"]) == (503, "not_ready")
    assert ready.get_json()["detail"] == "not ready: blobs: down"
    assert house.client.get("/healthz").status_code == 200


def test_the_revision_that_is_needed_is_the_newest() -> None:
    heads = ScriptDirectory(str(FOLDER)).get_heads()

    assert heads == [revision.needed()]


def test_a_bucket_that_is_not_there_is_told_from_one_that_is(s3: Bucket) -> None:
    client = open_client(
        endpoint=s3.endpoint, access_key=s3.access_key, secret_key=s3.secret_key, region=s3.region
    )
    S3Blobs(client, s3.bucket).reach()

    with pytest.raises(ConfigError):
        S3Blobs(client, f"{s3.bucket}-gone").reach()
    with pytest.raises(ConfigError, match="neither"):
        open_blobs("ftp://somewhere")


def test_what_hangs_is_told_in_time_and_holds_up_one_thread() -> None:
    hangs = threading.Event()
    asked: list[int] = []

    def hang() -> str:
        asked.append(1)
        hangs.wait(30)
        return "up"

    ready = Readiness({"register": hang, "redis": lambda: "up"}, within_s=0.2)
    began = time.monotonic()
    said = [ready.look() for _ in range(3)]
    took = time.monotonic() - began
    hangs.set()

    assert said == [{"register": "no_answer", "redis": "up"}] * 3
    assert len(asked) == 1
    assert took < 5


def test_an_address_that_is_none_is_refused_with_the_settings(
    settings_of: Callable[..., Settings], free_port: Callable[[], int]
) -> None:
    for wrong in ("9464", "localhost", "127.0.0.1:http", "127.0.0.1:70000", ":9464"):
        with pytest.raises(ConfigError, match="RIGHTS_METRICS_LISTEN"):
            load(**{**settings_of().model_dump(), "metrics_listen": wrong})
    port = free_port()
    settings = settings_of(metrics_listen=f"127.0.0.1:{port}")

    with pytest.raises(ConfigError, match="port of the web"):
        composition.serve(settings, port=port)
    taken = bound(f"127.0.0.1:{port}")
    with pytest.raises(ConfigError, match="RIGHTS_METRICS_LISTEN"):
        bound(f"127.0.0.1:{port}")
    taken.close()


def test_the_lines_of_a_call_carry_its_ids_and_the_next_ones_do_not(house: House) -> None:
    request_id = house.submit()["id"]
    seen: list[dict[str, str]] = []

    house.app.extensions["rights"] = replace(house.parts, now=_noting(house, seen))
    house.get(f"/v1/requests/{request_id}")
    house.get("/v1/kinds")

    first = seen[0]
    assert (first["request_id"], first["surface"]) == (request_id, "api")
    assert first["route"] == "GET /v1/requests/<id:request_id>"
    assert structlog.contextvars.get_contextvars() == {}
    with logs.at_work(job="advance"):
        assert set(structlog.contextvars.get_contextvars()) == {"trace", "job"}
    assert structlog.contextvars.get_contextvars() == {}


def _noting(house: House, seen: list[dict[str, str]]) -> Callable[[], datetime]:
    def now() -> datetime:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        return house.clock.now()

    return now
