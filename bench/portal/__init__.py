"""
The portal: fifty people at once, one action a second each, and how heavy its pages are.

Each round has fifty people nobody has seen yet, so that all rounds begin alike. No worker runs:
what takes a store's answer is answered beforehand, and nobody waits for switches to follow.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import serving
from bench.house import House, house, wait_for
from bench.portal import barepage, visits, weight
from bench.portal.browser import Browser
from bench.portal.people import Register, Visitor
from bench.portal.visits import Visits
from bench.portal.weight import Weight
from bench.queue import desk
from bench.results import Result, at_most, beside, middle, percentile
from rights.settings import LOGO_BYTES
from workflows.embedded.ports import free_ports

ROUNDS = 5
PEOPLE = 50
OTHERS = 4_000
"""Requests of people who are not here now."""
_MAP = Path(__file__).parents[2] / "workflows" / "demo" / "company" / "datamap.yaml"
_LIKE_OURS = ("--preload", "--keep-alive", "30")
_WARM_S = 0.25


@dataclass(frozen=True, slots=True)
class _Served:
    """Two servers side by side: their ports, and their processes."""

    ours: int
    bare: int
    of_ours: psutil.Process
    of_bare: psutil.Process


def measure() -> list[Result]:
    """Return the figures of the portal's benchmark."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        logo = Path(folder) / "logo.svg"
        logo.write_bytes(b"<svg/>".ljust(LOGO_BYTES))
        settings = {"RIGHTS_BRAND_LOGO": str(logo), "RIGHTS_OPTOUT_WAIT_MS": "0"}
        with house(people=10, datamap=_MAP.read_text(encoding="utf-8"), **settings) as at:
            return _measured(at)


def _measured(at: House) -> list[Result]:
    register = Register(desk(at))
    register.others(OTHERS)
    groups = [register.visitors(PEOPLE) for _ in range(ROUNDS + 1)]
    heaviest = register.everything()
    with _served(at) as both:
        size = _first_page(both.ours, heaviest)
        barepage.fill(serving.register_dsn(at), pages=PEOPLE, size=size)
        rounds = list(_rounds(both, groups))
        pages = weight.weights(both.ours, heaviest)
    _tell(rounds)
    return [*_times(rounds), *_weights(pages)]


@contextmanager
def _served(at: House) -> Iterator[_Served]:
    ours, bare = free_ports(2, random.Random())
    page = "bench.portal.barepage:application"
    with (
        at.process(*serving.ours(ours)) as of_ours,
        serving.bare(at, bare, page, *_LIKE_OURS) as of_bare,
    ):
        wait_for(lambda: serving.answers(ours, "/healthz"))
        wait_for(lambda: serving.answers(bare, "/nothing"))
        yield _Served(ours, bare, of_ours, of_bare)


def _first_page(port: int, visitor: Visitor) -> int:
    """Return how many bytes the first page of somebody with ten requests has."""
    browser = Browser(port, visitor.token)
    browser.enter()
    return len(browser.open("/portal/").body)


def _rounds(both: _Served, groups: Sequence[Sequence[Visitor]]) -> Iterator[tuple[Visits, Visits]]:
    """Warm both up, then let them take turns: bare first, ours second."""
    visits.of_bare(both.bare, groups[0], pace_s=_WARM_S)
    visits.of_ours(both.ours, groups[0], pace_s=_WARM_S)
    used = [serving.processor_s(one) for one in (both.of_bare, both.of_ours)]
    for group in groups[1:]:
        yield visits.of_bare(both.bare, group), visits.of_ours(both.ours, group)
    for name, one, before in zip(("bare", "ours"), (both.of_bare, both.of_ours), used, strict=True):
        spent = (serving.processor_s(one) - before) * 1000 / (ROUNDS * PEOPLE * visits.ACTIONS)
        _say(f"{name}: {spent:.1f} ms of a processor in the web's processes for each action")


def _times(rounds: Sequence[tuple[Visits, Visits]]) -> list[Result]:
    found = []
    for share in (0.99, 0.5):
        bare = middle([percentile(one.all_ms, share) for one, _ in rounds])
        ours = middle([percentile(one.all_ms, share) for _, one in rounds])
        found.append((ours, bare))
    client = max(max(bare.client_share, ours.client_share) for bare, ours in rounds)
    return [
        at_most("p99_ms_50_users", found[0][0], "ms", 100, bare=found[0][1]),
        beside("p50_ms_50_users", found[1][0], "ms", bare=found[1][1]),
        at_most("client_cpu_share", client, "of a core", 0.2),
    ]


def _tell(rounds: Sequence[tuple[Visits, Visits]]) -> None:
    """Say which actions take how long, and how far the rounds lie apart."""
    each = [f"{percentile(one.all_ms, 0.99):.0f}" for _, one in rounds]
    _say(f"p99 of the rounds: {', '.join(each)} ms")
    for name in sorted(rounds[0][1].ms):
        every = [ms for _, one in rounds for ms in one.ms[name]]
        p50, p99 = percentile(every, 0.5), percentile(every, 0.99)
        _say(f"{name:18} {len(every):5} actions  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")


def _weights(pages: Sequence[Weight]) -> list[Result]:
    heaviest = max(pages, key=lambda one: one.size)
    _say(f"the heaviest of {len(pages)} pages is {heaviest.path}")
    return [
        at_most("page_kb", heaviest.size / 1000, "kB", 60),
        beside("page_kb_without_logo", (heaviest.size - heaviest.logo) / 1000, "kB"),
    ]


def _say(line: str) -> None:
    print(line, file=sys.stderr)
