"""Intake: requests per second over HTTP, verification start included."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from bench import serving
from bench.house import House, biggest_rss_mb, house, wait_for
from bench.load import Figures, post
from bench.queue import desk
from bench.results import Result, at_least, at_most, middle, percentile
from rights.services import backends
from rights.store.db import transaction
from workflows.embedded.ports import free_ports

ROUNDS = 5
SECONDS = 4.0
CONNECTIONS = 8


def measure() -> list[Result]:
    """Return the figures of the intake benchmark."""
    limits = {
        "RIGHTS_RATE_PER_KEY": "10000000/minute",
        "RIGHTS_RATE_PER_ADDRESS": "10000000/minute",
    }
    with house(people=100, **limits) as at:
        key = _key(at)
        ours, bare = free_ports(2, random.Random())
        with at.process(*serving.ours(ours)) as server, _bare(at, bare):
            wait_for(lambda: serving.answers(ours, "/healthz"))
            wait_for(lambda: serving.answers(bare, "/"))
            found = _rounds(ours, bare, key)
            rss = biggest_rss_mb(server)
    return [
        *at_least(
            "requests_per_s",
            middle([o.per_s for _, o in found]),
            "per s",
            300,
            bare=middle([b.per_s for b, _ in found]),
            ratio=0.15,
        ),
        at_most("p99_ms_8", middle([percentile(o.ms, 0.99) for _, o in found]), "ms", 100),
        at_most("web_rss_mb", rss, "MB", 150),
    ]


def _rounds(ours: int, bare: int, key: str) -> list[tuple[Figures, Figures]]:
    """Warm both up, then let them take turns: bare first, ours second."""
    _run(ours, key, 0, 1.0)
    _run(bare, key, 0, 1.0)
    return [
        (_run(bare, key, n, SECONDS), _run(ours, key, n, SECONDS)) for n in range(1, ROUNDS + 1)
    ]


def _run(port: int, key: str, salt: int, seconds: float) -> Figures:
    return post(
        port, "/v1/requests", _body, key=key, connections=CONNECTIONS, seconds=seconds, salt=salt
    )


def _body(number: int) -> dict[str, Any]:
    return {"kind": "access", "subject": {"email": f"q{number}@example.com"}, "locale": "en"}


def _key(at: House) -> str:
    here = desk(at)
    with transaction(here.engine) as session:
        made = backends.add(session, "bench", now=here.now())
        _, secret = backends.issue_key(session, made.id, backends.SCOPES, now=here.now())
    return secret


@contextmanager
def _bare(at: House, port: int) -> Iterator[None]:
    with psycopg.connect(serving.register_dsn(at)) as connection:
        connection.execute(
            "CREATE TABLE bare_request (id text PRIMARY KEY, kind text, email text, state text,"
            " received_at timestamptz)"
        )
        connection.execute("CREATE INDEX ON bare_request (email)")
    with serving.bare(at, port, "bench.barewsgi:application"):
        yield
