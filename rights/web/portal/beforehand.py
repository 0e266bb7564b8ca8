"""
What an erasure would do, and what a record holds now: told before anything is asked for.

Stores are asked by a worker; nothing is changed, and question and answer are forgotten after a
quarter of an hour.

Source: NDSR 23, 24; PIPL 17, 46, 47.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from flask import request as call
from werkzeug import Response

from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option, default_option
from rights.services import catalogue
from rights.services.forms import correctable
from rights.services.words import Words
from rights.web.parts import parts
from rights.web.portal import door, looking, pages

area = door.private("beforehand")
pages.errors(area)

ERASING: Final = (Kind.DELETION, Kind.ACCOUNT_CANCELLATION)
_FATES: Final = ("deleted", "anonymised", "decorrelated", "held", "kept")


@area.post("/beforehand/<kind>")
def foresee(kind: str) -> Response:
    """Ask what an erasure would do."""
    if kind not in ERASING:
        raise NotFound("this kind erases nothing")
    said = call.form.get("option", "")
    here = parts().context.policy.offered(Kind(kind))
    option = next((o for o in here if o == said), default_option(Kind(kind)))
    about = {"kind": kind, "option": str(option), "regimes": list(door.caller().regimes)}
    lookup_id = looking.ask("foreseen", about)
    return pages.go("portal-beforehand.foreseen", kind=kind, lookup_id=lookup_id)


@area.get("/beforehand/<kind>/<id:lookup_id>")
def foreseen(kind: str, lookup_id: str) -> Response:
    """Show it, or renew the page until it is known."""
    if kind not in ERASING:
        raise NotFound("this kind erases nothing")
    state, answer = looking.read(lookup_id, "foreseen")
    words = pages.said()
    return pages.page(
        "beforehand.html",
        kind=kind,
        title=words.either(catalogue.words()["kinds"][kind]["title"]),
        state=state,
        refresh=looking.WAIT_S if state == "waiting" else 0,
        groups=_groups(answer, kind) if answer else [],
        unknown=[_place(path) for path in answer["unknown"]] if answer else [],
    )


@area.post("/values")
def ask_values() -> Response:
    """Ask what the person's own record holds in the fields that can be corrected."""
    return pages.go("portal-beforehand.values", lookup_id=looking.ask("values"))


@area.get("/values/<id:lookup_id>")
def values(lookup_id: str) -> Response:
    """Show each field with what it holds and room for what it should say."""
    state, answer = looking.read(lookup_id, "values")
    return pages.page(
        "values.html",
        state=state,
        refresh=looking.WAIT_S if state == "waiting" else 0,
        option=str(Option.CORRECT),
        rows=list(_held(answer or {})),
    )


def _groups(answer: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return what would happen, product by product, and last what no product has alone."""
    words, datamap = pages.said(), parts().context.datamap
    lines = [*_lines(answer)]
    shared = Kind(kind) is not Kind.ACCOUNT_CANCELLATION or not datamap.products
    names = () if shared else (*datamap.products, "")
    found = [_group(name, lines, answer) for name in names] or [_group(None, lines, answer)]
    titles = {"": words.say("beforehand", "shared"), **_titles()}
    return [
        {**one, "title": titles.get(one["product"] or "", "") if names else ""}
        for one in found
        if one["lines"] or one["unsettled"]
    ]


def _titles() -> dict[str, str]:
    words = pages.said()
    return {n: words.either(t, n) for n, t in parts().context.datamap.products.items()}


def _group(
    product: str | None, lines: list[dict[str, Any]], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is one product's alone; with an empty name the rest, with None everything."""
    open_ones = [_matter(path) for path in answer.get("unsettled", ()) if _is_of(path, product)]
    mine = [one for one in lines if _is_of(one["path"], product)]
    return {"product": product, "lines": mine, "unsettled": open_ones}


def _is_of(path: str, product: str | None) -> bool:
    if product is None:
        return True
    names = parts().context.datamap.collection(path).products
    return names == (product,) if product else len(names) != 1


def _matter(path: str) -> dict[str, str]:
    """Return what is not settled, and where the person settles it."""
    said = parts().context.datamap.collection(path).unsettled
    return {"title": pages.said().either(said.title), "at": said.resolve} if said else {}


def _lines(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what would happen to each collection in which there is something."""
    words, datamap = pages.said(), parts().context.datamap
    for one in answer["collections"]:
        told = {name: int(one.get(name) or 0) for name in _FATES}
        if one["action"] != "erase" or not any(told.values()):
            continue
        path = f"{one['store']}.{one['collection']}"
        counts = [
            words.say("beforehand", name, count=words.number(told[name]))
            for name in _FATES
            if told[name]
        ]
        yield {
            "path": path,
            "where": _store(one["store"]),
            "what": words.either(datamap.collection(path).title, one["collection"]),
            "counts": counts,
            "why": [why for reason in one["reasons"] if (why := _why(words, reason))],
        }


def _why(words: Words, reason: Mapping[str, Any]) -> str:
    """Return on what ground rows stay, and until when, as the data map and the law say it."""
    if reason["what"] not in ("held", "kept") or not reason.get("basis"):
        return ""
    basis = words.either(parts().context.datamap.text(reason["basis"]))
    if not reason.get("until"):
        return words.say("beforehand", "because", basis=basis)
    day = words.day(date.fromisoformat(reason["until"]))
    return words.say("beforehand", "until", basis=basis, day=day)


def _place(path: str) -> str:
    """Return where something is, in the words of the map: what a store has, and which store."""
    store, _, name = path.partition(".")
    collection = parts().context.datamap.collection(path)
    return f"{_store(store)}: {pages.said().either(collection.title, name)}"


def _store(name: str) -> str:
    return pages.said().either(parts().context.datamap.store(name).title, name)


def _held(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    words, datamap = pages.said(), parts().context.datamap
    rules = correctable(datamap)
    for store in datamap:
        for collection in store.collections:
            for one in collection.fields:
                path = f"{collection.path}.{one.name}"
                if path not in answer:
                    continue
                rule = rules[path]
                yield {
                    "path": path,
                    "where": words.either(store.title, store.name),
                    "title": words.either(one.title, one.name),
                    "now": [_text(words, value) for value in answer[path]],
                    "fixed": rule.mode == "refused",
                    "because": words.either(datamap.text(rule.because)) if rule.because else "",
                }


def _text(words: Words, value: Any) -> str:
    if isinstance(value, bool):
        return words.say("values", "yes" if value else "no")
    return "" if value is None else str(value)
