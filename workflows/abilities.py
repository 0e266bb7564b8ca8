"""
What connectors can do of a phase, and what staff have to do: a missing verb is never a no-op.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.sdk import Manifest
from rights.domain.actions import Action
from rights.domain.datamap import DataMap
from workflows import scopes
from workflows.recipes import VERBS, Phase, Scope


def _not_flagged(datamap: DataMap, path: str, categories: tuple[str, ...]) -> str:
    """Return why no flag of its own stops just what was named; empty where one does."""
    collection = datamap.collection(path)
    if scopes.put_away(collection):
        return f"rows of {path} are put away only when they are held"
    if categories and collection.restriction is None:
        return f"{path} has no flag of its own: stop the use of {', '.join(categories)} there"
    if not scopes.restrictable(datamap, collection):
        return f"no way to restrict is declared for {path}"
    if categories and (others := scopes.stopped_too(datamap, path, categories)):
        return f"the flag of {path} would stop more than was asked: {', '.join(others)}"
    return ""


def parts(
    phase: Phase, paths: tuple[str, ...], datamap: DataMap, categories: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """
    Part the collections of one store: what has no flag to set must not hold up what has.

    Only what was flagged can be read back.
    """
    able = tuple(p for p in paths if not _not_flagged(datamap, p, categories))
    if phase.scope is not Scope.RESTRICTABLE or able in {(), paths}:
        yield "", paths
        return
    yield "", able
    if phase.action is Action.RESTRICT:
        yield "by-hand", tuple(p for p in paths if p not in able)


def cannot(
    phase: Phase,
    store: str,
    paths: tuple[str, ...],
    datamap: DataMap,
    manifests: Mapping[str, Manifest],
    categories: tuple[str, ...] = (),
) -> str:
    """Return why a person has to do it, or nothing. A missing verb is never a no-op."""
    manifest = manifests[datamap.store(store).connector]
    verb = VERBS[phase.action]
    if verb not in manifest.verbs:
        return f"the connector {manifest.name} cannot {verb}"
    if phase.scope is Scope.CHOICES and not manifest.adds:
        return f"the connector {manifest.name} cannot add the tags that were chosen"
    if phase.action is Action.RESTRICT:
        return "; ".join(filter(None, (_not_flagged(datamap, p, categories) for p in paths)))
    if phase.action is Action.LIFT:
        rules = {p: datamap.collection(p).restriction for p in paths}
        blank = [path for path, rule in rules.items() if rule is None or not rule.lifted]
        return f"no value that lifts is declared for {', '.join(blank)}" if blank else ""
    return ""


def nothing_set(
    phase: Phase,
    store: str,
    paths: tuple[str, ...],
    datamap: DataMap,
    manifests: Mapping[str, Manifest],
) -> bool:
    """Return whether a phase would read back what no connector could put out of use."""
    if phase.action is not Action.VERIFY:
        return False
    flags = phase.scope is Scope.RESTRICTABLE
    effect = Phase(Action.RESTRICT if flags else Action.SUPPRESS, phase.scope)
    return bool(cannot(effect, store, paths, datamap, manifests))
