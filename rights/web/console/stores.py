"""The stores: how they are, what waits for them, and how the data map covers them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from werkzeug import Response

from rights.domain.datamap import Collection, Store
from rights.services import stores
from rights.store.db import reading
from rights.store.models import StoreStatus
from rights.web.console import door, pages
from rights.web.parts import parts

area = door.private("stores")
pages.errors(area)


@area.get("/stores")
def listed() -> Response:
    """Show every store of the data map."""
    here = parts()
    with reading(here.engine) as session:
        lines = stores.overview(session, here.context.datamap, here.now())
        seen = _seen(session)
    rows = [_line(one, seen.get(one["store"])) for one in lines]
    return pages.page("stores.html", rows=rows, version=here.context.datamap.version)


def _seen(session: Session) -> dict[str, StoreStatus]:
    rows = session.exec(select(StoreStatus).order_by(col(StoreStatus.store))).all()
    return {row.store: row for row in rows}


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
        "reason": one["reason"],
        "waiting": one["waiting"],
        "since": pages.moment(datetime.fromisoformat(since)) if since else "",
        "at_work": one["at_work"],
    }


@area.get("/stores/<store>")
def store(store: str) -> Response:
    """Show what the data map says of one store, what its connector can do, and what drifted."""
    here = parts()
    found = next((one for one in here.context.datamap if one.name == store), None)
    if found is None:
        return pages.missing()
    with reading(here.engine) as session:
        seen = _seen(session).get(store)
    return pages.page(
        "store.html",
        name=store,
        collections=[_collection(one, found) for one in found.collections],
        verbs=sorted(seen.manifest.get("verbs", ())) if seen else [],
        findings=seen.findings if seen else [],
        checked=pages.moment(seen.checked_at) if seen else "",
    )


def _collection(one: Collection, store: Store) -> dict[str, Any]:
    w = pages.said()
    del store
    return {
        "name": one.name,
        "title": w.either(one.title, one.name),
        "fields": [(f.name, f.category, w.say("stores", _field(f))) for f in one.fields],
        "links": [f"{link.to} ({link.role})" for link in one.links],
        "kept": one.retention.basis if one.retention else "",
    }


def _field(field: Any) -> str:
    return "disclosed" if field.disclose else "not_disclosed"
