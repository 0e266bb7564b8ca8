"""
Taking a request in.

Whatever can be accepted is accepted at once, in one transaction, with a reference; nothing
waits for a human. What is missing becomes ``needs_info``; who is not proved yet is asked.

Source: NDSR 23 (timely acceptance, convenient ways); PIPL 50.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from rights.domain.conversation import part_of
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr, level, minimum
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.parameters import SUBJECT, lacks, needed
from rights.domain.representation import (
    EVIDENCE,
    GAPS,
    MINORS,
    REVIEWED,
    AgeBand,
    Role,
    guardian_confirms,
    receiver,
)
from rights.services import (
    audit,
    contacts,
    cooling,
    deadlines,
    disputes,
    law_levels,
    notes,
    regime_choice,
    representatives,
    requests,
    subjects,
    warnings_due,
)
from rights.services.assurance import ask_guardian
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.services.notices import ask_for
from rights.services.reaching import GUARDIAN
from rights.services.regime_choice import Chosen
from rights.services.regimes import promise
from rights.services.representatives import Second
from rights.services.verification import challenge
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import IdentifierRow, RepresentativeContact, Request

_TAGS: Final = frozenset({Option.TAGS_LIST, Option.TAGS_DELETE})


@dataclass(frozen=True, slots=True)
class Submission:
    """
    What was asked, already checked for form.

    Args:
        identifiers: Type to value as the data map cleans them; none where nobody is named yet.
        attested: The types that a verified assertion of the backend vouches for.
        acr: How that backend authenticated the person; None without an assertion.
        level_cap: The most the backend's assertions may bring about.
        regimes: Its laws, and *regimes_because* why these; where that is empty they are those of
            the product, if it has any.
        values: Sealed values (``changes``, ``tags``, ``conversations``, ``text``).
        apart: Tells it from another one that is the same in everything else.
        stranger: Nobody says who this is: it is never told that it asked before.
        at_least: A level below which it is not worked on, beside that of its kind.
        operator: An operator verified the person elsewhere and says so on the command line.
        received_at: When it arrived, where that was before it is registered.
        logged_by: ``staff:<id>`` of who registers what came by another way; it proves nothing.
        asked: The option that was asked for, where no law of the request knows it yet.
        signal: What of the browser says so in place of the person; ``gpc``.
        proved: The level that was proved in the request which this one follows.
        notify: Send the acknowledgement by mail; immediate kinds answer in the response.
        ask: Send a code if more must be proved; one member of a bundle does so for all.
        role: As who it is asked.
        second: Who asks for the subject; with the role ``self``, the guardian of a child.
        age_band: Of the subject.
    """

    kind: Kind
    option: Option
    identifiers: Mapping[str, str] = field(repr=False)
    backend_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    regimes: tuple[str, ...] = ()
    regimes_because: str = ""
    locale: str = "zh-CN"
    channel: str = "api"
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None
    level_cap: int = 2
    bundle_id: str = ""
    follows: str = ""
    received_at: datetime | None = None
    logged_by: str = ""
    notify: bool = True
    ask: bool = True
    apart: str = ""
    stranger: bool = False
    at_least: int = 0
    operator: bool = False
    asked: Option | None = None
    signal: str = ""
    proved: int = 0
    role: Role = Role.SELF
    second: Second | None = field(default=None, repr=False)
    age_band: AgeBand = AgeBand.UNKNOWN

    @property
    def reviewed(self) -> bool:
        """Whether documents have to show that the representative may ask."""
        if self.role is Role.SELF or (self.second and self.second.attested):
            return False
        # What relatives may ask for is the statute's list; even what needs no proof is not theirs.
        return self.role is Role.CLOSE_RELATIVE or minimum(self.kind, self.option) > 0

    @property
    def least(self) -> int:
        """
        The level below which nobody is served whom nobody vouches for.

        Tags are somebody's data: they are shown or deleted for whom a code reached, though a
        session of the person's own needs none.
        """
        return 1 if self.stranger and self.option in _TAGS else 0

    @property
    def confirmed_by_guardian(self) -> bool:
        """Whether a child's guardian has to say yes before it is done."""
        return guardian_confirms(self.role, self.age_band, self.kind, self.option)


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
        written = new.second is not None and (new.role is not Role.SELF or new.age_band in MINORS)
        seconds = (
            representatives.write(session, context, request, new.second, now=now)
            if new.second is not None and written
            else []
        )
        _start(session, context, new, request, _Both(identifiers, seconds), now)
        rows.insert_attached(session, request)
    if request.state is State.IN_PROGRESS:
        disputes.mark_accepted(session, context, request, now=now)
    return request, True


