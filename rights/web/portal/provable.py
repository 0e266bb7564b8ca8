"""
Which ways of proof a request's page shows, and what became of the last try.

What is held of somebody is shown to whoever answered a code in this browser, or came through a
product; to whoever only typed an address, nothing that depends on a person.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import g
from sqlmodel import Session

from rights.domain.levels import BEFORE, WORTH, Matched
from rights.domain.lifecycle import State
from rights.services import matching, not_me, portal_sessions, proofs, verification_plan
from rights.services.matching import OF_REAL_NAME
from rights.services.portal_sessions import Known, Visit
from rights.services.verification_plan import Open
from rights.services.way_catalogue import marked
from rights.store.db import reading, transaction
from rights.store.models import ProofTry, Request
from rights.web.parts import parts
from rights.web.portal import door, pages

WAIT_S: Final = 2
"""After which a page without a script looks again whether there is an answer."""

TWO: Final = 2
"""The least level that asks for more than a code."""

UNPROVED: Final = (State.OPEN, State.VERIFYING)
TYPED: Final = frozenset({str(Matched.KNOWN_FACTS), str(Matched.REAL_NAME)})
"""Ways by which something is typed and compared."""

_SHOWN: Final = TYPED | {"document"}
"""Ways with a place in this section; those by which people go elsewhere have their own."""


def section(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page shows of the ways of proof; nothing where none is needed here."""
    now, context = parts().now(), parts().context
    if not marked(context.datamap) or not needed(session, here, found, now):
        return {"ways": None, "reload": 0}
    if not knows(here, found):
        return {"ways": {"held": "unasked", "open": [], "last": ""}, "reload": 0}
    plan = verification_plan.plan(session, context, found, now=now)
    last = outcome(proofs.last_try(session, found.id, visit_of(here), TYPED), now)
    shown = [_way(one) for one in plan.ways if one.said.name in _SHOWN and _useful(found, one)]
    waits = last == "waiting" or plan.held == "waiting"
    ways = {"held": plan.held, "open": shown, "last": last}
    return {"ways": ways, "reload": WAIT_S if waits else 0}


def knows(here: Visit, found: Request) -> bool:
    """Tell whether this visit may know what is held: a code was answered in it, or more."""
    known = here.requests.get(found.id, Known())
    return here.person is not None or (known.level > 0 and not known.guardian)


def visit_of(here: Visit) -> str:
    """Return under which name tries of this visit are kept."""
    return here.id


def needed(session: Session, here: Visit, found: Request, now: datetime) -> bool:
    """Tell whether another proof beside a code is needed here, for the request or its copy."""
    if found.level_needed < TWO or not_me.stopped(found):
        return False
    if found.state in UNPROVED:
        return found.level < found.level_needed
    if not matching.wanted(session, found, now):
        return False
    return not (here.person and here.vouched(now)) and not _opens(session, here, found, now)


def _opens(session: Session, here: Visit, found: Request, now: datetime) -> bool:
    """Tell whether what was matched in this visit opens the copy, with a code."""
    matched = proofs.fresh(session, found.id, visit=visit_of(here), now=now)
    return max((WORTH[one] for one in matched), default=0) >= found.level_needed


def outcome(row: ProofTry | None, now: datetime) -> str:
    """Return what became of the last try: ``waiting``, ``enough``, ``wrong``, ``unasked``."""
    kept = parts().context.settings.lookup_minutes * 60
    if row is None or (now - row.at).total_seconds() > kept:
        return ""
    return row.outcome


def _useful(found: Request, one: Open) -> bool:
    """Leave out what was proved already, unless a copy waits for it to be proved anew."""
    return one.asked or found.state not in UNPROVED or one.said.level > found.level


def _way(one: Open) -> dict[str, Any]:
    words, said = pages.said(), one.said
    return {
        "name": said.name,
        "title": words.either(said.title),
        "about": words.either(said.about),
        "ready": one.ready,
        "staff": said.staff,
        "asked": one.asked,
        "inputs": _inputs(one) if one.ready else [],
    }


def _inputs(one: Open) -> list[dict[str, str]]:
    if one.said.name == "real_name":
        return [
            {"name": part, "title": pages.said().say("matching", part), "shape": "text"}
            for part in OF_REAL_NAME
        ]
    return [_input(path) for path in one.fields]


def _input(path: str) -> dict[str, str]:
    how = marked(parts().context.datamap, "fact")[path]
    shape = {"date": "date", "digits": "number", "last_four": "tail"}.get(how, "text")
    return {"name": path, "title": title(path), "shape": shape}


def title(path: str) -> str:
    """Return how people call a field of the map."""
    place, _, name = path.rpartition(".")
    field = parts().context.datamap.collection(place).field(name)
    return pages.said().either(field.title if field else {}, name)


def catch_up(request_id: str) -> None:
    """
    Let this visit read what it proved by matching.

    A worker decides later than the form was sent, so the page that comes next takes it over.
    """
    here, now = door.visit(), parts().now()
    known = here.requests.get(request_id, Known())
    if here.person is not None or known.level < 1:
        return
    with reading(parts().engine) as session:
        matched = proofs.fresh(session, request_id, visit=visit_of(here), now=now)
    worth = known.level
    for one in sorted(matched, key=WORTH.__getitem__):
        worth = max(worth, WORTH[one]) if worth >= BEFORE[one] else worth
    if worth > known.level:
        _remember(here, request_id, worth)


def _remember(here: Visit, request_id: str, level: int) -> None:
    with transaction(parts().engine) as session:
        found = here.find(session, request_id)
        portal_sessions.remember(session, here, request_id, level=level)
        if found.merged_into:
            portal_sessions.remember(session, here, found.merged_into, level=level)
    g.visit = door.known() or here
