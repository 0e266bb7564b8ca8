"""
What is over is forgotten: packages, proofs, contacts, and in the end the records themselves.

Running it twice changes nothing more. A record leaves the head and length of its chain behind,
under a signed checkpoint, so that its absence can be told from its never having been.

Source: PIPL 19, 47; Cybersecurity Law 23(3); Civil Code 188.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, and_, delete, exists, func, or_, update
from sqlmodel import Session, SQLModel, col, select

from rights.services import (
    additions,
    audit,
    hold_releases,
    key_letters,
    packages,
    plans,
    short_lived,
)
from rights.services.checkpoints import purge_chain
from rights.services.context import Context
from rights.services.signing import Signer
from rights.store.blobs import Blobs
from rights.store.db import reading, transaction
from rights.store.models import (
    Aftercare,
    Alert,
    Appeal,
    AskedPoint,
    AskProposal,
    Assignment,
    Capsule,
    Challenge,
    CheckpointLeaf,
    ClockPause,
    Complaint,
    ContactWarning,
    ContentApproval,
    CorrectionGuard,
    DayChain,
    DenialProposal,
    DisputedValue,
    Entry,
    EscrowKey,
    Evidence,
    ExtensionRow,
    Grant,
    HeldRows,
    IdentifierRow,
    IncidentClock,
    IncidentLetter,
    IncidentTold,
    JournalRow,
    KeyProof,
    KeyringRow,
    Lookup,
    Notice,
    Package,
    PartProposal,
    PlanRow,
    ProofDemand,
    ProofRow,
    ProofTry,
    ReceiptOpening,
    ReceiptRow,
    ReleasedValue,
    Representation,
    RepresentativeContact,
    Request,
    RequestClock,
    SealedNote,
    SecurityIncident,
    SettingProposal,
    StepRow,
    SubjectLock,
    TaskDocument,
    TrailCheck,
    WarningDue,
    Writing,
)

BATCH: Final = 200
_DAY: Final = timedelta(days=1)

_CONTACTS: Final = (
    IdentifierRow,
    RepresentativeContact,
    SealedNote,
    Challenge,
    KeyringRow,
    ProofTry,
    ContactWarning,
    Writing,
)
"""Rows by which a person could be recognised or reached, and what they wrote."""

OF_A_REQUEST: Final = (
    *_CONTACTS,
    KeyProof,
    PlanRow,
    StepRow,
    JournalRow,
    ReceiptRow,
    ReceiptOpening,
    Aftercare,
    Capsule,
    DisputedValue,
    CorrectionGuard,
    ReleasedValue,
    HeldRows,
    EscrowKey,
    SubjectLock,
    Lookup,
    Notice,
    IncidentTold,
    ProofRow,
    ProofDemand,
    WarningDue,
    Appeal,
    DenialProposal,
    PartProposal,
    AskedPoint,
    AskProposal,
    RequestClock,
    Alert,
    ExtensionRow,
    ClockPause,
    Representation,
    Evidence,
    TaskDocument,
    ContentApproval,
    Assignment,
)
"""Rows of one request besides itself, its chain and its packages."""


def purge(
    engine: Engine,
    context: Context,
    blobs: Blobs,
    *,
    now: datetime,
    settled: datetime | None = None,
) -> dict[str, int]:
    """
    Forget everything whose time is over.

    Args:
        settled: What is believed of *now*, which their time goes by; all of it if not given.

    Returns:
        How many of each were forgotten, nothing left out: a zero was looked for.
    """
    at = settled or now
    with transaction(engine) as session:
        counts = {name: _delete(session, *what) for name, what in short_lived.over(at).items()}
        counts["of_closed"] = _of_closed(session)
        counts["key_letters"] = key_letters.forget(session, at)
        old = at - timedelta(days=context.settings.record_days)
        decided = col(SettingProposal.decided_at) <= old
        counts["trail_checks"] = _delete(session, TrailCheck, col(TrailCheck.begun_at) <= old)
        counts["setting_proposals"] = _delete(session, SettingProposal, decided)
        counts["releases"] = hold_releases.forget(session, old)
    counts["packages"] = _packages(engine, blobs, at, now)
    counts["unfinished"] = blobs.drop_unfinished(_DAY)
    counts["contacts"] = _contacts(engine, context, at)
    counts["requests"] = _records(engine, context, at, now)
    counts["complaints"] = _complaints(engine, context, at)
    counts["incidents"] = _incidents(engine, context, at)
    counts["log_entries"] = _logs(engine, context, at, now)
    return counts


def _of_closed(session: Session) -> int:
    """Forget what was only of use while a request was open: looks at stores, samples of plans."""
    closed = col(Request.closed_at).is_not(None)
    asked_before = col(Lookup.created_at) <= col(Request.closed_at)
    looks = exists().where(col(Request.id) == col(Lookup.request_id), closed, asked_before)
    notes = exists().where(col(Request.id) == col(SealedNote.request_id), closed)
    sample = col(SealedNote.purpose) == plans.SAMPLE
    return _delete(session, Lookup, looks) + _delete(session, SealedNote, and_(sample, notes))


def _delete(session: Session, model: type[SQLModel], where: ColumnElement[bool]) -> int:
    done: Any = session.connection().execute(delete(model).where(where))
    return int(done.rowcount)


def _packages(engine: Engine, blobs: Blobs, settled: datetime, now: datetime) -> int:
    """Delete blobs, then destroy the key: a crash between the two only repeats the first."""
    query = select(Package).where(
        col(Package.purged_at).is_(None),
        or_(col(Package.expires_at) <= settled, _abandoned()),
    )

    def forget(ids: Sequence[str]) -> None:
        for package_id in ids:
            _forget_package(engine, blobs, package_id, now)

    return _in_batches(engine, query.with_only_columns(col(Package.id)), forget)


def _abandoned() -> ColumnElement[bool]:
    """A package never finished or let go, of a closed request that no addition is made for."""
    closed = exists().where(
        col(Request.id) == col(Package.request_id), col(Request.closed_at).is_not(None)
    )
    unfinished = col(Package.state).in_(packages.UNFINISHED)
    return and_(unfinished, closed, ~additions.being_made())


def _forget_package(engine: Engine, blobs: Blobs, package_id: str, now: datetime) -> None:
    with reading(engine) as session:
        package = session.get(Package, package_id)
    if package is None:
        return
    if package.blob:
        blobs.delete(package.blob)
    for left in (
        packages.folder,
        packages.spools,
        packages.apart,
    ):  # by workers that ended, or came late
        blobs.delete_prefix(left(package_id))
    with transaction(engine) as session:
        row = session.get(Package, package_id, with_for_update=True)
        if row is None or row.purged_at is not None:
            return
        gone = packages.UNSENT if row.state == packages.IN_REVIEW else "purged"
        row.wrapped_key, row.state, row.purged_at = b"", gone, now
        _delete(session, Grant, col(Grant.package_id) == package_id)
        request = session.get(Request, row.request_id, with_for_update=True)
        if request is not None:
            line = audit.Line("package_purged", "system", {"package": package_id})
            audit.append(session, request, [line], now=now)


def _contacts(engine: Engine, context: Context, settled: datetime) -> int:
    limit = settled - timedelta(days=context.settings.contact_days)
    held = [exists().where(col(m.request_id) == col(Request.id)) for m in _CONTACTS]
    # Whoever appealed is told what came of it, and may have to be found again in the stores.
    appealed = exists().where(
        col(Appeal.request_id) == col(Request.id),
        or_(col(Appeal.decided_at).is_(None), col(Appeal.decided_at) > limit),
    )
    query = select(Request.id).where(col(Request.closed_at) <= limit, or_(*held), ~appealed)
    return _in_batches(engine, query, lambda ids: _forget_contacts(engine, ids))


def _forget_contacts(engine: Engine, ids: Sequence[str]) -> None:
    with transaction(engine) as session:
        for model in _CONTACTS:
            _delete(session, model, col(model.request_id).in_(ids))
        # Who acted, on what ground, is kept; their name and their words are not.
        acted = col(Representation.request_id).in_(ids)
        session.connection().execute(update(Representation).where(acted).values(sealed=b""))


def _complaints(engine: Engine, context: Context, settled: datetime) -> int:
    """Forget what answered complaints say and whose they are; years later, that there were any."""
    limit = settled - timedelta(days=context.settings.contact_days)
    held = [exists().where(col(m.request_id) == col(Complaint.id)) for m in _CONTACTS]
    over = select(Complaint.id).where(col(Complaint.answered_at) <= limit, or_(*held))
    forgotten = _in_batches(engine, over, lambda ids: _forget_contacts(engine, ids))
    old = settled - timedelta(days=context.settings.record_days)

    def forget(ids: Sequence[str]) -> None:
        with transaction(engine) as session:
            for model in (*_CONTACTS, Notice):
                _delete(session, model, col(model.request_id).in_(ids))
            _delete(session, Alert, col(Alert.about).in_(ids))
            _delete(session, Complaint, col(Complaint.id).in_(ids))

    records = select(Complaint.id).where(col(Complaint.answered_at) <= old)
    return forgotten + _in_batches(engine, records, forget)


def _records(engine: Engine, context: Context, settled: datetime, now: datetime) -> int:
    """
    Delete request records whose chain's last entry stands under a checkpoint.

    As long as rows are held for a request its record stays: it is how they are let go.
    """
    limit = settled - timedelta(days=context.settings.record_days)
    sealed = exists().where(
        col(CheckpointLeaf.chain) == col(Request.id),
        col(CheckpointLeaf.seq) == col(Request.head_seq),
    )
    live = exists().where(
        col(Package.request_id) == col(Request.id), col(Package.purged_at).is_(None)
    )
    holds = exists().where(
        col(HeldRows.request_id) == col(Request.id), col(HeldRows.state) != "ended"
    )
    shown = exists().where(
        col(Evidence.request_id) == col(Request.id), col(Evidence.destroyed_at).is_(None)
    )
    by_hand = exists().where(
        col(TaskDocument.request_id) == col(Request.id), col(TaskDocument.destroyed_at).is_(None)
    )
    ended = col(Request.closed_at) <= limit
    query = select(Request.id).where(ended, sealed, ~live, ~holds, ~shown, ~by_hand)
    signer = Signer(context.settings.signing_key.get_secret_value())

    def forget(ids: Sequence[str]) -> None:
        with transaction(engine) as session:
            for model in (*OF_A_REQUEST, Package):
                _delete(session, model, col(model.request_id).in_(ids))
            for chain in ids:
                purge_chain(session, signer, chain, now=now)
            _delete(session, Request, col(Request.id).in_(ids))

    return _in_batches(engine, query, forget)


def _logs(engine: Engine, context: Context, settled: datetime, now: datetime) -> int:
    """Delete what concerned no request, once a checkpoint covers its day; head and count stay."""
    last = (settled - timedelta(days=context.settings.log_days)).date().isoformat()
    name = col(DayChain.name)
    sealed = exists().where(
        col(CheckpointLeaf.chain) == name, col(CheckpointLeaf.seq) == col(DayChain.head_seq)
    )
    held = exists().where(col(Entry.chain) == name)
    query = select(DayChain.name).where(name < f"day:{last}", sealed, held)
    signer = Signer(context.settings.signing_key.get_secret_value())
    with transaction(engine) as session:
        days = session.exec(query).all()
        return sum(purge_chain(session, signer, day, now=now) for day in days)


def _incidents(engine: Engine, context: Context, settled: datetime) -> int:
    """Forget closed security incidents when records of their time are forgotten too."""
    limit = settled - timedelta(days=context.settings.record_days)
    query = select(SecurityIncident.id).where(col(SecurityIncident.closed_at) <= limit)
    return _in_batches(engine, query, lambda ids: _forget_incidents(engine, ids))


def _forget_incidents(engine: Engine, ids: Sequence[str]) -> None:
    with transaction(engine) as session:
        mine = select(IncidentLetter.id).where(col(IncidentLetter.incident_id).in_(ids))
        _delete(session, IncidentTold, col(IncidentTold.letter_id).in_(mine))
        _delete(session, Writing, col(Writing.request_id).in_(ids))
        for model in (IncidentLetter, IncidentClock):
            _delete(session, model, col(model.incident_id).in_(ids))
        _delete(session, SecurityIncident, col(SecurityIncident.id).in_(ids))


def _in_batches(engine: Engine, query: Any, forget: Callable[[Sequence[str]], None]) -> int:
    """Work through what *query* finds; stop when a round finds what the last one left."""
    done: set[str] = set()
    while True:
        with reading(engine) as session:
            found = list(session.exec(query.limit(BATCH)))
        if not found or done.issuperset(found):
            return len(done)
        forget(found)
        done.update(found)


def remaining(session: Session, request_ids: Iterable[str]) -> int:
    """Return how many rows by which a person could be recognised are left of these requests."""
    ids = list(request_ids)
    counted = (
        select(func.count()).select_from(m).where(col(m.request_id).in_(ids)) for m in _CONTACTS
    )
    return sum(session.exec(query).one() for query in counted)