def _apart(new: Submission, missing: Sequence[str]) -> list[str]:
    """Return what keeps a request from being the same as one that looks like it."""
    # Nobody can be told from nobody: such a request is the same as no other, now and later.
    apart = [new_id()] if SUBJECT in missing else [new.apart] if new.apart else []
    if new.role is not Role.SELF and new.second:
        apart += [str(new.role), *sorted(new.second.identifiers.values())]
    return apart


def _new(context: Context, new: Submission, now: datetime) -> Request:
    (regimes, because), received = laws_of(context, new), new.received_at or now
    promised = promise(new.kind, new.option, regimes, received, book=context.regimes)
    same = (new.backend_id, new.kind, new.option, dict(new.parameters), dict(new.identifiers))
    missing = _missing(context, new)
    apart = _apart(new, missing)
    asked = law_levels.needed(context, new.kind, new.option, regimes, received)
    return rows.new(
        Request,
        id=new_id(),
        kind=new.kind,
        option=new.option,
        parameters={**new.parameters, **part_of(new.values)},
        regimes=list(regimes),
        regimes_because=because,
        backend_id=new.backend_id,
        bundle_id=new.bundle_id,
        follows=new.follows,
        subject=subjects.subject_of(context.vault, context.datamap, new.identifiers),
        fingerprint=subjects.fingerprint(context.vault, *same, dict(new.values), *apart),
        requester_role=new.role,
        age_band=new.age_band,
        delivers_to=receiver(new.role, new.second.scope if new.second else None, new.age_band),
        channel=new.channel,
        locale=new.locale,
        level=3 if new.operator else max(new.proved, level(new.acr, (), cap=new.level_cap)),
        level_needed=REVIEWED if new.reviewed else max(asked, new.at_least, new.least),
        acr=str(new.acr or ""),
        needs=[*missing, *_of_second(context, new, regimes[0], now)],
        received_at=received,
        due_at=promised.due_at,
        promised_at=promised.promised_at,
        due_provisional=promised.due.provisional,
        ack_at=promised.due.ack_at,
        next_at=now + timedelta(days=context.settings.verify_days),
        map_version=context.datamap.version,
        map_hash=context.datamap.hash,
    )


def laws_of(context: Context, new: Submission) -> Chosen:
    """Return the laws that a request is to be handled under, all of them known here, and why."""
    if new.regimes_because:
        return Chosen(new.regimes, new.regimes_because)
    deployment = context.settings.default_regimes
    return regime_choice.choose((), new.regimes, deployment, context.regimes)


def _missing(context: Context, new: Submission) -> list[str]:
    named = subjects.names_somebody(context.datamap, new.identifiers)
    given = {**new.parameters, **new.values, SUBJECT: named}
    said = {name for name, value in given.items() if value}
    return [name for name in (SUBJECT, *needed(new.kind, new.option)) if lacks(name, said)]


def _of_second(context: Context, new: Submission, regime: str, now: datetime) -> list[str]:
    """Return what is missing from the authority of whoever asks, or the guardian of a child."""
    if new.role is Role.SELF:
        return [GUARDIAN] if new.confirmed_by_guardian and new.second is None else []
    if new.second is None or not new.reviewed:
        return []
    return [*representatives.gaps_of(context, new.second, new.kind, regime, now), EVIDENCE]


def _may_repeat(context: Context, new: Submission) -> bool:
    """Only who is proved, or named by account by the backend itself, is told of a repeat."""
    if new.stranger or (new.second is not None and not new.second.attested):
        return False
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
    known = (session.get(Request, one) for (one,) in found)
    return next((one for one in known if one and requests.alike(one, request)), None)


