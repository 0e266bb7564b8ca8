"""One request on one page: where it stands, what comes next, what was done, and the ways on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.products import named
from rights.services import (
    acknowledgement,
    audit,
    cooling,
    denial_letter,
    denial_offers,
    information,
    notes,
    packages,
    requests,
    resting_on,
    subjects,
    verification,
)
from rights.services.portal_sessions import Visit
from rights.store.db import reading, transaction
from rights.store.models import Entry, ReceiptRow, Request
from rights.web.parts import parts
from rights.web.portal import (
    conversation,
    door,
    home,
    inputs,
    key_offers,
    lacking,
    network_offers,
    outcome,
    pages,
    pause,
    proofs,
    provable,
    signing_again,
    standing,
    takeover,
    timing,
)
from rights.web.portal.inputs import Form
from rights.web.portal.mistakes import Mistakes
from rights.web.portal.who import slowly, typed

area = door.private("following")
pages.errors(area)

_MOST_EVENTS: Final = 60

_OF_WHAT_WAS_FOUND: Final = frozenset(
    {"download_granted", "package_added", "package_purged", "rechecked", "hold_ended"}
)
"""Events that say that there was something: for whom may know it."""

GOING: Final = frozenset({State.IN_PROGRESS, State.ON_HOLD})
"""States in which something happens without the person: their pages renew themselves."""


@area.get("/requests/<id:request_id>")
def follow(request_id: str) -> Response:
    """Show a request as it stands."""
    provable.catch_up(request_id)
    return shown(request_id)


@area.get("/requests/<id:request_id>/live")
def live(request_id: str) -> Response:
    """Give the part of the page that changes while work goes on, for the page's own script."""
    with reading(parts().engine) as session:
        found = door.visit().find(session, request_id)
        values = _standing(session, found)
    response = pages.page("live.html", **values)
    response.headers["Rights-State"] = str(found.state)
    return response


