"""
Write the receipt: what happened, store by store, and no more than was proved.

It is written once, in the transaction that closes the request. Whatever is learnt later is
aftercare and never changes it.

Source: PIPL 50, 54; compliance audit guide items 16, 17.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import String, bindparam
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.domain.actions import EFFECTS, Action
from rights.domain.datamap import DataMap, Erasure
from rights.domain.horizon import backups, physically_gone
from rights.domain.kinds import Option
from rights.domain.merkle import root, salted
from rights.domain.texts import grounds
from rights.services import exemptions
from rights.services.reasons import Texts, catalogue
from rights.services.receipts import FORMAT, SALT_BYTES, leaf_bytes
from rights.store import rows as direct
from rights.store.models import (
    JournalRow,
    Package,
    ReceiptOpening,
    ReceiptRow,
    Request,
    StepRow,
    StepState,
)
from workflows.floor import Floor
from workflows.notices.words import words as words_of
from workflows.outcome import Line, by_hand
from workflows.plan import Plan

NOT_STOPPED: Final = "not_restricted"
"""The code of rows that are held and could not be put out of use."""

WORDS: Final[Mapping[str, str]] = {
    Action.CORRECT: "corrected",
    Action.CHOOSE: "chosen",
    Action.RESTRICT: "restricted",
    Action.SUPPRESS: "switched_off",
    Action.CLOSE: "closed",
    Action.LIFT: "in_use_again",
    Action.RESUME: "switched_on",
    Action.COLLECT: "disclosed",
    Action.COUNT: "counted",
    Action.REVIEW: "reviewed",
    Action.RECOMPUTE: "remade",
}


def write(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    found: Sequence[Line],
    plan: Plan,
    *,
    now: datetime,
) -> None:
    """Sign the outcome and keep it, with what opens its root."""
    leaves = _leaves(session, request, rows)
    salt = secrets.token_bytes(SALT_BYTES)
    body = {
        **_facts(floor, request, plan, now),
        "outcome": list(_outcome(floor, request, rows, found)),
        "verified": _verified(rows),
        "proves": _level(rows, plan),
        "stores": list(_stores(floor, rows, plan)),
        "effects": {"leaves": len(leaves), "root": _root(salt, leaves)},
        "package": _package(session, request) if packaged(rows) else None,
    }
    body |= _chinese(floor.context.datamap, body)
    text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
    receipt = {
        "request_id": request.id,
        "body": text,
        "key_id": floor.signer.key_id,
        "signature": floor.signer.sign(text.encode()),
        "created_at": now,
    }
    direct.insert(session, ReceiptRow, [receipt])
    opening = {"request_id": request.id, "salt": salt, "leaves": leaves}
    direct.insert(session, ReceiptOpening, [opening])


def _chinese(datamap: DataMap, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Chinese of the texts in a receipt, by what stands there; nothing without any."""
    said = [line["because"] for line in body["outcome"]]
    said += [store.get("by", "") for store in body["stores"]]
    ours, found = words_of("zh-CN"), {}
    for text in filter(None, said):
        apart = grounds(text, datamap.chinese)
        told = [ours.find("grounds", one) or datamap.text(one)["zh"] for one in apart]
        if told != apart:
            found[text] = ours.laws(told)
    return {"zh": found} if found else {}


def _facts(floor: Floor, request: Request, plan: Plan, now: datetime) -> dict[str, Any]:
    """Return what was asked, when, and under which map and plan it was done."""
    return {
        "format": FORMAT,
        "public_key": floor.signer.public()[floor.signer.key_id],
        "request": request.id,
        "kind": str(request.kind),
        "option": str(request.option),
        "regimes": request.regimes,
        "received_at": request.received_at.isoformat(),
        "answered_at": now.isoformat(),
        "map": {"version": request.map_version, "hash": plan.config_hash},
        "plan": plan.hash,
    }


_SETTING: Final = frozenset({Action.CORRECT, Action.CHOOSE})
"""Actions after which a row that was right already is not called not found."""


def packaged(rows: Sequence[StepRow]) -> bool:
    """Return whether there is a package: one that was left out is not announced."""
    return any(r.action == Action.PACKAGE and r.state is StepState.DONE for r in rows)


def happened(line: Line, *, anonymised: bool) -> list[str]:
    """
    Return what became of one collection, in words of the receipt.

    ``cut`` (this person's columns emptied in rows of others) is not called anonymised: such a
    row still belongs to somebody (PIPL 73).
    """
    words: list[str] = []
    if line.by_hand:
        words.append("by_hand")
    if line.affected:
        erased = "anonymised" if anonymised else "deleted"
        words.append(erased if line.action == Action.ERASE else WORDS.get(line.action, "done"))
    if line.decorrelated:
        words.append("cut")
    if line.retained:
        words.append("restricted" if line.hold and line.missing != NOT_STOPPED else "kept")
    if line.missing:
        words.append("incomplete")
    if not words:
        words.append("unchanged" if line.action in _SETTING else "not_found")
    return words