def _identify(
    session: Session, context: Context, new: Submission, request: Request, now: datetime
) -> list[IdentifierRow]:
    proofs = dict.fromkeys(new.attested, "assertion")
    found = subjects.rows_for(context.vault, request, new.identifiers, proofs=proofs, now=now)
    rows.insert_objects(session, found)
    return found


@dataclass(frozen=True, slots=True)
class _Both:
    """The contacts of the subject, and of the second person."""

    subject: list[IdentifierRow]
    second: list[RepresentativeContact]


def _start(
    session: Session,
    context: Context,
    new: Submission,
    request: Request,
    people: _Both,
    now: datetime,
) -> None:
    """Go on at once if enough is proved; else ask for the proof that is missing."""
    asked = {"kind": str(new.kind), "option": str(new.option)}
    data: dict[str, Any] = {**asked, "regimes": request.regimes}
    data |= {"asked_option": str(new.asked)} if new.asked else {}
    data |= {"signal": new.signal} if new.signal else {}
    data["regimes_because"] = request.regimes_because
    if because := context.policy.because(new.kind, new.option):
        data["level_because"] = because
    if new.logged_by:
        arrived = request.received_at.astimezone(UTC).isoformat()
        data |= {"received_at": arrived, "logged_at": now.isoformat()}
        data |= {} if new.role is Role.SELF else {"requester_role": str(new.role)}
    first = [audit.Line("received", _actor(new), {**data, "channel": new.channel})]
    if warnings_due.applies(request) and not new.operator and SUBJECT not in request.needs:
        warnings_due.begin(session, request, warnings_due.ASKED, now=now)
    if request.level < request.level_needed or SUBJECT in request.needs:
        requests.record(session, request, Event.CHALLENGED, actor="system", now=now, before=first)
        _ask(session, context, new, request, people, now)
        return
    requests.record(session, request, Event.VERIFIED, actor="system", now=now, before=first)
    request.verified_at = now
    deadlines.verified(context, request)
    if new.notify and (contact := _asker(context, new, people)):
        ask_for(session, request, "received", now=now, identifier_id=contact.id)
    else:
        _read_at_once(new, request, now)
    if not new.confirmed_by_guardian and not request.needs:
        cooling.hold(session, request, now=now)
    if new.confirmed_by_guardian and people.second:
        ask_guardian(session, context, request, people.second, now=now)


def _asker(context: Context, new: Submission, people: _Both) -> Contact | None:
    """Return where messages reach whoever asks."""
    asks: Sequence[Contact] = people.subject if new.role is Role.SELF else people.second
    return contacts.best(context, asks)


def _ask(
    session: Session,
    context: Context,
    new: Submission,
    request: Request,
    people: _Both,
    now: datetime,
) -> None:
    """Ask for the proof that is missing, and tell whom somebody else asks for."""
    if contact := _asker(context, new, people):
        sent = challenge(session, context, request, contact, now=now).id if new.ask else ""
        where = contact.id
        ask_for(session, request, "received", now=now, identifier_id=where, challenge_id=sent)
    else:
        _read_at_once(new, request, now)
    principal = contacts.best(context, people.subject)
    if new.role in _TOLD and principal:
        ask_for(session, request, "represented", now=now, identifier_id=principal.id)
    if set(request.needs) & {*GAPS, EVIDENCE, SUBJECT}:
        request.wait = Wait.NEEDS_INFO


def _read_at_once(new: Submission, request: Request, now: datetime) -> None:
    """Who asks here and gets no letter reads in the answer that theirs arrived."""
    if not new.logged_by:
        request.acked_at = now


_TOLD: Final = (Role.AGENT, Role.GUARDIAN_ADULT)
"""As who somebody asks that the principal is told of, where an address of theirs is known."""


def _actor(new: Submission) -> str:
    if new.logged_by:
        return new.logged_by
    return f"backend:{new.backend_id}" if new.backend_id else "subject"
