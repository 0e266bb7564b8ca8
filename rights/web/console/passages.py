"""
What was taken out of a copy as somebody else's, shown to whoever asked for it, to decide on.

Source: NDSR 25(1)(4); PIPL 10, 51.
"""

from __future__ import annotations

from typing import Any

from werkzeug import Response

from rights.domain.duties import Act
from rights.services import (
    additions,
    content_approvals,
    redaction_views,
    redactions,
    requests,
)
from rights.services.redaction_views import View
from rights.store.db import reading
from rights.web.console import door, packing, pages, renewing, showing, watermarks
from rights.web.parts import parts

area = door.private("passages", Act.REVIEW)
pages.errors(area)


@area.get("/requests/<id:request_id>/passages/<id:view_id>")
def shown(request_id: str, view_id: str) -> Response:
    """Show one view; while a worker opens it the page renews itself."""
    here = parts()
    with reading(here.engine) as session:
        found = requests.find(session, request_id)
        given: dict[str, Any] = {"now": here.now()}
        view = redaction_views.read(session, here.context, found, door.staff(), view_id, **given)
        title = showing.title(found.kind, found.option)
        minors = content_approvals.needed(session, found)
        stands = additions.stands(session, request_id)
    response = pages.page(
        "passages.html",
        id=request_id,
        title=title,
        view=view.id,
        waits=view.waits,
        failed=bool(view.code),
        addition=packing.added(stands),
        rows=[_row(one) for one in view.rows or ()],
        last=_last(view),
        more=view.start + redaction_views.PAGE if view.more else 0,
        mark=watermarks.of(request_id, minors=minors),
        reasons=[(one, pages.said().say("released", one)) for one in redactions.BECAUSE],
    )
    response.headers["Cache-Control"] = "no-store"
    if view.waits:
        return renewing.renews(response)
    return response


def _row(one: Any) -> dict[str, Any]:
    w = pages.said()
    return {
        "number": one["number"],
        "where": f"{one['collection']}.{one['field']}",
        "record": w.number(one["record"]),
        "what": w.say("foreign", one["what"]),
        "value": one["value"],
    }


def _last(view: View) -> int:
    return view.start + len(view.rows or ())
