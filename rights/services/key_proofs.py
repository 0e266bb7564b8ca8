"""
Proving a request or a download with a key of one's own, in place of a mailed code.

Only for whom a product vouches for, and only for requests about that account. A key that was
added lately counts for nothing alone; which way was used stands in the trail, what was answered
does not.

Source: NDSR 9, 25(1)(1); PIPL 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, Unauthenticated
from rights.domain.levels import KEY, level
from rights.domain.lifecycle import State
from rights.domain.proof_keys import Way
from rights.domain.representation import Role
from rights.services import (
    assurance,
    audit,
    authenticators,
    fresh_proofs,
    key_letters,
    not_me,
    passkeys,
    person_keys,
    proving,
    subjects,
)
from rights.services.assertions import Proof
from rights.services.context import Context
from rights.services.passkeys import Place, Suspect
from rights.services.person_keys import Used
from rights.services.portal import Person
from rights.store.models import KeyProof, PersonKey, Request

PROVING = (State.OPEN, State.VERIFYING)


def refused() -> Unauthenticated:
    """Return the error for a key that did not prove anything, the same for every reason."""
    return Unauthenticated(
        "the key did not prove it: use the code the app shows now, or ask for a code by mail",
        code="key_refused",
    )


def usable(
    session: Session, context: Context, person: Person | None, request: Request
) -> Sequence[PersonKey]:
    """Return the keys with which *person* may prove *request*: their own, for what is theirs."""
    found = person_keys.listed(session, context, person)
    mine = bool(found) and person is not None and _theirs(session, context, person, request)
    return found if mine else []


def _theirs(session: Session, context: Context, person: Person, request: Request) -> bool:
    """
    Return whether a request is about the account the product vouches for.

    Where it was asked for without the product's word and something else was proved in it, that
    may be somebody else's: then the account alone is not enough, as with an assertion.
    """
    acts = person.role is not Role.SELF or request.requester_role is not Role.SELF
    if acts or not_me.stopped(request):
        return False  # a key stands for its owner, never for who acts for them
    if request.subject not in person.subjects or request.backend_id != person.backend_id:
        return False
    accounts = set(person_keys.subjects_of(context, person))
    rows = subjects.identifier_rows(session, request.id)
    mine = [row for row in rows if row.blind in accounts]
    proved = [row for row in rows if row.proof]
    vouched = bool(request.acr) or not proved or any(row.proof for row in mine)
    return bool(mine) and vouched


def by_code(
    session: Session,
    context: Context,
    person: Person,
    request: Request,
    code: str,
    *,
    locale: str,
    now: datetime,
) -> Used | None:
    """
    Check the code of an app; None where it is wrong, which is counted: commit, then refuse.

    Raises:
        TooMany: there were too many wrong ones.
    """
    if not usable(session, context, person, request):
        return None
    used = app_shows(session, context, person, code, locale=locale, now=now)
    if used is None:
        _refuse(session, request, Way.TOTP, "wrong", now)
    return used


def app_shows(
    session: Session, context: Context, person: Person, code: str, *, locale: str, now: datetime
) -> Used | None:
    """
    Return which of a person's apps shows this code; who guesses is noted, and the person told.

    Raises:
        TooMany: there were too many wrong ones.
    """
    found = authenticators.prove(session, context, person, code, now=now)
    if isinstance(found, Used):
        return found
    for key in found.blocked:
        person_keys.suspected(session, key, "guessed", now=now)
    if found.blocked:
        key_letters.tell(
            session, context, person, "key_suspected", Way.TOTP, locale=locale, now=now
        )
    return None


def by_passkey(
    session: Session,
    context: Context,
    person: Person,
    request: Request,
    answer: str,
    *,
    place: Place,
    about: str,
    locale: str,
    now: datetime,
) -> Used | None:
    """Check the answer of a passkey; None where it is refused: commit, then refuse."""
    if not usable(session, context, person, request):
        return None
    found = passkeys.prove(session, context, person, place, about, answer, now=now)
    if isinstance(found, Used):
        return found
    _refuse(session, request, Way.PASSKEY, "cloned" if found else "wrong", now)
    if isinstance(found, Suspect):
        person_keys.suspected(session, found.key, "cloned", now=now)
        key_letters.tell(
            session, context, person, "key_suspected", Way.PASSKEY, locale=locale, now=now
        )
    return None


def _refuse(session: Session, request: Request, way: Way, reason: str, now: datetime) -> None:
    line = audit.Line("key_refused", "subject", {"way": str(way), "reason": reason})
    audit.append(session, request, [line], now=now)


def prove(
    session: Session,
    context: Context,
    person: Person,
    request: Request,
    key: Used,
    *,
    cap: int,
    now: datetime,
) -> None:
    """
    Let a key count for a request, and for the others of its bundle.

    Raises:
        Conflict: the request is past proving.
    """
    if request.state not in PROVING:
        raise Conflict("this request needs no further proof", code="closed")
    for one in (request, *_bundled(session, request)):
        if one is not request and not _theirs(session, context, person, one):
            continue
        _count(session, context, person, one, key, now)
        session.flush()
        assurance.raise_level(session, context, one, cap=cap, now=now)


def _count(
    session: Session,
    context: Context,
    person: Person,
    request: Request,
    key: Used,
    now: datetime,
) -> None:
    if not request.acr and person.acr is not None:
        # Asked for without the product's word; the one this person came in with is about them.
        accounts = set(person_keys.subjects_of(context, person))
        named = {
            row.type: person.identifiers[row.type]
            for row in subjects.identifier_rows(session, request.id)
            if row.blind in accounts
        }
        said = Proof(named, person.acr, second=person.second, age_band=person.age_band)
        proving.accept(session, context, request, said, now=now)
    session.add(
        KeyProof(
            request_id=request.id, key_id=key.key_id, way=str(key.way), trusted=key.trusted, at=now
        )
    )
    data = {"way": str(key.way), "key": key.key_id, "trusted": key.trusted}
    audit.append(session, request, [audit.Line("key_used", "subject", data)], now=now)


def _bundled(session: Session, request: Request) -> Sequence[Request]:
    if not request.bundle_id:
        return []
    query = select(Request).where(
        Request.bundle_id == request.bundle_id,
        Request.id != request.id,
        Request.subject == request.subject,
        col(Request.state).in_(PROVING),
    )
    return session.exec(query.with_for_update()).all()


def fresh(
    session: Session, person: Person, request: Request, key: Used, *, cap: int, now: datetime
) -> int:
    """
    Return what a key proves here and now, for a download: nothing where the copy goes to another.

    A key added lately is worth nothing here, whatever the product's word is worth: whoever took
    the session over may have added it.
    """
    data = {"way": str(key.way), "key": key.key_id, "trusted": key.trusted}
    audit.append(session, request, [audit.Line("key_used", "subject", data)], now=now)
    if not key.trusted or not fresh_proofs.receives(request, person.role):
        return 0
    return level(person.acr, [KEY], cap=cap)
