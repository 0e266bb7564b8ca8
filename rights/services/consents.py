"""
The consent ledger: lines are added, never changed.

Withdrawing writes the line at once and opens the request that makes every store honour it.

Source: NDSR 22; PIPL 13-16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.purposes import SEPARATE
from rights.domain.representation import AgeBand
from rights.services import agreeing, preferences, subjects
from rights.services.context import Context
from rights.store.models import Consent, Request

GRANTED: Final = agreeing.GRANTED
WITHDRAWN: Final = "withdrawn"


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
    now: datetime,
) -> Consent:
    """
    Write down that a person agreed, or that a child's guardian did.

    Args:
        rule_version: Which privacy notice was shown.
        source: Where it was given, as the backend calls the place.
        guardian: Who agreed for the child; kept as a keyed hash.

    Raises Invalid: no such purpose, one to be agreed to by itself, or a child without a guardian.
    """
    _by_guardian(age_band, guardian)
    _known(context, purpose, manner)
    line = Consent(
        backend_id=backend_id,
        subject=_hash(context, identifiers),
        purpose=purpose,
        state=GRANTED,
        manner=manner,
        rule_version=rule_version,
        source=source,
        at=now,
    )
    if guardian:
        line.given_by, line.guardian = "guardian", _hash(context, guardian)
    preferences.agreed(session, context, identifiers, purpose, now=now)
    return _kept(session, line)


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


def _by_guardian(age_band: AgeBand, guardian: Mapping[str, str] | None) -> None:
    if age_band is AgeBand.UNDER_14 and not guardian:
        message = "for a child under fourteen the guardian agrees: name them"
        raise Invalid("a guardian is missing", [FieldError("guardian", message)])


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
