"""
Lists of requests: filtered by the address, kept under a name, taken as a file.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import parse_qsl

from flask import request as call
from flask import stream_with_context
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from rights.domain.duties import Act
from rights.domain.errors import Conflict, Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Wait
from rights.domain.representation import AgeBand
from rights.services import audit, backends, catalogue, clock_words
from rights.services.console import filters, listing, views
from rights.services.console.filters import Filters
from rights.services.console.listing import Asker
from rights.services.staff_access import accounts
from rights.store.db import picture, reading, transaction
from rights.web.console import door, noting, pages, showing
from rights.web.parts import parts

area = door.private("listing")
pages.errors(area)

_DIGITS: Final = 3
_STATUS: Final[dict[type[Exception], int]] = {Conflict: 409}


@area.get("/requests")
def listed() -> Response:
    """Show the requests that an address asks for."""
    extended = call.args.get("extended", "")
    counts = extended.isdecimal() and len(extended) <= _DIGITS
    return shown(asked_for(call.args), extended=int(extended) if counts else 0)


def asked_for(given: MultiDict[str, str]) -> Filters:
    """Return the list that an address asks for."""
    return filters.read(given.to_dict(), tuple(parts().context.regimes))


def _asker() -> Asker:
    return Asker(door.staff().id, parts().now(), pages.zone())


_NOTHING: Final = {"wrong": (), "extended": 0, "chosen": ()}
"""Why something was not done, for how many more time was asked, and which stay chosen."""


def shown(asked: Filters, status: int = 200, **more: Any) -> Response:
    """Return the page of a list, with what was typed and *more* that is told."""
    here, asker = parts(), _asker()
    with reading(here.engine) as session:
        after = call.args.get("after", "")
        found, rest = listing.page(session, here.context, asked, asker, after=after)
        people = [one for one in accounts.listed(session) if one.closed_at is None]
        names = accounts.names(session)
        kept = views.listed(session, door.staff())
        products = backends.open_ones(session)
    return pages.page(
        "list.html",
        status,
        lines=showing.lines(found, names, asker.now),
        more={**asked.query, "after": rest} if rest else None,
        asked=asked,
        choices=_choices(products, [(one.id, one.name) for one in people]),
        people=[(one.id, one.name) for one in people],
        views=[(one.id, one.name, dict(parse_qsl(one.query))) for one in kept],
        query=asked.query,
        unread=[pages.said().say("filters", name) for name in asked.unread],
        given=call.form,
        gives=door.may(Act.ASSIGN),
        reasons=_reasons() if door.may(Act.EXTEND) else [],
        logs=door.may(Act.LOG_REQUEST),
        **{**_NOTHING, **more},
    )


def _choices(
    products: list[tuple[str, str]], people: list[tuple[str, str]]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every filter that is chosen from a list, with what can be chosen."""
    w, kinds = pages.said(), catalogue.words()["kinds"]
    laws = parts().context.regimes
    return [
        ("state", [(one, w.say("states", one)) for one in filters.STATES]),
        ("clock", [(one, w.say("clocks", one)) for one in filters.CLOCKS]),
        ("kind", [(one, w.either(kinds[one]["title"], one)) for one in Kind]),
        ("wait", [(one, w.say("waits", one)) for one in Wait if one]),
        ("regime", [(name, w.either(one.titles, name)) for name, one in laws.items()]),
        ("channel", [(one, w.say("channels", one)) for one in filters.CHANNELS]),
        ("age", [(one, w.say("ages", one)) for one in AgeBand]),
        ("product", products),
        (
            "assigned",
            [
                (filters.ME, w.say("filters", "me")),
                (filters.NOBODY, w.say("filters", "nobody")),
                *people,
            ],
        ),
    ]


def _reasons() -> list[tuple[str, str]]:
    """Return why more time can be taken; whether a law of a request knows that, its act says."""
    w = pages.said()
    return [(code, w.either(said, code)) for code, said in clock_words.reasons().items()]


@area.get("/requests.csv")
def exported() -> Response:
    """Send a list as a file: references, codes and dates; what is counted is what is written."""
    here, asked, asker = parts(), asked_for(call.args), _asker()
    with ExitStack() as stack:
        seen = stack.enter_context(picture(here.engine))
        if listing.too_many(seen, here.context, asked, asker):
            most = pages.said().number(listing.MOST_EXPORTED)
            return shown(asked, 422, wrong=[pages.said().say("list", "too_many", count=most)])
        with transaction(here.engine) as session:
            # Words may be anything, a name too: the trail says by what else the list was chosen.
            said = {name: value for name, value in asked.query.items() if name != "q"}
            line = audit.Line("list_exported", door.present().actor, said)
            audit.append_day(session, line, now=here.now())
        lines = listing.exported(seen, here.context, asked, asker)
        response = Response(stream_with_context(lines), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="requests.csv"'
        response.call_on_close(stack.pop_all().close)
    return response


@area.post("/views")
def keep() -> Response:
    """Keep a list under a name."""
    here, asked = parts(), asked_for(MultiDict(parse_qsl(call.form.get("list", ""))))
    try:
        with transaction(here.engine) as session:
            name = call.form.get("name", "")
            known = listing.known_words(session, here.context)
            views.keep(session, door.staff(), name, asked.query, known=known, now=here.now())
    except (Conflict, Invalid) as error:
        noting.note(error)
        return shown(asked, _STATUS.get(type(error), 422), wrong=pages.refusal(error))
    return pages.go("console-listing.listed", **asked.query)


@area.post("/views/<id:view_id>/forget")
def forget(view_id: str) -> Response:
    """Forget a list that was kept."""
    with transaction(parts().engine) as session:
        views.forget(session, door.staff(), view_id)
    return pages.go("console-listing.listed")
