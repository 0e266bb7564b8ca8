"""
A plan as whoever approves it reads it: per store and collection what becomes of how many rows, what
stays and why and until when, what nobody can tell beforehand, and which grounds were judged.

All of it was worked out by workers and stands beside the plan; nothing here asks a store.

Source: NDSR 24; PIPL 47, 51.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from rights.domain.actions import EFFECTS
from rights.domain.holds import CODES, PLACED
from rights.services import exemptions, hold_catalogue, reasons
from rights.services.console.dossier import Dossier
from rights.web.console import pages
from rights.web.parts import parts

_COUNTS: Final = ("rows", "restricted", "sole", "shared", "seen", "bytes")
"""What a worker counts of a collection, in the order in which it is said."""

_FATES: Final = ("deleted", "anonymised", "decorrelated", "held", "kept", "changed")
"""What can become of rows, in the order in which it is said."""


def of(found: Dossier) -> dict[str, Any]:
    """Return what becomes of what, what is held, and the grounds; of a request with a plan."""
    plan = found.plan or {}
    laws = found.request.regimes
    foreseen = {
        (line["store"], line["collection"], line["action"]): line
        for line in found.outlook.get("collections", ())
    }
    return {
        "rows": [row for step in plan.get("steps", ()) for row in _rows(step, foreseen, laws)],
        "holds": list(_holds(plan.get("holds", {}), laws)),
        "grounds": _grounds(found.grounds),
    }


def _rows(
    step: Mapping[str, Any],
    foreseen: Mapping[tuple[str, str, str], Any],
    laws: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Yield a line for each collection of one step."""
    w, known = pages.said(), reasons.catalogue().get(step.get("left_out", ""))
    for path, counted in step["collections"].items():
        line = foreseen.get((step["store"], path.partition(".")[2], step["action"]), {})
        told = _fates(line, step["action"])
        blind = (
            not told and step["action"] in EFFECTS and known is None
        )  # an empty cell would read as "nothing"
        yield {
            "action": w.say("actions", step["action"]),
            "store": store(step["store"]),
            "by_hand": bool(step["by_hand"]),
            "collection": title(path),
            "path": path,
            "counts": w.listed(_counts(counted)),
            "told": "" if known else w.listed(told),
            "left": w.either(known.texts, known.code) if known else "",
            "unknown": w.say("planned", "unknown") if blind else "",
            "why": [_why(path, one, laws) for one in line.get("reasons", ())],
        }


def _counts(counted: Mapping[str, int]) -> list[str]:
    """Return what was counted, in words; of parts of the rows only those that there are."""
    w = pages.said()
    there = [name for name in _COUNTS if counted.get(name) or (name == "rows" and name in counted)]
    rest = [f"{name} {w.number(n)}" for name, n in counted.items() if name not in _COUNTS]
    return [*(w.say("counted", name, count=w.number(counted[name])) for name in there), *rest]


def _fates(line: Mapping[str, Any], action: str) -> list[str]:
    """Return what becomes of rows; nothing where it cannot be told beforehand."""
    w = pages.said()
    known = [name for name in _FATES if name in line]
    some = [w.say("fates", name, count=w.number(line[name])) for name in known if line[name]]
    none = [w.say("fates", "none")] if known and action in EFFECTS else []
    return some or none


def _why(path: str, one: Mapping[str, Any], laws: Sequence[str]) -> str:
    """Return why some rows are not simply deleted: the ground, its basis, and until when."""
    w = pages.said()
    fate = w.say("fates", one["what"], count=w.number(one["rows"]))
    columns = w.listed([_column(path, name) for name in one.get("columns", ())])
    if one["what"] == "held":
        return fate + w.say("colon") + w.laws(_ground(one, laws))
    why = w.say("planned", "why", one["code"], columns=columns)
    return fate + w.say("colon") + w.laws([text for text in (why, one.get("basis", "")) if text])


