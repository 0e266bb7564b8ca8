"""
What RQ calls: ids in, one function each.

A job is a doorbell. It names a row; whatever is true is read from the register. A job that
runs twice, or late, or never, costs time and nothing else.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Final

from rights.domain.errors import Fenced, LevelTooLow, NotFound
from rights.logs import at_work, get
from rights.services.live_settings import values as live
from rights.store.ids import ID
from rights.traces import span
from workflows import abreast, additions, aftercare, expiry, lookups, rechecks, warning
from workflows.advance import begin, settle
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.handing import hand_back
from workflows.perform import performed

_floor: list[Floor] = []


def at(floor: Floor) -> None:
    """Say where this process works. Called once, after the fork."""
    _floor[:] = [floor]


def advance(request_id: str) -> None:
    """Do what is next for a request, and go on inline while that is quick."""
    floor = _floor[0]
    try:
        claim = begin(floor, request_id)
        if claim is not None and (others := abreast.companions(floor, claim)):
            abreast.go_on(floor, claim, others)
        else:
            go_on(floor, claim)
    except Fenced as error:
        get().info("step.fenced", request_id=request_id, code=error.code)
    except LevelTooLow as error:
        get().error("request.level_too_low", request_id=request_id, code=error.code)
    except NotFound:
        get().info("request.gone", request_id=request_id)


def work_on(floor: Floor, request_id: str) -> None:
    """Claim and run steps of one request until nothing is ready or the turn is over."""
    go_on(floor, begin(floor, request_id))


def go_on(floor: Floor, claim: Claim | None) -> None:
    """
    Run *claim* and the steps that follow it.

    A long request hands its next step back after a few seconds, so that short ones get a turn.
    """
    until = time.monotonic() + floor.context.settings.inline_s
    while claim is not None:
        if time.monotonic() > until:
            hand_back(floor, claim)
            return
        claim = settle(floor, claim, performed(floor, claim))


def lookup(lookup_id: str) -> None:
    """Answer a question that only a worker can answer."""
    lookups.answer(_floor[0], lookup_id)


def warn(request_id: str) -> None:
    """Tell the contacts on file that somebody asked, or guessed at a code."""
    warning.run(_floor[0], request_id)


def close_out(request_id: str) -> None:
    """Tidy up after a closed request: spools and frozen keys go."""
    aftercare.close_out(_floor[0], request_id)


def drop_spools(package_id: str) -> None:
    """Take away what was read for a package whose plan was thrown away."""
    aftercare.drop_spools(_floor[0], package_id)


def look_again(aftercare_id: str) -> None:
    """Do what is due on a closed request: look for data that came back, or make a copy anew."""
    rechecks.run(_floor[0], aftercare_id)
    additions.run(_floor[0], aftercare_id)


def hold_ends(request_id: str) -> None:
    """Delete what a closed request left and nothing holds any more."""
    expiry.run(_floor[0], request_id)


def _logged(job: Callable[[str], None]) -> Callable[[str], None]:
    """Return *job* so that it works by what holds now, and each line names it and its row."""
    (about,) = inspect.signature(job).parameters

    @wraps(job)
    def logged(*args: str, **kwargs: str) -> None:
        given = str(args[0] if args else kwargs.get(about, ""))
        known = given if ID.fullmatch(given) else ""
        with at_work(job=job.__name__, **{about: known}), span("job", known, job=job.__name__):
            for floor in _floor:
                live.refresh(floor.register, floor.context, at=time.monotonic())
            job(*args, **kwargs)

    return logged


JOBS: Final[Mapping[str, Callable[..., None]]] = MappingProxyType(
    {
        job.__name__: _logged(job)
        for job in (advance, lookup, warn, close_out, drop_spools, look_again, hold_ends)
    }
)
"""Everything a job may name. A forged job that names another function is refused."""


def allowed(func_name: str) -> bool:
    """Return whether RQ may run *func_name*."""
    module, _, name = func_name.rpartition(".")
    return module == __name__ and name in JOBS
