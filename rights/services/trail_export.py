"""
The audit trail of some days, as a folder that is checked without this service.

Whole are every chain that has an entry in those days, and every checkpoint of them with all that
it commits to; so what is missing shows too. Lines are the very bytes that were hashed and signed.

Source: PIPL 54, 69; compliance audit measures 2025, 3-6; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from sqlalchemy import Connection, Engine, Select, and_, func, select, union
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.period import Period
from rights.services import audit, trail_check
from rights.services.audit import Line, entry_text
from rights.services.checkpoint_format import checkpoint_text, purge_text
from rights.services.signing import Signer, pem
from rights.services.words import LANGUAGES
from rights.store.db import picture, streamed
from rights.store.models import Checkpoint, CheckpointLeaf, Entry, Staff

README: Final = Path(__file__).parents[1] / "catalogue" / "trail_folder"
FORM: Final = "rights-trail/1"
_PIECE: Final = 1_000


def noted(session: Session, staff: Staff, period: Period, *, now: datetime) -> None:
    """
    Write down that somebody takes the trail of some days with them.

    Raises:
        Forbidden: they are no auditor.
        Invalid: those days have not begun.
    """
    duties.check(staff.roles, duties.Act.EXPORT_TRAIL)
    if not period.begun(now):
        raise Invalid(
            "these days have not begun", [FieldError("from", "is in the future", rule="future")]
        )
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    audit.append_day(session, Line("trail_exported", f"staff:{staff.id}", days), now=now)


def write(
    engine: Engine, signer: Signer, period: Period, folder: Path, *, now: datetime
) -> Mapping[str, Any]:
    """
    Write the trail of *period* into a new folder, and return its manifest.

    Raises:
        Conflict: the folder is there already, or nothing of those days is under a checkpoint.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Conflict(
            "this folder is there already: name a new one", code="folder_exists"
        ) from None
    counts: dict[str, int] = {}
    with picture(engine) as connection:
        first, last = _checkpoints_of(connection, period)
        counts["checkpoints"] = _written(folder, "checkpoints", _made(connection, first, last))
        counts["leaves"] = _written(folder, "leaves", _leaves(connection, first, last))
        entries = _entries(connection, period, first, last)
        counts["entries"] = _written(folder, "entries", entries)
    return _finished(folder, signer, period, counts, now)


def _checkpoints_of(connection: Connection, period: Period) -> tuple[int, int]:
    """Return the first checkpoint of the days and the one after them, which covers their end."""
    at, number = col(Checkpoint.at), col(Checkpoint.id)
    first = connection.execute(select(func.min(number)).where(at >= period.start)).scalar()
    if first is None:
        message = "no checkpoint was signed since then: the relay signs one every minute"
        raise Conflict(message, code="no_checkpoint")
    after = connection.execute(select(func.min(number)).where(at >= period.end)).scalar()
    newest = connection.execute(select(func.max(number))).scalar()
    return int(first), int(after or newest or first)


def _made(connection: Connection, first: int, last: int) -> Iterator[bytes]:
    number = col(Checkpoint.id)
    table = Checkpoint.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    query = select(table).where(number.between(first, last)).order_by(number)
    for row in streamed(connection, query):
        made = Checkpoint(**row._mapping)  # noqa: SLF001 - the public name of it
        signed = {"signed": checkpoint_text(made).decode(), "key_id": made.key_id}
        yield orjson.dumps({"id": made.id, **signed, "signature": made.signature})


def _leaves(connection: Connection, first: int, last: int) -> Iterator[bytes]:
    number = col(CheckpointLeaf.checkpoint_id)
    chain = _in_bytes(connection, col(CheckpointLeaf.chain))
    # Where a chain was purged, that is signed beside its last head, which may be of a later day.
    end: Any = aliased(CheckpointLeaf)
    over = and_(end.chain == CheckpointLeaf.chain, end.purged_at.is_not(None))
    query: Select[Any] = (
        select(CheckpointLeaf, end)
        .join(end, over, isouter=True)
        .where(number.between(first, last))
        .order_by(number, chain)
    )
    with Session(connection) as session:
        for leaf, purged in session.execute(query, execution_options={"yield_per": _PIECE}):
            said = {"checkpoint": leaf.checkpoint_id, "chain": leaf.chain, "seq": leaf.seq}
            yield orjson.dumps({**said, "hash": leaf.hash, **_purge(purged)})


def _purge(end: CheckpointLeaf | None) -> dict[str, Any]:
    if end is None or end.purged_at is None:
        return {}
    signed = purge_text(end.chain, end.seq, end.hash, end.purged_at).decode()
    named = {"key_id": end.purge_key, "signature": end.purge_signature}
    return {"purge": {"signed": signed, **named}}


def _entries(connection: Connection, period: Period, first: int, last: int) -> Iterator[bytes]:
    """Yield, of every chain that belongs here, each entry as it was hashed."""
    at, number = col(Entry.at), col(CheckpointLeaf.checkpoint_id)
    moved: Select[Any] = select(col(CheckpointLeaf.chain)).where(number.between(first, last))
    touched = select(col(Entry.chain)).where(at >= period.start, at < period.end)
    chain = _in_bytes(connection, col(Entry.chain))
    table = Entry.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    names = ("chain", "seq", "at", "event", "actor", "data", "hash")
    columns: Any = (table.c[name] for name in names)
    query: Select[Any] = select(*columns).where(col(Entry.chain).in_(union(moved, touched)))
    before, of = "", ""
    for row in streamed(connection, query.order_by(chain, table.c.seq)):
        before, of = (before if row.chain == of else ""), row.chain
        line = Line(row.event, row.actor, row.data)
        yield entry_text(before, row.chain, row.seq, row.at, line)
        before = row.hash


def _in_bytes(connection: Connection, chain: Any) -> Any:
    """Return a name in the order of its bytes, which is that of every language."""
    return chain.collate("C") if connection.dialect.name == "postgresql" else chain


def _written(folder: Path, name: str, lines: Iterator[bytes]) -> int:
    count = 0
    with (folder / f"{name}.jsonl").open("xb") as file:
        for line in lines:
            file.write(line + b"\n")
            count += 1
    return count


def _finished(
    folder: Path, signer: Signer, period: Period, counts: Mapping[str, int], now: datetime
) -> Mapping[str, Any]:
    """Write what the folder is, sign that, and lay beside it what checks it."""
    manifest = {
        "form": FORM,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "zone": str(period.zone),
        "made_at": now.isoformat(),
        **counts,
        "sha256": {name: trail_check.sum_of(folder / name) for name in trail_check.FILES},
        "public_keys": signer.public(),
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    (folder / "manifest.json").write_bytes(text)
    said = {"key_id": signer.key_id, "signature": signer.sign(text)}
    (folder / "signature.json").write_bytes(orjson.dumps(said))
    for key_id, key in signer.public().items():
        (folder / f"key-{quote(key_id, safe='')}.pem").write_bytes(pem(key))
    (folder / "check.py").write_bytes(Path(trail_check.__file__).read_bytes())
    for language in LANGUAGES:
        name = f"README.{language}.txt"
        (folder / name).write_bytes((README / f"{language}.txt").read_bytes())
    return manifest
