"""
What the page of a request says of its time: what is left, why it is longer, that it stands still.

Source: GDPR 12(3); UK GDPR 12A; NDSR 23.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.services import clock_words, extensions, writings
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import pages


def of(session: Session, found: Request, *, told: bool) -> dict[str, Any]:
    """
    Return what the page says of the time of a request.

    Args:
        told: Who reads may be told what staff wrote.
    """
    longer = _longer(found)
    return {
        "due": "" if found.closed_at else pages.day(found.promised_at, found),
        "left": "" if found.closed_at else _left(found),
        "provisional": found.due_provisional and not found.closed_at,
        "longer": longer,
        "longer_because": _because(session, found) if longer and told else "",
        "still": _still(found),
    }


def _longer(found: Request) -> str:
    if not found.extension_reason or found.first_due_at is None:
        return ""
    words, reasons = pages.said(), clock_words.reasons()
    reason = words.either(reasons[found.extension_reason])
    return words.say(
        "follow", "longer_about", reason=reason, day=pages.day(found.first_due_at, found)
    )


def _because(session: Session, found: Request) -> str:
    """Return what staff wrote about it; nothing once that is forgotten."""
    rows = [r for r in extensions.of_request(session, found.id) if r.state == extensions.EFFECTIVE]
    ids = {r.said_id for r in rows}
    texts = writings.read(session, parts().context.vault, found.id, (writings.EXTENSION,))
    return next((one.text for one in texts if one.id in ids), "")


def _still(found: Request) -> str:
    if not found.pause_cause or found.paused_at is None:
        return ""
    words = pages.said()
    cause = words.either(clock_words.causes()[found.pause_cause])
    return words.say("follow", "still_about", cause=cause, day=pages.day(found.paused_at, found))


def _left(found: Request) -> str:
    words, now = pages.said(), parts().now()
    if found.pause_cause:
        return words.say("follow", "still")
    if found.promised_at < now:
        return words.say("follow", "late")
    zone = pages.zone(found)
    days = (found.promised_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return words.say("follow", "today")
    return words.say("follow", "day") if days == 1 else words.say("follow", "days", count=days)
