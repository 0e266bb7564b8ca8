"""A load generator: some connections that send one request after the other, and measure."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = Callable[[int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests per second, and how long each took in milliseconds."""

    per_s: float
    ms: list[float]


def post(
    port: int, path: str, body: Body, *, key: str, connections: int, seconds: float, salt: int
) -> Figures:
    """
    Send requests to loopback from *connections* processes, for *seconds*.

    Raises:
        RuntimeError: any answer was not 201.
    """
    with multiprocessing.get_context("fork").Pool(connections) as pool:
        args = [(port, path, body, key, seconds, salt * 1000 + n) for n in range(connections)]
        started = time.perf_counter()
        found = pool.map(_send, args, chunksize=1)
        took = time.perf_counter() - started
    times = [ms for part in found for ms in part]
    return Figures(len(times) / min(took, seconds + 1), times)


def _send(args: tuple[int, str, Body, str, float, int]) -> list[float]:
    port, path, body, key, seconds, salt = args
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    until = time.monotonic() + seconds
    out: list[float] = []
    number = salt * 1_000_000
    while time.monotonic() < until:
        number += 1
        text = json.dumps(body(number))
        started = time.perf_counter()
        connection.request("POST", path, text, headers)
        answer = connection.getresponse()
        shown = answer.read()
        out.append((time.perf_counter() - started) * 1000)
        if answer.status != 201:
            print(shown[:500], file=sys.stderr)
            raise RuntimeError(f"the server answered {answer.status}")
    return out
