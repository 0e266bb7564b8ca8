"""
The second person of a request: who asks for its subject, or confirms what a child asks.

What they say of themselves is written down beside the request, what is missing is asked for by
name, and what proves it is either a product's signed word, the principal's own delegation at the
second level, or documents that a member of staff looked at.

Source: PIPL 31, 49; Civil Code 23, 28, 165, 1045.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlmodel import Session

from rights.domain import representation
from rights.domain.errors import Conflict, FieldError, Invalid, LevelTooLow, NotFound
from rights.domain.kinds import Kind
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.domain.plain_text import plain
from rights.domain.representation import (
    EVIDENCE,
    GAPS,
    POA_SIGNED,
    REVIEWED,
    TEXTS,
    Authority,
    Role,
    Scope,
)
from rights.services import audit, contacts, not_me, reaching, requests, subjects
from rights.services.context import Context
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Representation, RepresentativeContact, Request

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
DOCUMENTS: Final = "documents"
DELEGATED: Final = "delegated"
ATTESTED: Final = "attested"

CLIENT: Final = "client"
"""The scope of the keyed hash of a network address."""

DELEGATION_LEVEL: Final = 2
"""What a principal proves who delegates here: the strongest proof the account itself has."""


@dataclass(frozen=True, slots=True)
class Second:
    """
    What is said of the second person, checked for form.

    Args:
        identifiers: How they themselves are recognised and reached, cleaned.
        vouched: Those of them that a product's signed word names.
        attested: That word also says who they are to the subject.
        client: The network address from which all this came; only a keyed hash of it is kept.
        name, interest: Sealed at once.
    """

    role: Role
    relation: str
    identifiers: Mapping[str, str] = field(repr=False)
    vouched: frozenset[str] = frozenset()
    attested: bool = False
    matters: tuple[Kind, ...] = ()
    scope: Scope | None = None
    until: date | None = None
    signed: bool = False
    name: str = field(default="", repr=False)
    interest: str = field(default="", repr=False)
    client: str = field(default="", repr=False)

    @property
    def authority(self) -> Authority:
        """What they say they may do, without anybody's name."""
        matters, named = frozenset(self.matters), bool(self.name.strip())
        interest = bool(self.interest.strip())
        return Authority(named, matters, self.scope, self.until, self.signed, interest)


def checked(context: Context, second: Second, *, path: str, reached: bool = True) -> Second:
    """
    Return *second* if it can be taken in.

    Args:
        path: Of the document it stands in, for what is wrong.
        reached: An address of theirs has to be named.

    Raises:
        Invalid: the relation is none that the law knows for this role, no mail can go there, or
            a text is too long or cannot be shown.
    """
    allowed = representation.RELATIONS[second.role]
    if second.relation not in allowed:
        message = f"is no relation in which the law lets a {second.role} act"
        wrong = FieldError(f"{path}.relation", message, allowed, rule="relation_of_role")
        raise Invalid("unknown relation", [wrong])
    known = context.datamap.identifiers
    if reached and not any(known[name].normalise == "email" for name in second.identifiers):
        message = "needs an e-mail address that a code can go to"
        wrong = FieldError(f"{path}.contact", message, rule="needs_mail")
        raise Invalid("nobody can be reached", [wrong])
    said = _texts({"name": second.name, "interest": second.interest}, path)
    return replace(second, name=said["name"], interest=said["interest"])


def _texts(given: Mapping[str, Any], path: str) -> dict[str, str]:
    """Return name and statement of interest as they are kept, empty where they are not given."""
    said = {name: str(given.get(name) or "").strip() for name in TEXTS}
    return {
        name: text and plain(text, field=f"{path}.{name}", longest=TEXTS[name])
        for name, text in said.items()
    }


def gaps_of(context: Context, second: Second, kind: Kind, regime: str, now: datetime) -> list[str]:
    """Return what is missing from what *second* says, by name."""
    today = now.astimezone(context.regimes[regime].counting.zone).date()
    return list(representation.gaps(second.role, kind, second.authority, today))


