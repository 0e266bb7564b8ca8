"""The invariants of ``docs/explanation/faults.md`` that are seen in the register and around it."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from redis import Redis

from rights.services.checkpoints import verify
from rights.services.signing import Signer
from rights.store.blobs import open_blobs
from rights.store.keys import Keyring
from rights.store.sealing import open_range
from rights.store.vault import Vault
from tests.faults import model
from tests.faults.company import CANARY
from tests.faults.model import Counts, World

Problems = list[str]

_FOREIGN_KEYS: Final = (
    ("orders", "user_id", "users"),
    ("items", "order_id", "orders"),
    ("comments", "author_id", "users"),
    ("comments", "parent_id", "comments"),
    ("letters", "sender_id", "users"),
    ("letters", "recipient_id", "users"),
    ("shares", "first_id", "users"),
    ("shares", "second_id", "users"),
)
_JOURNALLED: Final = "shop."
"""Collections whose store keeps the journal in the effect's transaction: counts are exact."""


def orphans(shop: sa.Engine) -> Problems:
    """I3: every pointer points at a row that is there."""
    out = []
    with shop.connect() as connection:
        for table, column, target in _FOREIGN_KEYS:
            query = (
                f"SELECT count(*) FROM {table} a WHERE a.{column} IS NOT NULL AND NOT EXISTS"
                f" (SELECT 1 FROM {target} b WHERE b.id = a.{column})"
            )
            if found := connection.execute(sa.text(query)).scalar_one():
                out.append(f"I3: {found} rows of {table} point at no {target}")
    return out


def journal(register: sa.Engine, request_ids: str | list[str], expected: Counts) -> Problems:
    """I4: the journal says what went, each row once; where it cannot know, it says "at least"."""
    ids = [request_ids] if isinstance(request_ids, str) else request_ids
    which: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
    query = sa.text(
        "SELECT step_id, chunk, collection, affected FROM journal WHERE request_id IN :ids"
    ).bindparams(which)
    with register.connect() as connection:
        rows = connection.execute(query, {"ids": ids}).all()
    request_id = ", ".join(ids)
    twice = [k for k, n in Counter((r.step_id, r.chunk) for r in rows).items() if n > 1]
    found: Counts = Counter()
    for row in rows:
        found[row.collection.partition("#")[0]] += row.affected
    out = [f"I4: {len(twice)} chunks of {request_id} are in the journal twice"] if twice else []
    for path in sorted({*found, *expected}):
        have, want = found.get(path, 0), expected.get(path, 0)
        exact = path.startswith(_JOURNALLED)
        if have > want or (exact and have != want):
            out.append(f"I4: the journal of {request_id} counts {have} of {path}, not {want}")
    return out


def store_journal(shop: sa.Engine, request_id: str, expected: Counts) -> Problems:
    """I4, I6: the store's own journal counts at least what went there, chunk by chunk once."""
    query = sa.text(
        "SELECT chunk_no, rows, fence FROM rights_step WHERE step_id LIKE :mine"
        if shop.dialect.name != "mysql"
        else "SELECT chunk_no, `rows`, fence FROM rights_step WHERE step_id LIKE :mine"
    )
    with shop.connect() as connection:
        if not sa.inspect(connection).has_table("rights_step"):
            return [] if not _here(expected) else ["I4: the store has no journal"]
        rows = connection.execute(query, {"mine": f"{request_id}-%"}).all()
    found = sum(r.rows or 0 for r in rows)
    if found < _here(expected):
        return [f"I4: the store's journal of {request_id} counts {found} rows of {_here(expected)}"]
    return []


def _here(expected: Counts) -> int:
    return sum(n for path, n in expected.items() if path.startswith(_JOURNALLED))


def intents(register: sa.Engine, request_id: str) -> Problems:
    """I5: what cannot be undone was written down before it was done."""
    done = sa.text(
        "SELECT step.id, step.fence, entry.seq FROM step JOIN entry ON entry.chain = :id"
        " AND entry.event = 'step_done' AND step.id = :id || '-' || (entry.data->>'step')"
        " WHERE step.request_id = :id AND step.action IN ('erase', 'close')"
    )
    begun = sa.text(
        "SELECT data->>'step' AS step, min(seq) AS seq FROM entry WHERE chain = :id"
        " AND event = 'step_started' GROUP BY 1"
    )
    with register.connect() as connection:
        first = {r.step: r.seq for r in connection.execute(begun, {"id": request_id})}
        rows = connection.execute(done, {"id": request_id}).all()
    late = [r.id for r in rows if first.get(r.id.partition("-")[2], float("inf")) > r.seq]
    return [f"I5: {step} was done and nobody had said so before" for step in late]


def trail(register: sa.Engine, seed: str) -> Problems:
    """I5: the audit trail verifies."""
    report = verify(register, Signer(seed))
    return [] if report.ok else [f"I5: {p}" for p in report.problems[:3]]