def _outcome(
    floor: Floor, request: Request, rows: Sequence[StepRow], found: Sequence[Line]
) -> Iterator[dict[str, Any]]:
    ended = {(r.store, r.action): r.done_at for r in rows if r.done_at}
    known = {c.path: c for c in floor.context.datamap.collections}
    methods = {p: names for r in rows for p, names in r.result.get("methods", {}).items()}
    for line in found:
        collection = known.get(f"{line.store}.{line.collection.partition('#')[0]}")
        fields = collection.fields if collection else ()
        emptied = collection is not None and collection.erasure is Erasure.ANONYMISE
        at = ended.get((line.store, line.action))
        path, erased = f"{line.store}.{line.collection}", line.action == Action.ERASE
        used = methods.get(path, []) if erased else []
        yield {
            **line.to_json(),
            **_law(floor, request, line),
            "categories": sorted({f.category for f in fields}),
            "happened": happened(line, anonymised=emptied or request.option is Option.ANONYMISE),
            "methods": used,
            "kept_fields": [f.name for f in fields if f.erasure is Erasure.KEEP] if used else [],
            "at": at.isoformat() if at else None,
        }


def _law(floor: Floor, request: Request, line: Line) -> dict[str, Any]:
    """
    Return the law behind what is missing, and the exceptions by which what is held stays.

    Nothing where no law of the request has one.
    """
    known = catalogue().get(line.missing)
    bases: list[Texts] = known.bases(request.regimes) if known else []
    kept = exemptions.of(line.hold if line.retained else "", request.regimes, floor.context.regimes)
    bases += [law for one in kept for law in one.laws if law not in bases]
    said: dict[str, Any] = {"exempt": [one.code for one in kept]} if kept else {}
    told = [{"zh": one["zh"], "en": one["en"]} for one in bases]
    return {**said, "law": told} if told else said


def _verified(rows: Sequence[StepRow]) -> list[str]:
    paths: list[Any] = []
    for row in rows:
        if row.action == Action.VERIFY and row.state is StepState.DONE:
            paths.extend(row.result.get("verified", []))
    return sorted(set(paths))


def _level(rows: Sequence[StepRow], plan: Plan, store: str = "") -> str:
    """Return what was proved: nothing more than the reading back that really took place."""
    steps = [s for s in plan if not store or s.store == store]
    read_back = [r for r in rows if r.action == Action.VERIFY and (not store or r.store == store)]
    missed = bool(store) and not read_back
    if missed or any(r.state is not StepState.DONE or by_hand(r) for r in read_back):
        return "not_read_back"
    erases = any(s.action is Action.ERASE for s in steps)
    return "logically_gone" if erases else "as_read_back"


def _stores(floor: Floor, rows: Sequence[StepRow], plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the level of proof of each store that was changed, and what it declares."""
    for name in sorted({s.store for s in plan if s.action in EFFECTS}):
        read = [r.done_at for r in rows if r.store == name and r.action == Action.VERIFY]
        level = _level(rows, plan, name)
        seen = max((at for at in read if at), default=None)
        yield {
            "store": name,
            "level": level,
            "read_back_at": seen.isoformat() if seen and level != "not_read_back" else None,
            **_declared(floor, name, erased_at(rows, name)),
        }


def erased_at(rows: Sequence[StepRow], store: str = "") -> datetime | None:
    """Return when the last erasing step (of *store*) was done; None when none was."""
    ended = [
        r.done_at
        for r in rows
        if r.action == Action.ERASE and r.state is StepState.DONE and store in ("", r.store)
    ]
    return max((at for at in ended if at), default=None)


def _declared(floor: Floor, name: str, at: datetime | None) -> dict[str, Any]:
    """Return by when the store's owner says that the bytes are gone: declared, not proved."""
    if at is None:
        return {}
    store = floor.context.datamap.store(name)
    gone = physically_gone(store, at)
    return {
        "physically_gone_by": gone.date().isoformat() if gone else None,
        "by": store.horizon_by,
        "backups": [
            {"name": title, "until": end.date().isoformat()}
            for title, end in backups(store, at).items()
        ],
    }


def _leaves(session: Session, request: Request, rows: Sequence[StepRow]) -> list[dict[str, Any]]:
    """Return one leaf for each journalled effect, in the order they were journalled."""
    actions = {r.id: r.action for r in rows}
    asked = {"request": request.id}
    return [
        {
            "step": j.step_id.partition("-")[2],
            "chunk": j.chunk,
            "action": actions.get(j.step_id, ""),
            "collection": j.collection,
            "affected": j.affected,
            "digest": j.digest,
        }
        for j in session.connection().execute(_EFFECTS, asked)
    ]


_EFFECTS: Final = (
    sql_select(
        col(JournalRow.step_id),
        col(JournalRow.chunk),
        col(JournalRow.collection),
        col(JournalRow.affected),
        col(JournalRow.digest),
    )
    .where(col(JournalRow.request_id) == bindparam("request", type_=String))
    .where(col(JournalRow.phase) == "done")
    .order_by(col(JournalRow.id))
)


def _root(salt: bytes, leaves: Sequence[Mapping[str, Any]]) -> str:
    return root(salted(salt, map(leaf_bytes, leaves))).hex()


def _package(session: Session, request: Request) -> dict[str, Any] | None:
    """Return what was packaged, by digest."""
    found = session.connection().execute(_PACKAGED, {"request": request.id}).first()
    return {"sha256": found.sha256, "size": found.size} if found else None


_PACKAGED: Final = (
    sql_select(col(Package.sha256), col(Package.size))
    .where(col(Package.request_id) == bindparam("request", type_=String))
    .order_by(col(Package.created_at))
    .limit(1)
)
