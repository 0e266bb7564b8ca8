"""
Switches that are off while a request stands, and on again after it.

Nobody's own word is touched: what a person switched off themselves stays off.

Source: NDSR 23, 42.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from rights.services import preferences, subjects
from rights.services.context import Context
from rights.store.models import Preference, Request


def put_off(
    session: Session,
    context: Context,
    request: Request,
    identifiers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """
    Let every switch be read as off while *request* stands; what the person switched off stays so.

    :func:`put_on` undoes this and no more.
    """
    known = {s.name for s in context.datamap.switches} & set(preferences.BY_OPTION.values())
    for who in identifiers.items():
        blinds = subjects.blinds(context.vault, *who)
        off = select(Preference).where(
            col(Preference.subject).in_(blinds), Preference.value == preferences.OFF
        )
        for name in sorted(known - {row.name for row in session.exec(off)}):
            stores = preferences.waits_for(context.datamap, name)
            mine = [subjects.blind(context.vault, *who)]
            preferences.write(session, request.id, mine, (name, preferences.OFF), stores, now=now)


def put_on(
    session: Session,
    request_ids: Collection[str],
    *,
    keeper: Callable[[str], str],
    now: datetime,
) -> None:
    """
    Let the switches be read as on that were off because of these requests, and are still.

    Args:
        keeper: The blind index of somebody to another request that wants their switches off: it
            takes them over as they are. Empty where there is none.
    """
    query = select(Preference).where(
        col(Preference.request_id).in_(request_ids), Preference.value == preferences.OFF
    )
    for row in session.exec(query.with_for_update()).all():
        if other := keeper(row.subject):
            row.request_id = other
        else:
            row.value, row.changed_at, row.effective_at, row.pending = preferences.ON, now, now, []
        session.add(row)
