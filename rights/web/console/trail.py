"""The audit trail: who did what, by day, event, actor or chain; whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.services import trail_checks
from rights.services.console import trail
from rights.services.console.trail import Asked, State
from rights.services.staff_access import accounts
from rights.store.db import reading, transaction
from rights.store.models import Entry
from rights.web.console import door, pages, showing, trail_lines
from rights.web.parts import parts

area = door.private("trail", Act.READ_TRAIL)
pages.errors(area)

_EARLIEST: Final = date(2000, 1, 1)
_LATEST: Final = date(2200, 12, 31)
_WHO: Final = ("system", "subject", "operator")


@area.get("/trail")
def listed() -> Response:
    """Show entries, the newest first; that somebody looks is one, before they see any."""
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        names, products = accounts.names(session), trail.backends(session)
    events = pages.said().codes("events")
    actors = _actors(names, products)
    asked, wrong = _asked(now, events, actors)
    with transaction(here.engine) as session:
        trail.read(session, door.staff(), asked, now=now)
    with reading(here.engine) as session:
        found, rest = trail.page(session, asked)
        state = trail.state(session)
    return pages.page(
        "trail.html",
        rows=[_row(one, names, actors) for one in found],
        asked=asked,
        wrong=wrong,
        events=sorted(events.items(), key=lambda one: one[1]),
        actors=list(actors.items()),
        state=_state(state),
        more={**_kept(asked), "after": rest} if rest else None,
    )


def _actors(names: Mapping[str, str], products: Mapping[str, str]) -> dict[str, str]:
    """Return what every actor is called, by its name in the trail."""
    w = pages.said()
    return {
        **{f"{trail.STAFF}{id_}": name for id_, name in sorted(names.items(), key=lambda n: n[1])},
        **{one: w.say("actors", one) for one in _WHO},
        f"{trail.STAFF}cli": w.say("trail", "command_line"),
        **{f"backend:{id_}": name for id_, name in products.items()},
    }


def _asked(
    now: datetime, events: Mapping[str, str], actors: Mapping[str, str]
) -> tuple[Asked, bool]:
    """Return what is asked for, and whether something typed was none: it stands in no entry."""
    today = now.date()
    said = {name: call.args.get(name, "").strip() for name in ("event", "actor", "chain", "after")}
    first, last = _day("first", today - timedelta(days=6)), _day("last", today)
    wrong = last < first or (said["chain"] != "" and not trail.is_chain(said["chain"]))
    return (
        Asked(
            min(first, last),
            last,
            said["event"] if said["event"] in events else "",
            said["actor"] if said["actor"] in actors else "",
            said["chain"] if trail.is_chain(said["chain"]) else "",
            said["after"],
        ),
        wrong,
    )


def _day(name: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(call.args.get(name, ""))
    except ValueError:
        return otherwise
    return found if _EARLIEST <= found <= _LATEST else otherwise


def _kept(asked: Asked) -> dict[str, str]:
    days = {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
    return {**days, "event": asked.event, "actor": asked.actor, "chain": asked.chain}


def _row(one: Entry, names: Mapping[str, str], actors: Mapping[str, str]) -> dict[str, Any]:
    day = one.chain.startswith("day:")
    return {
        **trail_lines.of(one, lambda actor: showing.who(actor, names), names),
        "who": actors.get(one.actor) or showing.who(one.actor, names),
        "code": one.event,
        "chain": one.chain,
        "request": "" if day else one.chain,
        "seq": one.seq,
    }


def _state(found: State) -> dict[str, Any]:
    w, last = pages.said(), found.checked
    lines = [w.say("trail", "never_checked")] if last is None else []
    if last is not None and last.ended_at is not None:
        told = {"moment": pages.moment(last.ended_at), "entries": w.number(last.entries)}
        said = w.say("trail", "outcomes", last.outcome, count=w.number(last.problems), **told)
        lines.append(said)
    held = found.held.ended_at if found.held is not None else None
    if held is not None and last is not None and last.outcome != trail_checks.HELD:
        lines.append(w.say("trail", "held_last", moment=pages.moment(held)))
    if found.checkpoint is not None:
        one = found.checkpoint
        lines.append(w.say("trail", "signed", number=one.id, moment=pages.moment(one.at)))
    else:
        lines.append(w.say("trail", "never_signed"))
    bad = last is not None and last.outcome != trail_checks.HELD
    return {"lines": lines, "bad": bad, "problems": last.first_problems if last else []}
