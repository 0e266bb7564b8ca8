"""
The clocks of 20,000 open requests among 200,000: one look, in which one in a hundred is told of.

Beside it a bare program that reads the two dates of every open request and works the stage out; it
writes nothing down. Memory is that of a process that loads what the look needs, and of one that has
loaded all that a relay does.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg

from bench import serving
from bench.house import ROOT, House, house
from bench.queue import desk
from bench.results import Result, at_most, beside, middle
from rights.store.db import reading
from rights.store.models import RequestClock
from workflows import clock_watch

REQUESTS = 200_000
OPEN = 20_000
ROUNDS = 5
NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
WHOLE = timedelta(days=21)
TOLD = OPEN // 100

_FILL = """
INSERT INTO request (id, kind, option, parameters, regimes, state, wait, backend_id, bundle_id,
  follows, merged_into, subject, fingerprint, requester_role, age_band, delivers_to, channel,
  locale, level, level_needed, acr, needs, received_at, due_at, promised_at, closed_at, map_version,
  map_hash, reason, head_seq, head_hash, version)
SELECT md5('r' || n), 'access', 'records', '{}', '["cn_general"]',
  CASE WHEN n <= %(open)s THEN 'in_progress' ELSE 'fulfilled' END, '', '', '', '', '',
  md5('s' || n), md5('f' || n), 'self', 'unknown', 'subject', 'api', 'zh-CN', 2, 2, '', '[]',
  received, received + %(whole)s, received + %(whole)s,
  CASE WHEN n <= %(open)s THEN NULL ELSE received + interval '3 days' END, 1, '', '', 0, '', 1
FROM (SELECT n, %(now)s - (n * 1.0 / %(open)s) * 0.9 * %(whole)s AS received
      FROM generate_series(1, %(all)s) AS n) AS made
"""


def measure() -> list[Result]:
    """Return the figures of the clock benchmark."""
    with house(people=100) as at:
        _fill(at)
        here, now = desk(at), NOW
        first = _seconds(at, now)  # everything that stands already, once: as after a first start
        told, bare = [], []
        for number in range(1, ROUNDS + 1):
            bare.append(_bare(at, now))
            _move(at, number)
            told.append(_seconds(at, now))
        with reading(here.engine) as session:
            rows = session.query(RequestClock).count()
        rss, relay = _rss(at), _rss(at, "relay")
    return [
        at_most("sweep_20k_s", middle(told), "s", 5, bare=middle(bare)),
        at_most("sweep_rss_mb", rss, "MB", 130),
        at_most("relay_rss_mb", relay, "MB", 150),
        beside("first_look_s", first, "s"),
        beside("told", rows, "requests"),
    ]


def _fill(at: House) -> None:
    given = {"now": NOW, "whole": WHOLE, "open": OPEN, "all": REQUESTS}
    with psycopg.connect(serving.register_dsn(at), autocommit=True) as connection:
        connection.execute(_FILL, given)
        connection.execute("ANALYZE request")


def _move(at: House, number: int) -> None:
    """Let one in a hundred of the open requests have reached its next stage since."""
    chosen = random.Random(number).sample(range(1, OPEN + 1), TOLD)
    with psycopg.connect(serving.register_dsn(at), autocommit=True) as connection:
        connection.execute(
            "UPDATE request_clock SET stage = 0 WHERE request_id = ANY("
            " SELECT md5('r' || n) FROM unnest(%s::int[]) AS n)",
            [chosen],
        )


def _seconds(at: House, now: datetime) -> float:
    here = desk(at)
    begun = time.perf_counter()
    clock_watch.watch(here.engine, here.context, lambda: now)
    took = time.perf_counter() - begun
    here.engine.dispose()
    return took


def _bare(at: House, now: datetime) -> float:
    """Read every open request and work its stage out, as anybody would."""
    found = 0
    with psycopg.connect(serving.register_dsn(at)) as connection:
        begun = time.perf_counter()
        query = "SELECT id, received_at, promised_at FROM request WHERE closed_at IS NULL"
        for _, received, promised in connection.execute(query):
            share = (now - received) / (promised - received)
            found += share >= 0.5
        took = time.perf_counter() - begun
    assert found, "half of them are past half their time"
    return took


def _rss(at: House, *also: str) -> float:
    """Return the peak of a program of its own that does one look over all of it."""
    _move(at, 0)
    done = subprocess.run(
        [sys.executable, "-m", "bench.onelook", NOW.isoformat(), *also],
        env=dict(at.env),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return float(done.stdout.strip().splitlines()[-1])
