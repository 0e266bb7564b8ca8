"""
The data map beside the connectors there are and the stores as they are.

The loader has made sure that the map agrees with itself. What only workers can know is checked
here: unknown connectors, settings, secrets, reachability, verbs, and the live schema.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, cast

from connectors.sdk import Connector, ConnectorError, Discovers, Inventory, Manifest, Verb
from rights.domain.actions import Action
from rights.domain.datamap import DataMap, Store
from rights.domain.errors import ConfigError, Misconfigured
from rights.domain.graph import erase_order, frozen
from workflows import escrow, foreign_keys, preflight, strain, tables
from workflows.findings import Finding, Level, error, warning
from workflows.knots import arranged
from workflows.languages import one_language
from workflows.plan import Step
from workflows.stores import Registry, settings_mistakes

OpenStore = Callable[[Store], Connector]

WANTED: Final[Mapping[Verb, str]] = {
    Verb.COLLECT: "access, copy and portability",
    Verb.ERASE: "deletion and account cancellation",
    Verb.CORRECT: "correction",
    Verb.RESTRICT: "restriction",
    Verb.VERIFY: "the proof that an effect took place",
}
"""What each store should be able to do, and for which requests."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def check(
    datamap: DataMap,
    registry: Registry,
    open_connector: OpenStore,
    *,
    ci: bool = False,
    refused: Mapping[str, str] = _NOTHING,
) -> list[Finding]:
    """
    Return everything that is wrong or doubtful, errors first, in the map's order.

    Args:
        registry: The connectors that could be loaded.
        open_connector: Raises ConfigError or a ConnectorError; both become findings.
        ci: Incompleteness is an error too, as it should be where the map is released.
        refused: Why the others could not be, by name.
    """
    found = [*_map(datamap), *one_language(datamap)]
    for store in datamap:
        if store.connector in registry:
            found += _store(datamap, store, registry[store.connector].manifest, open_connector)
        else:
            why = refused.get(store.connector) or f"there is no connector {store.connector}"
            found.append(error(store.name, why, "correct connector:, or install it"))
    if ci:
        found = [replace(f, level=Level.ERROR) if f.strict else f for f in found]
    return sorted(found, key=lambda f: f.level is not Level.ERROR)


def _map(datamap: DataMap) -> Iterator[Finding]:
    if not datamap.controller:
        yield warning(
            "controller",
            "notices cannot name who answers and whom to turn to",
            "add controller: {name: {zh, en}, dpo_contact}",
        )
    for collection in datamap.collections:
        for field in collection.fields:
            if field.disclose and not field.purposes:
                yield warning(
                    f"{collection.path}.{field.name}",
                    "is disclosed without a purpose",
                    "add purposes, or set them for the collection",
                )


def _store(
    datamap: DataMap, store: Store, manifest: Manifest, open_connector: OpenStore
) -> Iterator[Finding]:
    if manifest.verbs:
        yield from _abilities(datamap, store, manifest)
    else:
        yield from _by_hand(store, manifest)
    yield from _frozen(datamap, store, manifest)
    mistakes = settings_mistakes(store, manifest)
    for what, remedy in mistakes:
        yield error(f"{store.name}.settings", what, remedy)
    if manifest.verbs and not mistakes:
        yield from _live(datamap, store, manifest, open_connector)


def _by_hand(store: Store, manifest: Manifest) -> Iterator[Finding]:
    """Where no program acts, everything that can be wrong is that nobody does."""
    if not store.owner:
        yield error(
            store.name,
            f"the connector {manifest.name} does nothing, and nobody is named who does",
            "add owner: who acts there by hand",
        )


