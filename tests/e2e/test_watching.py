"""Metrics, readiness and logs of processes as they run: web, worker and relay."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rights.app import context_of
from rights.metrics.facts import facts
from rights.services.outbox import QUEUES
from rights.settings import Settings
from rights.store.db import open_engine, transaction
from rights.store.migrate import upgrade
from tests.e2e import shop
from tests.e2e.processes import environment, running
from tests.web.house import Partner, partner, settings_for
from workflows.embedded.valkey import Valkey

CONTACT = "controller: {name: {zh: 商城, en: Shop}, dpo_contact: privacy@example.com}\n"
CANARY = "kanarienvogel"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def ask(
    port: int, path: str, method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class Scrape(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """What one listener gave, by name and labels."""

    def sum(self, name: str, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(v for (n, given), v in self.items() if n == name and wanted <= given)

    def names(self) -> set[str]:
        return {name for name, _ in self}


def scraped(port: int) -> Scrape:
    status, text = ask(port, "/metrics")
    assert status == 200
    families = text_string_to_metric_families(text.decode())
    samples = (sample for family in families for sample in family.samples)
    return Scrape({(s.name, frozenset(s.labels.items())): s.value for s in samples})


def until(ready: Callable[[], Any], within_s: float = 40) -> Any:
    end = time.monotonic() + within_s
    while not (found := _tried(ready)):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


def _tried(ready: Callable[[], Any]) -> Any:
    try:
        return ready()
    except (OSError, http.client.HTTPException):
        return None


@dataclass
class Site:
    """A deployment of one machine."""

    env: dict[str, str]
    folder: Path
    port: int
    partner: Partner
    listens: dict[str, int]
    stack: ExitStack
    processes: dict[str, psutil.Process] = field(default_factory=dict)

    def start(self, process: str, *args: str) -> None:
        env = {**self.env, "RIGHTS_METRICS_LISTEN": f"127.0.0.1:{self.listens[process]}"}
        log = self.folder / f"{process}.log"
        one = running(process, *args, env=env, log=log)
        self.processes[process] = self.stack.enter_context(one)

    def submit(self, number: int, kind: str = "access") -> dict[str, Any]:
        subject = {"user_id": str(number), "email": f"{CANARY}{number}@example.com"}
        now = datetime.now(UTC)
        word = self.partner.assertion(subject, now, "mfa")
        body = {"kind": kind, "assertion": word}
        status, said = ask(self.port, "/v1/requests", "POST", body, **self.partner.headers)
        assert status == 201, said
        found: dict[str, Any] = json.loads(said)
        return found

    def scrape(self, process: str) -> Scrape:
        return scraped(self.listens[process])

    def lines(self, process: str) -> list[dict[str, Any]]:
        text = (self.folder / f"{process}.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _shop(folder: Path) -> str:
    url = f"sqlite:///{folder / 'shop.db'}"
    shop.fill(url, 30).dispose()
    return url


@pytest.fixture
def site(tmp_path: Path, private_valkey: Valkey, free_port: Callable[[], int]) -> Iterator[Site]:
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)
    env = environment(
        tmp_path,
        register=register,
        redis=private_valkey.url,
        shop=_shop(tmp_path),
        map_text=shop.MAP + CONTACT,
    )
    env["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    settings: Settings = settings_for(
        register, private_valkey.url, tmp_path, datamap=tmp_path / "map.yaml"
    )
    engine = open_engine(register)
    with transaction(engine) as session:
        one = partner(session, context_of(settings), "shop", datetime.now(UTC))
    engine.dispose()
    listens = {name: free_port() for name in ("web", "worker", "relay")}
    with ExitStack() as stack:
        yield Site(env, tmp_path, free_port(), one, listens, stack)


def _web(site: Site) -> None:
    site.start("web", "--port", str(site.port), "--workers", "2", "--threads", "2")
    until(lambda: ask(site.port, "/readyz")[0] == 200)
    until(lambda: site.scrape("web").sum("rights_processes") == 2)


def test_a_killed_web_process_takes_no_count_with_it(site: Site) -> None:
    _web(site)
    for number in range(1, 13):
        site.submit(number)
    before = site.scrape("web")
    for victim in site.processes["web"].children():
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(10)
    until(lambda: site.scrape("web").sum("rights_processes") == 2)
    after = site.scrape("web")
    for number in range(13, 16):
        site.submit(number)
    last = site.scrape("web")

    taken_in = [
        s.sum("rights_requests_received_total", kind="access") for s in (before, after, last)
    ]
    assert taken_in == [12, 12, 15]
    route = {"surface": "api", "route": "POST /v1/requests"}
    assert last.sum("rights_http_requests_total", **route, status="2xx") == 15
    assert last.sum("rights_http_seconds_count", **route) == 15
    summed = [k for k in before if k[0].endswith(("_total", "_count", "_bucket", "_sum"))]
    assert [key for key in summed if after.get(key, 0) < before[key]] == []
    assert [key for key in summed if last[key] < after[key]] == []
    files = list((site.folder / "tmp").glob("rights-metrics-*/*.db"))
    assert len({f.stem.rpartition("_")[2] for f in files}) <= 4, "the dead share one set of files"


def test_a_request_is_followed_from_the_call_to_the_store_by_its_id(
    site: Site, private_valkey: Valkey
) -> None:
    _web(site)
    site.start("worker", "--count", "2")
    site.start("relay")
    until(lambda: ask(site.listens["worker"], "/readyz")[0] == 200)
    until(lambda: ask(site.listens["relay"], "/readyz")[0] == 200)

    made = site.submit(1)
    path = f"/v1/requests/{made['id']}"
    until(
        lambda: json.loads(ask(site.port, path, **site.partner.headers)[1])["state"] == "fulfilled"
    )

    (taken,) = [x for x in site.lines("web") if x["event"] == "request.received"]
    mine = [x for x in site.lines("worker") if x.get("request_id") == made["id"]]
    done = [x for x in mine if x["event"] == "step.done"]
    assert (taken["request_id"], taken["route"]) == (made["id"], "POST /v1/requests")
    assert [x for x in (taken, *mine) if not x["trace"]] == []
    assert {x["step_id"].rpartition("-")[2] for x in done} >= {"prepare", "shop", "package"}
    assert {x["step_id"].startswith(made["id"]) for x in done} == {True}
    assert {x["job"] for x in mine} <= {"advance", "close_out"}
    _counted(site)
    _missing(site, private_valkey)
    for process in site.processes:
        log = (site.folder / f"{process}.log").read_text(encoding="utf-8")
        assert CANARY not in log
        assert CANARY.encode() not in ask(site.listens[process], "/metrics")[1]


def _counted(site: Site) -> None:
    worker = site.scrape("worker")
    assert worker.sum("rights_steps_total", action="collect", store="shop", outcome="done") == 1
    assert worker.sum("rights_step_seconds_count", action="collect", store="shop") == 1
    assert worker.sum("rights_package_builds_total", outcome="complete") == 1
    assert worker.sum("rights_package_bytes_count") == 1
    assert {worker.sum("rights_processes", queue=queue) for queue in QUEUES} == {1}
    relay = until(lambda: _read(site.scrape("relay")))
    assert relay.sum("rights_chore_runs_total", chore="drain", outcome="done") > 1
    assert time.time() - relay.sum(
        "rights_chore_last_success_timestamp_seconds", chore="clocks"
    ) == pytest.approx(0, abs=90)
    assert relay.sum("rights_store_circuit", store="shop", connector="sql", state="closed") == 1
    given = worker.names() | relay.names() | site.scrape("web").names()
    known = {name for fact in facts().values() for name in fact.series}
    assert {n for n in given if n.startswith("rights_")} <= known


def _read(found: Scrape) -> Scrape | None:
    return found if "rights_outbox_waiting" in found.names() else None


def _missing(site: Site, valkey: Valkey) -> None:
    """Take away what the processes need: each says so by name, and lives on."""
    listens = site.listens["worker"], site.listens["relay"]
    valkey.stop()
    without_redis = [json.loads(ask(port, "/readyz")[1])["status"] for port in listens]
    shutil.rmtree(site.folder / "blobs")
    without_blobs = [ask(port, "/readyz") for port in listens]

    assert without_redis == ["degraded"] * 2
    for status, said in without_blobs:
        found = json.loads(said)
        assert (status, found["status"], found["blobs"]) == (503, "not_ready", "down")
        assert found["register"] == found["keys"] == "up"
        assert str(site.folder) not in said.decode()
    assert [ask(port, "/healthz")[0] for port in listens] == [200, 200]
    assert ask(site.port, "/metrics")[0] == 404, "never where the public comes in"
