"""Ask a store how it is, where the data map says when to pause."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.sdk import Connector, Misconfigured, Overloaded, Strain
from rights.domain.actions import Action
from rights.domain.datamap import DataMap, Store
from rights.domain.errors import ConfigError
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.touching import touched


def check(floor: Floor, claim: Claim) -> None:
    """
    Make sure that no store of the step has enough.

    Raises:
        Overloaded: one has, by the measure of the data map.
        Misconfigured: the store does not show it, or not to us: that is not "all is well".
    """
    watched = {s.name: s for s in floor.context.datamap if s.pause_when}
    if not watched:
        return
    store, action = (claim.step.store, claim.step.action) if claim.step else ("", Action.PREPARE)
    for name in sorted(watched.keys() & touched(floor, claim.request, store, action)):
        if why := over(floor, watched[name]):
            raise Overloaded(
                f"the store {name} is spared for now: {why} is above what the data map allows",
                store=name,
                reason=why,
                at_once=True,
            )


def over(floor: Floor, store: Store) -> str:
    """Return which measure of *store* is above what it may be, empty when none is."""
    when = store.pause_when
    found = read(floor.connector(store.name), store)
    if when.replication_lag_s and found.replication_lag_s > when.replication_lag_s:
        return "replication_lag"
    return "lock_waits" if when.lock_waits and found.lock_waits >= when.lock_waits else ""


def read(connector: Connector, store: Store) -> Strain:
    """Return what the store shows of its strain, of what the map asks for."""
    ask = getattr(connector, "strain", None)
    if ask is None:
        raise Misconfigured(
            f"the connector {connector.manifest.name} cannot tell how its store is; leave out"
            f" 'pause_when' of {store.name}"
        )
    when = store.pause_when
    found: Strain = ask(lag=bool(when.replication_lag_s), locks=bool(when.lock_waits))
    return found


def asked_between(floor: Floor, name: str) -> Callable[[], bool]:
    """Return what a large effect asks at the end of each chunk."""
    store = floor.context.datamap.store(name)
    return (lambda: bool(over(floor, store))) if store.pause_when else (lambda: False)


def refuse_unmeasured(datamap: DataMap, classes: Mapping[str, type[Connector]]) -> None:
    """
    Make sure that every ``pause_when`` can be measured at all.

    Raises:
        ConfigError: a connector cannot tell how its store is.
    """
    mute = [
        f"stores[{s.name}].pause_when: the connector {s.connector} cannot tell how its store is"
        " → remove it"
        for s in datamap
        if s.pause_when and s.connector in classes and not hasattr(classes[s.connector], "strain")
    ]
    if mute:
        raise ConfigError("the data map asks for what cannot be measured:", mute)
