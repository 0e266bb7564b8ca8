"""The first page: what is late, due today and stuck, what waits for whoever looks, and pictures."""

from __future__ import annotations

from typing import Any

from flask import request as call
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import NotFound
from rights.services import trail_checks
from rights.services.console import board, figures
from rights.services.console.board import Block
from rights.services.console.listing import Asker
from rights.services.security_incidents import shown
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import Figures, TrailCheck
from rights.web.console import door, incident_lines, pages, pictures, showing
from rights.web.parts import parts

area = door.private("home")
pages.errors(area)


@area.get("/")
def home() -> Response:
    """Show the first page."""
    here, now = parts(), parts().now()
    asker = Asker(door.staff().id, now, pages.zone())
    with reading(here.engine) as session:
        found = board.board(session, door.staff(), asker, here.context)
        names = accounts.names(session)
        counted = figures.last(session)
        ticking, more = shown.on_board(session, now, limit=board.SHOWN)
        trail = trail_checks.last_ended(session) if door.may(Act.READ_TRAIL) else None

    def block(one: Block) -> dict[str, Any]:
        return {"lines": showing.lines(one.lines, names, now), "count": one.count}

    return pages.page(
        "home.html",
        incidents=[incident_lines.running(row, one, now) for row, one in ticking],
        more_incidents=more,
        late=block(found.late),
        today=block(found.today),
        assigned=block(found.assigned),
        longest=showing.lines(found.longest, names, now),
        stuck=[(w, pages.said().say("waits", w), n) for w, n in sorted(found.stuck.items())],
        mine=[(name, pages.said().say("mine", name), n) for name, n in found.mine.items()],
        open=found.open,
        unconfirmed=found.unconfirmed,
        missed=found.missed,
        trail=_checked(trail),
        duties_overdue=found.duties_overdue,
        duties_soon=found.duties_soon,
        unbelieved=round(found.unbelieved.total_seconds() / 3600, 1),
        settle_hours=here.context.settings.settle_hours,
        pictures=_pictures(counted) if counted else [],
        made=pages.moment(counted.made_at) if counted else "",
    )


def _pictures(counted: Figures) -> list[pictures.Picture]:
    return pictures.all_of(counted, pages.said(), call.args.get("kind", ""))


def _checked(last: TrailCheck | None) -> dict[str, Any] | None:
    """Return what the last check of the audit trail found, for who may read that."""
    if last is None or last.ended_at is None:
        return None
    told = {"moment": pages.moment(last.ended_at), "entries": pages.said().number(last.entries)}
    said = pages.said().say("trail", "outcomes", last.outcome, count=last.problems, **told)
    return {"said": said, "held": last.outcome == trail_checks.HELD}


@area.route("/<path:anything>", methods=["GET", "POST"])
def nothing(anything: str) -> Response:
    """Say that there is no such page, in the reader's language."""
    raise NotFound(f"there is no such page ({len(anything)} characters)")