def told(register: sa.Engine, mails: Iterable[Any], events: Iterable[str]) -> Problems:
    """Every notice was sent and every event delivered, at least once and under one name."""
    out = []
    with register.connect() as connection:
        notices = connection.execute(sa.text("SELECT id, state, event FROM notice")).all()
        sent = {str(m["Message-ID"]).strip("<>").partition("@")[0] for m in mails}
        out += [f"a notice ({n.event}) is {n.state}" for n in notices if n.state != "sent"]
        out += [f"a notice ({n.event}) never arrived" for n in notices if n.id not in sent]
        out += ["a mail arrived that is no notice"] if sent - {n.id for n in notices} else []
        query = sa.text("SELECT event_id, state, event FROM webhook_delivery")
        deliveries = connection.execute(query).all()
        got = set(events)
        out += [
            f"a delivery ({d.event}) is {d.state}" for d in deliveries if d.state != "delivered"
        ]
        out += [
            f"a delivery ({d.event}) never arrived" for d in deliveries if d.event_id not in got
        ]
    return out


def receipt(register: sa.Engine, request_id: str) -> tuple[str, str]:
    """Return the stored receipt and its signature: I8, they never change."""
    query = sa.text("SELECT body, signature FROM receipt WHERE request_id = :id")
    with register.connect() as connection:
        body, signature = connection.execute(query, {"id": request_id}).one()
    return str(body), str(signature)


def leaked(register: sa.Engine, redis: Redis, logs: Iterable[Path]) -> Problems:
    """I12: nothing personal in the queue, in a log, or in clear in the register."""
    out = [f"I12: {key!r} of Redis holds personal data" for key in _in_redis(redis)]
    out += [f"I12: {log.name} holds personal data" for log in logs if _in_file(log)]
    names = sa.text(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    with register.connect() as connection:
        for table in connection.scalars(names).all():
            query = f'SELECT count(*) FROM "{table}" t WHERE lower(t::text) LIKE :canary'
            if connection.execute(sa.text(query), {"canary": f"%{CANARY}%"}).scalar_one():
                out.append(f"I12: {table} of the register holds personal data in clear")
    return out


def _in_file(log: Path) -> bool:
    return log.exists() and CANARY in log.read_text(encoding="utf-8", errors="replace").lower()


def _in_redis(redis: Redis) -> Iterable[str]:
    for key in redis.scan_iter():
        stored = redis.dump(key) or b""
        if CANARY.encode() in stored.lower() or CANARY in str(key).lower():
            yield str(key)


def package(
    register: sa.Engine, blobs_url: str, keys: str, request_id: str, world: World, person: int
) -> Problems:
    """I10: the published package is complete, and is what the oracle read from the stores."""
    query = sa.text("SELECT * FROM package WHERE request_id = :id")
    with register.connect() as connection:
        rows = connection.execute(query, {"id": request_id}).mappings().all()
    if len(rows) != 1 or rows[0]["state"] != "ready":
        return [f"I10: {request_id} has {len(rows)} packages, or one that is not ready"]
    with zipfile.ZipFile(io.BytesIO(_opened(dict(rows[0]), blobs_url, keys))) as file:
        if broken := file.testzip():
            return [f"I10: {broken} in the package of {request_id} is broken"]
        manifest = json.loads(file.read("manifest.json"))
        found = _records(file, manifest)
        files = sum(1 for name in file.namelist() if name.startswith("files/"))
    out = _compared(found, model.shown(world, person), request_id)
    mine = [key for key in world["files.avatars"] if key.startswith(f"avatars/{person}/")]
    if files != len(mine):
        out.append(f"I10: the package of {request_id} has {files} files, not {len(mine)}")
    if not manifest["complete"]:
        out.append(f"I10: the package of {request_id} says that something is missing")
    return out


def _opened(row: Mapping[str, Any], blobs_url: str, keys: str) -> bytes:
    blobs, vault = open_blobs(blobs_url), Vault(Keyring.parse(keys))
    key = vault.unwrap(bytes(row["wrapped_key"]), aad=f"package|{row['id']}")
    pieces = open_range(
        lambda at, count: blobs.read(row["blob"], at, count),
        row["sealed_size"],
        data_key=key,
        package_id=row["id"],
    )
    return b"".join(pieces)


def _records(file: zipfile.ZipFile, manifest: Any) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for entry in manifest["files"]:
        if entry["path"].endswith(".jsonl"):
            lines = file.read(entry["path"]).decode().splitlines()
            _, store, name = entry["path"].removesuffix(".jsonl").split("/")
            out[f"{store}.{name}"] = [json.loads(line) for line in lines]
    return out


def _compared(found: Any, expected: Any, request_id: str) -> Problems:
    out = []
    for path, rows in expected.items():
        names = {name for row in rows for name in row}
        have = [{n: r.get(n) for n in names} for r in found.get(path, [])]
        if sorted(map(_text, have)) != sorted(map(_text, rows)):
            out.append(f"I10: {path} in the package of {request_id} is not what the store holds")
    return out


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps({k: _value(v) for k, v in sorted(row.items())})


def _value(value: Any) -> Any:
    """Compare what is told, whatever a package's way to write it."""
    return str(int(value)) if isinstance(value, bool | int) else value


def leftovers(register: sa.Engine, blobs_url: str) -> Problems:
    """Nothing lies in the blob store but finished packages, once what was cut off is old."""
    open_blobs(blobs_url).drop_unfinished(timedelta())
    with register.connect() as connection:
        known = set(connection.scalars(sa.text("SELECT blob FROM package WHERE blob <> ''")))
    folder = Path(blobs_url.removeprefix("file://"))
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return [f"{name.partition('/')[0]}: a file was left behind" for name in sorted(found - known)]
