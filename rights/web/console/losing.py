"""Events of one webhook that were given up: each sent again, or let go with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Forbidden, Invalid, NotFound
from rights.services.console import lost_events
from rights.services.console.lost_events import Lost
from rights.store.db import reading, transaction
from rights.web.console import door, noting, pages
from rights.web.parts import parts

area = door.private("losing", Act.MANAGE_PRODUCTS)
pages.errors(area)

_STATUS: Final[dict[type[Exception], int]] = {Forbidden: 403, NotFound: 404}
_DONE: Final = ("again", "discarded")


@area.get("/products/webhooks/<id:webhook_id>/lost")
def listed(webhook_id: str) -> Response:
    """Show what was given up for a webhook, the oldest first."""
    return _shown(webhook_id)


def _shown(webhook_id: str, status: int = 200, *, wrong: list[str] | None = None) -> Response:
    w, done, after = pages.said(), call.args.get("done", ""), call.args.get("after", "")
    with reading(parts().engine) as session:
        found = lost_events.page(session, webhook_id, door.staff(), after=after)
    return pages.page(
        "lost.html",
        status,
        id=webhook_id,
        origin=found.origin,
        closed=found.closed,
        rows=[_line(one) for one in found.lost],
        after=after,
        more=found.rest,
        reasons=[(one, w.say("timeline", "codes", one)) for one in lost_events.REASONS],
        done=w.say("lost", "done", done) if done in _DONE else "",
        wrong=wrong or [],
    )


def _line(one: Lost) -> dict[str, Any]:
    w = pages.said()
    return {
        "id": one.id,
        "event_id": one.event_id,
        "event": one.event,
        "request": one.request_id,
        "attempts": one.attempts,
        "answer": str(one.status) if one.status else w.say("lost", "no_answer"),
        "made": pages.moment(one.created_at),
        "tried": pages.moment(one.tried_at) if one.tried_at else "",
    }


@area.post("/products/webhooks/<id:webhook_id>/lost/<id:delivery_id>/again")
def again(webhook_id: str, delivery_id: str) -> Response:
    """Send one again."""

    def do(session: Session, now: datetime) -> None:
        lost_events.send_again(session, webhook_id, delivery_id, door.staff(), now=now)

    return _done(webhook_id, "again", do)


@area.post("/products/webhooks/<id:webhook_id>/lost/<id:delivery_id>/discard")
def discard(webhook_id: str, delivery_id: str) -> Response:
    """Let one go."""
    reason = call.form.get("reason", "")

    def do(session: Session, now: datetime) -> None:
        lost_events.discard(session, webhook_id, delivery_id, reason, door.staff(), now=now)

    return _done(webhook_id, "discarded", do)


def _done(webhook_id: str, done: str, do: Callable[[Session, datetime], None]) -> Response:
    here = parts()
    try:
        with transaction(here.engine) as session:
            do(session, here.now())
    except (Forbidden, Invalid, NotFound) as error:
        noting.note(error)
        return _shown(webhook_id, _STATUS.get(type(error), 422), wrong=pages.refusal(error))
    place = {"after": after} if (after := call.form.get("after", "")) else {}
    return pages.go("console-losing.listed", webhook_id=webhook_id, done=done, **place)
