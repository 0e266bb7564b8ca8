"""
What a plan would come to: per collection what happens to which rows and why, per step at what cost.

It stands beside the plan and is not part of its hash: counts are approved, estimates are not,
and they differ a little whenever they are made.

Source: NDSR 24; PIPL 47(2), 51 (know what is done before it is done).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from connectors.parts.fates import cut
from connectors.parts.retention import ends
from connectors.sdk import (
    Collection,
    Connector,
    Foreseen,
    OnErasure,
    Reach,
    Role,
    Standing,
    Target,
    Work,
)
from rights.domain.actions import EFFECTS, Action
from workflows.costs import Changes, Costs, Span, known
from workflows.floor import Floor
from workflows.holding import Ground, ground_of
from workflows.plan import Plan, Step
from workflows.recipes import VERBS
from workflows.view import View

ESTIMATED: Final = ("bytes", "seconds", "log_bytes")
"""What of an outlook is an estimate; the rest is counted."""

FATES: Final = ("deleted", "anonymised", "decorrelated", "held", "kept")
"""What an erasure does to rows, apart."""

_OUTWARD: Final = frozenset({Role.OWNS, Role.ACCESSES})


def outlook(floor: Floor, plan: Plan, view: View) -> dict[str, Any]:
    """
    Return what *plan* would come to; nothing is changed.

    A store that cannot tell beforehand has a line without figures, and its name under
    ``unknown``: it is not "nothing there".
    """
    collections: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    unknown: list[str] = []
    for step in plan:
        if step.action not in VERBS or step.refused:
            continue
        cost = Cost(known())
        for path in step.collections:
            seen = _foreseen(floor, step, path, view)
            if seen is None:
                unknown.append(path)
            line, changes = _line(floor, plan, step, path, seen, view)
            if step.action in EFFECTS:
                collections.append(line)
            cost.add(changes, seen)
        steps.append({"step": step.name, **cost.to_json()})
    _follow(floor, collections)
    return {
        "collections": collections,
        "steps": steps,
        "unknown": sorted(set(unknown)),
        "estimated": list(ESTIMATED),
    }


def _foreseen(floor: Floor, step: Step, path: str, view: View) -> Foreseen | None:
    connector: Connector = floor.connector(step.store)
    foresee = getattr(connector, "foresee", None)
    if foresee is None or step.manual:
        return None
    collection = view.ruled.of(floor.context.datamap.collection(path))
    target = Target(collection, view.keys, view.predicates[path])
    now = floor.now()
    work = Work(f"outlook-{path}", 0, 0, now + timedelta(minutes=5), view.anonymise, now)
    seen: Foreseen = foresee(target, work, erasing=step.action is Action.ERASE)
    return seen


def _line(
    floor: Floor, plan: Plan, step: Step, path: str, seen: Foreseen | None, view: View
) -> tuple[dict[str, Any], Changes]:
    counts = plan.counts.get(path, {})
    rows, own = counts.get("rows", 0), counts.get(str(Standing.SOLE), 0)
    read = step.action not in EFFECTS
    weighed = seen is not None and seen.measured > 0
    line: dict[str, Any] = {
        "store": step.store,
        "collection": path.partition(".")[2],
        "action": str(step.action),
        "rows": rows,
        "bytes": round(rows * seen.row_bytes) if seen and weighed else None,
        "bytes_measured_on": seen.measured if seen else 0,
    }
    if step.action is not Action.ERASE:
        line |= {} if read else {"changed": own}
        return line, Changes(updated=0 if read else own, read=rows)
    if seen is None:
        return line, Changes()
    collection = view.ruled.of(floor.context.datamap.collection(path))
    line |= {name: getattr(seen, name) for name in FATES}
    line["reasons"] = list(reasons(collection, seen, view))
    updated = seen.anonymised + seen.decorrelated + seen.held
    return line, Changes(seen.deleted, updated, rows)


def reasons(collection: Collection, seen: Foreseen, view: View) -> Iterator[dict[str, Any]]:
    """Yield why rows are not simply deleted: field names, codes and dates, no values."""
    if seen.held:
        yield {"what": "held", "rows": seen.held, **_hold(collection, seen, view)}
    if seen.kept:
        links = [k for k in collection.links if k.on_erasure is OnErasure.KEEP]
        basis = "; ".join(dict.fromkeys(k.because for k in links if k.because))
        by = sorted({c for k in links for c in k.columns})
        yield {"what": "kept", "rows": seen.kept, "code": "link", "basis": basis, "columns": by}
    if seen.decorrelated:
        yield {
            "what": "decorrelated",
            "rows": seen.decorrelated,
            "code": "others",
            "columns": sorted(_cut(collection)),
        }
    if seen.anonymised:
        code, basis = ("asked", "") if view.anonymise else ("data_map", collection.because)
        yield {"what": "anonymised", "rows": seen.anonymised, "code": code, "basis": basis}


def _hold(collection: Collection, seen: Foreseen, view: View) -> dict[str, str]:
    ground = ground_of(view.ruled, collection)
    if ground is None:
        because = view.ruled.overdue.get(collection.path, collection.because)
        return {"code": "data_map", "basis": because, "rank": "", "until": ""}
    told = {"code": ground.code, "basis": ground.basis, "rank": ground.rank}
    return {**told, "until": _until(collection, seen, ground)}


def _until(collection: Collection, seen: Foreseen, ground: Ground) -> str:
    """Return the day on which the last of the holds ends; empty where one has no end yet."""
    if ground.hold:
        return ground.until.date().isoformat() if ground.until else ""
    end = None if seen.undated else ends(collection, seen.newest)
    return end.date().isoformat() if end else ""


def _cut(collection: Collection) -> set[str]:
    """Return the columns that may be cut in a row that stays for somebody else."""
    return {
        name
        for link in collection.links
        if link.on_erasure is OnErasure.DECORRELATE and link.role not in _OUTWARD
        for name in cut(Reach(link.columns, link.anchor, link.role, link))
    }


def _follow(floor: Floor, lines: Iterable[dict[str, Any]]) -> None:
    """What is held as long as another row is has that row's end."""
    held = {
        f"{line['store']}.{line['collection']}": reason
        for line in lines
        for reason in line.get("reasons", ())
        if reason["what"] == "held"
    }
    for path, reason in held.items():
        seen, above = {path}, floor.context.datamap.collection(path).retention
        while above and above.with_ in held and above.with_ not in seen:
            seen.add(above.with_)
            reason["until"] = held[above.with_]["until"]
            above = floor.context.datamap.collection(above.with_).retention


class Cost:
    """Adds up what the collections of one step may cost."""

    def __init__(self, costs: Mapping[str, Costs]) -> None:
        self._costs = costs
        self._rows = 0
        self._seconds = Span()
        self._log: Span | None = Span()
        self._known = True

    def add(self, changes: Changes, seen: Foreseen | None) -> None:
        """Take one collection; None: nothing is known of it."""
        self._rows += changes.deleted + changes.updated or changes.read
        costs = self._costs.get(seen.engine) if seen else None
        if costs is None or seen is None:
            self._known = False
            return
        self._seconds += costs.seconds(changes, seen)
        logged = costs.logged(changes, seen)
        self._log = self._log + logged if self._log is not None and logged is not None else None

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native data; None for what is not known."""
        log = self._log if self._known else None
        return {
            "rows": self._rows,
            "seconds": self._seconds.to_json(3) if self._known else None,
            "log_bytes": log.to_json() if log is not None else None,
        }
