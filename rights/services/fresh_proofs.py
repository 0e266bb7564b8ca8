"""
What is proved here and now, for a copy or to go on at once: what the request itself was proved by
does not count.

A copy goes to one of the two people of a request, and only that person's proof opens it. What goes
on at once does so by the proof of who asked.

Source: NDSR 9, 25(1)(1); PIPL 51, 57.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import takeover
from rights.domain.errors import NotFound
from rights.domain.levels import Acr, level
from rights.domain.representation import Role
from rights.services import (
    contacts,
    not_me,
    proofs,
    proving,
    reaching,
    representatives,
    subjects,
    verification,
)
from rights.services.assertions import Proof
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.store.models import IdentifierRow, Representation, Request

_ORDER: Final = tuple(Acr)


@dataclass(frozen=True, slots=True)
class Asking:
    """
    Who wants a copy, or to go on at once.

    Args:
        acr: What the session of whom it takes is worth; None without one.
        cap: The most that the backend's assertions may bring about.
        visit: Which browser asks: what was matched in another one counts for nothing.
        purpose: ``grant`` for a copy, else ``proceed``.
    """

    acr: Acr | None
    cap: int
    visit: str = ""
    purpose: str = "grant"


def fresh_level(
    session: Session,
    context: Context,
    request: Request,
    asking: Asking,
    *,
    code: str | None,
    proof: Proof | None,
    now: datetime,
    token: str | None = None,
) -> int | None:
    """
    Return the level of what is proved here and now, or None when the code was wrong.

    Args:
        token: From the mail of the code, in place of its digits.

    Raises:
        Invalid: digits and token both.
        NotFound: the assertion is about somebody else.
        Unauthenticated: there is no live code for a download; TooMany: it was guessed at too often.
        Forbidden: the request is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    if proof is not None and not _meant(session, context, request, proof, asking.purpose):
        raise NotFound("there is no such request")
    strongest = _strongest(asking.acr, proof.acr if proof else None)
    with_proof = replace(asking, acr=strongest)
    said = proving.given(code, token)
    if said is None:
        return level(strongest, (), cap=asking.cap)
    by_token = token is not None
    answered = verification.answer(
        session, context, request, said, now=now, purpose=asking.purpose, by_token=by_token
    )
    if answered is None:
        return None
    contact = reaching.contact(session, answered.identifier_id)
    coded = [contact] if contact is not None else []
    return worth(session, context, request, with_proof, coded, now=now)


def worth(
    session: Session,
    context: Context,
    request: Request,
    asking: Asking,
    coded: Iterable[Contact],
    *,
    now: datetime,
) -> int:
    """
    Return what codes answered a moment ago at *coded* are worth for this, beside all else.

    An address that is on no file, or was changed there only lately, opens none by itself: beside
    it a real name has to be known. What was matched within the hour counts beside a code.
    """
    found = [*coded]
    to_second = reaching.to_second(request, asking.purpose)
    if found and to_second and asking.acr is None and _reviewed(session, request):
        return request.level  # what was proved by documents rests on this code, no more
    counting = [one for one in found if asking.acr is None or one.proof == "assertion"]
    matched = proofs.fresh(session, request.id, visit=asking.visit, now=now)

    def of(some: Iterable[Contact]) -> int:
        places = [contacts.place(context, one) for one in some]
        return level(asking.acr, places, cap=asking.cap, matched=matched)

    whole = of(counting)
    if whole >= takeover.REAL_NAME:
        return whole
    return of(one for one in counting if _delivers(context, one, now))


def _delivers(context: Context, contact: Contact, now: datetime) -> bool:
    if not isinstance(contact, IdentifierRow):
        return True  # a representative's stands on no file of the subject's
    return not_me.contact_delivers(contact, context.settings.contact_trust_days, now)


def is_subject(session: Session, context: Context, request: Request, proof: Proof) -> None:
    """Make sure that an assertion is about a request's own subject, logged in. Raises NotFound."""
    if proof.role is not Role.SELF or not _about(session, context, request, proof):
        raise NotFound("there is no such request")


def receives(request: Request, role: Role, purpose: str = "grant") -> bool:
    """Return whether *purpose* is for the one of the two people who acts as *role*."""
    return reaching.to_second(request, purpose) == (role is not Role.SELF)


def _meant(
    session: Session, context: Context, request: Request, proof: Proof, purpose: str
) -> bool:
    """Tell whether an assertion is that of whom of the two people *purpose* is for."""
    if not _about(session, context, request, proof):
        return False
    if not reaching.to_second(request, purpose):
        return proof.role is Role.SELF
    second = proof.second if proof.role is not Role.SELF else None
    return second is not None and representatives.is_meant(
        session, context, request, second.identifiers
    )


def _about(session: Session, context: Context, request: Request, proof: Proof) -> bool:
    rows = {row.type: row for row in subjects.identifier_rows(session, request.id)}
    return proving.same_person(context, rows, proof.identifiers)


def _reviewed(session: Session, request: Request) -> bool:
    row = session.get(Representation, request.id)
    return row is not None and representatives.suffices(row)


def _strongest(*given: Acr | None) -> Acr | None:
    return max((acr for acr in given if acr is not None), key=_ORDER.index, default=None)
