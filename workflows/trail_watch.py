"""
The relay has the whole trail checked once a day, by a process of its own.

Hashing millions of entries takes a processor for a while: a thread of the relay would hold up its
doorbells. The relay starts the process, looks at it now and then, and writes down what came of it.
The check reads one picture of the register, which keeps the database from tidying up meanwhile: so
it may not take longer than a setting says.

Source: PIPL 51, 54, 69; NDSR 9.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from rights.domain.errors import ConfigError, Unavailable
from rights.logs import get
from rights.services import trail_checks
from rights.services.signing import Signer
from rights.services.trail import Report, verify
from rights.services.trail_check import Known
from rights.services.trail_checks import BROKEN, DIED, FAILED, FIRST, HELD, TOO_LONG, Found
from rights.settings import Settings
from rights.store.db import RegisterClock, open_engine, reading, transaction

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

LOOK_S: Final = 15.0
_NICE: Final = 10


def whole(settings: Settings, register: Engine, known: Iterable[Known] = ()) -> Report:
    """
    Check the trail, and what is kept of it elsewhere where something is.

    Args:
        known: Checkpoints that somebody noted elsewhere.

    Raises:
        ConfigError, Unavailable: what is kept elsewhere cannot be read, and so nobody knows; not
            where the register alone shows that something is wrong, which has to be heard.
    """
    signer = Signer(settings.signing_key.get_secret_value())
    report = verify(register, signer, known=known)
    if settings.checkpoints_url:
        try:
            _compare(settings, register, signer, report)
        except (ConfigError, Unavailable) as error:
            said = f"RIGHTS_CHECKPOINTS_URL: checkpoints kept there were not compared: {error}"
            if report.ok:
                raise type(error)(said) from None
            report.complain(said)
    return report


def _compare(settings: Settings, register: Engine, signer: Signer, report: Report) -> None:
    from rights.services import kept_checkpoints  # noqa: PLC0415 - boto3 costs 30 MB

    place = kept_checkpoints.open_place(settings)
    assert place is not None
    now, days = RegisterClock(register).now(), settings.checkpoints_days
    kept_checkpoints.compare(register, place, signer, report, days=days, now=now)


class Watch:
    """Has the trail checked when it is due; each look returns at once."""

    def __init__(self, settings: Settings, register: Engine, now: Callable[[], datetime]) -> None:
        self._settings, self._register, self._now = settings, register, now
        self._every = timedelta(seconds=settings.trail_check_s)
        self._running: tuple[int, SpawnProcess, Connection, float] | None = None

    def look(self) -> None:
        """Begin what is due, or look after what was begun."""
        if self._running is None:
            self._begin()
        elif (found := self._found()) is not None:
            self._end(found)
        else:
            with transaction(self._register) as session:
                trail_checks.seen(session, self._running[0], self._now())

    def _begin(self) -> None:
        with reading(self._register) as session:
            if not trail_checks.due(session, self._every, self._now()):
                return
        with transaction(self._register) as session:
            number = trail_checks.begin(session, self._every, self._now())
        if number is None:
            return
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_check, args=(self._settings, theirs), name="trail-check", daemon=True
        )
        self._running = (number, process, ours, time.monotonic())
        process.start()
        theirs.close()

    def _found(self) -> Found | None:
        """Return what came of it; None while it is at work."""
        assert self._running is not None
        _, process, ours, began = self._running
        try:
            if ours.poll():
                found: Found = ours.recv()
                return found
        except EOFError:
            return Found(DIED)
        if time.monotonic() - began > self._settings.trail_check_most_s:
            return Found(TOO_LONG)
        return None if process.is_alive() or ours.poll() else Found(DIED)

    def _end(self, found: Found) -> None:
        assert self._running is not None
        number, process, ours, _ = self._running
        _over(process)
        ours.close()
        self._running = None
        with transaction(self._register) as session:
            trail_checks.end(session, number, found, self._now())
        if found.outcome == HELD:
            get().info("trail.held", count=found.entries)
        else:
            get().error("trail.not_held", code=found.outcome, count=found.problems)


def _over(process: SpawnProcess) -> None:
    if process.pid is not None:
        process.kill()
        process.join(timeout=5)


def _check(settings: Settings, answer: Connection) -> None:
    """Run in the process: check, and tell the relay."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.nice(_NICE)
    try:
        report = whole(settings, open_engine(settings.database_url, pool=1))
    except Exception as error:  # noqa: BLE001 - whatever it is, the relay has to hear of it
        get().error("trail.fault", error=type(error).__name__)
        answer.send(Found(FAILED))
        return
    answer.send(
        Found(
            HELD if report.ok else BROKEN,
            report.chains,
            report.entries,
            report.checkpoints,
            len(report.problems),
            tuple(report.problems[:FIRST]),
        )
    )
