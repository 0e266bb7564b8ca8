"""
Taking a request in.

Whatever can be accepted is accepted at once, in one transaction, with a reference; nothing
waits for a human. What is missing becomes ``needs_info``; who is not proved yet is asked.

Source: NDSR 23 (timely acceptance, convenient ways); PIPL 50.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr, level, minimum
from rights.domain.lifecycle import Event
from rights.domain.parameters import needed
from rights.services import audit, notes, requests, subjects
from rights.services.context import Context
from rights.services.notices import ask_for
from rights.services.regimes import promise
from rights.services.verification import challenge
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import IdentifierRow, Request


@dataclass(frozen=True, slots=True)
class Submission:
    """
    What was asked, already checked for form.

    Args:
        identifiers: Type to value as the data map cleans them.
        attested: The types that a verified assertion of the backend vouches for.
        acr: How that backend authenticated the person; None without an assertion.
        level_cap: The most the backend's assertions may bring about.
        values: Sealed values (``changes``, ``tags``, ``text``).
        operator: An operator verified the person elsewhere and says so on the command line.
        notify: Send the acknowledgement by mail; immediate kinds answer in the response.
        ask: Send a code if more must be proved; one member of a bundle does so for all.
    """

    kind: Kind
    option: Option
    identifiers: Mapping[str, str] = field(repr=False)
    backend_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    regimes: tuple[str, ...] = ()
    locale: str = "zh-CN"
    channel: str = "api"
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None
    level_cap: int = 2
    bundle_id: str = ""
    follows: str = ""
    received_at: datetime | None = None
    notify: bool = True
    ask: bool = True
    operator: bool = False


def submit(
    session: Session, context: Context, new: Submission, *, now: datetime
) -> tuple[Request, bool]:
    """
    Register a request, or return the identical open one.

    Returns:
        The request, and whether it was made just now. A person proved by an assertion, and a
        backend that names the same account again, get the first one's reference; somebody who
        only typed a contact always gets a fresh one, so that nobody learns that a request
        exists.
    """
    request = _new(context, new, now)
    if _may_repeat(context, new) and (first := _same(session, request)):
        return first, False
    if new.values:
        notes.keep(session, context.vault, request.id, "values", dict(new.values), now=now)
    with rows.gathered(session):
        identifiers = _identify(session, context, new, request, now)
        _start(session, context, new, request, identifiers, now)
        rows.insert_attached(session, request)
    return request, True


def _new(context: Context, new: Submission, now: datetime) -> Request:
    regimes = new.regimes or context.settings.default_regimes
    received = new.received_at or now
    promised = promise(new.kind, new.option, regimes, received, book=context.regimes)
    subject = subjects.subject_of(context.vault, context.datamap, new.identifiers)
    same = (new.backend_id, new.kind, new.option, dict(new.parameters), dict(new.identifiers))
    return rows.new(
        Request,
        id=new_id(),
        kind=new.kind,
        option=new.option,
        parameters=dict(new.parameters),
        regimes=list(regimes),
        backend_id=new.backend_id,
        bundle_id=new.bundle_id,
        follows=new.follows,
        subject=subject,
        fingerprint=subjects.fingerprint(context.vault, *same, dict(new.values)),
        channel=new.channel,
        locale=new.locale,
        level=3 if new.operator else level(new.acr, (), cap=new.level_cap),
        level_needed=minimum(new.kind, new.option),
        acr=str(new.acr or ""),
        needs=_missing(new),
        received_at=received,
        due_at=promised.due_at,
        promised_at=promised.promised_at,
        next_at=now + timedelta(days=context.settings.verify_days),
        map_version=context.datamap.version,
        map_hash=context.datamap.hash,
    )


def _missing(new: Submission) -> list[str]:
    given = {**new.parameters, **new.values}
    return [name for name in needed(new.kind, new.option) if not given.get(name)]


def _may_repeat(context: Context, new: Submission) -> bool:
    """Only who is proved, or named by account by the backend itself, is told of a repeat."""
    kinds = {context.datamap.identifiers[name].kind for name in new.identifiers}
    return new.acr is not None or "account" in kinds


_LOCK: Final = sql_select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
_SAME: Final = (
    sql_select(col(Request.id))
    .where(
        col(Request.fingerprint) == bindparam("fingerprint"),
        col(Request.closed_at).is_(None),
    )
    .order_by(col(Request.received_at))
)


def _same(session: Session, request: Request) -> Request | None:
    if session.connection().dialect.name == "postgresql":
        # Two clicks at once: the second waits here until the first is committed. On SQLite a
        # transaction that writes is alone anyway.
        number = int.from_bytes(bytes.fromhex(request.fingerprint)[:8], "big", signed=True)
        rows.read(session, _LOCK, number=number)
    found = rows.read(session, _SAME, fingerprint=request.fingerprint)
    return session.get(Request, found[0][0]) if found else None


def _identify(
    session: Session, context: Context, new: Submission, request: Request, now: datetime
) -> list[IdentifierRow]:
    proofs = dict.fromkeys(new.attested, "assertion")
    found = subjects.rows_for(context.vault, request, new.identifiers, proofs=proofs, now=now)
    rows.insert_objects(session, found)
    return found


def _start(
    session: Session,
    context: Context,
    new: Submission,
    request: Request,
    identifiers: list[IdentifierRow],
    now: datetime,
) -> None:
    """Go on at once if enough is proved; else ask for the proof that is missing."""
    data = {"kind": str(new.kind), "option": str(new.option), "regimes": request.regimes}
    first = [audit.Line("received", _actor(new), {**data, "channel": new.channel})]
    contact = _contact(context, identifiers)
    if request.level >= request.level_needed:
        requests.record(session, request, Event.VERIFIED, actor="system", now=now, before=first)
        request.verified_at = now
        if new.notify and contact:
            ask_for(session, request, "received", now=now, identifier_id=contact.id)
        return
    requests.record(session, request, Event.CHALLENGED, actor="system", now=now, before=first)
    if contact:
        sent = challenge(session, context, request, contact, now=now).id if new.ask else ""
        where = contact.id
        ask_for(session, request, "received", now=now, identifier_id=where, challenge_id=sent)


def _contact(context: Context, given: list[IdentifierRow]) -> IdentifierRow | None:
    """Return where mail can go: the first e-mail address that was given."""
    how = {n for n, i in context.datamap.identifiers.items() if i.normalise == "email"}
    return next((row for row in given if row.type in how), None)


def _actor(new: Submission) -> str:
    return f"backend:{new.backend_id}" if new.backend_id else "subject"
