"""
What lies beside the requests of a year: packages, re-checks, rows that are held.

Written from the requests, set by set, on PostgreSQL.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, text

_COPIES: Final = "r.state = 'fulfilled' AND r.kind IN ('copy', 'access', 'portability')"
_ENDED: Final = "r.state = 'fulfilled' AND r.kind IN ('deletion', 'account_cancellation')"
_WEEK: Final = "interval '7 days'"

_PACKAGES: Final = f"""
INSERT INTO package (id, request_id, state, wrapped_key, blob, sealed_size, size, sha256, complete,
  missing, undecided, grants_used, grants_max, created_at, expires_at, purged_at)
SELECT md5(r.id || 'package'), r.id,
  CASE WHEN r.closed_at + {_WEEK} > now() THEN 'ready' ELSE 'purged' END, '', r.id, 1000, 900,
  md5(r.id), true, '[]', r.id LIKE '%0' AND r.closed_at + {_WEEK} > now(), 1, 5,
  r.closed_at, r.closed_at + {_WEEK},
  CASE WHEN r.closed_at + {_WEEK} > now() THEN NULL ELSE r.closed_at + {_WEEK} END
FROM request r WHERE {_COPIES}
"""
_TAKEN_OUT: Final = """
INSERT INTO step (id, request_id, phase, action, store, state, queue, lease_owner, fence, attempts,
  code, note, result, done_at, done_by)
SELECT p.request_id || '-package', p.request_id, 9, 'package', '', 'done', 'work', '', 1, 1, '', '',
  CASE WHEN p.request_id LIKE '%0' THEN CAST('{"apart": {"key": "k", "count": 3}}' AS json)
  ELSE CAST('{}' AS json) END, p.created_at, 'worker'
FROM package p
"""
_LOOKS: Final = f"""
INSERT INTO aftercare (id, request_id, kind, store, state, round, attempts, code, note, result,
  created_at, due_at, next_at, done_at, done_by)
SELECT md5(r.id || 'look'), r.id, 'recheck', '',
  CASE WHEN r.closed_at + interval '30 days' > now() THEN 'waiting' ELSE 'done' END, 3, 0, '', '',
  '{{}}', r.closed_at, r.closed_at + interval '30 days', NULL, NULL, ''
FROM request r WHERE {_ENDED}
"""
_HELD: Final = f"""
INSERT INTO held_rows (id, request_id, collection, code, basis, rank, count, earliest, latest,
  hold_id, sealed, state, fence, attempts, note, next_at, created_at, ended_at)
SELECT md5(r.id || 'held'), r.id, 'shop.orders', 'transactions', 'EC 31', 'law', 3,
  r.closed_at + interval '410 days', r.closed_at + interval '410 days', '', '', 'held', 0, 0, '',
  r.closed_at + interval '410 days', r.closed_at, NULL
FROM request r WHERE {_ENDED}
"""


def fill(engine: Engine) -> None:
    """Write all of it."""
    with engine.begin() as connection:
        for statement in (_PACKAGES, _TAKEN_OUT, _LOOKS, _HELD):
            connection.execute(text(statement))


def analyse(engine: Engine) -> None:
    """Let the database learn how everything is spread."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
