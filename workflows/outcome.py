"""
What came of a request, line by line, from the steps' own results.

Nothing here is typed by anybody: the notice, the receipt and the command line all say what
the steps say.

Source: PIPL 50; compliance audit guide item 17(2) (complete and accurate outcome).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rights.domain.actions import EFFECTS, Action
from rights.domain.holds import BY_ITSELF
from rights.store.models import StepRow, StepState

TOLD: Final = EFFECTS | {Action.COLLECT, Action.COUNT, Action.REVIEW, Action.RECOMPUTE}
"""Actions that a person is told about; the rest is how we work."""


READING: Final = frozenset({Action.COLLECT, Action.COUNT})
"""Actions whose result is in the answer, or missing from it."""


@dataclass(frozen=True, slots=True)
class Line:
    """
    What happened in one collection.

    Args:
        action: The action; ``left_out`` when staff left the step out by name.
        missing: A code when something is not done or not in the answer; else empty.
        because: The ground for what was retained, or left out.
        by_hand: A member of staff did it: there is no count, which is not "nothing there".
        hold: Code of what holds the retained rows; empty where the map's author keeps them.
        rank: Of the basis of that hold.
        until: The last day on which one of them is held, ISO 8601; empty where no end is known.
    """

    store: str
    collection: str
    action: str
    affected: int = 0
    decorrelated: int = 0
    retained: int = 0
    conflicts: int = 0
    missing: str = ""
    because: str = ""
    at_least: bool = False
    by_hand: bool = False
    hold: str = ""
    rank: str = ""
    until: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def lines(rows: Sequence[StepRow], collections: Mapping[str, tuple[str, ...]]) -> list[Line]:
    """
    Return the outcome, in the order of the plan.

    Args:
        collections: Step id to the collections it was about, for steps that left no result.
    """
    out: list[Line] = []
    for row in rows:
        if row.action not in TOLD:
            continue
        paths = collections.get(row.id, ())
        out.extend(_done(row, paths) if row.state is StepState.DONE else _not_done(row, paths))
    doubted = unsure(rows)
    return [_doubted(line) if _path(line) in doubted else line for line in _once(out)]


def _once(found: Iterable[Line]) -> list[Line]:
    """Put two passes over a collection into one line: derived data is searched again."""
    out: dict[tuple[str, str, str], Line] = {}
    for line in found:
        place = (line.store, line.collection, line.action)
        first = out.get(place)
        out[place] = line if first is None else _sum(first, line)
    return list(out.values())


def _sum(first: Line, again: Line) -> Line:
    """What was changed adds up; what is kept is what was kept last."""
    return replace(
        again,
        affected=first.affected + again.affected,
        decorrelated=first.decorrelated + again.decorrelated,
        conflicts=first.conflicts + again.conflicts,
        missing=first.missing or again.missing,
        because=again.because or first.because,
        at_least=first.at_least or again.at_least,
        by_hand=first.by_hand or again.by_hand,
    )


def unsure(rows: Iterable[StepRow]) -> frozenset[str]:
    """Return the collections of which the plan could not tell what in them is the person's."""
    return frozenset(path for row in rows for path in row.result.get("unsure", ()))


def _path(line: Line) -> str:
    return f"{line.store}.{line.collection.partition('#')[0]}"


def _doubted(line: Line) -> Line:
    return replace(line, missing=line.missing or "not_identifiable")


def complete(found: Sequence[Line]) -> bool:
    """
    Return whether nothing is missing.

    Rows that a statute holds, named, do not make it partial; rows held on any other ground do.
    """
    return not any(line.missing or _held_otherwise(line) for line in found)


def _held_otherwise(line: Line) -> bool:
    return bool(line.retained and line.hold) and line.rank not in BY_ITSELF


def _not_done(row: StepRow, paths: Sequence[str]) -> Iterator[Line]:
    """A step that is not done says so: no counts, which would read as "nothing there"."""
    missing = row.code or ("left_out" if row.state is StepState.LEFT_OUT else "not_done")
    for path in paths or (row.store,):
        name = path.partition(".")[2]
        held = row.result.get("held", {}).get(path, {})
        more = {"hold": held.get("code", ""), "until": held.get("until", "")}
        yield Line(row.store, name, row.action, missing=missing, because=row.note, **more)


def _done(row: StepRow, paths: Sequence[str]) -> Iterator[Line]:
    receipts: Mapping[str, Mapping[str, Any]] = row.result.get("collections", {})
    if isinstance(receipts, Mapping) and receipts:
        for path, receipt in receipts.items():
            yield _receipt_line(row, path, receipt)
        return
    if by_hand(row):
        yield from _by_hand(row, paths)
        return
    counted = {**_spooled(row), **_found(row)}
    for path in paths:
        if "spool" in row.result and path not in counted:
            continue  # not what was asked for, so it was not looked at
        name = path.partition(".")[2]
        yield Line(row.store, name, row.action, affected=counted.get(path, 0))


def missing_from(
    row: StepRow, paths: Sequence[str], told: Container[tuple[str, str]]
) -> Iterator[str]:
    """
    Yield the collections of a step that an outcome does not name.

    Args:
        told: Collection and action of every line of the outcome.
    """
    if row.action not in TOLD:
        return
    found = _found(row)
    for path in paths:
        unasked = "spool" in row.result and path not in {**_spooled(row), **found}
        if not unasked and (path, row.action) not in told:
            yield path


def by_hand(row: StepRow) -> bool:
    """Return whether a member of staff did this step in place of a connector."""
    return row.done_by.startswith("staff:")


def _by_hand(row: StepRow, paths: Sequence[str]) -> Iterator[Line]:
    """What was read by hand is not in the answer; what was done by hand was not counted."""
    missing = "by_hand" if row.action in READING else ""
    for path in paths:
        name = path.partition(".")[2]
        yield Line(row.store, name, row.action, missing=missing, at_least=True, by_hand=True)


def _receipt_line(row: StepRow, path: str, receipt: Mapping[str, Any]) -> Line:
    conflicts = receipt.get("conflicts", 0)
    held = row.result.get("held", {}).get(path, {})
    return Line(
        row.store,
        path.partition(".")[2],
        row.action,
        affected=receipt.get("affected", 0),
        decorrelated=receipt.get("decorrelated", 0),
        retained=receipt.get("retained", 0),
        conflicts=conflicts,
        missing=receipt.get("missing", "") or ("edited_meanwhile" if conflicts else ""),
        because=receipt.get("because", ""),
        at_least=receipt.get("at_least", False),
        hold=held.get("code", ""),
        rank=held.get("rank", ""),
        until=held.get("until", ""),
    )


def _spooled(row: StepRow) -> dict[str, int]:
    sections = row.result.get("spool", {}).get("collections", [])
    return {s["collection"]: s["records"] for s in sections}


def _found(row: StepRow) -> dict[str, int]:
    return {path: found["rows"] for path, found in row.result.get("found", {}).items()}
