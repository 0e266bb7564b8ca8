"""
The console on 200,000 requests, 20,000 of them open: every kind of page, the figures, the trail.

One approver is signed in. Beside each page a bare one with the same query, under the same server.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import event

from bench import serving
from bench.console import afterwards, bareprograms, cases, made_reports, months, opened
from bench.console.barepages import QUERIES
from bench.console.places import PAGES
from bench.console.visits import Approver, bare
from bench.house import ROOT, House, house, wait_for
from bench.portal.browser import Browser
from bench.queue import desk
from bench.results import Result, at_most, beside, middle, percentile
from rights.app import create_app
from rights.services import backends
from rights.services.checkpoints import checkpoint
from rights.services.reports import making
from rights.services.signing import Signer
from rights.services.staff_access import accounts
from rights.settings import Settings
from rights.store.db import transaction
from rights.web.auth import STAFF_COOKIE
from rights.web.parts import NAME
from workflows.embedded.ports import free_ports

REQUESTS: Final = 200_000
ROUNDS: Final = 5
VISITS: Final = 20
"""Of each page in each round."""

_FILES: Final = 4
"""A file is read to its end, so it is asked for less often."""

_GOAL_MS: Final = 200
_GOAL_ENTRIES: Final = 100_000
_WHO: Final = "ana"


def measure(*, scale: float = 1.0) -> list[Result]:
    """
    Return the figures of the console's benchmark.

    Args:
        scale: Of how much there is in the register, from 0.02 on; goals are for 1.
    """
    with house(people=10) as at:
        made = _staffed(at, int(REQUESTS * scale))
        with _served(at, made) as (approver, bare_port):
            empty = _statements(at, approver)
            known = _filled(at, made)
            figures = [_figures(at) for _ in range(ROUNDS)]
            found = _rounds(approver, bare_port, known)
            full = _statements(at, approver)
        return [*_pages(found), _home(empty, full), *_counted(figures), _trail(at)]


def _filled(at: House, made: months.Months) -> dict[str, str]:
    """Fill the register; return what stands for the names in addresses and forms."""
    here = desk(at)
    months.fill(here.engine, made)
    afterwards.fill(here.engine)
    _signed(at)
    signer = Signer(at.env["RIGHTS_SIGNING_KEY"])
    incident = cases.fill(here, made, signer)
    there = opened.fill(here, made)
    afterwards.analyse(here.engine)
    # days as reports count them: the register begins when the bench does
    today = made.now.astimezone(making.zone_of(here.context)).date()
    more = {"one": cases.ONE, "incident": incident, "year": str(today.year)}
    return {**asdict(there), **more, **made_reports.fill(here, made, signer)}


def _staffed(at: House, count: int) -> months.Months:
    here = desk(at)
    now = datetime.now(UTC)
    with transaction(here.engine) as session:
        shop = backends.add(session, "shop", now=now, level_cap=3)
        mine = accounts.add(
            session, _WHO, ["approver", "reviewer", "admin", "auditor"], None, now=now
        )
        other = accounts.add(session, "otto", ["reviewer"], None, now=now)
        return months.Months(count, now, here.context.vault, shop.id, mine.id, other.id)


def _signed(at: House) -> None:
    """Sign what happened so far: a trail is checked with its checkpoints."""
    signer = Signer(at.env["RIGHTS_SIGNING_KEY"])
    with transaction(desk(at).engine) as session:
        checkpoint(session, signer, datetime.now(UTC))


@contextmanager
def _served(at: House, made: months.Months) -> Iterator[tuple[Approver, int]]:
    """Serve ours and the bare pages side by side, and let the approver in."""
    here = desk(at)
    with transaction(here.engine) as session:
        staff = accounts.find(session, made.mine)
        token = accounts.invite(session, staff, None, now=made.now)
    ours, other = free_ports(2, random.Random())
    seen = {"BARE_STAFF": made.mine, "BARE_REQUEST": months.reference(months.FULL)}
    options = [f"--env={name}={value}" for name, value in seen.items()]
    settled = replace(at, env={**at.env, "RIGHTS_BASE_URL": f"http://127.0.0.1:{ours}"})
    command = (*serving.ours(ours), "--surface", "console")
    page = "bench.console.barepages:application"
    with settled.process(*command), serving.bare(at, other, page, "--keep-alive", "30", *options):
        wait_for(lambda: serving.answers(ours, "/healthz"))
        wait_for(lambda: serving.answers(other, "/nothing"))
        approver = Approver(ours, token)
        approver.come_in(_WHO)
        yield approver, other


def _statements(at: House, approver: Approver) -> int:
    """Return with how many statements the first page is made, in this process."""
    settings = Settings(
        database_url=at.register,
        redis_url=at.env["RIGHTS_REDIS_URL"],
        blobs_url=at.env["RIGHTS_BLOBS_URL"],
        keys=at.env["RIGHTS_KEYS"],
        datamap=at.folder / "map.yaml",
    )
    app, seen = create_app(settings, ("console",)), list[str]()
    client = app.test_client()
    client.set_cookie(STAFF_COOKIE, approver.browser.cookies[STAFF_COOKIE], path="/console")
    client.get("/console/")  # clocks and caches

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = app.extensions[NAME].engine
    event.listen(engine, "before_cursor_execute", note)
    page = client.get("/console/")
    engine.dispose()
    if page.status_code != 200:
        raise RuntimeError(f"the first page answered {page.status_code}")
    return len(seen)


Rounds = dict[str, list[tuple[float, float]]]


def _rounds(approver: Approver, bare_port: int, known: dict[str, str]) -> Rounds:
    """Return p95 of each page by round: the bare one's first, ours second."""
    approver.look(known)
    browser = Browser(bare_port, "")
    for name in PAGES:  # connections, templates, prepared statements
        bare(browser, bare_port, name, known)
        approver.visit(name)
    found: Rounds = {name: [] for name in PAGES}
    for _ in range(ROUNDS):
        for name, place in PAGES.items():
            times = range(_FILES if place.file else VISITS)
            theirs = percentile([bare(browser, bare_port, name, known) for _ in times], 0.95)
            found[name].append((theirs, percentile([approver.visit(name) for _ in times], 0.95)))
    return found


