"""Security incidents as the console's pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rights.services.security_incidents import facts
from rights.services.security_incidents.shown import Ticking
from rights.store.models import Backend, IncidentClock, IncidentLetter, SecurityIncident
from rights.web.console import pages, showing
from rights.web.parts import parts

_MINUTE_S = 60
_HOUR_S = 3_600


def products(session: Session) -> list[tuple[str, str]]:
    """Return every backend, open or closed: id and name."""
    query = select(Backend.id, Backend.name).order_by(col(Backend.name))
    return [(number, name) for number, name in session.exec(query)]


def line(row: SecurityIncident) -> dict[str, Any]:
    """Return what a list says of an incident."""
    w = pages.said()
    return {
        "id": row.id,
        "kind": w.either(facts.titles("kinds")[row.kind]),
        "severity": w.either(facts.titles("severities")[row.severity]),
        "discovered": pages.moment(row.discovered_at),
        "closed": pages.moment(row.closed_at) if row.closed_at else "",
        "drill": row.drill,
    }


def incident(row: SecurityIncident) -> dict[str, Any]:
    """Return what the page of an incident says of it."""
    w = pages.said()
    return {
        **line(row),
        "opened": pages.moment(row.opened_at),
        "endangers": row.endangers,
        "minors": row.minors,
        "laws": w.listed([_law(name) for name in row.regimes]),
    }


def _law(name: str) -> str:
    book = parts().context.regimes
    return pages.said().either(book[name].titles, name) if name in book else name


def running(
    row: SecurityIncident, one: Ticking, now: datetime, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a clock: what is to be reported, to whom, by when, and what came of it."""
    w, clock, known = pages.said(), one.clock, facts.clock(one.clock.name)
    own = clock.name == facts.CLOSING
    answered = clock.answered_at is not None
    return {
        "incident": row.id,
        "drill": row.drill,
        "name": clock.name,
        "title": w.either(known["title"]),
        "to": "" if own else w.either(known["to"]),
        "source": known["source"],
        "due": "" if own else _due(clock, known),
        "left": "" if answered else _left(clock.due_at, now),
        "late": one.late,
        "answered": pages.moment(clock.answered_at) if clock.answered_at else "",
        "by": showing.who(clock.answered_by, names or {}) if answered else "",
        "reference": clock.reference,
        "because": one.because,
    }


def _due(clock: IncidentClock, known: Mapping[str, Any]) -> str:
    return (
        pages.moment(clock.due_at) if known["hours"] else pages.said().say("incidents", "at_once")
    )


def _left(due_at: datetime, now: datetime) -> str:
    seconds = int((due_at - now).total_seconds())
    hours, rest = divmod(abs(seconds), _HOUR_S)
    told = {"hours": hours, "minutes": rest // _MINUTE_S}
    return pages.said().say("incidents", "over" if seconds < 0 else "left", **told)


def scope(
    row: SecurityIncident, names: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """Return in which time people were hit and by what; empty while nobody has said."""
    if row.touched_from is None or row.touched_to is None:
        return {}
    by = pages.said().say("incidents", "by", row.by_kind or "anything")
    name = names.get(row.by_id) or known.get(row.by_id, row.by_id)
    return {
        "since": pages.moment(row.touched_from),
        "until": pages.moment(row.touched_to),
        "by": f"{by}{pages.said().say('colon')}{name}" if row.by_id else by,
    }


def letter(
    one: IncidentLetter, names: Mapping[str, str], log: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """Return a letter: who had it sent when, and how far it is."""
    w = pages.said()
    return {
        "at": pages.moment(one.made_at),
        "by": showing.who(one.made_by, names),
        "spread": one.spread_at is not None,
        "states": [
            (w.find("incident_states", name) or name, count)
            for name, count in sorted(log.get(one.id, {}).items())
        ],
    }