def write(
    session: Session, context: Context, request: Request, second: Second, *, now: datetime
) -> list[RepresentativeContact]:
    """Write down who acts, in the transaction that takes the request in; return their contacts."""
    said = {"name": second.name, "interest": second.interest}
    row = rows.new(
        Representation,
        request_id=request.id,
        role=second.role,
        relation=second.relation,
        attested=second.attested,
        matters=sorted(str(kind) for kind in second.matters),
        scope=str(second.scope or ""),
        until=second.until,
        signed=second.signed,
        sealed=_sealed(context, request.id, said),
        method=ATTESTED if second.attested else "",
    )
    rows.insert_objects(session, [row])
    found = contact_rows(context, request.id, second, now)
    rows.insert_objects(session, found)
    return found


def contact_rows(
    context: Context, request_id: str, second: Second, now: datetime
) -> list[RepresentativeContact]:
    """Return the sealed rows of a representative's own identifiers, not yet added."""
    vault = context.vault
    return [
        rows.new(
            RepresentativeContact,
            id=new_id(),
            request_id=request_id,
            type=name,
            sealed=vault.seal(value.encode(), aad=contacts.aad(request_id, name)),
            blind=subjects.blind(vault, name, value),
            client=vault.blind(second.client, scope=CLIENT) if second.client else "",
            proof="assertion" if name in second.vouched else "",
            proved_at=now if name in second.vouched else None,
        )
        for name, value in second.identifiers.items()
    ]


def aad(request_id: str) -> str:
    """Return what binds a sealed name and statement to their request."""
    return f"representation|{request_id}"


def _sealed(context: Context, request_id: str, said: Mapping[str, str]) -> bytes:
    return context.vault.seal(orjson.dumps(dict(said)), aad=aad(request_id))


def told(context: Context, row: Representation) -> dict[str, str]:
    """Return name and statement of interest: for whoever decides, and nobody else."""
    if not row.sealed:
        return {}
    found: dict[str, str] = orjson.loads(context.vault.open(row.sealed, aad=aad(row.request_id)))
    return found


def find(session: Session, request: Request, *, lock: bool = False) -> Representation:
    """Return who acts in a request. Raises NotFound where nobody but its subject does."""
    row = session.get(Representation, request.id, with_for_update=lock or None)
    if row is None:
        raise NotFound("nobody acts for somebody else in this request")
    return row


def authority(context: Context, row: Representation) -> Authority:
    """Return what a representation that was written down says."""
    said = told(context, row)
    return Authority(
        named=bool(said.get("name")),
        matters=frozenset(Kind(name) for name in row.matters),
        scope=Scope(row.scope) if row.scope else None,
        until=row.until,
        signed=row.signed or row.delegated_at is not None,
        interest=bool(said.get("interest")),
    )


def today(context: Context, request: Request, now: datetime) -> date:
    """Return the day it is where the request's law counts."""
    return now.astimezone(context.regimes[request.regimes[0]].counting.zone).date()


def gaps(context: Context, request: Request, row: Representation, now: datetime) -> list[str]:
    """Return what is missing from a representation that was written down."""
    said = authority(context, row)
    return list(representation.gaps(row.role, request.kind, said, today(context, request, now)))


def suffices(row: Representation) -> bool:
    """Return whether somebody looked at what shows their authority, or the principal gave it."""
    return row.result == ACCEPTED or row.delegated_at is not None


def level(session: Session, request: Request, row: Representation) -> int:
    """Return what the proofs of a representative whom no product vouches for are worth."""
    reached = any(contacts.proved(c) for c in reaching.representatives(session, request.id))
    return REVIEWED if reached and suffices(row) else 0


def is_meant(
    session: Session, context: Context, request: Request, identifiers: Mapping[str, str]
) -> bool:
    """Return whether *identifiers* are those of the request's representative, none of another."""
    known = {row.type: row for row in reaching.representatives(session, request.id)}
    both = [name for name in identifiers if name in known]
    return bool(both) and all(
        known[name].blind in subjects.blinds(context.vault, name, identifiers[name])
        for name in both
    )


def open_to(session: Session, context: Context, request: Request, second: Second | None) -> bool:
    """
    Return whether a guardian whom a product links to the subject may see a request.

    What another guardian acts in is that guardian's alone. Source: Minors Regulation 34(1)(2).
    """
    if second is None:
        return True
    acting = bool(reaching.representatives(session, request.id))
    return not acting or is_meant(session, context, request, second.identifiers)


