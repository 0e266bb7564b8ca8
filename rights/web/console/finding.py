"""Finding the requests of a person by an exact identifier; it is never part of an address."""

from __future__ import annotations

from typing import Any

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
    """
    Show whose requests they are; that somebody looked is an entry, of a further page too.

    What was typed is sent again by the page's own form: no address ever has it.
    """
    here, name = parts(), call.form.get("type", "")
    typed, after = call.form.get("value", "").strip(), call.form.get("after", "")
    try:
        with transaction(here.engine) as session:
            found = people.find(
                session, here.context, {name: typed}, door.staff(), after=after, now=here.now()
            )
            names = accounts.names(session)
    except Invalid:
        return _shown(422, wrong=[pages.said().say("find", "wrong")])
    lines = showing.lines(found.lines, names, here.now())
    told: dict[str, Any] = {
        "count": found.count,
        "rest": found.rest,
        "typed": typed if found.rest else "",
    }
    return _shown(lines=lines, looked=True, first=not after, **told)


def _shown(status: int = 200, **more: object) -> Response:
    w, known = pages.said(), parts().context.datamap.identifiers
    types = [
        (n, w.find("identifiers", n) or n) for n, one in known.items() if one.kind != "locator"
    ]
    values = {"lines": [], "count": 0, "looked": False, "wrong": [], **more}
    return pages.page("find.html", status, types=types, chosen=call.form.get("type", ""), **values)
