"""
What the page of a request says of steps that staff do by hand, in the language of who reads it.

The instruction is the data map's. Where it has none the page says so, and whom to ask: a blank
would look as if there were nothing to know.
"""

from __future__ import annotations

from typing import Any

from rights.services import by_hand
from rights.services.by_hand import Place, Work
from rights.services.console.dossier import Dossier, Progress
from rights.web.console import pages
from rights.web.parts import parts


def of(found: Dossier) -> dict[str, dict[str, Any]]:
    """Return by step what has to be done, for those that staff do in a store."""
    planned = {
        one["step"]: one["collections"] for one in (found.plan["steps"] if found.plan else ())
    }
    told = ((one.id, _told(one, planned.get(one.name, {}))) for one in found.steps if one.by_hand)
    return {step: said for step, said in told if said}


def _told(step: Progress, planned: dict[str, dict[str, int]]) -> dict[str, Any] | None:
    work = by_hand.work(parts().context.datamap, step.action, step.store, planned)
    return _said(work) if work else None


def _said(work: Work) -> dict[str, Any]:
    w = pages.said()
    places = [_place(one) for one in work.places]
    unsaid = not w.either(work.how) if not places else not all(one["how"] for one in places)
    return {
        "what": w.say("by_hand", "work", work.action),
        "store": work.store,
        "title": w.either(work.title, work.store),
        "owner": work.owner,
        "places": places,
        "how": "" if places else w.either(work.how),
        "unsaid": unsaid,
    }


def _place(place: Place) -> dict[str, str]:
    w = pages.said()
    rows = [
        f"{w.find('stores', 'roles', name) or name} {w.number(count)}"
        for name, count in sorted(place.counts.items())
    ]
    return {
        "path": place.path,
        "title": w.either(place.title, place.path),
        "rows": w.say("by_hand", "expected", rows=w.listed(rows)) if rows else "",
        "how": w.either(place.how),
    }