def supply(
    session: Session,
    context: Context,
    request: Request,
    given: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
) -> None:
    """
    Add what was missing from an authority: its fields, or a statement of interest.

    Raises:
        Conflict: the request is closed, or this was decided on already.
        NotFound: nobody acts for somebody else in it.
        Invalid: a text is too long or cannot be shown.
    """
    texts = _texts(given, "requester")
    row = find(session, request, lock=True)
    if request.state in TERMINAL:
        raise Conflict("this request is closed: submit a new one", code="closed")
    if suffices(row) and not set(request.needs) & set(GAPS):
        message = "the authority has been decided on: submit a new request"
        raise Conflict(message, code="work_has_begun")
    said = told(context, row)
    row.sealed = _sealed(context, request.id, said | {n: t for n, t in texts.items() if t})
    row.matters = sorted(given.get("matters") or row.matters)
    row.scope = str(given.get("scope") or row.scope)
    row.until = given.get("until") or row.until
    row.signed = bool(given.get("signed", row.signed))
    session.add(row)
    request.delivers_to = representation.receiver(
        request.requester_role, Scope(row.scope) if row.scope else None, request.age_band
    )
    if suffices(row):  # what was looked at, or agreed to, was another authority
        void(request, row)
    line = audit.Line("information_supplied", actor, {"fields": sorted(given)})
    look_again(session, context, request, row, actor=actor, now=now, before=line)


def void(request: Request, row: Representation) -> None:
    """Let what was looked at, or agreed to, count no more: evidence is asked for again."""
    row.result, row.delegated_at = "", None
    request.needs = [*request.needs, EVIDENCE]


def look_again(
    session: Session,
    context: Context,
    request: Request,
    row: Representation,
    *,
    actor: str,
    now: datetime,
    before: audit.Line | None = None,
) -> None:
    """Ask for what is still missing, and let the request go on when nothing is."""
    lines = [before] if before else []
    others = [name for name in request.needs if name not in GAPS]
    missing = gaps(context, request, row, now)
    request.needs = [*missing, *others]
    if request.wait is Wait.NEEDS_INFO and not request.needs:
        if request.state is State.ON_HOLD and (row.attested or suffices(row)):
            requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=lines)
            return
        if request.state is not State.ON_HOLD:
            request.wait = Wait.NONE
    elif request.state is State.VERIFYING and request.needs:
        request.wait = Wait.NEEDS_INFO
    audit.append(session, request, lines, now=now)


def _whole(missing: list[str]) -> None:
    """Nobody can agree to what does not say yet how far it goes. Raises Conflict."""
    lacks = [name for name in missing if name != POA_SIGNED]
    if lacks:
        message = f"the authority lacks {', '.join(lacks)}: the agent has to say so first"
        raise Conflict(message, code="authority_lacks")


def _show(
    session: Session, context: Context, request: Request, vouched: Mapping[str, str], now: datetime
) -> None:
    for row in subjects.identifier_rows(session, request.id):
        said = vouched.get(row.type)
        if said is not None and row.blind in subjects.blinds(context.vault, row.type, said):
            row.proof, row.proved_at = row.proof or "review", now
            session.add(row)


def delegate(
    session: Session,
    context: Context,
    request: Request,
    *,
    proved: int,
    vouched: Mapping[str, str],
    now: datetime,
) -> Representation:
    """
    Let the principal say, in their own name, that the agent of *request* acts for them.

    Args:
        proved: What the principal has proved here and now.
        vouched: The identifiers that are shown to be theirs. What the agent typed beside them may
            be somebody else's, and stays unproved.

    Raises:
        LevelTooLow: that is less than the second level.
        Conflict: it is no agent's request, it is past proving, or the authority lacks something
            that would have to be said first.
        Forbidden: somebody at a contact on file says that it was not them.
    """
    not_me.check(request)
    row = find(session, request, lock=True)
    if row.role is not Role.AGENT:
        raise Conflict("only an agent's authority is somebody's to give", code="not_an_agent")
    if request.state is not State.VERIFYING:
        raise Conflict("this request needs no further proof", code="closed")
    if proved < DELEGATION_LEVEL:
        raise LevelTooLow("to delegate, prove who you are at the second level")
    _whole(gaps(context, request, row, now))
    row.delegated_at, row.method = now, DELEGATED
    session.add(row)
    _show(session, context, request, vouched, now)
    request.needs = [name for name in request.needs if name != EVIDENCE]
    line = audit.Line("delegated", "subject", {"level": proved})
    look_again(session, context, request, row, actor="subject", now=now, before=line)
    return row
