"""The package step: what was read, what is told in sentences, and what is missing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from rights.domain.kinds import Kind, Option
from rights.logs import get
from rights.services import recipients_told, subjects
from rights.services.live_settings import values as live
from rights.services.packages import READY, folder
from rights.services.packages import apart as in_apart
from rights.services.reasons import catalogue, reason
from rights.services.recipients_told import Telling
from rights.store.db import reading
from rights.store.models import Request, StepRow, StepState
from rights.store.sealing import SealedFiles, sealed_size
from workflows import disputing
from workflows.claims import Claim, Done, Outcome
from workflows.floor import Floor
from workflows.outcome import READING, by_hand, unsure
from workflows.packages import access_content, statements
from workflows.packages.build import build
from workflows.packages.detecting import Own
from workflows.packages.reading import Reader
from workflows.packages.spool_index import SpoolIndex
from workflows.packages.statements import Statement
from workflows.packages.terms import About, Built, Disputed, Missing
from workflows.packing import asked_for, policy_of, sealed_files

GONE: Final = "gone_since"
"""The code of a collection of which an earlier copy of the same request had more."""

MOST_ROWS: Final = 200
"""Rows that an explanation reads of each collection; the data files hold all of them."""


def package(floor: Floor, claim: Claim) -> Outcome:
    """Build the package; it is published whole or not at all."""
    key, files = sealed_files(floor, claim)
    spools = [SpoolIndex.from_json(r["spool"]) for r in claim.results.values() if "spool" in r]
    missing = (*_missing(claim.rows, claim), *_doubted(claim), *_gone(claim))
    held = [of.collection for index in spools for of in index.collections if of.records]
    disputed = _of_the_fields(floor, claim, disputing.shown(floor, claim, held))
    built = build(
        files=files,
        key=f"{folder(key.id)}/{claim.fence}.zip",
        about=_about(floor, claim),
        datamap=floor.context.datamap,
        spools=spools,
        missing=missing,
        statements=statements_for(floor, claim, files, spools),
        policy=policy_of(claim.request, Own()),
        asked_for=asked_for(claim.request),
        disputed=disputed,
        keep_running=lambda: floor.leases.check(claim.step_id),
    )
    for alert in built.alerts:
        get().error("package.value_dropped", collection=alert.collection, code=alert.why)
    apart = _apart(files, f"{in_apart(key.id)}/{claim.fence}.jsonl", spools)
    # A run may have taken hours: whether staff look at it first is asked as it stands now.
    live.refresh(floor.register, floor.context, at=time.monotonic())
    values = _values(floor, built, missing, taken_out=apart is not None)
    alerts = [{"collection": a.collection, "why": a.why, "rows": a.rows} for a in built.alerts]
    result = {"files": built.summary.get("files", 0), "alerts": alerts, "apart": apart}
    return Done({**result, **_withheld(spools)}, package=values)


def _values(
    floor: Floor, built: Built, missing: Iterable[Missing], *, taken_out: bool
) -> dict[str, Any]:
    """Return the columns of a package that was made just now."""
    lacks = [{"store": m.store, "collection": m.collection, "code": m.code} for m in missing]
    return {
        "state": READY,
        "undecided": taken_out,
        "blob": built.file.key,
        "sealed_size": sealed_size(built.file.size),
        "size": built.file.size,
        "sha256": built.sha256,
        "complete": not lacks,
        "missing": lacks,
        "grants_max": floor.context.settings.package_grants,
        "expires_at": _expiry(floor),
    }


def _withheld(spools: Iterable[SpoolIndex]) -> dict[str, dict[str, int]]:
    """Return how many passages about other people were taken out of each collection, if any."""
    counts = Counter[str]()
    for spool in spools:
        for of in spool.collections:
            counts[of.collection] += sum(one.count for one in of.redacted)
    return {"withheld": dict(+counts)} if +counts else {}


def _apart(
    files: SealedFiles, key: str, spools: Iterable[SpoolIndex]
) -> dict[str, str | int] | None:
    """Keep what was taken out for staff to look at: the spools it is in go when all is done."""
    found = [(Reader(files, s), of) for s in spools for of in s.collections if of.redacted]
    if not found:
        return None
    return files.put(key, (piece for r, of in found for piece in r.apart(of))).to_json()


def _of_the_fields(floor: Floor, claim: Claim, found: Iterable[Disputed]) -> tuple[Disputed, ...]:
    """Leave out what the request is not about, and fields that are never given in clear."""
    about, datamap = asked_for(claim.request), floor.context.datamap
    known = ((one, datamap.collection(one.collection).field(one.field)) for one in found)
    return tuple(one for one, of in known if of and of.disclose and not of.secret and about(of))


def _expiry(floor: Floor) -> datetime:
    return floor.now() + timedelta(days=floor.context.settings.package_days)


def _about(floor: Floor, claim: Claim) -> About:
    request = claim.request
    return About(
        request_id=request.id,
        kind=str(request.kind),
        option=str(request.option),
        generated_at=floor.now(),
        regimes=tuple(request.regimes),
        language="en" if request.locale.startswith("en") else "zh-CN",
    )


def statements_for(
    floor: Floor, claim: Claim, files: SealedFiles, spools: Iterable[SpoolIndex]
) -> tuple[Statement, ...]:
    """Return what is told in sentences for this kind and option."""
    datamap, request = floor.context.datamap, claim.request
    match request.kind, request.option:
        case Kind.EXPLANATION, Option.RULES:
            return tuple(statements.rules(datamap, str(request.parameters.get("topic", ""))))
        case Kind.EXPLANATION, Option.AUTOMATED_DECISION:
            name = str(request.parameters.get("decision", ""))
            return tuple(statements.decisions(datamap, name, _rows(files, spools)))
        case Kind.ACCESS, Option.RECIPIENTS:
            with reading(floor.register) as session:
                told = _told(session, floor, request)
            return (statements.recipients(datamap), statements.told(told))
        case Kind.ACCESS, Option.AI_USE:
            return (statements.ai_use(datamap),)
        case Kind.ACCESS, Option.SUMMARY:
            found = _counts(claim.results)
            more = access_content.sections(datamap, request.regimes, found)
            return (statements.summary(datamap, found), *more)
    return ()


def _told(session: Session, floor: Floor, request: Request) -> list[Telling]:
    """Return whom was told of what this person asked for, by what they proved in this request."""
    context = floor.context
    proved = [row for row in subjects.identifier_rows(session, request.id) if row.proof]
    known = context.datamap.identifiers
    own = subjects.opened(context.vault, (r for r in proved if not known[r.type].recycled))
    who = {b for name, value in own.items() for b in subjects.blinds(context.vault, name, value)}
    return recipients_told.of_person(session, context, who)


def _counts(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {p: n for r in results.values() for p, n in r.get("found", {}).items()}


def _rows(files: SealedFiles, spools: Iterable[SpoolIndex]) -> statements.Rows:
    places = {of.collection: (Reader(files, s), of) for s in spools for of in s.collections}

    def rows(path: str) -> Iterable[Mapping[str, Any]]:
        if path not in places:
            return ()
        reader, of = places[path]
        return reader.first(of, MOST_ROWS)

    return rows


def _doubted(claim: Claim) -> Iterable[Missing]:
    """Name every collection of which we cannot tell what in it is the person's."""
    asked = {path for step in claim.plan or () for path in step.collections}
    for path in sorted(unsure(claim.rows) & asked):
        store, _, name = path.partition(".")
        yield Missing(store, name, "not_identifiable", reason("not_identifiable"))


