"""
Switches a person turned off, read by the product in one indexed look-up.

Turning one off commits the preference at once; it is *effective* when every serving store has
read it back. Nothing turns one on again by itself.

Source: NDSR 42; PIPL 24; Algorithmic Recommendation Provisions 17; Consumer Rights
Implementing Regulation 24.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Engine, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, or_, select

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.services import audit, subjects, webhooks
from rights.services.context import Context
from rights.store.db import reading
from rights.store.models import Preference, Request
from rights.store.rows import table_of

OFF: Final = "off"
ON: Final = "on"
BY_OPTION: Final[Mapping[Option, str]] = MappingProxyType(
    {
        Option.PERSONALISED_OFF: "personalised",
        Option.PUSH_OFF: "push",
        Option.COMMERCIAL_MESSAGES_OFF: "commercial_messages",
    }
)
"""The switch behind each way of opting out."""
_POLL_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Where one switch stands.

    Args:
        effective: Every serving store has read this value back. Always true where nothing
            was ever changed.
        pending: The serving stores that have not yet.
    """

    name: str
    value: str
    effective: bool
    changed_at: datetime | None = None
    effective_at: datetime | None = None
    pending: tuple[str, ...] = ()
    request_id: str = ""


def names(datamap: DataMap) -> tuple[str, ...]:
    """Return the switches a person can turn off under this data map."""
    known = {s.name for s in datamap.switches}
    return tuple(name for name in BY_OPTION.values() if name in known)


def option_of(datamap: DataMap, name: str) -> Option:
    """Return the option that turns *name* off. Raises Invalid, naming those there are."""
    found = next((o for o, switch in BY_OPTION.items() if switch == name), None)
    if found is None or name not in names(datamap):
        message = "is not a switch that can be turned off here"
        raise Invalid("no such preference", [FieldError("name", message, names(datamap))])
    return found


def waits_for(datamap: DataMap, name: str) -> list[str]:
    """Return the stores that must read *name* back: serving ones, else all that keep it."""
    keeping = {s.collection.partition(".")[0] for s in datamap.switches if s.name == name}
    serving = {store.name for store in datamap if store.serving}
    return sorted(keeping & serving or keeping)


def turned_off(
    session: Session,
    context: Context,
    request: Request,
    identifiers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Commit the preference behind an opt-out, for every identifier it was asked under."""
    name = BY_OPTION.get(request.option)
    stores = waits_for(context.datamap, name) if name else []
    if request.kind is not Kind.RECOMMENDATION_OPT_OUT or name is None or not stores:
        return
    for kind, value in identifiers.items():
        row = {
            "subject": subjects.blind(context.vault, kind, value),
            "name": name,
            "value": OFF,
            "changed_at": now,
            "effective_at": None,
            "pending": stores,
            "request_id": request.id,
            "alarmed_at": None,
            "breached_at": None,
            "extra": {},
        }
        session.connection().execute(_upsert(session), row)


def _upsert(session: Session) -> Insert:
    table = table_of(Preference)
    keys = ("subject", "name")
    if session.connection().dialect.name == "postgresql":
        pg = postgresql.insert(table)
        new = {c.name: pg.excluded[c.name] for c in table.columns if c.name not in keys}
        return pg.on_conflict_do_update(index_elements=keys, set_=new)
    lite = sqlite.insert(table)
    new = {c.name: lite.excluded[c.name] for c in table.columns if c.name not in keys}
    return lite.on_conflict_do_update(index_elements=keys, set_=new)


def read(session: Session, context: Context, identifiers: Mapping[str, str], name: str) -> Reading:
    """
    Return where *name* stands for this person or device: one look-up by primary key.

    With several identifiers, the first that has ever turned it off decides.
    """
    wanted = [b for n, v in identifiers.items() for b in subjects.blinds(context.vault, n, v)]
    query = select(Preference).where(col(Preference.subject).in_(wanted), Preference.name == name)
    found = {row.subject: row for row in session.exec(query)}
    row = next((found[b] for b in wanted if b in found), None)
    return _reading(row) if row else Reading(name, ON, effective=True)


def _reading(row: Preference) -> Reading:
    return Reading(
        name=row.name,
        value=row.value,
        effective=row.effective_at is not None,
        changed_at=row.changed_at,
        effective_at=row.effective_at,
        pending=tuple(row.pending),
        request_id=row.request_id,
    )


def wait(engine: Engine, context: Context, identifiers: Mapping[str, str], name: str) -> Reading:
    """Return the reading once it is effective, or as it is when the time to wait is over."""
    until = time.monotonic() + context.settings.optout_wait_ms / 1000
    while True:
        with reading(engine) as session:
            now = read(session, context, identifiers, name)
        if now.effective or time.monotonic() >= until:
            return now
        time.sleep(_POLL_S)


def confirmed(session: Session, request_id: str, *, stores: Sequence[str], now: datetime) -> None:
    """Note that *stores* have read back what this request turned off."""
    query = select(Preference).where(Preference.request_id == request_id)
    rows = session.exec(query.with_for_update()).all()
    for row in rows:
        row.pending = [store for store in row.pending if store not in stores]
        if not row.pending and row.effective_at is None:
            row.effective_at = now
        session.add(row)
    request = session.get(Request, request_id)
    if request is not None and rows and all(row.effective_at for row in rows):
        webhooks.publish(session, request, "preference.effective", now=now)


def overdue(session: Session, context: Context, *, now: datetime) -> list[tuple[str, str]]:
    """
    Mark opt-outs that are late; each is returned once when alarming, once when breached.

    Returns:
        Request id and name of the switch.
    """
    settings = context.settings
    alarm = now - timedelta(seconds=settings.optout_alarm_s)
    breach = now - timedelta(seconds=settings.optout_breach_s)
    changed = col(Preference.changed_at)
    query = select(Preference).where(
        col(Preference.effective_at).is_(None),
        or_(
            (changed <= alarm) & col(Preference.alarmed_at).is_(None),
            (changed <= breach) & col(Preference.breached_at).is_(None),
        ),
    )
    late = session.exec(query.with_for_update(skip_locked=True)).all()
    for row in late:
        row.alarmed_at = row.alarmed_at or now
        event = "preference_late"
        if row.changed_at <= breach:
            row.breached_at, event = now, "preference_breached"
        session.add(row)
        _tell(session, row, event, now)
    return [(row.request_id, row.name) for row in late]


def _tell(session: Session, row: Preference, event: str, now: datetime) -> None:
    request = session.get(Request, row.request_id, with_for_update=True)
    if request is None:
        return
    data: dict[str, Any] = {"switch": row.name, "stores": row.pending}
    audit.append(session, request, [audit.Line(event, "system", data)], now=now)
    if event == "preference_breached":
        webhooks.publish(session, request, "preference.breached", now=now)
