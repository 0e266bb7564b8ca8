"""
Make the copy of a closed request anew, with what staff let through.

A try is fenced by its number, as a step is: a worker that was overtaken publishes nothing. The new
copy takes the place of the old one, unless something that was in that is held no more: then it
stays beside it, and the new one names what is gone.

Source: PIPL 45; NDSR 25(1)(4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from rights.domain.errors import ConnectorError, Fenced, RightsError, Transient
from rights.domain.lifecycle import State
from rights.logs import get
from rights.services import (
    additions,
    audit,
    incidents,
    not_me,
    package_reviews,
    packages,
    redactions,
    requests,
    webhooks,
)
from rights.services.additions import KIND, MAKING, WAITING
from rights.services.notices import ask_for
from rights.services.steps import steps_of
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Package, Request, StepRow
from workflows import answering, packing
from workflows.claims import PackageKey
from workflows.floor import Floor
from workflows.outcome import READING
from workflows.packages.spool import spool_prefix
from workflows.plan import Plan
from workflows.plans import read_plan
from workflows.remaking import Made, Turn, make
from workflows.visits import visit

TRIES: Final = 50
"""Tries after which staff have to look, as it is with steps."""

LAPSED: Final = "ended_with_its_worker"

_GIVEN: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)


def run(floor: Floor, aftercare_id: str) -> None:
    """
    Make the copy that a row of aftercare owes, if its time has come and nobody is at it.

    A store that cannot be asked is asked again later; what will not work without a person is an
    incident. Neither is ever "nothing there".
    """
    turn = _begin(floor, aftercare_id)
    if turn is None:
        return
    floor.leases.visit(turn.id, lambda until: _mine(turn).values(next_at=until))
    try:
        with visit(floor):
            made = make(floor, turn)
        published = _publish(floor, turn, made)
    except Fenced as error:
        get().info("addition.fenced", request_id=turn.request.id, code=error.code)
    except Transient as error:
        _again(floor, turn, error)
    except RightsError as error:
        _fail(floor, turn, error)
    else:
        _tidy(floor, turn, made, published=published)
    finally:
        floor.leases.release(turn.id)


def _mine(turn: Turn) -> Any:
    """Return the statement that changes the row of a try as long as it is this one's."""
    return update(Aftercare).where(
        col(Aftercare.id) == turn.id,
        col(Aftercare.state) == MAKING,
        col(Aftercare.attempts) == turn.fence,
    )


# -- beginning -----------------------------------------------------------------------------------


def _begin(floor: Floor, aftercare_id: str) -> Turn | None:
    with reading(floor.register) as session:
        found = session.get(Aftercare, aftercare_id)
    if found is None or found.kind != KIND:
        return None
    with transaction(floor.register) as session:
        request = requests.locked(session, found.request_id)
        row = session.get_one(Aftercare, aftercare_id, with_for_update=True)
        now = floor.now()
        over = row.state != WAITING or row.due_at > now
        if over or request.closed_at is None or not_me.stopped(request):
            return None  # the sweep rings again for what still waits
        plan, _ = read_plan(session, request.id)
        if request.state not in _GIVEN or plan is None:
            row.state, row.next_at, row.done_at, row.done_by = "done", None, now, "system"
            row.code = additions.NEEDLESS
            return None
        if row.attempts >= TRIES:  # each of them ended with its worker
            _give_up(session, floor, request, row, plan, LAPSED)
            return None
        row.state, row.next_at = MAKING, now + floor.leases.lease
        row.attempts, row.code, row.note = row.attempts + 1, "", ""
        if _let_go(session, floor, request, row, now):
            return None
        key = _package(session, floor, row)
        rows = tuple(steps_of(session, request.id))
        return Turn(row.id, row.attempts, row.round, request, plan, rows, key)


def _package(session: Session, floor: Floor, row: Aftercare) -> PackageKey:
    """Return the package that all tries of one addition write into."""
    known = session.get(Package, row.result.get("package", ""))
    if known is not None and known.purged_at is None:
        return PackageKey(known.id, known.wrapped_key)
    key = packing.new_package(floor)
    given: dict[str, Any] = {"request_id": row.request_id, "wrapped_key": key.wrapped}
    session.add(Package(id=key.id, created_at=floor.now(), **given))
    row.result = {"package": key.id}
    return key


# -- publishing ----------------------------------------------------------------------------------


def _publish(floor: Floor, turn: Turn, made: Made) -> bool:
    """
    Let the copy be fetched, and tell the person; False where more was let through meanwhile.

    Raises:
        Fenced: another worker is at it.
    """
    now = floor.now()
    with transaction(floor.register) as session:
        request, row = _held_row(session, turn)
        if row.round != turn.round or not_me.stopped(request):
            row.state, row.due_at = WAITING, now + additions.GATHER
            row.next_at = row.due_at
            return False
        package = session.get_one(Package, turn.package.id, with_for_update=True)
        if package.purged_at is not None:
            raise Fenced("the package was destroyed while it was made")
        for name, value in (made.done.package or {}).items():
            setattr(package, name, value)
        # What the first look decided stands.
        package.undecided = package.undecided and not redactions.decided(session, request.id)
        _noted(session, made)
        if package_reviews.applies(floor.context, request, made.done.result):
            _keep_back(session, request, row, package, made.gone, now)
        else:
            _give(session, request, row, package, made.gone, now)
    return True


