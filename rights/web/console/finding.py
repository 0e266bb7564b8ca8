"""Finding the requests of a person by an exact identifier; it is never part of an address."""

from __future__ import annotations

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Invalid
from rights.services.console import people
from rights.services.staff_access import accounts
from rights.store.db import transaction
from rights.web.console import door, pages, showing
from rights.web.parts import parts

area = door.private("finding", Act.FIND_PERSON)
pages.errors(area)


@area.get("/find")
def find() -> Response:
    """Ask for an identifier."""
    return _shown()


@area.post("/find")
def found() -> Response:
    """Show whose requests they are; that somebody looked is an entry."""
    here, name = parts(), call.form.get("type", "")
    try:
        with transaction(here.engine) as session:
            given = {name: call.form.get("value", "").strip()}
            found = people.find(session, here.context, given, door.staff(), now=here.now())
            names = accounts.names(session)
    except Invalid:
        return _shown(422, wrong=[pages.said().say("find", "wrong")])
    lines = showing.lines(found.lines, names, here.now())
    return _shown(lines=lines, count=found.count, looked=True)


def _shown(status: int = 200, **more: object) -> Response:
    w, known = pages.said(), parts().context.datamap.identifiers
    types = [
        (n, w.find("identifiers", n) or n) for n, one in known.items() if one.kind != "locator"
    ]
    values = {"lines": [], "count": 0, "looked": False, "wrong": [], **more}
    return pages.page("find.html", status, types=types, chosen=call.form.get("type", ""), **values)
