"""
The bare intake: a WSGI function that stores the same row with psycopg, under the same gunicorn.

It checks nothing but that the body is JSON. Run as ``gunicorn bench.barewsgi:application``.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

_local = threading.local()
_INSERT = (
    "INSERT INTO bare_request (id, kind, email, state, received_at)"
    " VALUES (%s, %s, %s, 'verifying', now())"
)


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Store one row, answer with its id."""
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BARE_DSN"])
    made = secrets.token_hex(16)
    _local.connection.execute(_INSERT, (made, body["kind"], body["subject"]["email"]))
    _local.connection.commit()
    answer = json.dumps({"id": made}).encode()
    start(
        "201 Created",
        [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))],
    )
    return [answer]