def _ground(one: Mapping[str, Any], laws: Sequence[str]) -> list[str]:
    """Return on what a hold rests: ground, rank and name of its basis, exception, and end."""
    w = pages.said()
    rank, basis = w.find("ranks", one.get("rank", "")), one.get("basis", "")
    named = f"{rank}{w.say('colon')}{basis}" if rank and basis else basis or rank
    code = one.get("code", "")
    why = hold_words("kept_by_map" if code == "data_map" else code) if code else ""
    exempt = _exempt(code or CODES.get(one.get("rank", ""), ""), laws)
    return [text for text in (why, named, *exempt, _until(one)) if text]


def _exempt(code: str, laws: Sequence[str]) -> Iterator[str]:
    """Yield the exceptions that the laws of the request name for such a hold, with the article."""
    w = pages.said()
    for one in exemptions.of(code, laws, parts().context.regimes):
        basis = w.laws([w.either(law) for law in one.laws])
        yield w.say("planned", "exempt", why=w.either(one.texts), basis=basis)


def _until(one: Mapping[str, Any]) -> str:
    w, said = pages.said(), one.get("until", "")
    if said:
        return w.say("planned", "until", day=_day(said))
    return w.say("planned", "released" if one.get("rank") in PLACED else "no_date")


def _day(said: str) -> str:
    """Return a day, or the day of a moment, of a plan as this reader writes it."""
    at = datetime.fromisoformat(said)
    return pages.day(at) if at.tzinfo else pages.said().day(date.fromisoformat(said[:10]))


def hold_words(code: str) -> str:
    """Return the words of a ground of the hold catalogue, or its code."""
    known = hold_catalogue.catalogue().words.get(code, {})
    return pages.said().either(known, code)


def _holds(holds: Mapping[str, Any], laws: Sequence[str]) -> Iterator[str]:
    """Yield what staff or the law decided about collections, apart from what becomes of rows."""
    w, colon = pages.said(), pages.said().say("colon")
    for path, one in holds.get("placed", {}).items():
        yield w.say("planned", "placed", where=title(path)) + colon + w.laws(_ground(one, laws))
    if approved := holds.get("approved", ()):
        yield w.say("planned", "approved") + colon + _titles(approved)
    if overdue := holds.get("overdue", {}):
        yield w.say("planned", "overdue") + colon + _titles(overdue)
    if kept := holds.get("kept", {}):
        known = reasons.catalogue().get(holds.get("kept_code", ""))
        why = w.either(known.texts) if known else holds.get("kept_because", "")
        where = [_kept(path, fields) for path, fields in kept.items()]
        yield w.say("planned", "no_ground", why=why) + colon + w.listed(where)


def _kept(path: str, fields: Sequence[str]) -> str:
    w = pages.said()
    goes = w.listed([_column(path, name) for name in fields])
    return w.say("planned", "without", where=title(path), fields=goes) if goes else title(path)


def _grounds(judged: Mapping[str, Mapping[str, bool]]) -> list[dict[str, str]]:
    """Return which grounds apply to what; collections that were judged alike stand together."""
    w, alike = pages.said(), dict[tuple[tuple[str, bool], ...], list[str]]()
    for path, verdict in judged.items():
        alike.setdefault(tuple(sorted(verdict.items())), []).append(path)
    return [
        {
            "where": _titles(paths),
            "yes": w.laws([w.find("grounds", one) or one for one, applies in verdict if applies]),
            "no": w.laws(
                [w.find("grounds", one) or one for one, applies in verdict if not applies]
            ),
        }
        for verdict, paths in alike.items()
    ]


# -- the data map's own words --------------------------------------------------------------------


def store(name: str) -> str:
    """Return what the data map calls a store."""
    known = next((one for one in parts().context.datamap.stores if one.name == name), None)
    return pages.said().either(known.title, name) if known else name


def title(path: str) -> str:
    """Return what the data map calls a collection."""
    known = parts().context.datamap.collections
    found = next((one for one in known if one.path == path), None)
    return pages.said().either(found.title, path) if found else path


def _titles(paths: Iterable[str]) -> str:
    return pages.said().listed([title(path) for path in paths])


def _column(path: str, name: str) -> str:
    collection = next((c for c in parts().context.datamap.collections if c.path == path), None)
    found = next((f for f in collection.fields if f.name == name), None) if collection else None
    return pages.said().either(found.title, name) if found else name
