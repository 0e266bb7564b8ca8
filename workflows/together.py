"""
Erasures of people who own rows together take turns, and each is planned after the one before.

Whose a row is may change with every erasure: of two owners the second is the last. Rows that
hang on such a row were frozen by what it was then. Two plans made at the same moment would both
leave them to the other, and nobody would delete them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, or_, select

from connectors.parts.standing import owner_links
from connectors.sdk import KeySet, Standing
from rights.domain.actions import IRREVERSIBLE, Action
from rights.domain.datamap import DataMap
from rights.domain.graph import freeze_groups, owning
from rights.domain.keys import OTHERS
from rights.services import subjects
from rights.services.context import Context
from rights.store import rows
from rights.store.models import Request, StepRow, SubjectLock
from workflows.floor import ERASING

SHARES: Final = "shares"
"""In the result of the step that makes the plan: some rows have more owners than one."""

_ROWS: Final = ("rows", "owned together")
"""Stands in ``subject_lock`` for the rows that two people own, as an identifier does for one."""


def remember(
    session: Session, context: Context, request: Request, keys: KeySet | None, now: datetime
) -> None:
    """Note that *request* is about rows which somebody else owns too, where it is."""
    if keys is not None and request.kind in ERASING and shares(context.datamap, keys):
        row = {"subject": _subject(context), "request_id": request.id, "at": now}
        rows.insert(session, SubjectLock, [row])


def shares(datamap: DataMap, keys: KeySet) -> bool:
    """
    Return whether rows that others hang on have more owners than one.

    Rows that own each other in a circle are not frozen while they are only the person's in
    part: where the map has such a circle, nobody can be sure.
    """
    partly = (
        keys.keys(anchor, Standing.SHARED) or anchor.startswith(OTHERS) for anchor in keys.anchors
    )
    return any(partly) or any(
        len(group) > 1 and any(_co_owned(datamap, path) for path in group)
        for group in freeze_groups(datamap)
    )


def _co_owned(datamap: DataMap, path: str) -> bool:
    return len(owner_links(datamap.collection(path))) > 1 or bool(owning(datamap, path))


def stale(
    session: Session, context: Context, request: Request, row: StepRow, rows: Iterable[StepRow]
) -> bool:
    """
    Return whether whose rows are whose may have changed since *request* was planned.

    Asked before the first step that cannot be undone; after it there is no other plan.

    Args:
        rows: Its steps: the first of them says whether it owns rows together with others.
    """
    if row.action not in IRREVERSIBLE or request.irreversible_at is not None:
        return False
    said = [r.result.get(SHARES, True) for r in rows if r.action == Action.PREPARE]
    if said and not any(said):  # a plan that does not say is asked about
        return False
    mine = select(SubjectLock.at).where(
        SubjectLock.request_id == request.id, SubjectLock.subject == _subject(context)
    )
    planned = session.exec(mine).first()
    if planned is None:
        return False
    since = select(Request.id).where(
        col(Request.kind).in_(ERASING),
        col(Request.id) != request.id,
        col(Request.irreversible_at).is_not(None),
        or_(col(Request.irreversible_at) >= planned, col(Request.closed_at) >= planned),
    )
    return session.exec(since.limit(1)).first() is not None


def _subject(context: Context) -> str:
    return subjects.blind(context.vault, *_ROWS)
