"""
The long run: a deployment is hurt about once a second while people ask, for as long as is wished.

``./run bench faults --minutes N [--seed S]``. The seed settles who asks for what and which faults
come in which order; the moments at which they meet are the machine's. What the invariants are:
``docs/explanation/faults.md``.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import threading
import time
from functools import partial
from typing import Any, Final

from bench.faults.arrivals import Arrivals, patiently
from bench.faults.injuries import Injuries, told
from bench.faults.site import Site, site
from bench.results import Result, at_most
from tests.faults import checks, clock, model
from tests.faults.laboratory import SEED

GOAL_PER_MINUTE: Final = 45
"""Two thousand in 45 minutes."""
_PEOPLE_PER_MINUTE: Final = 160
_LAPSE_S: Final = 240.0
"""Longer than any lease, shorter than a code is good for."""
_TURN_S: Final = 600.0
_LONGEST_S: Final = 900.0
_SETTLE_S: Final = 100.0


def measure(*, minutes: float = 2.0, seed: int = 1) -> list[Result]:
    """Run, and return how many faults there were and how many invariants broke."""
    # A run that hangs says where, and ends.
    faulthandler.dump_traceback_later(minutes * 60 + _LONGEST_S, exit=True)
    people = 60 + int(minutes * _PEOPLE_PER_MINUTE)
    with site(people) as here:
        world = model.read(here.shop, here.service, here.bucket)
        injuries = Injuries(here, random.Random(seed))
        people_asking = Arrivals(here, random.Random(seed + 1), world)
        _warm(people_asking)
        _run(injuries, people_asking, minutes)
        _settle(here, people_asking)
        broken = [*people_asking.broken, *_finally(here, people_asking)]
        _tell(people_asking, injuries, broken, seed)
    faulthandler.cancel_dump_traceback_later()
    least = GOAL_PER_MINUTE * minutes
    count = sum(injuries.done.values())
    goal = f"at least {least:.0f} in {minutes:g} minutes"
    return [
        Result("faults_injected", count, "faults", None, None, goal, count >= least),
        at_most("invariants_broken", len(broken), "broken", 0),
    ]


def _warm(people: Arrivals) -> None:
    """Begin once the web answers: starting up is no fault of anybody's."""
    deadline = time.monotonic() + 60
    while not people.answers():
        if time.monotonic() > deadline:
            raise TimeoutError("the web did not start")
        time.sleep(0.2)


def _run(injuries: Injuries, people: Arrivals, minutes: float) -> None:
    failed: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            failed.append(error)

    threads = [
        threading.Thread(target=guarded, args=(one.run,), name=name)
        for name, one in (("faults", injuries), ("people", people))
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until and not failed:
        time.sleep(0.2)
    injuries.stopping.set()
    people.stopping.set()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _settle(here: Site, people: Arrivals) -> None:
    """Stop hurting; leases of minutes are let lapse by the clock, which goes forward only now."""
    here.service.faults.clear()
    patiently(partial(clock.move, here.register, _LAPSE_S))
    if not people.finished():
        # Who waits for another's turn is looked at ever more seldom, at last every ten minutes.
        patiently(partial(clock.move, here.register, _TURN_S))
        if not people.finished():
            people.give_up()
    until = time.monotonic() + _SETTLE_S
    while time.monotonic() < until and (_untold(here) or _untidy(here)):
        time.sleep(0.5)


def _untold(here: Site) -> list[str]:
    return checks.told(here.register, list(here.sink.messages), list(here.received.times))


def _untidy(here: Site) -> int:
    """Return how many closed requests nobody has tidied up after yet."""
    query = "SELECT count(*) FROM request WHERE closed_at IS NOT NULL AND next_at IS NOT NULL"
    return int(here.read(query)[0][0])


def _finally(here: Site, people: Arrivals) -> list[str]:
    """Check what is true of all requests together."""
    found = model.read(here.shop, here.service, here.bucket)
    receipts = {r: checks.receipt(here.register, r) for r in people.receipts}
    changed = [r for r, first in people.receipts.items() if receipts[r] != first]
    return [
        *(f"I1, I2: at the end: {d}" for d in model.differences(found, people.world)),
        *(f"I8: the receipt of {r} has changed" for r in changed),
        *checks.orphans(here.shop),
        *checks.trail(here.register, SEED),
        *_untold(here),
        *checks.leaked(here.register, here.redis, here.logs()),
        *checks.leftovers(here.register, here.blobs_url),
        *_once(here, people),
    ]


def _once(here: Site, people: Arrivals) -> list[str]:
    """
    Every request that was asked for was made once, however often the call was repeated.

    So was the deletion that each taking back of a consent opens by itself.
    """
    made = here.read("SELECT count(*) FROM request WHERE follows = ''")[0][0]
    wrong = [] if made == people.requests else [f"{people.requests} were asked for, {made} made"]
    query = (
        "SELECT count(*) FROM request w WHERE kind = 'consent_withdrawal' AND"
        " (SELECT count(*) FROM request d WHERE d.follows = w.id AND d.kind = 'deletion') <> 1"
    )
    lost = here.read(query)[0][0]
    query = (
        "SELECT count(*) FROM request d WHERE follows <> '' AND NOT EXISTS (SELECT 1 FROM request w"
        " WHERE w.id = d.follows AND w.kind = 'consent_withdrawal')"
    )
    stray = here.read(query)[0][0]
    return [
        *wrong,
        *([f"{lost} withdrawals are not followed by one deletion"] if lost else []),
        *([f"{stray} requests follow no withdrawal"] if stray else []),
    ]


def _tell(people: Arrivals, injuries: Injuries, broken: list[str], seed: int) -> None:
    out = sys.stderr
    print(f"seed {seed}: {people.visits} people, {people.requests} requests", file=out)
    print(f"faults: {told(injuries.done)}; refused calls: {dict(people.refused)}", file=out)
    for line in broken[:40]:
        print(f"  broken: {line}", file=out)