def _abilities(datamap: DataMap, store: Store, manifest: Manifest) -> Iterator[Finding]:
    wanted = dict(WANTED)
    if any(s.collection.startswith(f"{store.name}.") for s in datamap.switches):
        wanted[Verb.SUPPRESS] = "opting out and withdrawing consent"
    if any(c.close for c in store.collections):
        wanted[Verb.CLOSE] = "closing an account"
    for verb, what in wanted.items():
        if verb not in manifest.verbs:
            yield warning(
                store.name,
                f"the connector {manifest.name} cannot {verb}, which {what} need",
                "nothing, if staff are to do it: each such request becomes a task for them",
            )
    for collection in store.collections:
        if collection.tags and not manifest.adds:
            yield warning(
                f"{collection.path}.tags",
                f"the connector {manifest.name} cannot add the tags that people choose",
                "nothing, if staff are to do it: each such choice becomes a task for them",
            )
        rule = collection.restriction
        if rule and rule.strategy not in manifest.restrictions:
            known = ", ".join(sorted(manifest.restrictions)) or "nothing"
            yield error(
                f"{collection.path}.restriction",
                f"the connector {manifest.name} does not know {rule.strategy}",
                f"it knows {known}; remove the restriction to leave it to staff",
            )


def _frozen(datamap: DataMap, store: Store, manifest: Manifest) -> Iterator[Finding]:
    if Verb.FREEZE in manifest.verbs:
        return
    for collection in store.collections:
        if collection.path in frozen(datamap):
            yield error(
                collection.path,
                f"other rows are found from it, and the connector {manifest.name} cannot freeze",
                "link those rows to a person directly, by an identifier",
            )


def _live(
    datamap: DataMap, store: Store, manifest: Manifest, open_connector: OpenStore
) -> Iterator[Finding]:
    try:
        connector = open_connector(store)
    except ConfigError as wrong:
        for problem in wrong.problems or (str(wrong),):
            what, _, remedy = problem.partition(" → ")
            yield error(f"{store.name}.settings", what, remedy or "correct the settings")
        return
    except ConnectorError as failure:
        yield _unreachable(store, failure)
        return
    try:
        connector.probe()
        yield from escrow.findings(connector, store.collections)
        inventory = inventory_of(connector)
        look = getattr(connector, "survey", None)
        surveyed: Inventory | None = look() if look else None
        blind = list(_unseen(store, connector))
    except ConnectorError as failure:
        yield _unreachable(store, failure)
        return
    finally:
        connector.close_connections()
    yield from blind
    if inventory is None:
        what = f"the connector {manifest.name} cannot tell what there is"
        yield warning(store.name, what, "make sure yourself that every collection is mapped")
        return
    compared = tables.Compared.of(datamap, store, inventory)
    told = [*tables.findings(compared), *foreign_keys.findings(compared)]
    yield from told
    if surveyed is not None:
        yield from _in_the_way(datamap, store, surveyed, {f.place for f in told})


def _unseen(store: Store, connector: Connector) -> Iterator[Finding]:
    """Yield why it cannot be seen when the store is to be spared, where the map wants that."""
    if not store.pause_when:
        return
    try:
        strain.read(connector, store)
    except Misconfigured as failure:
        yield error(f"{store.name}.pause_when", str(failure), "grant it, or correct pause_when")


def _in_the_way(
    datamap: DataMap, store: Store, surveyed: Inventory, known: Container[str]
) -> Iterator[Finding]:
    """Yield what would stop a deletion, or be done besides it, where nothing is said of it yet."""
    paths = tuple(p for p in erase_order(datamap) if p.partition(".")[0] == store.name)
    compared = tables.Compared.of(datamap, store, surveyed)
    for finding in preflight.live(compared, preflight.Acting(frozenset(paths))):
        new = finding.place not in known and not finding.strict
        if finding.level is Level.ERROR or new:
            yield finding
    try:
        arranged(datamap, [Step(1, Action.ERASE, store.name, paths)], {store.name: surveyed})
    except Misconfigured as knot:
        what, _, remedy = str(knot).rpartition(": ")
        yield error(store.name, what, remedy)


def inventory_of(connector: Connector) -> Inventory | None:
    """
    Return what the store holds, or None where its connector cannot tell.

    Raises:
        ConnectorError: the store could not be asked.
    """
    if Verb.DISCOVER not in connector.manifest.verbs:
        return None
    # The manifest promises the method; check_manifest made sure of it when it was loaded.
    return cast("Discovers", connector).discover()


def _unreachable(store: Store, failure: ConnectorError) -> Finding:
    return error(store.name, f"the store cannot be reached: {failure}", "start it, or correct url")
