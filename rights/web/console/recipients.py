"""The recipients of what was done for a request: who was told, and what can be written down."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.domain.duties import Act
from rights.services import recipients_told
from rights.services.context import Context
from rights.services.recipients_told import SAYABLE, Told
from rights.store.models import Request
from rights.web.console import door, pages


def of(session: Session, context: Context, request: Request) -> dict[str, Any]:
    """Return who was told and who is yet to be, and the choices of the form that says so."""
    w, every = pages.said(), recipients_told.of_request(session, context, request)
    lines = [
        {
            "name": one.name,
            "code": str(one.outcome),
            "state": w.say("told_recipient", one.outcome),
            "at": pages.moment(one.at) if one.at else "",
        }
        for one in every
    ]
    left = [(one.name, one.name) for one in every if one.outcome is not Told.TOLD]
    may = [one for one in SAYABLE if door.may(_ACT.get(one, Act.LEAVE_OUT))]
    return {
        "lines": lines,
        "left": left if may else [],
        "outcomes": [(str(one), w.say("told_recipient", one)) for one in may],
    }


_ACT = {Told.TOLD: Act.COMPLETE}
