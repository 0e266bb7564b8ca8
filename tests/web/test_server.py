"""The server as it runs: gunicorn, threads, a process of its own."""

from __future__ import annotations

import gc
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask

from rights.app import context_of
from rights.settings import Settings
from rights.store.db import open_engine, transaction
from rights.web.server import Server
from tests.web.house import ALICE, HERE, KEYS, SEED, Partner, partner


class Running:
    """A web server in a process of its own, and a backend that may call it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, one: Partner) -> None:
        self.process, self.port, self.partner = process, port, one

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            data = None if body is None else orjson.dumps(body)
            sent = {"Content-Type": "application/json", **self.partner.headers, **headers}
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        kind = response.headers.get("Content-Type", "")
        return response.status, orjson.loads(content) if "json" in kind else content


@pytest.fixture
def running(
    settings_of: Callable[..., Settings], tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[Running]:
    settings = settings_of()
    port = free_port()
    command = [
        "-m",
        "workflows.cli",
        "web",
        "--port",
        str(port),
        "--workers",
        "1",
        "--threads",
        "4",
    ]
    # The program itself, and nothing of the tests: what it holds is looked at.
    environ = {
        **os.environ,
        "RIGHTS_DATABASE_URL": settings.database_url,
        "RIGHTS_REDIS_URL": settings.redis_url,
        "RIGHTS_BLOBS_URL": settings.blobs_url,
        "RIGHTS_EVIDENCE_URL": settings.evidence_url,
        "RIGHTS_KEYS": KEYS,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(settings.datamap),
        "RIGHTS_OPTOUT_WAIT_MS": str(settings.optout_wait_ms),
    }
    root = HERE.parents[1]
    process = subprocess.Popen([sys.executable, *command], cwd=root, env=environ)
    engine = open_engine(settings.database_url)
    with transaction(engine) as session:
        one = partner(session, context_of(settings), "shop", datetime.now(UTC))
    engine.dispose()
    server = Running(process, port, one)
    _wait(server)
    yield server
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def _wait(server: Running) -> None:
    for _ in range(300):
        try:
            if server.call("GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not come up within 30 seconds")


def test_it_takes_requests_of_many_at_once(running: Running) -> None:
    def submit(n: int) -> int:
        body = {"kind": "access", "subject": {"user_id": f"u-{n}", "email": f"p{n}@example.com"}}
        return running.call("POST", "/v1/requests", body)[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(submit, range(40)))

    assert statuses == [201] * 40


def test_a_body_without_a_length_is_limited_too(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    pieces = (b'{"kind": "access", "locale": "', *(b"x" * 65536 for _ in range(8)), b'"}')
    headers = {"Content-Type": "application/json", **running.partner.headers}
    connection.request("POST", "/v1/requests", iter(pieces), headers, encode_chunked=True)
    response = connection.getresponse()
    said = response.read()
    connection.close()

    assert (response.status, orjson.loads(said)["code"]) == (413, "too_large")


def test_it_holds_no_connector_no_worker_and_little_memory(running: Running) -> None:
    running.call("POST", "/v1/requests", {"kind": "access", "subject": ALICE})

    for pid in (running.process.pid, *_children(running.process.pid)):
        files = Path(f"/proc/{pid}/maps")
        if not files.exists():
            pytest.skip("there is no /proc here to look into")
        rss = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert rss < 150 * 2**20


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def test_the_web_loads_no_code_that_reaches_a_store() -> None:
    code = (
        "import sys, rights.app, rights.web.server\n"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('connectors', 'workflows', 'rq', 'boto3')])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
    )

    assert out.stdout.strip() == "[]"


def test_it_stops_when_told_and_finishes_first(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(30) == 0


def test_what_the_application_is_made_of_is_gone_through_once() -> None:
    made: list[list[int]] = []

    def create() -> Flask:
        made.append([1])
        return Flask("made")

    try:
        Server(create, {"workers": 1}).load()
        looked = {id(one) for one in gc.get_objects()}
        frozen = gc.get_freeze_count()
    finally:
        gc.unfreeze()

    assert frozen > len(looked), "a collection has next to nothing to look at"
    assert id(made[0]) not in looked
    assert id(made[0]) in {id(one) for one in gc.get_objects()}, "thawed, it is looked at again"
