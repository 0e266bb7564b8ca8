"""
Switches a person turned off, read by the product in one indexed look-up.

Turning one off commits the preference at once; it is *effective* when every serving store has
read it back. Nothing turns one on again by itself.

Source: NDSR 42; PIPL 24; Algorithmic Recommendation Provisions 17; Consumer Rights
Implementing Regulation 24.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Engine, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, or_, select

from rights.domain import alerts
from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid, LevelTooLow
from rights.domain.kinds import Kind, Option
from rights.domain.policy import trains
from rights.services import agreeing, alarms, audit, subjects, webhooks
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
_SEVERAL: Final = MappingProxyType(
    {Option.OBJECT_MARKETING: ("commercial_messages", "personalised")}
)
"""What an objection turns off at once, of a kind that turns off nothing else."""
PURPOSE: Final = "purpose:"
"""What the switch of a purpose is called: this, and the purpose."""

_CONSENT: Final = "consent"
_POLL_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Where one switch stands.

    Args:
        value: ``off`` also where a purpose has to be agreed to by itself, and was not.
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


def names(context: Context) -> tuple[str, ...]:
    """Return the switches a person can turn off under this data map and policy."""
    known = {s.name for s in context.datamap.switches}
    here = context.policy.offered(Kind.RECOMMENDATION_OPT_OUT)
    opt_outs = (name for option, name in BY_OPTION.items() if name in known and option in here)
    return (*opt_outs, *trainings(context))


def trainings(context: Context) -> tuple[str, ...]:
    """Return the switches of purposes that train a model by consent: off, one is kept out of it."""
    if not context.policy.offered(Kind.CONSENT_WITHDRAWAL):
        return ()
    purposes = context.datamap.purposes.values()
    return tuple(PURPOSE + p.name for p in purposes if trains(p) and p.basis == _CONSENT)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for who turns a switch off."""

    kind: Kind
    option: Option
    parameters: Mapping[str, Any]


def wish(context: Context, name: str) -> Wish:
    """Return what turns *name* off. Raises Invalid, naming the switches there are."""
    if name not in names(context):
        message = "is not a switch that can be turned off here"
        raise Invalid("no such preference", [FieldError("name", message, names(context))])
    if name.startswith(PURPOSE):
        purposes = {"purposes": [name.removeprefix(PURPOSE)]}
        return Wish(Kind.CONSENT_WITHDRAWAL, Option.ALL, purposes)
    option = next(option for option, switch in BY_OPTION.items() if switch == name)
    return Wish(Kind.RECOMMENDATION_OPT_OUT, option, {})


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
    """Commit what an opt-out, or a withdrawal, turns off, for every identifier it names."""
    for name in _meant(context, request):
        stores = waits_for(context.datamap, name)
        if not stores and not name.startswith(PURPOSE):
            continue
        who = [subjects.blind(context.vault, *one) for one in identifiers.items()]
        write(session, request.id, who, (name, OFF), stores, now=now)


def _meant(context: Context, request: Request) -> Iterator[str]:
    """Yield the switches that a request turns off."""
    if request.kind is Kind.RECOMMENDATION_OPT_OUT and request.option in BY_OPTION:
        yield BY_OPTION[request.option]
    yield from _SEVERAL.get(request.option, ())
    if request.kind is Kind.CONSENT_WITHDRAWAL:
        known = trainings(context)
        wanted = (PURPOSE + name for name in request.parameters.get("purposes", ()))
        yield from (name for name in wanted if name in known)


def write(
    session: Session,
    request_id: str,
    who: Iterable[str],
    said: tuple[str, str],
    stores: Sequence[str],
    *,
    now: datetime,
) -> None:
    """
    Commit what a person said of a switch.

    Args:
        who: The blind indexes under which they are known.
        said: The switch, and its value from now on.
        stores: Those that have to read it back.
    """
    name, value = said
    rows: list[dict[str, Any]] = [
        {
            "subject": one,
            "name": name,
            "value": value,
            "changed_at": now,
            "effective_at": None,
            "pending": list(stores),
            "request_id": request_id,
            "alarmed_at": None,
            "breached_at": None,
            "extra": {},
        }
        for one in dict.fromkeys(who)
    ]
    if rows:
        session.connection().execute(_upsert(session), rows)


def agreed(
    session: Session,
    context: Context,
    identifiers: Mapping[str, str],
    purpose: str,
    *,
    proved: Collection[str],
    now: datetime,
) -> None:
    """
    Let a purpose that was switched off be read as on: the person has agreed to it anew.

    Args:
        proved: The types of identifier for which that is the person's own word.

    Raises:
        LevelTooLow: it is off for one of them, and only the product says that they agreed.
    """
    types = {b: n for n, v in identifiers.items() for b in subjects.blinds(context.vault, n, v)}
    query = select(Preference).where(
        col(Preference.subject).in_(types),
        Preference.name == PURPOSE + purpose,
        Preference.value == OFF,
    )
    for row in session.exec(query.with_for_update()).all():
        if types[row.subject] not in proved:
            raise LevelTooLow("what a person switched off goes on by their own word: assert them")
        row.value, row.changed_at, row.effective_at, row.pending = ON, now, now, []
        session.add(row)


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
    return read_all(session, context, identifiers, [name])[0]


def read_all(
    session: Session, context: Context, identifiers: Mapping[str, str], wanted: Sequence[str]
) -> list[Reading]:
    """Return where each of some switches stands, in their order and in one look-up."""
    blinds = [b for n, v in identifiers.items() for b in subjects.blinds(context.vault, n, v)]
    query = select(Preference).where(
        col(Preference.subject).in_(blinds), col(Preference.name).in_(wanted)
    )
    found = {(row.subject, row.name): row for row in session.exec(query)}
    rows = {
        name: next((found[b, name] for b in blinds if (b, name) in found), None) for name in wanted
    }
    return [
        _reading(row)
        if row and row.value == OFF
        else _standing(session, context, identifiers, name, row)
        for name, row in rows.items()
    ]


def _standing(
    session: Session,
    context: Context,
    identifiers: Mapping[str, str],
    name: str,
    row: Preference | None,
) -> Reading:
    """Return where a switch stands that nobody turned off, or that is on again."""
    purpose = context.datamap.purposes.get(name.removeprefix(PURPOSE))
    asked = name.startswith(PURPOSE) and purpose is not None and purpose.separate
    if asked and purpose and not agreeing.agreed(session, context, identifiers, purpose.name):
        return Reading(name, OFF, effective=True)
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


def wait_for(engine: Engine, context: Context, request_id: str) -> None:
    """Wait a moment for a request that turns a switch on again to be carried out."""
    until = time.monotonic() + context.settings.optout_wait_ms / 1000
    while time.monotonic() < until:
        with reading(engine) as session:
            found = session.get(Request, request_id)
            if found is None or found.closed_at is not None:
                return
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
            (changed <= alarm) & alarms.untold(col(Preference.alarmed_at), now),
            (changed <= breach) & alarms.untold(col(Preference.breached_at), now),
        ),
    )
    late = session.exec(query.with_for_update(skip_locked=True)).all()
    for row in late:
        row.alarmed_at = min(row.alarmed_at or now, now)
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
    stage = alerts.LATE if event == "preference_breached" else alarms.AIM
    alarms.first(session, request.id, alarms.TARGET, stage, request_id=request.id, now=now)
    if event == "preference_breached":
        webhooks.publish(session, request, "preference.breached", now=now)
