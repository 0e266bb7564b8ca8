"""What workers see of the stores, written down so that the web can show it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from connectors.sdk import Inventory, Manifest
from rights.domain.datamap import Store
from rights.domain.errors import ConfigError, ConnectorError
from rights.logs import get
from rights.services import disturbances, schema_changes
from rights.store.db import transaction
from rights.store.models import StoreStatus
from workflows.check import inventory_of
from workflows.drift import diff
from workflows.floor import Floor

MOST: Final = 1_000
"""Differences from the data map that are kept of one store."""


def publish(floor: Floor) -> None:
    """
    Probe every store and write to the register how it is.

    Its manifest and health; where it can tell what it holds, how that differs from the data map,
    and what changed since the last look. A store that cannot be asked says nothing of either.
    """
    for store in floor.context.datamap:
        healthy, note, schema = _look(floor, store)
        if not healthy:
            get().warning("store.unhealthy", store=store.name)
        with transaction(floor.register) as session:
            _write(session, floor, store, healthy=healthy, note=note, schema=schema)


def attempt(floor: Floor) -> None:
    """Do what :func:`publish` does; a register that is away, or another worker, is waited for."""
    try:
        publish(floor)
    except SQLAlchemyError as error:
        get().warning("status.waits", error=type(error).__name__)


def _look(floor: Floor, store: Store) -> tuple[bool, str, Inventory | None]:
    try:
        connector = floor.connector(store.name)
        connector.probe()
        return True, "", inventory_of(connector)
    except (ConnectorError, ConfigError) as error:
        return False, str(error)[:400], None
    except Exception as error:  # noqa: BLE001 - the fault of one connector hides no other store
        get().error("status.fault", store=store.name, error=type(error).__name__)
        return False, type(error).__name__, None


def _write(
    session: Session,
    floor: Floor,
    store: Store,
    *,
    healthy: bool,
    note: str,
    schema: Inventory | None,
) -> None:
    row = session.get(StoreStatus, store.name, with_for_update=True)
    was = row is None or row.healthy  # one that nobody looked at yet was well
    if row is None:
        row = StoreStatus(store=store.name, connector=store.connector, checked_at=floor.now())
        session.add(row)
    if healthy is not was:
        event = disturbances.STORE_REACHABLE if healthy else disturbances.STORE_UNREACHABLE
        disturbances.note(session, event, now=floor.now(), store=store.name)
    row.connector, row.healthy, row.note = store.connector, healthy, note
    row.manifest = _json(floor.manifests[store.connector])
    row.checked_at, row.worker = floor.now(), floor.worker[:80]
    if schema is not None:
        session.flush()
        _compared(session, floor, store, row, schema)


def _compared(
    session: Session, floor: Floor, store: Store, row: StoreStatus, schema: Inventory
) -> None:
    found = diff(floor.context.datamap, store, schema)
    row.schema_hash, row.looked_at = schema.hash, floor.now()
    row.findings = [asdict(one) for one in found[:MOST]]
    tables = {table.name: table.columns for table in schema.tables}
    changed = schema_changes.remember(session, store.name, tables, now=floor.now())
    if changed:
        get().warning("store.schema_changed", store=store.name, changes=changed)


def _json(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "title": dict(manifest.title),
        "verbs": sorted(manifest.verbs),
        "restrictions": sorted(manifest.restrictions),
        "journal": manifest.journal,
    }
