"""
Look again, an hour and a day and a week and a month after an erasure or a correction.

A feed, a cache or a restored backup may bring back what was gone, or what was wrong. A find never
changes the closed request: it opens an incident.

Source: NDSR 24; App collection method 6(4).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from rights.domain.errors import ConnectorError, RightsError
from rights.logs import get
from rights.services import additions, audit, incidents, outbox, requests
from rights.settings import Settings
from rights.store import rows
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Request
from workflows import correcting, returned
from workflows.floor import ERASING, Floor
from workflows.returned import Looked
from workflows.visits import visit

KIND: Final = "recheck"

LEASE: Final = timedelta(minutes=15)
"""A re-check that is not heard of for so long is rung for again; doing it twice is harmless."""


LATE: Final = timedelta(days=1)
"""How long the last re-check may wait for a store before its capsule is destroyed."""


def begin(session: Session, settings: Settings, request: Request, *, now: datetime) -> datetime:
    """Plan the re-checks of a request that is being closed; return until when they may need it."""
    times = [now + timedelta(seconds=s) for s in sorted(settings.recheck_s)]
    if times:
        row = Aftercare(
            request_id=request.id, kind=KIND, created_at=now, due_at=times[0], next_at=times[0]
        )
        rows.insert_objects(session, [row])
    return max(times, default=now) + LATE


def ring(session: Session, row: Aftercare, now: datetime) -> None:
    """Ask a worker to do it, and look again should none answer."""
    if row.state == additions.MAKING:
        row.state = additions.WAITING  # whoever was at it is not heard of any more
    row.next_at = now + LEASE
    outbox.emit(session, "look_again", now=now, aftercare_id=row.id)


def run(floor: Floor, aftercare_id: str) -> Looked | None:
    """
    Do a re-check whose time has come; None when there is nothing to do.

    A store that cannot be asked is asked again later: that is not "nothing came back".
    """
    with reading(floor.register) as session:
        row = session.get(Aftercare, aftercare_id)
    if row is None or row.kind != KIND or row.state != "waiting" or row.due_at > floor.now():
        return None
    try:
        with visit(floor):
            found = search(floor, row.request_id)
    except RightsError as error:
        _again(floor, aftercare_id, row.round, error)
        return None
    _write(floor, aftercare_id, row.round, found)
    return found


def now_for(floor: Floor, request_id: str) -> Looked | None:
    """Look at once, as after a restore, whatever the times are; None without a capsule."""
    found = search(floor, request_id)
    if found is not None:
        with transaction(floor.register) as session:
            request = requests.locked(session, request_id)
            note(session, request, found, {"because": "asked"}, now=floor.now())
    return found


def search(floor: Floor, request_id: str) -> Looked | None:
    """
    Look for the data of a closed request; None once its capsule was destroyed.

    Raises:
        ConnectorError: a store could not be asked.
    """
    with reading(floor.register) as session:
        one = returned.closed(session, floor, request_id)
    if one is None:
        return None
    if one.request.kind in ERASING:
        return returned.look(floor, one, one.keys)
    back = correcting.undone(floor, one.request.kind, request_id, one.keys)
    return Looked(back, asked=tuple(back))


def note(
    session: Session, request: Request, found: Looked, data: dict[str, Any], *, now: datetime
) -> None:
    """Write down what was found, and open what has to be opened."""
    counts = {"back": sum(found.back.values()), "unsure": sum(found.unsure.values())}
    counts |= {"by_hand": sum(found.by_hand.values())} if found.by_hand else {}
    line = audit.Line("rechecked", "system", {**data, **counts, "collections": len(found.asked)})
    audit.append(session, request, [line], now=now)
    if found.back:
        code = incidents.CAME_BACK if request.kind in ERASING else incidents.UNDONE
        incidents.open_for(session, request, code, found.back, now=now)
    if found.unsure:
        incidents.open_for(session, request, incidents.PERHAPS_NEW, found.unsure, now=now)


def _write(floor: Floor, aftercare_id: str, turn: int, found: Looked | None) -> None:
    now = floor.now()
    with transaction(floor.register) as session:
        row = session.get(Aftercare, aftercare_id, with_for_update=True)
        if row is None or row.round != turn or row.state != "waiting":
            return  # another worker was faster
        if found is None:
            _end(row, now, "its capsule was destroyed")
            return
        request = requests.locked(session, row.request_id)
        note(session, request, found, {"round": turn}, now=now)
        _next(row, floor.context.settings, now)


def _next(row: Aftercare, settings: Settings, now: datetime) -> None:
    pauses = sorted(settings.recheck_s)
    row.round, row.attempts, row.code, row.note = row.round + 1, 0, "", ""
    if row.round >= len(pauses):
        _end(row, now, "")
        return
    row.due_at = max(now, row.created_at + timedelta(seconds=pauses[row.round]))
    row.next_at = row.due_at


def _end(row: Aftercare, now: datetime, note: str) -> None:
    row.state, row.done_at, row.done_by = "done", now, "system"
    row.next_at, row.note = None, note


def _again(floor: Floor, aftercare_id: str, turn: int, error: RightsError) -> None:
    now, pauses = floor.now(), floor.context.settings.backoff_s
    get().warning("recheck.later", code=error.code)
    with transaction(floor.register) as session:
        row = session.get(Aftercare, aftercare_id, with_for_update=True)
        if row is None or row.round != turn or row.state != "waiting":
            return
        row.attempts += 1
        row.code = error.code
        row.note = str(error)[:400] if isinstance(error, ConnectorError) else ""
        row.next_at = now + timedelta(seconds=pauses[min(row.attempts, len(pauses)) - 1])