@area.get("/requests/<id:request_id>/denial")
def denial(request_id: str) -> Response:
    """Send the written denial as a file."""
    with reading(parts().engine) as session:
        found = door.visit().find(session, request_id)
        if not door.visit().reads(found):
            raise NotFound("there is no letter for this visit")
        text = denial_letter.document(session, parts().context, found)
    response = Response(text.encode(), content_type="text/html; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{request_id[:8]}.html"'
    return response


_FORMS: Final = (
    "any(proof,code,earlier,cancel,proceed,information,acting,delegate,guardian,evidence)"
)


@area.get(f"/requests/<id:request_id>/<{_FORMS}:action>")
def again(request_id: str, action: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    del action
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/cancel")
def cancel(request_id: str) -> Response:
    """Take a request back, until something was done that cannot be undone."""
    with transaction(parts().engine) as session:
        found = door.visit().acts(session, request_id)
        requests.revoke(session, found, actor="subject", now=parts().now())
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/information")
def add(request_id: str) -> Response:
    """Supply what is missing, or an address that a code can go to."""
    wrong = Mistakes()
    try:
        with transaction(parts().engine) as session:
            found = door.visit().acts(session, request_id)
            told = takeover.told(door.visit(), found)
            _supply(session, found, parts().now(), wrong, told=told)
            session.flush()
            proofs.send_to_added(session, found, typed())
    except Invalid as error:
        wrong.found(error)
    if wrong.said:
        return shown(request_id, wrong=wrong.said, status=422)
    return pages.go("portal-following.follow", request_id=request_id)


def _supply(
    session: Session, found: Request, now: datetime, wrong: Mistakes, *, told: bool
) -> None:
    context, contacts = parts().context, typed()
    fields = lacking.asked(session, found, told=told)
    filled = lacking.read(fields, call.form)
    if filled.empty and not contacts:
        wrong.empty([one.title for one in fields if one.name in filled.empty])
        return
    cleaned = subjects.cleaned(context.datamap, contacts) if contacts else {}
    slowly(cleaned)
    information.supply(
        session,
        context,
        found,
        information.Supplied(
            parameters=filled.parameters,
            values=inputs.typed(context.datamap, filled.values),
            identifiers=cleaned,
            answers=filled.answers,
        ),
        actor="subject",
        now=now,
    )


def shown(request_id: str, *, wrong: list[str] | None = None, status: int = 200) -> Response:
    """Return the page of a request, with what went wrong beside what was typed."""
    here = door.visit()
    with reading(parts().engine) as session:
        found = here.find(session, request_id)
        values = {
            **_standing(session, found),
            **_ways_on(session, here, found),
            **provable.section(session, here, found),
            **takeover.of(session, here, found),
            **network_offers.offered(session, here, found),
            **key_offers.offered(session, here, found),
            **signing_again.offered(session, here, found),
            **standing.of(session, here, found),
            **conversation.shown(session, here, found),
            **pause.offered(session, here, found),
        }
    if (values["network_identity"] or {}).get("last") == "waiting":
        values["reload"] = provable.WAIT_S
    # What somebody is about to write is not wiped away by a page that renews itself.
    values["going"] = values["going"] and not values["writing"]
    # Somebody without a script sees how it goes on all the same.
    refresh = 10 if values["going"] else values["reload"]
    return pages.page(
        "follow.html", status, wrong=wrong or [], given=call.form, refresh=refresh, **values
    )


def _standing(session: Session, found: Request) -> dict[str, Any]:
    """Return what changes while work goes on."""
    words = pages.said()
    entries = audit.entries(session, found.id)
    all_of_it = takeover.told(door.visit(), found)
    told = [e for e in entries if all_of_it or e.event not in _OF_WHAT_WAS_FOUND]
    return {
        "id": found.id,
        "mine": home.listed(found),
        "products": _products(found),
        "rests_on": _rests_on(session, found),
        "received": pages.moment(found.received_at, found),
        **timing.of(session, found, told=all_of_it),
        "answered": pages.moment(found.closed_at, found) if found.closed_at else "",
        "wait": words.find("waits", takeover.waits(found)) if takeover.waits(found) else "",
        "going": found.state in GOING and not _for_the_person(found),
        "events": [_event(one, found) for one in told if words.find("events", one.event)][
            -_MOST_EVENTS:
        ],
        "steps": sum(one.event == "step_done" for one in entries),
    }


def _products(found: Request) -> str:
    """Return which products a request is about, where it is not about everything."""
    words, titles = pages.said(), parts().context.datamap.products
    wanted = [words.either(titles.get(n, {}), n) for n in sorted(named(found.parameters))]
    return words.say("follow", "products", products=words.listed(wanted)) if wanted else ""


def _rests_on(session: Session, found: Request) -> str:
    """Return on which ground of the law a restriction rests, or the one that it ends."""
    words, row = pages.said(), resting_on.of(session, found, parts().context.regimes)
    if row is None:
        return ""
    return words.say("follow", "rests_on", ground=words.either(row.texts), law=row.source.text)


def _for_the_person(found: Request) -> bool:
    """Return whether nothing happens but by the person, by staff, or on a day that was chosen."""
    return bool(found.needs or found.not_me_at or cooling.cools(found))


def _event(entry: Entry, found: Request) -> dict[str, str]:
    words = pages.said()
    return {"at": pages.moment(entry.at, found), "text": words.say("events", entry.event)}


def _ways_on(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the person can do or read beside where it stands."""
    context, words = parts().context, pages.said()
    contact = verification.reachable(session, context, found)
    told = acknowledgement.of(context, found, reachable=contact is not None)
    unproved = found.state in (State.OPEN, State.VERIFYING) and found.not_me_at is None
    told_all, mine = takeover.told(here, found), here.changes(found)
    asked = bool(found.needs) and mine and not unproved
    missing = lacking.asked(session, found, told=told_all) if asked else []
    receipt = session.get(ReceiptRow, found.id) if told_all else None
    return {
        "next": words.either(told["next_step"]["text"]),
        **proofs.shown(session, here, found),
        "missing": missing,
        "unread": asked and lacking.unread(found, missing),
        "cancellable": _cancellable(here, found),
        "irreversible": found.state not in TERMINAL and found.irreversible_at is not None,
        "counts": found.state not in TERMINAL and requests.stands_at_once(found),
        "follows": found.follows if here.person else "",
        "merged_into": found.merged_into,
        "denial": _denial(told["denial"]) if told_all else None,
        "offers": _offers(found) if told_all else [],
        "answers": notes.read(session, context.vault, found.id, notes.ANSWER) if told_all else [],
        "outcome": outcome.lines(receipt) if receipt else [],
        "receipt": receipt is not None,
        "recipients": outcome.recipients(session, found) if told_all else [],
        "packages": _packages(session, here, found) if told_all else [],
        "changes": inputs.rows(Form(call.form)),
    }


def _cancellable(here: Visit, found: Request) -> bool:
    if found.state in TERMINAL or found.irreversible_at or requests.stands_at_once(found):
        return False
    return here.changes(found)


def _denial(said: dict[str, Any] | None) -> dict[str, Any] | None:
    if said is None:
        return None
    words = pages.said()
    return {
        "text": words.either(said["text"]),
        "basis": [words.either(one) for one in said["basis"]],
        "remedies": [
            {"text": words.either(one["text"]), "time": words.either(one["time"])}
            for one in said["remedies"]
        ],
    }


def _offers(found: Request) -> list[dict[str, str]]:
    """Return what a law wants offered with a denial, and of which kind it is asked for."""
    made = denial_offers.of(parts().context, found)
    return [{"kind": one["kind"], "text": pages.said().either(one["text"])} for one in made]


def _packages(session: Session, here: Visit, found: Request) -> list[dict[str, Any]]:
    """Return the copies as the page shows them, and which proof opens them here."""
    made = packages.of_request(session, found)
    needed = packages.needed(parts().context, found)
    opened_by = proofs.opening(session, here, found, "grant", needed) if made else {}
    return [{**_package(one, found), **opened_by} for one in made]


def _package(one: Any, found: Request) -> dict[str, Any]:
    over = one.purged_at is not None or (
        one.expires_at is not None and one.expires_at <= parts().now()
    )
    return {
        "id": one.id,
        "over": over or one.grants_used >= one.grants_max,
        "until": pages.day(one.expires_at, found) if one.expires_at else "",
        "left": max(0, one.grants_max - one.grants_used),
        "size": pages.said().number(max(1, one.size // 1000)),
        "complete": one.complete,
    }
