"""
Which automated decisions were made about a person, when the one they named was not.

Source: PIPL 24(3): who does not know what to ask about is told what there is.
"""

from __future__ import annotations

from connectors.sdk import KeySet, Verb
from rights.domain.datamap import DataMap, Decision
from rights.domain.kinds import Option
from workflows.counting import located
from workflows.floor import Floor
from workflows.plan import Asked


def place(decision: Decision) -> str:
    """Return the collection that holds a decision's outcome."""
    return decision.outcome.rpartition(".")[0]


def looked_at(asked: Asked, datamap: DataMap) -> frozenset[str]:
    """Return the collections whose keys are needed to tell which decisions there are."""
    if asked.option is not Option.AUTOMATED_DECISION or not asked.decision:
        return frozenset()
    return frozenset(place(d) for d in datamap.decisions)


def others(floor: Floor, keys: KeySet, name: str) -> tuple[str, ...]:
    """
    Return the other decisions of which something is held about the person.

    Raises:
        ConnectorError: a store could not be asked; that is no "none".
    """
    datamap = floor.context.datamap
    return tuple(d.name for d in datamap.decisions if d.name != name and _held(floor, keys, d))


def _held(floor: Floor, keys: KeySet, decision: Decision) -> bool:
    path = place(decision)
    connector = floor.connector(path.partition(".")[0])
    if Verb.LOCATE not in connector.manifest.verbs:
        return False
    reaches = floor.plain.predicates[path]
    return bool(located(floor, connector, path, keys, reaches)["rows"])
