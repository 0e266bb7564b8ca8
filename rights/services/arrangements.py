"""
What people arrange in their lifetime about what relatives may ask for when they are dead.

Versions are only added; the highest holds. It is looked at first in every case of a deceased
person, under every identifier that is known of them.

Source: PIPL 49 (unless the deceased arranged otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, func, select

from rights.domain.errors import FieldError, Forbidden, Invalid
from rights.domain.kinds import Kind
from rights.domain.representation import RELATIONS, STATUTE_LISTS, Role
from rights.services import subjects
from rights.services.context import Context
from rights.store.models import Arrangement

ALLOW: Final = "allow"
DENY: Final = "deny"
EVERY: Final = "*"
LEVEL: Final = 2
REASON: Final = "deceased_arrangement"

KINDS: Final = tuple(str(kind) for kind in Kind if kind in STATUTE_LISTS)
RELATIVES: Final = RELATIONS[Role.CLOSE_RELATIVE]

Rules = Mapping[str, Mapping[str, str]]
"""Kind to relation to ``allow`` or ``deny``; ``*`` stands for every one."""


def check(rules: Rules) -> None:
    """Raise Invalid, naming every word of *rules* that none of the lists has."""
    errors = []
    for kind, said in rules.items():
        if kind not in (*KINDS, EVERY):
            errors.append(FieldError(f"rules.{kind}", "is no such kind", (*KINDS, EVERY)))
        for relation, word in said.items():
            path = f"rules.{kind}.{relation}"
            if relation not in (*RELATIVES, EVERY):
                errors.append(FieldError(path, "is no such relative", (*RELATIVES, EVERY)))
            if word not in (ALLOW, DENY):
                errors.append(FieldError(path, "is neither", (ALLOW, DENY)))
    if errors:
        raise Invalid("the arrangement has mistakes", errors)


def record(
    session: Session,
    context: Context,
    backend_id: str,
    identifiers: Mapping[str, str],
    rules: Rules,
    *,
    level: int,
    channel: str,
    now: datetime,
) -> int:
    """
    Write an arrangement down; return its version.

    Args:
        identifiers: Those that were proved, and no others.
        level: What the person has proved here and now.

    Raises:
        Forbidden: less than the second level: nobody arranges this for somebody else.
        Invalid: a word that none of the lists has.
    """
    if level < LEVEL or not identifiers:
        message = "an arrangement is the person's own: it needs their proof of the second level"
        raise Forbidden(message, code="own_proof_needed")
    check(rules)
    version = _last(session, blinds_of(context, identifiers)) + 1
    for name, value in identifiers.items():
        session.add(
            Arrangement(
                backend_id=backend_id,
                subject=subjects.blind(context.vault, name, value),
                version=version,
                rules={kind: dict(said) for kind, said in rules.items()},
                level=level,
                channel=channel,
                at=now,
            )
        )
    return version


def blinds_of(context: Context, identifiers: Mapping[str, str]) -> tuple[str, ...]:
    """Return under which hashes somebody's arrangement may stand."""
    return tuple(
        blind for pair in identifiers.items() for blind in subjects.blinds(context.vault, *pair)
    )


def _last(session: Session, blinds: Iterable[str]) -> int:
    query = select(func.max(Arrangement.version)).where(col(Arrangement.subject).in_(list(blinds)))
    return int(session.exec(query).one() or 0)


def latest(session: Session, blinds: Iterable[str]) -> Arrangement | None:
    """Return the arrangement that holds for whoever has one of these hashes; None without one."""
    query = (
        select(Arrangement)
        .where(col(Arrangement.subject).in_(list(blinds)))
        .order_by(col(Arrangement.version).desc(), col(Arrangement.id).desc())
    )
    return session.exec(query.limit(1)).first()


def forbids(rules: Rules, kind: Kind, relation: str) -> bool:
    """Return whether *rules* deny this; what is said most exactly counts, nothing said allows."""
    for of, who in ((kind, relation), (kind, EVERY), (EVERY, relation), (EVERY, EVERY)):
        if word := rules.get(str(of), {}).get(who):
            return word == DENY
    return False


def forbidden(session: Session, blinds: Iterable[str], kind: Kind, relation: str) -> bool:
    """Return whether whoever has one of these hashes arranged that this relative may not."""
    found = latest(session, blinds)
    return found is not None and forbids(found.rules, kind, relation)


def shown(row: Arrangement | None) -> dict[str, Any]:
    """Return an arrangement, JSON-native; version 0 where there is none."""
    if row is None:
        return {"version": 0, "rules": {}, "at": None}
    return {"version": row.version, "rules": row.rules, "at": row.at.isoformat()}
