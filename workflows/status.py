"""What workers see of the stores, written down so that the web can show it."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from connectors.sdk import Manifest, Verb
from rights.domain.datamap import Store
from rights.domain.errors import ConfigError, ConnectorError
from rights.logs import get
from rights.store.db import transaction
from rights.store.models import StoreStatus
from workflows.floor import Floor


def publish(floor: Floor) -> None:
    """Probe every store and write its manifest, health and schema hash to the register."""
    for store in floor.context.datamap:
        healthy, note, schema = _look(floor, store)
        if not healthy:
            get().warning("store.unhealthy", store=store.name)
        with transaction(floor.register) as session:
            _write(session, floor, store, healthy=healthy, note=note, schema=schema)


def _look(floor: Floor, store: Store) -> tuple[bool, str, str]:
    try:
        connector = floor.connector(store.name)
        connector.probe()
        if Verb.DISCOVER in connector.manifest.verbs:
            return True, "", connector.discover().hash  # type: ignore[attr-defined]  # the manifest promised the verb
    except (ConnectorError, ConfigError) as error:
        return False, str(error)[:400], ""
    return True, "", ""


def _write(
    session: Session, floor: Floor, store: Store, *, healthy: bool, note: str, schema: str
) -> None:
    row = session.get(StoreStatus, store.name)
    if row is None:
        row = StoreStatus(store=store.name, connector=store.connector, checked_at=floor.now())
        session.add(row)
    row.connector, row.healthy, row.note = store.connector, healthy, note
    row.schema_hash = schema or row.schema_hash
    row.manifest = _json(floor.manifests[store.connector])
    row.checked_at = floor.now()


def _json(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "title": dict(manifest.title),
        "verbs": sorted(manifest.verbs),
        "restrictions": sorted(manifest.restrictions),
        "journal": manifest.journal,
    }
