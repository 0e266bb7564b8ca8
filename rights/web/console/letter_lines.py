"""The letters about one request, as lines: the newest, or those before a place."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.services import letters_read, places
from rights.services.console.dossier import Dossier
from rights.services.places import Place
from rights.store.models import Notice
from rights.web.console import pages


def of(session: Session, found: Dossier, before: str) -> dict[str, Any]:
    """
    Return what the page says of letters.

    Args:
        before: Place of a letter, whose predecessors are shown in place of the newest.
    """
    place = places.read(before)
    shown = letters_read.newest(session, found.request.id, before=place) if place else found.letters
    cut = place is not None or len(shown) == letters_read.MOST
    first = Place(shown[0].created_at, shown[0].id) if shown else place
    older = letters_read.count(session, found.request.id, before=first) if cut and first else 0
    return {
        "lines": [_line(one) for one in shown],
        "count": letters_read.count(session, found.request.id) if cut else len(shown),
        "older": older,
        "first": str(first) if older else "",
        "before": str(place) if place else "",
    }


def _line(one: Notice) -> dict[str, str]:
    w = pages.said()
    return {
        "id": one.id,
        "what": w.find("letters", one.event) or one.event,
        "state": w.find("letter_states", one.state) or one.state,
        "at": pages.moment(one.sent_at or one.created_at),
    }
