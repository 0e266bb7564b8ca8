"""
When a hold ends, the rows go: read, deleted under a fence, read back, told.

The closed request stays closed and its receipt stays as it is; what happens is an entry in its
chain, a line in the journal and a notice. Only rows that were noted when they were held are
touched: what a person has stored since is theirs.

Source: NDSR 24; PIPL 47(1)(2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, insert, update
from sqlmodel import Session, col, select

from connectors.sdk import (
    Collection,
    Expect,
    Found,
    KeySet,
    Reach,
    Receipt,
    Role,
    Standing,
    Target,
    Work,
)
from connectors.sdk import held as held_anchor
from rights.domain.datamap import Ruling
from rights.domain.errors import ConnectorError, Fenced, Refused, RightsError, Transient
from rights.domain.graph import erase_order, freeze_order
from rights.logs import get
from rights.services import (
    audit,
    escrow_keys,
    exceptions,
    not_me,
    outbox,
    requests,
    settled_time,
)
from rights.services.hold_rules import approved as rules_approved
from rights.services.incidents import open_for
from rights.services.notices import ask_for
from rights.store.db import reading, transaction
from rights.store.models import HeldRows, JournalRow, Request
from workflows import escrow, holding, placed_holds
from workflows.floor import Floor
from workflows.visits import visit

ENDED: Final = "hold_ended"
STUCK: Final = "hold_stuck"
REVIEW: Final = "hold_review"

LEASE: Final = timedelta(minutes=15)
"""A look that is not heard of for so long is rung for again; doing it twice is harmless."""

BATCH: Final = 200

TRIES: Final = 3
"""Times that rows whose hold has ended may not go, before it is an alarm."""


@dataclass(slots=True)
class Looked:
    """
    What became of one note, for the transaction that writes it down.

    Args:
        placed: A legal hold keeps the rows, or waits for somebody to decide that it does.
        before: How many there were when it was last written down.
        above: Keys of rows that a rule held when they were looked at, these among them.
    """

    row: HeldRows
    collection: Collection = field(repr=False)
    keys: KeySet = field(repr=False)
    receipt: Receipt = field(default_factory=Receipt)
    placed: bool = False
    before: int = 0
    above: KeySet = field(default_factory=KeySet, repr=False)

    @property
    def gone(self) -> int:
        """How many rows went, by a look that ended before it wrote that down too."""
        return max(self.receipt.affected, self.before - self.row.count)


def ring(
    register: Engine, now: Callable[[], datetime], settled: Callable[[], datetime] | None = None
) -> int:
    """
    Ask workers to look at what is due; return how many requests that is.

    Args:
        settled: What of the register's time is believed; all of it where it is not given.
    """
    at = (settled or now)()
    with transaction(register) as session:
        due = session.exec(
            select(HeldRows.request_id)
            .where(HeldRows.state == "held", col(HeldRows.next_at) <= at)
            .distinct()
            .limit(BATCH)
        ).all()
        for request_id in due:
            outbox.emit(session, "hold_ends", now=now(), request_id=request_id)
        mine, live = col(HeldRows.request_id).in_(due), col(HeldRows.state) == "held"
        late = col(HeldRows.next_at) <= at
        session.execute(update(HeldRows).where(mine, live, late).values(next_at=at + LEASE))
    return len(due)


def run(floor: Floor, request_id: str) -> int:
    """
    Delete what a closed request left and nothing holds any more; return how many rows went.

    A store that cannot be asked is asked again later. A hold that cannot be looked up stops it.
    """
    rows = _claim(floor, request_id)
    if not rows:
        return 0
    try:
        with visit(floor):
            done = _delete(floor, request_id, rows)
    except Transient as error:
        _later(floor, rows, error)
        return 0
    except Fenced:
        raise
    except RightsError as error:
        _stuck(floor, request_id, rows, error)
        return 0
    return _write(floor, request_id, done)


# -- whose turn --------------------------------------------------------------------------------


def _claim(floor: Floor, request_id: str) -> list[HeldRows]:
    """Take every live note of the request, under a higher fence."""
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        if request.closed_at is None or not_me.stopped(request):
            return []
        query = select(HeldRows).where(HeldRows.request_id == request_id, HeldRows.state == "held")
        rows = list(session.exec(query))
        at = settled_time.now_of(session, floor.now())
        for row in rows:
            row.fence += 1
            row.next_at = at + LEASE
            session.add(row)
        return rows


# -- what still holds --------------------------------------------------------------------------


def _delete(floor: Floor, request_id: str, rows: Sequence[HeldRows]) -> list[Looked]:
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        approved = rules_approved(session, floor.context.datamap, request)
        at = settled_time.now_of(session, floor.now())
        placed = placed_holds.placed(session, floor, rows, at)
        key = escrow_keys.of(session, floor.context.vault, request_id)
    known = [(row, Ruling(row.collection in approved, at=at, key=key)) for row in rows]
    looked = [_looked(floor, row, ruling) for row, ruling in known]
    for one in looked:
        one.placed = placed_holds.still(one.row, placed[one.row.id], at)
        if one.placed and _away(one.collection):
            escrow.lock(floor, one.collection, _work(floor, one))
    free = [one for one in looked if not one.placed and not _infeasible(one.row)]
    above = _still_held(floor, free)
    order = list(erase_order(floor.context.datamap))
    for one in sorted(free, key=lambda one: order.index(one.row.collection)):
        one.above = above
        one.receipt = _erase(floor, one)
    return looked


def _looked(floor: Floor, row: HeldRows, ruling: Ruling) -> Looked:
    """Return a note with its keys. Raises Refused where the rows cannot be named."""
    datamap = floor.context.datamap
    if row.collection not in {c.path for c in datamap.collections}:
        raise Refused(f"{row.collection} is not in the data map any more")
    ruling = replace(ruling, holder=row.request_id)
    collection = holding.bare(datamap.collection(row.collection), ruling)
    if _infeasible(row):
        return Looked(row, collection, KeySet())
    keys, _ = holding.opened(floor.context.vault, row)
    if not (keys or _away(collection)):
        raise Refused(f"{row.collection}: the store cannot name its rows: delete them by hand")
    return Looked(row, collection, keys, before=_noted(row, keys))


def _noted(row: HeldRows, keys: KeySet) -> int:
    return len(keys.keys(row.collection, Standing.SOLE)) if keys else row.count


def _away(collection: Collection) -> bool:
    return collection.ruling is not None and collection.ruling.sealed


def _infeasible(row: HeldRows) -> bool:
    return row.code == exceptions.CODE


def _reach(one: Looked) -> tuple[Reach, ...]:
    """Return "by its own key"."""
    return (Reach((), one.row.collection, Role.OWNER),)


def _still_held(floor: Floor, looked: Sequence[Looked]) -> KeySet:
    """Return the keys of rows that a rule still holds, parents first: what hangs on them stays."""
    by_path = {one.row.collection: one for one in looked}
    out = KeySet()
    for path in freeze_order(floor.context.datamap):
        if path not in by_path:
            continue
        one = by_path[path]
        columns = tuple(dict.fromkeys((*floor.erasing.columns.get(path, ()), ())))
        found = _freeze(floor, one, out, columns)
        out = out.merged(found.only(*(a for a in found.anchors if a.startswith(held_anchor("")))))
    return out


def _freeze(
    floor: Floor, one: Looked, above: KeySet, columns: tuple[tuple[str, ...], ...]
) -> KeySet:
    connector = floor.connector(one.collection.store)
    keys: KeySet = connector.freeze(  # type: ignore[attr-defined]  # what noted them could freeze
        one.collection, one.keys.merged(above), _reach(one), columns
    )
    return keys


# -- the effect --------------------------------------------------------------------------------


def _erase(floor: Floor, one: Looked) -> Receipt:
    """Delete what is not held, and read it back."""
    connector = floor.connector(one.collection.store)
    target = Target(one.collection, one.keys.merged(one.above), _reach(one))
    work = _work(floor, one)
    receipt: Receipt = connector.erase(target, work)  # type: ignore[attr-defined]  # it erased before
    found: Found = connector.verify(target, work, Expect.ERASED)  # type: ignore[attr-defined]  # as above
    if found.rows:
        raise Transient(f"{one.row.collection}: rows whose hold has ended are still there")
    return receipt


def _work(floor: Floor, one: Looked) -> Work:
    now, row = floor.now(), one.row
    deadline = now + floor.connector(one.collection.store).manifest.timeout
    return Work(f"{row.id}-{row.fence}", row.fence, 0, deadline, now=now)


# -- what is written down ----------------------------------------------------------------------


def _write(floor: Floor, request_id: str, looked: Sequence[Looked]) -> int:
    """Note what went and what stays until when; tell the person."""
    now = floor.now()
    for one in looked:
        _dated(floor, one, now)
    gone = [one for one in looked if one.gone and not (one.placed or _infeasible(one.row))]
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        for one in looked:
            kept = session.get(HeldRows, one.row.id, with_for_update=True)
            if kept is None or kept.fence != one.row.fence:
                return 0  # a newer worker looks at them
            session.merge(one.row)
        for one in gone:
            data = {
                "collection": one.row.collection,
                "code": one.row.code,
                "affected": one.gone,
                "left": one.row.count,
            }
            audit.append(session, request, [audit.Line(ENDED, "system", data)], now=now)
        if gone:
            session.execute(insert(JournalRow), [_journal(one, now) for one in gone])
            ask_for(session, request, ENDED, now=now)
        _reviewed(session, request, looked, now)
        escrow_keys.forget(session, request_id, now=now)
    return sum(one.gone for one in gone)


def _dated(floor: Floor, one: Looked, now: datetime) -> None:
    """Say of one note what is left, and when it is looked at again."""
    row = one.row
    row.attempts, row.note = 0, ""
    if one.placed and not _infeasible(row):
        return  # which hold, and until when, was noted when it was found
    if _infeasible(row):
        row.next_at = row.latest
        return
    row.hold_id = ""
    found = _freeze(floor, one, KeySet(), holding.columns_of(one.collection))
    left = holding.left_of(one.collection, found, one.above)
    row.count = len(left.keys(row.collection, Standing.SOLE))
    if not row.count:
        row.state, row.ended_at, row.next_at = "ended", now, None
        row.sealed = holding.sealed(floor.context.vault, row, KeySet(), {})
        return
    people = holding.opened(floor.context.vault, row)[1]
    row.sealed = holding.sealed(floor.context.vault, row, left, people)
    ground = holding.rule_ground(one.collection)
    if ground is not None:
        row.code, row.basis, row.rank = ground.code, ground.basis, ground.rank
    holding.date_anew(row, one.collection, left, now)


def _journal(one: Looked, now: datetime) -> dict[str, Any]:
    return {
        "step_id": f"{one.row.id}-{one.row.fence}",
        "request_id": one.row.request_id,
        "chunk": 0,
        "fence": one.row.fence,
        "collection": one.row.collection,
        "phase": "done",
        "affected": one.gone,
        "digest": asdict(one.receipt)["digest"],
        "at": now,
    }


def _reviewed(session: Session, request: Request, looked: Sequence[Looked], now: datetime) -> None:
    """An exception whose date has come is a task again."""
    over = [one.row for one in looked if _infeasible(one.row)]
    due = [row for row in over if row.latest is not None and row.latest <= now]
    for row in due:
        row.state, row.ended_at, row.next_at = "ended", now, None
        session.merge(row)
    if due:
        found = {row.collection: row.count for row in due}
        open_for(session, request, REVIEW, found, now=now)


def _later(floor: Floor, rows: Sequence[HeldRows], error: Transient) -> None:
    """Try again when the store may be back; late holds raise the alarm."""
    pauses = floor.context.settings.backoff_s
    get().warning("hold.later", code=error.code)
    with transaction(floor.register) as session:
        now = settled_time.now_of(session, floor.now())
        for row in rows:
            kept = session.get(HeldRows, row.id, with_for_update=True)
            if kept is None or kept.fence != row.fence:
                return
            kept.attempts += 1
            kept.note = str(error)[:400] if isinstance(error, ConnectorError) else ""
            if kept.attempts == TRIES:
                get().error("hold.late", request_id=kept.request_id, code=error.code)
            pause = pauses[min(kept.attempts, len(pauses)) - 1]
            kept.next_at = now + timedelta(seconds=pause)
            session.add(kept)


def _stuck(floor: Floor, request_id: str, rows: Sequence[HeldRows], error: RightsError) -> None:
    """Leave it to staff: it is looked at again when they have dealt with it."""
    now = floor.now()
    get().error("hold.stuck", request_id=request_id, code=error.code)
    with transaction(floor.register) as session:
        request = requests.locked(session, request_id)
        later = settled_time.now_of(session, now) + placed_holds.PENDING
        found = {row.collection: row.count for row in rows}
        open_for(session, request, STUCK, found, now=now)
        for row in rows:
            kept = session.get(HeldRows, row.id, with_for_update=True)
            if kept is not None and kept.fence == row.fence:
                kept.note, kept.next_at = str(error)[:400], later
                session.add(kept)
