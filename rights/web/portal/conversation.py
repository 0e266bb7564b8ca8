"""What a request's page shows of messages, of an appeal, and of complaints about it."""

from __future__ import annotations

from typing import Any

from flask import request as call
from sqlmodel import Session

from rights.services import appeals, messages
from rights.services.portal_sessions import Visit
from rights.services.writings import Written
from rights.store.models import Appeal, Request
from rights.web.parts import parts
from rights.web.portal import pages


def shown(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """
    Return the messages and the appeal of a request, and what can be written.

    Whoever may not know what was found is shown no text, not even their own side: somebody else
    may have written it.
    """
    told = here.reads(found)
    written = messages.of_request(session, parts().context, found) if told else []
    return {
        "messages": [_message(one, found) for one in written],
        "messages_told": told,
        "writes": here.changes(found),
        "writing": bool(call.values.get("write")),
        "appeal": _appeal(session, here, found, told=told),
        "optional": pages.said().either(appeals.optional()),
    }


def _message(written: Written, found: Request) -> dict[str, str]:
    by = "you" if written.purpose in messages.OF_PERSON else "team"
    return {
        "by": pages.said().say("messages", by),
        "at": pages.moment(written.at, found),
        "text": written.text,
    }


def _appeal(session: Session, here: Visit, found: Request, *, told: bool) -> dict[str, Any]:
    """Return the appeal; where there is none, whether there can be one."""
    made = appeals.of_request(session, found.id)
    if made is None:
        possible = here.changes(found) and appeals.possible(found, parts().now())
        return {"state": "possible" if possible else ""}
    return _made(session, here, found, made, told=told)


def _made(
    session: Session, here: Visit, found: Request, made: Appeal, *, told: bool
) -> dict[str, Any]:
    context, words = parts().context, pages.said()
    body = appeals.shown(session, context, found, made, told=told)
    return {
        "state": body["state"],
        "due": pages.day(made.promised_at, found),
        "late": made.decided_at is None and made.promised_at < parts().now(),
        "said": body["text"],
        "reasons": body["reasons"],
        "led_to": made.led_to,
        "known": here.person is not None or made.led_to in here.requests,
        "remedies": [
            {"text": words.either(one["text"]), "time": words.either(one["time"])}
            for one in body["remedies"]
        ],
    }
