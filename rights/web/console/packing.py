"""What is in the package of a request and what is not, as the request's page says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rights.domain.duties import Act
from rights.services import additions, catalogue
from rights.services.additions import Stands
from rights.services.console.contents import Contents
from rights.services.console.dossier import Dossier
from rights.services.packages import HIDDEN, IN_REVIEW, SHOWN_TO_STAFF
from rights.store.models import Package
from rights.web.console import door, pages, showing
from rights.web.parts import parts


def of(found: Dossier, now: datetime) -> dict[str, Any]:
    """Return what is in the package of a request, what is missing and why; no value of anything."""
    there = [one for one in found.packages if one.purged_at is None]
    return {
        "contents": [_line(one) for one in found.contents],
        "missing": [_missing(one) for one in _last(found.packages)],
        "addition": added(additions.stands_by(found.aftercare, found.letters)),
        "sample": door.may(Act.REVIEW) and any(_opens(p, now) for p in there),
        "passages": found.apart and door.may(Act.REVIEW) and any(_lives(p, now) for p in there),
    }


def _last(packages: Sequence[Package]) -> Sequence[dict[str, Any]]:
    """Return what the newest copy that was made lacks: one that it replaced lacked more."""
    made = [one for one in packages if one.state not in HIDDEN or one.state == IN_REVIEW]
    return made[-1].missing if made else ()


def added(stands: Stands | None) -> str:
    """Return how far the copy is that is made anew, in words; empty where none is owed."""
    return pages.said().say("addition", stands) if stands else ""


def _opens(one: Package, now: datetime) -> bool:
    return one.state in SHOWN_TO_STAFF and _lives(one, now)


def _lives(one: Package, now: datetime) -> bool:
    return one.expires_at is None or one.expires_at > now


def _line(one: Contents) -> dict[str, Any]:
    w = pages.said()
    return {
        "collection": one.collection,
        "categories": w.listed(_categories(one)),
        "records": w.number(one.records),
        "files": w.number(one.files) if one.files else "",
        "size": w.number(max(1, one.size // 1000)) if one.size else "",
        "redacted": w.listed(
            [f"{w.say('foreign', what)} {w.number(n)}" for what, n in one.redacted.items()]
        ),
        "withheld": one.withheld,
    }


def _categories(one: Contents) -> list[str]:
    """Return which categories of data there are among what was read, in the map's order."""
    known = {c.path: c for c in parts().context.datamap.collections}.get(one.collection)
    if known is None:
        return []
    there = {name.partition(".")[0] for name in one.columns}
    names = (
        f.category
        for f in known.fields
        if f.name.partition(".")[0].removesuffix("[]") in there and f.category
    )
    titles = catalogue.categories()
    return [pages.said().either(titles.get(name, {}), name) for name in dict.fromkeys(names)]


def _missing(one: dict[str, Any]) -> dict[str, str]:
    """Return one thing that is not in a package: where, and why in words."""
    place = f"{one.get('store', '')}.{one.get('collection', '')}".strip(".")
    code = str(one.get("code") or one.get("why", ""))
    return {"where": place or str(one.get("path", "")), "why": showing.reason(code)}
