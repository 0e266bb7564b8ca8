"""The API as a product backend calls it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import urllib3

_TIMEOUT = urllib3.Timeout(connect=2.0, read=30.0)
_PROBLEM = 400


class Refused(RuntimeError):
    """The API answered with a problem."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body; an empty mapping where there is none."""

    status: int
    body: dict[str, Any]


class Api:
    """Calls under one API key."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base = base_url
        self._key = key
        self._pool = urllib3.PoolManager(maxsize=8, timeout=_TIMEOUT, retries=False)

    def get(self, path: str) -> Answer:
        """Read. Raises Refused."""
        return self._call("GET", path, None)

    def post(self, path: str, document: dict[str, Any]) -> Answer:
        """Write, once however often it is repeated. Raises Refused."""
        return self._call("POST", path, document)

    def download(self, path: str, grant: str) -> bytes:
        """Return a package's bytes. Raises Refused."""
        headers = {"Authorization": f"Bearer {grant}"}
        response = self._pool.request("GET", f"{self._base}{path}", headers=headers)
        if response.status >= _PROBLEM:
            raise Refused(f"GET {path}: {response.status}")
        return response.data

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def _call(self, method: str, path: str, document: dict[str, Any] | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        body = None
        if document is not None:
            headers |= {
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(16),
            }
            body = json.dumps(document).encode()
        url = f"{self._base}{path}"
        response = self._pool.request(method, url, headers=headers, body=body)
        found = json.loads(response.data) if response.data else {}
        if response.status >= _PROBLEM:
            raise Refused(f"{method} {path}: {response.status} {json.dumps(found)[:600]}")
        return Answer(response.status, found)
