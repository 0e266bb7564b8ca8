"""Counts of what is held, for plans that somebody reads and for summaries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from connectors.sdk import Found, KeySet, Reach, Target, Verb, Work
from workflows.floor import Floor
from workflows.plan import Step
from workflows.recipes import VERBS
from workflows.view import View
from workflows.where import at


def found_json(found: Found) -> dict[str, int]:
    """Return counts as JSON-native values."""
    by = {str(standing): rows for standing, rows in found.by_standing.items()}
    return {"rows": found.rows, "restricted": found.restricted, "bytes": found.bytes, **by}


def counts_of(floor: Floor, steps: Iterable[Step], view: View) -> dict[str, dict[str, int]]:
    """Return what each collection of *steps* holds now: the dry run."""
    out: dict[str, dict[str, int]] = {}
    for step in steps:
        if step.action not in VERBS:
            continue
        connector = floor.connector(step.store)
        if Verb.LOCATE not in connector.manifest.verbs:
            continue
        for path in step.collections:
            if path not in out:
                reaches = view.predicates[path]
                out[path] = located(floor, connector, path, view.keys, reaches)
    return out


def located(
    floor: Floor, connector: Any, path: str, keys: KeySet, predicate: tuple[Reach, ...]
) -> dict[str, int]:
    """Return what one collection holds now of whom *keys* are. Raises ConnectorError."""
    collection = floor.context.datamap.collection(path)
    now = floor.now()
    work = Work(f"dry-run-{path}", 0, 0, now + timedelta(minutes=5), now=now)
    target = Target(collection, keys, predicate)
    with at(collection.store):
        return found_json(connector.locate(target, work))
