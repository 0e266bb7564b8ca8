"""One trace from the call that brought a request to each call of a store, over real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Engine
from sqlmodel import select

from rights.app import context_of
from rights.domain.levels import Acr
from rights.services import lookups
from rights.services.portal import Person
from rights.store.db import open_engine, transaction
from rights.store.models import StoreStatus
from rights.traces import ALLOWED
from tests.e2e.processes import ROOT
from tests.e2e.test_watching import CANARY, Site, ask, site, until
from tests.web.house import settings_for

__all__ = ["site"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass
class Collector:
    """What a collector was sent: the bytes, and the spans in them by the process they are from."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def spans(self) -> list[tuple[str, Span]]:
        found = []
        for body in list(self.raw):
            request = ExportTraceServiceRequest.FromString(body)
            for group in request.resource_spans:
                (named,) = (a.value.string_value for a in group.resource.attributes)
                found += [(named, one) for scope in group.scope_spans for one in scope.spans]
        return found

    def of(self, request_id: str) -> list[tuple[str, Span]]:
        return [(p, s) for p, s in self.spans() if s.trace_id.hex() == request_id]


@pytest.fixture
def collector() -> Iterator[Collector]:
    kept = Collector()

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding"):
                raise AssertionError("sent compressed")
            kept.raw.append(body)
            kept.tokens.add(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def _served(site: Site) -> None:
    site.start("web", "--port", str(site.port), "--workers", "1", "--threads", "2")
    site.start("worker", "--count", "2")
    site.start("relay")
    for port in (site.port, site.listens["worker"], site.listens["relay"]):
        until(partial(_ready, port), within_s=150)


def _ready(port: int) -> bool:
    return ask(port, "/readyz")[0] == 200


def _answered(site: Site, number: int = 1) -> str:
    made = site.submit(number)
    path = f"/v1/requests/{made['id']}"
    until(
        lambda: json.loads(ask(site.port, path, **site.partner.headers)[1])["state"] == "fulfilled",
        within_s=120,
    )
    return str(made["id"])


@pytest.mark.requirement("R-NEG-23")
def test_one_trace_leads_from_the_call_to_the_store_and_names_nobody(
    site: Site, collector: Collector
) -> None:
    site.env["RIGHTS_TRACES_URL"] = f"http://127.0.0.1:{collector.port}/v1/traces"
    site.env["RIGHTS_TRACES_TOKEN"] = "collectors-word"
    _served(site)

    request_id = _answered(site)

    wanted = {"call", "outbox", "job", "step", "store"}
    until(lambda: wanted <= {s.name for _, s in collector.of(request_id)})
    until(lambda: any(not s.parent_span_id for _, s in collector.of(request_id)))
    mine = collector.of(request_id)
    (first,) = [(process, s) for process, s in mine if not s.parent_span_id]
    assert (first[0], first[1].name, first[1].span_id.hex()) == (
        "rights-web",
        "call",
        request_id[:16],
    )
    assert {p for p, _ in mine} == {"rights-web", "rights-relay", "rights-worker"}
    by_id = {s.span_id: s for _, s in mine}
    until(lambda: all(s.parent_span_id in {x.span_id for _, x in collector.of(request_id)}
                      for _, s in mine if s.parent_span_id))  # fmt: skip
    by_id = {s.span_id: s for _, s in collector.of(request_id)}
    above = {(s.name, by_id[s.parent_span_id].name) for _, s in mine if s.parent_span_id}
    assert {("outbox", "call"), ("job", "call"), ("step", "job"), ("store", "step")} <= above
    said = {a.key for _, s in collector.spans() for a in s.attributes}
    assert said <= ALLOWED
    assert not [e for _, s in collector.spans() for e in s.events]
    assert CANARY.encode() not in b"".join(collector.raw)
    assert collector.tokens == {"Bearer collectors-word"}


def test_a_look_up_is_a_trace_down_to_the_store_and_a_look_at_a_stores_health_is_none(
    site: Site, collector: Collector
) -> None:
    site.env["RIGHTS_TRACES_URL"] = f"http://127.0.0.1:{collector.port}/v1/traces"
    site.start("worker", "--count", "3")
    until(partial(_ready, site.listens["worker"]), within_s=150)
    engine = open_engine(site.env["RIGHTS_DATABASE_URL"])
    until(lambda: _looked_at(engine))
    site.start("relay")

    asked = _asked(site, engine)
    engine.dispose()

    until(lambda: {"job", "store"} <= {s.name for _, s in collector.of(asked)}, within_s=60)
    roots = {s.name for _, s in collector.spans() if not s.parent_span_id}
    assert "store" not in roots


def _looked_at(engine: Engine) -> bool:
    with transaction(engine) as session:
        return session.exec(select(StoreStatus)).first() is not None


def _asked(site: Site, engine: Engine) -> str:
    """Ask how much there is of somebody; return the look-up."""
    settings = settings_for(
        site.env["RIGHTS_DATABASE_URL"],
        site.env["RIGHTS_REDIS_URL"],
        site.folder,
        datamap=site.folder / "map.yaml",
    )
    who = {"user_id": "1"}
    person = Person("", who, frozenset(who), acr=Acr.REAL_NAME)
    now = datetime.now(UTC)
    with transaction(engine) as session:
        return lookups.ask_for(session, context_of(settings), person, "counts", cap=3, now=now).id


def test_a_collector_that_is_away_is_in_nobodys_way(site: Site, collector: Collector) -> None:
    site.env["RIGHTS_TRACES_URL"] = "http://127.0.0.1:1/v1/traces"
    _served(site)

    assert _answered(site)


def test_nothing_that_traces_is_loaded_where_no_address_is_set() -> None:
    program = (
        "import sys, rights.app, rights.traces, workflows.worker, workflows.relaying\n"
        "with rights.traces.span('step', 'f' * 32, store='shop'): pass\n"
        "rights.traces.note('call', '', 0.1)\n"
        # Redis's client loads its part by itself where the extra is there; it is not on.
        "ours = ('rights.traces.exporting', 'opentelemetry.exporter', 'opentelemetry.sdk.trace')\n"
        "print([m for m in sys.modules if m.startswith(ours)])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
