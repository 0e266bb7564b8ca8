"""
What is done to several requests of a list at once: given to somebody, or given more time.

More time is asked for each by itself: one that its law does not know keeps back no other, and is
named with the rule.

Source: GDPR 12(3); 11 CCR 7021(b).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import request as call
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from rights.domain.errors import Conflict, Forbidden, Invalid, NotFound, RightsError
from rights.services import extending
from rights.services.console import assigning
from rights.services.console.filters import Filters
from rights.store.db import transaction
from rights.store.models import Staff
from rights.web.console import door, noting, pages
from rights.web.console.acts import ACTS
from rights.web.console.listing import asked_for, shown
from rights.web.parts import parts

area = door.private("many")
pages.errors(area)

_STATUS: Final = {Forbidden: 403, Conflict: 409, NotFound: 404}
_ALONE: Final = ",".join(name for name in ACTS if name not in ("assign", "extend"))


@area.post("/requests/assign")
def assign() -> Response:
    """Give the chosen requests to somebody."""
    here, asked = parts(), _list()
    try:
        with transaction(here.engine) as session:
            ids, to = call.form.getlist("requests"), call.form.get("to", "")
            most = here.context.settings.bulk_most
            assigning.assign(session, ids, to, door.staff(), most=most, now=here.now())
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        return _refused(asked, error)
    return pages.go("console-listing.listed", **asked.query)


@area.post("/requests/extend")
def extend() -> Response:
    """Ask for more time for the chosen requests; each person is told why."""
    asked, ids = _list(), call.form.getlist("requests")
    try:
        done = _each(ids)
    except (Forbidden, Invalid) as error:
        return _refused(asked, error)
    wrong = [f"{one[:8]}{pages.said().say('colon')}{_why(e)}" for one, e in done.items() if e]
    if wrong:
        left = [one for one, error in done.items() if error]
        return shown(asked, 409, wrong=wrong, extended=len(done) - len(wrong), chosen=left)
    return pages.go("console-listing.listed", **{**asked.query, "extended": len(done)})


def _each(ids: list[str]) -> Mapping[str, RightsError | None]:
    here = parts()
    given = {name: call.form.get(name, "").strip() for name in ("reason", "because")}
    with transaction(here.engine) as session:
        staff = session.get_one(Staff, door.staff().id)
        now = here.now()
        done = extending.extend_each(session, here.context, ids, staff, **given, now=now)
        for request_id, error in done.items():
            if error is not None:
                noting.within(session, error, request_id=request_id)
    return done


@area.post(f"/requests/<any({_ALONE}):_act>")
def together(_act: str) -> Response:
    """Refuse to decide about many at once, late ones too: each gets an answer of its own."""
    message = "open each request: whose work it is, and more time, is all that is said of many"
    return _refused(_list(), Forbidden(message, code="one_by_one"))


def _why(error: RightsError) -> str:
    return pages.said().listed(pages.refusal(error))


def _list() -> Filters:
    return asked_for(MultiDict(parse_qsl(call.form.get("list", ""))))


def _refused(asked: Filters, error: RightsError) -> Response:
    noting.note(error)
    chosen, wrong = call.form.getlist("requests"), pages.refusal(error)
    return shown(asked, _STATUS.get(type(error), 422), wrong=wrong, chosen=chosen)
