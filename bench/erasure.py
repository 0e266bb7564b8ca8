"""Erasure: one request alone, and two hundred queued."""

from __future__ import annotations

from bench import bare, queue
from bench.house import house
from bench.results import Result, at_least, at_most, middle, percentile
from rights.domain.kinds import Kind


def measure() -> list[Result]:
    """Return the figures of the erasure benchmark."""
    with house() as at:
        desk = queue.desk(at)
        with (
            at.process("workflows.cli", "relay"),
            at.process("workflows.cli", "worker", "--count", "3"),
        ):
            found = queue.rounds(
                desk, Kind.DELETION, range(1, 10_000), lambda people: bare.erasures(at.dsn, people)
            )
        return [
            at_most("single_p50_ms", percentile(found.single_ms, 0.5), "ms", 600),
            *at_least(
                "queued_per_min",
                middle(found.per_minute),
                "per min",
                1500,
                bare=middle(found.bare),
                ratio=0.075,
            ),
            at_most("median_wait_share", middle(found.fairness), "of the last", 0.6),
        ]