def _keep_back(
    session: Session,
    request: Request,
    row: Aftercare,
    package: Package,
    gone: Sequence[str],
    now: datetime,
) -> None:
    """Let staff look at the copy first; the one before stays until that was done."""
    package.state, package.expires_at = packages.IN_REVIEW, None
    row.state, row.next_at, row.code, row.note = additions.OPEN, None, packages.REVIEW, ""
    row.result = {"package": package.id, "gone": list(gone)}
    data = {"sha256": package.sha256}
    line = audit.Line(package_reviews.KEPT_BACK, "system", data)
    audit.append(session, request, [line], now=now)


def _let_go(
    session: Session, floor: Floor, request: Request, row: Aftercare, now: datetime
) -> bool:
    """Give out the copy that staff let go; False where none was, or more was let through since."""
    said = row.result.get(package_reviews.LET_GO, {})
    package = session.get(Package, row.result.get("package", ""), with_for_update=True)
    if package is None or package.state != packages.IN_REVIEW:
        return False
    if said != {"sha256": package.sha256, "round": row.round}:
        return False
    days = floor.context.settings.package_days
    package.state, package.expires_at = packages.READY, now + timedelta(days=days)
    _give(session, request, row, package, row.result["gone"], now)
    return True


def _give(
    session: Session,
    request: Request,
    row: Aftercare,
    package: Package,
    gone: Sequence[str],
    now: datetime,
) -> None:
    replaced = [] if gone else _replace(session, package, now)
    row.state, row.done_at, row.done_by, row.next_at = "done", now, "system", None
    row.code = answering.GONE if gone else ""
    row.note = ", ".join(gone)[:400]
    data = {"package": package.id, "replaced": replaced, "gone": list(gone)}
    audit.append(session, request, [audit.Line(additions.EVENT, "system", data)], now=now)
    webhooks.publish(session, request, "package.ready", now=now)
    ask_for(session, request, additions.EVENT, now=now)


def _held_row(session: Session, turn: Turn) -> tuple[Request, Aftercare]:
    """Return what a try is about, locked. Raises Fenced: it is not this one's any more."""
    request = requests.locked(session, turn.request.id)
    row = session.get_one(Aftercare, turn.id, with_for_update=True)
    if (row.state, row.attempts) != (MAKING, turn.fence):
        raise Fenced(f"addition {turn.id} was taken over: nothing is written")
    return request, row


def _noted(session: Session, made: Made) -> None:
    """Let the steps say what is in the copy that is there now."""
    for step_id, result in made.results.items():
        row = session.get_one(StepRow, step_id)
        row.result = {**row.result, **result}


def _replace(session: Session, package: Package, now: datetime) -> list[str]:
    """End every other copy of the request: the purge destroys them, what was fetched counts."""
    query = select(Package).where(
        Package.request_id == package.request_id,
        Package.state == packages.READY,
        Package.id != package.id,
        col(Package.expires_at) > now,
    )
    old = session.exec(query.with_for_update()).all()
    for one in old:
        one.expires_at = now
    return [one.id for one in old]


def _tidy(floor: Floor, turn: Turn, made: Made, *, published: bool) -> None:
    """Delete what was only needed on the way, and what tries left that were cut off."""
    package = turn.package.id
    floor.blobs.delete_prefix(spool_prefix(package))
    apart = made.done.result.get("apart") or {}
    kept = {(made.done.package or {}).get("blob"), apart.get("key")} if published else set()
    for place in (packages.folder(package), packages.apart(package)):
        for tried in floor.blobs.list(place):
            if tried not in kept:
                floor.blobs.delete(tried)


# -- what went wrong -----------------------------------------------------------------------------


def _again(floor: Floor, turn: Turn, error: RightsError) -> None:
    now, pauses = floor.now(), floor.context.settings.backoff_s
    if turn.fence >= TRIES:
        _fail(floor, turn, error)
        return
    get().warning("addition.later", request_id=turn.request.id, code=error.code)
    pause = timedelta(seconds=pauses[min(turn.fence, len(pauses)) - 1])
    note = str(error)[:400] if isinstance(error, ConnectorError) else ""
    later = _mine(turn).values(state=WAITING, code=error.code, note=note, next_at=now + pause)
    with transaction(floor.register) as session:
        session.connection().execute(later)


def _fail(floor: Floor, turn: Turn, error: RightsError) -> None:
    """Show it to staff: the copy that is there stays, and lacks what was let through."""
    get().error("addition.failed", request_id=turn.request.id, code=error.code)
    with transaction(floor.register) as session:
        try:
            request, row = _held_row(session, turn)
        except Fenced:
            return
        _give_up(session, floor, request, row, turn.plan, error.code)


def _give_up(
    session: Session, floor: Floor, request: Request, row: Aftercare, plan: Plan, why: str
) -> None:
    now = floor.now()
    row.state, row.done_at, row.done_by, row.next_at = "done", now, "system", None
    row.code, row.note = additions.FAILED, why
    stores: Sequence[str] = sorted({s.store for s in plan if s.action in READING})
    found = dict.fromkeys(stores, 0)
    incidents.open_for(session, request, incidents.ADDITION_FAILED, found, now=now)
