"""The stores: how they are, what waits for them, how the data map covers them, what drifted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session, col, select
from werkzeug import Response

from rights.services import stores
from rights.services.console import coverage
from rights.services.console.coverage import Kept
from rights.store.db import reading
from rights.store.models import StoreChange, StoreStatus
from rights.web.console import door, map_lines, pages
from rights.web.parts import parts

area = door.private("stores")
pages.errors(area)

_CUT: Final = 1_000
"""Differences that workers write down of one store."""


@area.get("/stores")
def listed() -> Response:
    """
    Show every store of the data map, and which requests a drift keeps.

    ``after`` in the address is where the list of those goes on.
    """
    here = parts()
    with reading(here.engine) as session:
        lines = stores.overview(session, here.context.datamap, here.now())
        seen = _seen(session)
        after = call.args.get("after", "")
        kept, rest = coverage.kept(session, here.context.datamap.hash, after=after)
    return pages.page(
        "stores.html",
        rows=[_line(one, seen.get(one["store"])) for one in lines],
        version=here.context.datamap.version,
        kept=[_kept(one) for one in kept],
        rest=rest,
    )


def _seen(session: Session) -> dict[str, StoreStatus]:
    rows = session.exec(select(StoreStatus).order_by(col(StoreStatus.store))).all()
    return {row.store: row for row in rows}


def _kept(one: Kept) -> dict[str, str]:
    return {
        "id": one.request_id,
        "why": pages.said().say("stores", "keeps", one.why),
        "store": one.store,
    }


def _line(one: dict[str, Any], seen: StoreStatus | None) -> dict[str, Any]:
    w = pages.said()
    health = "unseen" if seen is None else "well" if seen.healthy else "ill"
    since = one["waiting_since"]
    return {
        "name": one["store"],
        "connector": seen.connector if seen else "",
        "health": w.say("stores", health),
        "mark": {"well": "done", "ill": "failed"}.get(health, "manual"),
        "note": seen.note if seen else "",
        "checked": pages.moment(seen.checked_at) if seen else "",
        "drift": len(seen.findings) if seen else 0,
        "circuit": w.say("stores", f"circuit_{one['circuit']}"),
        "until": pages.moment(datetime.fromisoformat(one["until"])) if one["until"] else "",
        "reason": _code(one["reason"]),
        "waiting": one["waiting"],
        "since": pages.moment(datetime.fromisoformat(since)) if since else "",
        "at_work": one["at_work"],
        **_look(seen),
    }


def _code(code: str) -> str:
    return (pages.said().find("stores", "reasons", code) or code) if code else ""


def _look(seen: StoreStatus | None) -> dict[str, str]:
    """Return when the live schema was compared; never, and cannot be, are told apart."""
    w = pages.said()
    if seen is None:
        return {"looked": "", "unlooked": w.say("stores", "never")}
    if seen.looked_at is None:
        blind = "discover" not in seen.manifest.get("verbs", ())
        return {"looked": "", "unlooked": w.say("stores", "blind" if blind else "never_compared")}
    return {"looked": pages.moment(seen.looked_at), "unlooked": ""}


@area.get("/stores/<store>")
def store(store: str) -> Response:
    """Show what the data map says of one store, what its connector can do, and what drifted."""
    here = parts()
    found = next((one for one in here.context.datamap if one.name == store), None)
    if found is None:
        return pages.missing()
    with reading(here.engine) as session:
        seen = session.get(StoreStatus, store)
        changed, rest = coverage.changes(session, store, after=call.args.get("after", ""))
    verbs = seen.manifest.get("verbs", []) if seen else []
    asked = map_lines.asked(call.args)
    return pages.page(
        "store.html",
        name=store,
        owner=found.owner,
        connector=found.connector,
        worker=seen.worker if seen else "",
        asked=asked,
        choices=map_lines.choices(found),
        collections=[*map_lines.collections(here.context.datamap, found, asked)],
        mapped=len(found.collections),
        ignored=list(found.ignored.items()),
        by_hand=map_lines.by_hand(found.by_hand),
        verbs=sorted(verbs),
        lacks=[verb for verb in coverage.VERBS if verb not in verbs] if seen else [],
        changes=[_change(one) for one in changed],
        rest=rest,
        **{**_covered(seen), **_look(seen)},
    )


def _covered(seen: StoreStatus | None) -> dict[str, Any]:
    found = seen.findings if seen else []
    return {
        "unmapped": [_place(one) for one in found if one.get("sign") == "+"],
        "absent": [_place(one) for one in found if one.get("sign") == "-"],
        "cut": _CUT if len(found) >= _CUT else 0,
    }


def _place(one: dict[str, str]) -> tuple[str, str]:
    return pages.said().say("stores", "whats", one.get("what", "")), one.get("place", "")


def _change(one: StoreChange) -> dict[str, str]:
    w = pages.said()
    sign = {"+": "added", "-": "removed"}.get(one.sign, "changed")
    return {
        "sign": w.say("stores", "signs", sign),
        "what": w.say("stores", "whats", one.what),
        "place": one.place,
        "was": one.was,
        "is_now": one.is_now,
        "at": pages.moment(one.seen_at),
    }