def _gone(claim: Claim) -> Iterable[Missing]:
    """Name every collection of which less is held than an earlier copy had."""
    for path in (p for r in claim.results.values() for p in r.get("gone", ())):
        store, _, name = path.partition(".")
        yield Missing(store, name, GONE, reason(GONE))


def _missing(rows: Iterable[StepRow], claim: Claim) -> Iterable[Missing]:
    """Name every step that was left out or read by hand, collection by collection."""
    by_name = {s.name: s for s in claim.plan} if claim.plan else {}
    for row in rows:
        read_by_hand = row.action in READING and by_hand(row)
        if row.state is not StepState.LEFT_OUT and not read_by_hand:
            continue
        code = row.code or "by_hand"
        step = by_name.get(row.id.partition("-")[2])
        for path in (step.collections if step else ()) or (f"{row.store}.",):
            store, _, name = path.partition(".")
            law, chinese = _basis(claim, code)
            yield Missing(store, name, code, reason(code), law, basis_zh=chinese)


def _basis(claim: Claim, code: str) -> tuple[str, str]:
    """Return the law behind a reason in English and in Chinese; empty where there is none."""
    known = catalogue().get(code)
    found = known.bases(claim.request.regimes) if known else []
    return "; ".join(one["en"] for one in found), "；".join(one["zh"] for one in found)
