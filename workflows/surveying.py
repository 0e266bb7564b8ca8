"""The live stores before a plan is made: in which order, and what stands in the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from connectors.sdk import Connector, ConnectorError, Inventory, KeySet, TableFound
from rights.domain.actions import EFFECTS, Action
from rights.domain.datamap import Collection, DataMap, Depth, Erasure, OnErasure, Role, Store
from rights.domain.errors import ConfigError, Misconfigured, Refused
from rights.domain.keys import Standing, held
from rights.domain.kinds import Option
from rights.services.plan_warnings import Warned
from rights.store.models import Request
from workflows import escrow, preflight
from workflows.check import inventory_of
from workflows.findings import Finding, Level
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.holds import Rulings
from workflows.knots import arranged
from workflows.plan import Step
from workflows.preflight import Acting, linked
from workflows.routes import Routes
from workflows.tables import Compared, absent, table_of
from workflows.where import at

Surveys = Mapping[str, Inventory]


def surveys(floor: Floor, steps: Sequence[Step]) -> dict[str, Inventory]:
    """Return the live schema of each store that is going to be changed and can tell."""
    out = {}
    for store in dict.fromkeys(s.store for s in steps if s.action in EFFECTS and s.by_worker):
        connector = floor.connector(store)
        with at(store):
            found = _surveyed(connector)
        if found is not None:
            out[store] = found
    return out


def fits(floor: Floor) -> None:
    """
    Make sure that what the data map names is there, in every store that can tell and answers.

    For whoever runs requests by hand, once before the first of them: workers look at what each
    plan is about, and wait. A store that does not answer is left to the requests themselves; so
    is a view, of which only its name is known.

    Raises:
        ConfigError: a collection, or a column that a link or anything else names, is not there.
    """
    wrong = [
        str(finding).removeprefix("error: ")
        for store in floor.context.datamap
        for finding in _absent(floor, store)
    ]
    if wrong:
        raise ConfigError("the data map names what the stores do not have:", wrong)


def looked_at(floor: Floor, store: Store) -> Inventory | None:
    """Return the live schema of *store*, None where it cannot be told. Raises ConnectorError."""
    connector = floor.connector(store.name)
    return _surveyed(connector) or inventory_of(connector)


def _surveyed(connector: Connector) -> Inventory | None:
    look = getattr(connector, "survey", None)
    return look() if look else None


def _absent(floor: Floor, store: Store) -> Iterator[Finding]:
    """Look at a store once: a connector keeps what it saw for the plans that come after."""
    found: Inventory | None = None
    with contextlib.suppress(ConnectorError, ConfigError):
        found = _surveyed(floor.connector(store.name))
    if found is not None:
        compared = Compared.of(floor.context.datamap, store, found)
        yield from absent(compared, lambda collection: table_of(collection) not in found.views)


def cleared(
    floor: Floor, request: Request, steps: tuple[Step, ...], found: Surveys
) -> tuple[tuple[Step, ...], tuple[Warned, ...]]:
    """
    Return the steps in an order the stores allow, and what staff should know beforehand.

    Raises:
        Misconfigured: something in a store would stop an effect half-way; all of it is named.
    """
    datamap = floor.context.datamap
    said = [
        finding
        for store, inventory in found.items()
        for finding in _in_store(datamap, request, steps, store, inventory)
    ]
    said += _into_escrow(floor, steps)
    wrong = [str(f).removeprefix("error: ") for f in said if f.level is Level.ERROR]
    if wrong:
        raise Misconfigured("; ".join(wrong))
    return arranged(datamap, steps, found), tuple(f.warned() for f in said)


def _into_escrow(floor: Floor, steps: Sequence[Step]) -> Iterator[Finding]:
    """Say what would keep held rows from being put into a bucket."""
    for step in steps:
        if step.action is Action.ERASE and step.by_worker:
            collections = map(floor.context.datamap.collection, step.collections)
            yield from escrow.findings(floor.connector(step.store), collections)


def _in_store(
    datamap: DataMap, request: Request, steps: Sequence[Step], store: str, inventory: Inventory
) -> Iterator[Finding]:
    mine = [s for s in steps if s.store == store and s.action in EFFECTS and s.by_worker]
    acting = Acting(
        frozenset(p for s in mine if s.action is Action.ERASE for p in s.collections),
        frozenset(p for s in mine if s.action is not Action.ERASE for p in s.collections),
        request.option is Option.ANONYMISE,
    )
    compared = Compared.of(datamap, datamap.store(store), inventory)
    yield from preflight.findings(compared, acting)


def nothing_held_below(
    floor: Floor,
    request: Request,
    routes: Routes,
    steps: Sequence[Step],
    found: Surveys,
    keys: KeySet,
    ruled: Rulings,
) -> None:
    """
    Make sure that no row that has to stay points at a row that is to be deleted.

    Raises:
        Refused: one does. The store would refuse half-way, or delete what a rule holds.
    """
    anonymise = request.option is Option.ANONYMISE
    for step in steps:
        if step.action is not Action.ERASE or step.refused or step.store not in found:
            continue
        acting = Acting(frozenset(step.collections), (), anonymise)
        for child, columns, parent in _pointing(routes.datamap, step, found[step.store], acting):
            below = ruled.of(child)
            if not _may_stay(below, ruled.of(parent)):
                continue
            if _held_at(floor, routes, below, columns, parent, keys):
                raise Refused(
                    f"rows of {child.path} are held and point at rows of {parent.path}, which are"
                    f" to be deleted: give {parent.path} 'erasure: anonymise', or a retention"
                )


def _pointing(
    datamap: DataMap, step: Step, inventory: Inventory, acting: Acting
) -> Iterator[tuple[Collection, tuple[str, ...], Collection]]:
    tables = {t.name: t for t in inventory.tables}
    known = {table_of(c): c for c in map(datamap.collection, step.collections)}
    for name, child in known.items():
        for columns, to, _ in tables[name].foreign_keys if name in tables else ():
            parent = known.get(to)
            if parent is None or parent is child or not acting.deletes(parent):
                continue
            if linked(child, columns, parent) and not _loose(child, columns, parent, tables[name]):
                yield child, columns, parent


def _loose(
    child: Collection, columns: tuple[str, ...], parent: Collection, table: TableFound
) -> bool:
    """Return whether rows of *child* that stay let go of rows of *parent* before those go."""
    if child.erasure is Erasure.KEEP:
        return table.on_delete.get(columns) == "SET NULL"
    return set(columns) <= set(table.nullable) and any(
        link.to == parent.path
        and set(link.columns) == set(columns)
        and link.role is Role.NONE
        and link.depth is Depth.SHALLOW
        and link.on_erasure is OnErasure.DECORRELATE
        for link in child.links
    )


def _may_stay(child: Collection, parent: Collection) -> bool:
    """Return whether rows of *child* may be held although those of *parent* go."""
    stays = parent.retention is not None or preflight.holds(parent)  # sealed: emptied to its key
    return not stays and preflight.holds(child)


def _held_at(
    floor: Floor,
    routes: Routes,
    child: Collection,
    columns: tuple[str, ...],
    parent: Collection,
    keys: KeySet,
) -> bool:
    """Return whether a row of *child* that is held points at the person's own of *parent*."""
    link = next(
        (k for k in child.links if k.to == parent.path and set(k.columns) == set(columns)), None
    )
    if link is None:
        return False
    asked = (link.columns,)
    kept = frozen(floor, child, keys, routes.predicates[child.path], asked)
    pointing = kept.keys(held(f"{child.path}:{','.join(link.columns)}"))
    theirs = {tuple(map(str, key)) for key in keys.keys(link.anchor, Standing.SOLE)}
    return any(tuple(map(str, key)) in theirs for key in pointing)
