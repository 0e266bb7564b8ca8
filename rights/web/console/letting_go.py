"""
A package that waits for a look, on the page of its request: let it go, or have it made anew.

Source: NDSR 25; PIPL 45, 51.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session

from rights.domain.duties import Act
from rights.services import own_requests, package_reviews, undecided
from rights.services.console.dossier import Dossier
from rights.services.context import Context
from rights.web.console import door, pages

if TYPE_CHECKING:
    from rights.web.console.acts import Turn


def offered(session: Session, context: Context, found: Dossier, now: datetime) -> dict[str, Any]:
    """Return what is offered about a package that waits: its hash, and why it cannot go yet."""
    request = found.request
    waits = package_reviews.standing(session, request) if door.may(Act.REVIEW) else None
    if waits is None:
        return {}
    say, day = pages.said().say, undecided.until(session, context, request)
    shut = {
        "own": own_requests.brought_in(session, request.id, door.staff()),
        "released": package_reviews.released_since(session, request),
        "denial": day is not None and day > now,
    }
    return {
        "package": waits[1].sha256,
        "not_go": [say("looked_over", why) for why, holds in shut.items() if holds],
        "anew": [(one, say("anew", one)) for one in package_reviews.BECAUSE],
    }


def _let_go(turn: Turn) -> None:
    about = (turn.session, turn.context, turn.request, turn.text("package"), turn.staff)
    package_reviews.let_go(*about, now=turn.now)


def _make_anew(turn: Turn) -> None:
    about = (turn.session, turn.request, turn.text("package"), turn.text("because"), turn.staff)
    package_reviews.make_anew(*about, now=turn.now)


ACTS: Final[Mapping[str, Callable[[Turn], None]]] = MappingProxyType(
    {"let_go": _let_go, "make_anew": _make_anew}
)
"""Beside those of ``acts``."""
