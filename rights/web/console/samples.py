"""
A few rows of what is in a package, masked, shown to whoever asked for them.

Source: PIPL 45, 51; Minors Regulation 36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.services import content_approvals, package_samples, requests
from rights.store.db import reading, transaction
from rights.web.console import door, masks, one, pages, planning, renewing, showing, watermarks
from rights.web.parts import parts

area = door.private("samples", Act.REVIEW)
pages.errors(area)


@area.post("/requests/<id:request_id>/sample")
def ask(request_id: str) -> Response:
    """Ask a worker to open a few rows of the package; that somebody looks is an entry."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            found = requests.locked(session, request_id)
            asked = (session, here.context, found, door.staff())
            view_id = package_samples.ask(*asked, now=here.now()).id
    except (Conflict, Forbidden, NotFound) as error:
        return one.refused(request_id, "sample", error)
    return pages.go("console-samples.shown", request_id=request_id, view_id=view_id)


@area.get("/requests/<id:request_id>/sample/<id:view_id>")
def shown(request_id: str, view_id: str) -> Response:
    """Show the rows; while a worker opens them the page renews itself."""
    here = parts()
    with reading(here.engine) as session:
        found = requests.find(session, request_id)
        asked = (session, here.context, found, door.staff(), view_id)
        view = package_samples.read(*asked, now=here.now())
        minors = content_approvals.needed(session, found)
        title = showing.title(found.kind, found.option)
    response = pages.page(
        "sample.html",
        id=request_id,
        title=title,
        view=view.id,
        path=call.path,
        waits=view.waits,
        failed=bool(view.code),
        collections=[_collection(one) for one in view.collections or ()],
        more=view.more,
        mark=watermarks.of(request_id, minors=minors),
    )
    response.headers["Cache-Control"] = "no-store"
    if view.waits:
        return renewing.renews(response)
    return response


def _collection(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of one collection: a line for each field, a column for each record."""
    rows: Sequence[Mapping[str, Any]] = found["rows"]
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        "path": found["path"],
        "title": planning.title(found["path"]),
        "long": found["long"],
        "records": range(1, len(rows) + 1),
        "fields": [(name, [masks.said(row.get(name)) for row in rows]) for name in names],
    }