def _pages(found: Rounds) -> Iterator[Result]:
    """Yield the slowest page, then each."""
    each = {
        name: (middle([ours for _, ours in took]), middle([theirs for theirs, _ in took]))
        for name, took in found.items()
    }
    slowest = max(each, key=lambda name: each[name][0])
    for name in (None, *each):
        ours, theirs = each[name or slowest]
        metric = "page_p95_ms_200k" + (f"_{name}" if name else "")
        yield at_most(metric, ours, "ms", _GOAL_MS, bare=theirs)


def _home(empty: int, full: int) -> Result:
    goal = f"{empty}, as without any request"
    plain = len(QUERIES["overview"])
    return Result("home_queries", full, "statements", plain, full / plain, goal, full == empty)


def _alone(at: House, what: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.figures_and_trail", what],
        env=dict(at.env),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [float(one) for one in done.stdout.split()[-3:]]


def _figures(at: House) -> tuple[float, float, float]:
    bare_s = bareprograms.figures_s(serving.register_dsn(at))
    took, _, peak = _alone(at, "figures")
    return bare_s, took, peak


def _counted(found: list[tuple[float, float, float]]) -> Iterator[Result]:
    bare_s, took, peak = (middle(list(each)) for each in zip(*found, strict=True))
    yield beside("figures_s", took, "s", bare=bare_s)
    yield at_most("figures_rss_mb", peak, "MB", 150)


def _trail(at: House) -> Result:
    ours, theirs = list[float](), list[float]()
    for _ in range(ROUNDS):
        theirs.append(bareprograms.entries_per_s(serving.register_dsn(at)))
        took, count, _ = _alone(at, "trail")
        ours.append(count / took)
    value, plain = middle(ours), middle(theirs)
    goal = f"at least {_GOAL_ENTRIES} entries/s"
    holds = value >= _GOAL_ENTRIES
    return Result("audit_entries_per_s", value, "entries/s", plain, value / plain, goal, holds)
