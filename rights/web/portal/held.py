"""
What we hold about somebody at a glance: kinds and numbers, asked of the stores by a worker.

Source: NDSR 23; PIPL 45; Minors Regulation 34.
"""

from __future__ import annotations

from typing import Any

from werkzeug import Response

from rights.web.parts import parts
from rights.web.portal import door, looking, pages
from rights.web.portal.words import category

area = door.private("held")
pages.errors(area)

_QUESTION = "counts"


@area.get("/held")
def held() -> Response:
    """Say what this page is for; the stores are asked when somebody wants to know."""
    who = door.visit().person
    return pages.page("held.html", state="", rows=[], refresh=0, vouched=bool(who and who.attested))


@area.post("/held")
def look() -> Response:
    """Ask the stores, for whom a product vouches."""
    return pages.go("portal-held.seen", lookup_id=looking.ask(_QUESTION))


@area.get("/held/<id:lookup_id>")
def seen(lookup_id: str) -> Response:
    """Show the answer, or renew the page until there is one."""
    state, answer = looking.read(lookup_id, _QUESTION)
    rows = _rows(answer) if answer is not None else []
    refresh = looking.WAIT_S if state == "waiting" else 0
    return pages.page("held.html", state=state, rows=rows, refresh=refresh, vouched=True)


def _rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    """Return one line per collection that has a name for people, in the map's order."""
    words, datamap = pages.said(), parts().context.datamap
    out = []
    for store in datamap:
        for one in store.collections:
            fields = [f for f in one.fields if f.disclose]
            if one.path not in answer or not fields:
                continue
            named = {p for f in fields for p in (f.purposes or one.purposes)}
            purposes = [datamap.purposes[p] for p in datamap.purposes if p in named]
            kinds = dict.fromkeys(f.category for f in fields)
            out.append(
                {
                    "where": words.either(store.title, store.name),
                    "what": words.either(one.title, one.name),
                    "kinds": words.listed([category(words, name) for name in kinds]),
                    "why": words.listed([words.either(p.title, p.name) for p in purposes]),
                    **_count(answer[one.path]),
                }
            )
    return out


def _count(found: dict[str, Any] | None) -> dict[str, str]:
    words = pages.said()
    if found is None:
        return {"count": words.say("held", "unknown"), "kept": ""}
    restricted = int(found.get("restricted") or 0)
    kept = words.say("held", "kept", count=words.number(restricted)) if restricted else ""
    rows = int(found["rows"]) + restricted
    return {"count": words.number(rows) if rows else words.say("held", "none"), "kept": kept}
