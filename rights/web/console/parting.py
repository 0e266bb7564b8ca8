"""
Granting a request in part, from its page: which collections of the plan can be left out with which
reasons, and the acts of the two people whom that takes.

Source: PIPL 45, 50; GDPR 12(4), 15(4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session

from rights.domain.duties import Act
from rights.domain.errors import Conflict
from rights.services import own_requests, part_choices, parts_left_out, reasons
from rights.services.console.dossier import Dossier
from rights.services.parts_left_out import Parts
from rights.store.models import PartProposal, Request
from rights.web.console import door, pages, planning
from rights.web.parts import parts

if TYPE_CHECKING:
    from rights.web.console.acts import Turn

_FEWEST: Final = 2
"""Collections of a plan below which nothing can be left out: one alone would be a denial."""


def offered(session: Session, found: Dossier) -> dict[str, Any]:
    """Return what is offered about parts of a request, by the name of the act."""
    return {**_proposing(session, found), **_deciding(session, found)}


def _proposing(session: Session, found: Dossier) -> dict[str, Any]:
    request = found.request
    mine = _reasons(request) if door.may(Act.DENY) and found.parts is None else []
    if not mine:
        return {}
    try:
        known = part_choices.paths(part_choices.stands(session, request))
    except Conflict:
        return {}
    if len(known) < _FEWEST:
        return {}
    return {
        "propose_parts": [
            _choice(path, mine, found.left.get(path, ""))
            for path in sorted(known, key=planning.title)
        ]
    }


def _reasons(request: Request) -> list[tuple[str, str]]:
    """Return the reasons that whoever looks may say of a part."""
    roles, known = frozenset(door.staff().roles), reasons.catalogue()
    allowed = reasons.for_a_part(request.kind, request.regimes)
    mine = [code for code in allowed if not known[code].by or roles & known[code].by]
    return [(code, pages.said().either(known[code].texts, code)) for code in mine]


def _choice(path: str, allowed: list[tuple[str, str]], now: str) -> dict[str, Any]:
    return {"path": path, "title": planning.title(path), "reasons": allowed, "now": now}


def _deciding(session: Session, found: Dossier) -> dict[str, bool]:
    """Return what is offered about parts that wait; confirming them, once they were opened."""
    one, me = found.parts, door.staff()
    if one is None:
        return {}
    mine = one.proposed_by == me.id
    decides = not mine and door.may(Act.CONFIRM_DENIAL)
    barred = decides and own_requests.brought_in(session, found.request.id, me)
    opened = decides and parts_left_out.was_read(session, one, me.id)
    return {
        "confirm_parts": opened and not barred,
        "unread_parts": decides and not opened and not barred,
        "own_parts": barred,
        "dismiss_parts": decides or mine,
    }


def waiting(found: Dossier, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what waits for a second person: which parts, with which reasons, and whose it is."""
    one = found.parts
    if one is None:
        return None
    at = pages.moment(one.proposed_at)
    return {
        "id": one.id,
        "by": names.get(one.proposed_by, ""),
        "at": at,
        "lines": list(told(one.parts)),
    }


def told(left: Mapping[str, str]) -> list[str]:
    """Return parts that are left out in words, each with its reason."""
    w, known = pages.said(), reasons.catalogue()
    return [
        f"{planning.title(path)}{w.say('colon')}{w.either(known[code].texts, code)}"
        for path, code in sorted(left.items())
        if code in known
    ]


def opened(
    session: Session, found: Request, asked: PartProposal, now: datetime
) -> list[dict[str, str]]:
    """Open what is proposed, with the facts of the case."""
    said = parts_left_out.read_by(session, parts().context, found, asked, door.staff(), now=now)
    lines = [{"who": line, "at": "", "text": ""} for line in told(said.reasons)]
    return [*lines, {"who": pages.said().say("opens", "facts"), "at": "", "text": said.facts}]


# -- the acts -------------------------------------------------------------------------------------


def _propose(turn: Turn) -> None:
    given = {
        name.removeprefix("part."): code
        for name, code in turn.form.items()
        if name.startswith("part.") and code
    }
    said = Parts(given, turn.text("facts"))
    parts_left_out.propose(turn.session, turn.context, turn.request, turn.staff, said, now=turn.now)


def _confirm(turn: Turn) -> None:
    found = turn.of_this(parts_left_out.find(turn.session, turn.text("parts")))
    about = (turn.session, turn.context, turn.request, found, turn.staff)
    parts_left_out.confirm(*about, now=turn.now)


def _dismiss(turn: Turn) -> None:
    found = turn.of_this(parts_left_out.find(turn.session, turn.text("parts")))
    parts_left_out.dismiss(turn.session, turn.request, found, turn.staff, now=turn.now)


ACTS: Final[Mapping[str, Callable[[Turn], str | None]]] = MappingProxyType(
    {"propose_parts": _propose, "confirm_parts": _confirm, "dismiss_parts": _dismiss}
)
"""The last part of a form's address, and what comes of it."""
