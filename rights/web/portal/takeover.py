"""
"That was not me": the page behind the link of a warning, and what the requester sees of it.

Looking changes nothing, for scanners of mail open every link; one button does. Whoever has the
link learns what was asked and when, and nothing about the request itself. What stands in the link
is also what the form carries: no page of somebody else can know it.

Source: NDSR 9, 25(1)(1); PIPL 51, 57.
"""

from __future__ import annotations

from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain import takeover
from rights.domain.errors import Gone
from rights.domain.lifecycle import State, Wait
from rights.services import catalogue, not_me, subjects, verification
from rights.services.not_me import Link
from rights.services.portal_sessions import Visit
from rights.store.db import reading, transaction
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.public("not-me")
pages.errors(area)

_LONGEST: Final = 1000


@area.get("/not-me")
def look() -> Response:
    """Show what a warning is about."""
    token = _token(call.args.get("w", ""))
    with reading(parts().engine) as session:
        found = not_me.read(session, parts().context, token, now=parts().now())
        return pages.page("not_me.html", w_token=token, **_about(found))


@area.post("/not-me")
def say() -> Response:
    """Stop what was asked for; a second click finds it noted."""
    token = _token(call.form.get("w", ""))
    with transaction(parts().engine) as session:
        not_me.say(session, parts().context, token, now=parts().now())
    return pages.go("portal-not-me.look", w=token)


def _token(given: str) -> str:
    if not given or len(given) > _LONGEST:
        raise Gone("this link does not work any more", code="not_me_link")
    return given


def _about(found: Link) -> dict[str, Any]:
    words, request = pages.said(), found.request
    known = catalogue.words()["kinds"][request.kind]
    after = "begun" if found.begun else "given" if found.given else ""
    return {
        "kind": words.either(known["title"]),
        "option": words.either(known["options"][request.option]),
        "received": pages.moment(request.received_at, request),
        "noted": found.noted,
        "closed": found.closed,
        "after": after,
    }


def told(here: Visit, found: Request) -> bool:
    """Return whether this visit may know what was found: never while the request is stopped."""
    return here.reads(found) and not not_me.stopped(found)


def waits(found: Request) -> str:
    """Return why a request waits, as a name among the words, beside what its row says."""
    return "not_me" if not_me.stopped(found) else str(found.wait)


def of(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page of a request says beside where it stands."""
    words, context, now = pages.said(), parts().context, parts().now()
    if not_me.stopped(found):
        return {"takeover": "stopped", "next": words.say("takeover", "next")}
    if until := verification.paused_until(session, context, found, now):
        return {"takeover": "paused", "takeover_until": pages.moment(until, found)}
    if here.reads(found) and _doubted(session, found):
        return {"takeover": "doubted"}
    return {"takeover": ""}


def _doubted(session: Session, found: Request) -> bool:
    """Return whether it waits because an address was changed lately."""
    if found.state is not State.ON_HOLD or found.wait is not Wait.TASK:
        return False
    days, now = parts().context.settings.contact_trust_days, parts().now()
    rows = subjects.identifier_rows(session, found.id)
    since = not_me.trusted_at(session, found.id)
    late = any(takeover.doubted(row.changed_at, since, days, now) for row in rows)
    return late and found.level < takeover.REAL_NAME
