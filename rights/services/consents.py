"""
The consent ledger: lines are added, never changed.

Withdrawing writes the line at once and opens the request that makes every store honour it.

Source: NDSR 22; PIPL 13-16.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Option
from rights.domain.purposes import SEPARATE
from rights.domain.representation import AgeBand, Role
from rights.domain.tags import CHOSEN
from rights.services import agreeing, preferences, reaching, subjects
from rights.services.context import Context
from rights.store.models import Consent, Request

GRANTED: Final = agreeing.GRANTED
WITHDRAWN: Final = "withdrawn"
SWITCH: Final = "switch:"
"""What a switch is called in the ledger: this, and its name."""
CHOICE: Final = "choice:"
"""What a choice out of a list is called in the ledger: this, and what it is of."""


def known_purposes(datamap: DataMap, purposes: Iterable[str], *, field: str) -> None:
    """Raise Invalid for a purpose that the data map does not know, naming those it does."""
    allowed = tuple(sorted(datamap.purposes))
    unknown = [p for p in purposes if p not in datamap.purposes]
    if unknown:
        raise Invalid("unknown purpose", [FieldError(field, "is not a known purpose", allowed)])


def record(
    session: Session,
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    *,
    purpose: str,
    manner: str,
    rule_version: str,
    source: str,
    age_band: AgeBand = AgeBand.UNKNOWN,
    guardian: Mapping[str, str] | None = None,
    proved: Collection[str] = (),
    now: datetime,
) -> Consent:
    """
    Write down that a person agreed, or that a child's guardian did.

    Args:
        rule_version: Which privacy notice was shown.
        source: Where it was given, as the backend calls the place.
        guardian: Who agreed for the child; kept as a keyed hash.
        proved: The types of identifier for which this is the person's own word.

    Raises:
        Invalid: there is no such purpose, one to be agreed to by itself, or a child without a
            guardian.
        LevelTooLow: the person switched that purpose off, and only the product says that they
            agreed anew.
    """
    by_guardian(age_band, guardian)
    _known(context, purpose, manner)
    line = _granted(context, backend_id, identifiers, guardian, purpose=purpose, at=now)
    line.manner, line.rule_version, line.source = manner, rule_version, source
    preferences.agreed(session, context, identifiers, purpose, proved=proved, now=now)
    return _kept(session, line)


def _granted(
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    guardian: Mapping[str, str] | None,
    *,
    purpose: str,
    at: datetime,
) -> Consent:
    who = _hash(context, identifiers)
    line = Consent(backend_id=backend_id, subject=who, purpose=purpose, state=GRANTED, at=at)
    if guardian:
        line.given_by, line.guardian = "guardian", _hash(context, guardian)
    return line


def _kept(session: Session, line: Consent) -> Consent:
    session.add(line)
    session.flush()
    return line


def _hash(context: Context, identifiers: Mapping[str, str]) -> str:
    return subjects.subject_of(context.vault, context.datamap, identifiers)


def _known(context: Context, purpose: str, manner: str) -> None:
    known_purposes(context.datamap, [purpose], field="purpose")
    if context.datamap.purposes[purpose].separate and manner not in SEPARATE:
        wrong = FieldError("manner", "is not enough for this purpose", tuple(sorted(SEPARATE)))
        raise Invalid("this purpose has to be agreed to by itself", [wrong])


def switched_on(
    session: Session, context: Context, request: Request, names: Iterable[str], *, now: datetime
) -> None:
    """Write the ledger lines of switches that a person has turned on again."""
    purposes = [SWITCH + name for name in names]
    session.add_all(_asked_for(session, context, request, purposes, now))


def tags_chosen(session: Session, context: Context, request: Request, *, now: datetime) -> None:
    """Write the ledger line of a person who chose tags: an act of their own."""
    session.add_all(_asked_for(session, context, request, [CHOICE + "tags"], now))


def _asked_for(
    session: Session, context: Context, request: Request, purposes: Iterable[str], now: datetime
) -> list[Consent]:
    """Return the lines of what a request agrees to: the guardian's word where one asked for it."""
    lines = [
        Consent(
            backend_id=request.backend_id,
            subject=request.subject,
            purpose=purpose,
            state=GRANTED,
            source=request.channel,
            request_id=request.id,
            at=now,
        )
        for purpose in purposes
    ]
    if request.requester_role is Role.GUARDIAN:
        rows = reaching.representatives(session, request.id)
        known = {r.type: r.blind for r in rows if r.type in context.datamap.identifiers}
        strongest = min(known, key=lambda name: subjects.rank(context.datamap, name), default="")
        for line in lines:
            line.given_by, line.guardian = "guardian", known.get(strongest, "")
    return lines


def tags_allowed(
    session: Session,
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    *,
    source: str,
    guardian: Mapping[str, str] | None,
    now: datetime,
) -> None:
    """Write the ledger line of a person who lets deleted tags be computed again."""
    tags = SWITCH + "tags"
    line = _granted(context, backend_id, identifiers, guardian, purpose=tags, at=now)
    line.source = source
    session.add(line)


def by_guardian(age_band: AgeBand, guardian: Mapping[str, str] | None) -> None:
    """Raise Invalid where a child agrees and no guardian does."""
    if age_band is AgeBand.UNDER_14 and not guardian:
        message = "for a child under fourteen the guardian agrees: name them"
        raise Invalid("a guardian is missing", [FieldError("guardian", message)])


_AGREEING: Final = frozenset({Option.SWITCH_ON, Option.TAGS_EDIT})
"""Options by which somebody agrees; the second one where tags are chosen, not only removed."""


def of_a_child(
    option: Option,
    values: Mapping[str, object],
    role: Role,
    age_band: AgeBand,
    guardian: Mapping[str, str] | None,
) -> None:
    """
    Raise Invalid where a request is a child's own agreeing: its guardian asks for it.

    To remove tags protects, so a child does it alone. Source: PIPL 31; NDSR 22.

    Args:
        values: The sealed values that come with it.
        guardian: Who asks for the child, where somebody does.
    """
    agrees = option in _AGREEING and (option is Option.SWITCH_ON or bool(values.get(CHOSEN)))
    if agrees:
        by_guardian(age_band, guardian if role is Role.GUARDIAN else None)


def withdrawn(
    session: Session,
    context: Context,
    request: Request,
    identifiers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Write the ledger lines of a withdrawal, in the transaction that takes it in."""
    subject = subjects.subject_of(context.vault, context.datamap, identifiers)
    for purpose in request.parameters.get("purposes", ()):
        session.add(
            Consent(
                backend_id=request.backend_id,
                subject=subject,
                purpose=purpose,
                state=WITHDRAWN,
                source=request.channel,
                request_id=request.id,
                at=now,
            )
        )


def history(
    session: Session,
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    *,
    purpose: str = "",
) -> list[Consent]:
    """Return one person's lines at one backend, oldest first."""
    same = subjects.subjects_of(context.vault, context.datamap, identifiers)
    query = select(Consent).where(Consent.backend_id == backend_id, col(Consent.subject).in_(same))
    if purpose:
        query = query.where(Consent.purpose == purpose)
    return list(session.exec(query.order_by(col(Consent.id))))
