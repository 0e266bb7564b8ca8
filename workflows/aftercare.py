"""What is done for a closed request: nothing here changes its state, or its receipt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete
from sqlmodel import Session, col, select

from connectors.sdk import KeySet
from rights.domain.actions import EFFECTS, Action
from rights.domain.conversation import is_part
from rights.domain.horizon import last_return
from rights.domain.kinds import Kind
from rights.domain.lifecycle import CALLED_OFF
from rights.services import (
    additions,
    horizons,
    kept_tags,
    meanwhile,
    package_reviews,
    requests,
    suppression,
    tags_said,
)
from rights.services.packages import UNFINISHED, apart, folder
from rights.services.steps import steps_of
from rights.store.db import reading, transaction
from rights.store.models import KeyringRow, Package, Request, StepRow, StepState, SubjectLock
from workflows import capsules, partial, rechecks, restricted, turns
from workflows.floor import ERASING, Floor
from workflows.given import sealed_values
from workflows.packages.spool import spool_prefix
from workflows.plan import Plan
from workflows.resolve import PREFIX
from workflows.returned import marks


def begin(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan,
    frozen: Callable[[], KeySet],
    *,
    now: datetime,
) -> None:
    """
    Say, in the transaction that closes a request, what has to happen afterwards.

    What was erased or corrected is looked for again at set times, and what a restore would undo
    is kept in a capsule for as long as one could. After an erasure older data of this person is
    not to be imported (after one of a part: not into what was erased), and each store's
    maintenance is due by its horizon.
    """
    done = [r for r in rows if r.action in EFFECTS and r.state is StepState.DONE]
    if request.kind not in capsules.REPLAYED or not done:
        return
    context = floor.context
    acted_at = max((r.done_at for r in done if r.done_at), default=now)
    touched = [context.datamap.store(name) for name in sorted({r.store for r in done})]
    until = last_return(touched, acted_at)
    keys = frozen()
    if request.kind in ERASING:
        whole = partial.whole(request, plan, rows)
        parts = None if whole else partial.went(plan, rows)
        if not is_part(request.parameters):  # the person's other rows may come in at any time
            _suppress(session, floor, request, keys, acted_at, parts)
        erased = {s.store for s in plan if s.action is Action.ERASE}
        horizons.begin(session, request, (s for s in touched if s.name in erased), at=acted_at)
    if marks(keys) or not partial.in_use(request, rows):
        until = max(until, rechecks.begin(session, context.settings, request, now=now))
    values = sealed_values(session, floor, request)
    content = capsules.Content(keys, values)
    capsules.keep(session, context.settings, request, content, acted_at=acted_at, expires_at=until)


def _suppress(
    session: Session,
    floor: Floor,
    request: Request,
    keys: KeySet,
    before: datetime,
    parts: Collection[str] | None,
) -> None:
    """Put the person on the list: with everything, or with the collections that were erased."""
    context = floor.context
    found = {
        anchor.removeprefix(PREFIX): [str(key[0]) for key in keys.keys(anchor)]
        for anchor in keys.anchors
        if anchor.startswith(PREFIX)
    }
    suppression.write(
        session,
        context.vault,
        context.datamap,
        found,
        request_id=request.id,
        kind=str(request.kind),
        before=before,
        expires_at=before + timedelta(days=context.settings.suppression_days),
        parts=parts,
    )


def drop_spools(floor: Floor, package_id: str) -> None:
    """Delete what was read for a package, and what was made of it, unless there is one."""
    with reading(floor.register) as session:
        if session.get(Package, package_id) is not None:
            return
    for place in (spool_prefix, folder, apart):
        floor.blobs.delete_prefix(place(package_id))


def close_out(floor: Floor, request_id: str) -> None:
    """
    Ring for what waited for it; delete spools and frozen keys: only needed to get here.

    Until all of it was done the sweep rings again, so a lost job and a worker that ended on the
    way leave nothing behind. A copy that is being made anew is left to who makes it.
    """
    made_anew = and_(col(Package.state).in_(UNFINISHED), additions.being_made())
    with reading(floor.register) as session:
        request = session.get(Request, request_id)
        if request is None or request.closed_at is None:
            return
        mine = select(Package).where(Package.request_id == request_id, ~made_anew)
        packages = session.exec(mine).all()
        thrown_away = package_reviews.thrown_away(session, request_id)
    for package_id in thrown_away:  # the ring for that may have been lost
        drop_spools(floor, package_id)
    for package in packages:
        floor.blobs.delete_prefix(spool_prefix(package.id))
        for tried in floor.blobs.list(folder(package.id)):
            if tried != package.blob:  # its worker ended before it could say so
                floor.blobs.delete(tried)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        request.next_at = None
        if request.state in CALLED_OFF and request.reason != "merged":
            kept_tags.take_back(session, request_id)
            tags_said.take_back(session, request_id, now=floor.now())
        _meanwhile(session, floor, request)
        turns.let_go(session, request, floor.now())
        session.execute(delete(KeyringRow).where(col(KeyringRow.request_id) == request_id))
        session.execute(delete(SubjectLock).where(col(SubjectLock.request_id) == request_id))


def _meanwhile(session: Session, floor: Floor, request: Request) -> None:
    """What was put out of use while a cancellation waited is used again once that is called off."""
    made = meanwhile.of(session, request) if request.kind is Kind.ACCOUNT_CANCELLATION else None
    begun = made is not None and (
        restricted.changed(steps_of(session, made.id)) or restricted.stands(session, made)
    )
    meanwhile.closed(session, floor.context, request, begun=begun, now=floor.now())
