"""Put a worker together: facts before the fork, connections after it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from connectors.registry import load as load_connectors
from connectors.sdk import Connector
from rights import traces
from rights.services import drafts, keeping, regime_choice
from rights.services.context import Context, fitting
from rights.services.datamap import Tell
from rights.services.datamap import load as load_datamap
from rights.services.live_settings.in_force import InForce
from rights.services.organisation.profile_defaults import settled
from rights.services.organisation.profile_files import profile
from rights.services.policy_files import policy
from rights.services.regimes import regimes
from rights.services.signing import Signer
from rights.settings import Settings
from rights.store.blobs import Blobs, open_blobs
from rights.store.db import RegisterClock, open_engine
from rights.store.keys import Keyring
from rights.store.vault import Vault
from workflows.floor import Floor
from workflows.leases import Leases
from workflows.packages import access_content
from workflows.routes import Routes, routes
from workflows.secrets import Secrets
from workflows.stores import open_connector
from workflows.strain import refuse_unmeasured
from workflows.traced import traced


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be made before the fork: nothing here holds a connection."""

    settings: Settings = field(repr=False)
    context: Context = field(repr=False)
    classes: Mapping[str, type[Connector]] = field(repr=False)
    plain: Routes = field(repr=False)
    erasing: Routes = field(repr=False)


def context_for(settings: Settings, tell: Tell | None = None) -> Context:
    """Return the settings, keys and facts that services need; *tell* as for the data map."""
    vault = Vault(Keyring.parse(settings.keys.get_secret_value()))
    book = regimes(settings.regimes_override)
    regime_choice.check(settings, book)
    keeping.check(settings, book)
    drafts.check(settings.drafts)
    datamap = load_datamap(settings.datamap, tell=tell)
    fitted = fitting(policy(settings.policy), datamap)
    stated = profile(settings.organisation)
    held = InForce(settled(settings, stated))
    return Context(held, vault, datamap, book, fitted, stated)


def parts_for(settings: Settings, *, tell: Tell | None = None) -> Parts:
    """
    Load facts and the code of the connectors that the data map names.

    Args:
        tell: Takes what the map's entries owe the law; without it the map is refused for that.

    Raises:
        ConfigError: the data map or a setting is wrong; all mistakes at once.
    """
    context = context_for(settings, tell)
    access_content.template()  # who would answer half of what is owed does not start
    classes = load_connectors(tuple(s.connector for s in context.datamap))
    refuse_unmeasured(context.datamap, classes)
    plain = routes(context.datamap, erasing=False)
    return Parts(settings, context, classes, plain, routes(context.datamap, erasing=True))


def blobs_for(settings: Settings) -> Blobs:
    """Return where spools and packages are kept."""
    return open_blobs(
        settings.blobs_url,
        access_key=settings.blobs_access_key,
        secret_key=settings.blobs_secret_key.get_secret_value(),
        region=settings.blobs_region,
    )


def _leases(settings: Settings, register: Engine, clock: RegisterClock, worker: str) -> Leases:
    lease, every = timedelta(seconds=settings.lease_s), timedelta(seconds=settings.heartbeat_s)
    return Leases(register, clock.now, worker=worker, lease=lease, every=every)


def floor_for(
    parts: Parts, *, worker: str, environ: Mapping[str, str] | None = None, **more: Any
) -> Floor:
    """
    Open the register and return a floor whose stores are opened when first needed.

    Args:
        environ: Where the stores' secrets come from; this process's environment by default.
    """
    settings = parts.settings
    register = open_engine(settings.database_url, pool=2)
    clock = RegisterClock(register)
    stores = Stores(parts, os.environ if environ is None else environ)

    def close() -> None:
        stores.close()
        register.dispose()

    return Floor(
        register=register,
        context=parts.context,
        blobs=blobs_for(settings),
        signer=Signer(settings.signing_key.get_secret_value()),
        connector=stores.open,
        manifests={name: cls.manifest for name, cls in parts.classes.items()},
        leases=_leases(settings, register, clock, worker),
        now=clock.now,
        plain=parts.plain,
        erasing=parts.erasing,
        worker=worker,
        close=close,
        **more,
    )


class Stores:
    """Connectors of one process, each opened once and kept."""

    def __init__(self, parts: Parts, environ: Mapping[str, str]) -> None:
        self._parts = parts
        self._secrets = Secrets.of(environ)
        self._open: dict[str, Connector] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Connector:
        """Return the connector of a store. Raises ConnectorError or ConfigError."""
        with self._lock:
            if name not in self._open:
                store = self._parts.context.datamap.store(name)
                found = open_connector(store, self._parts.classes, self._secrets)
                self._open[name] = traced(found, name) if traces.on() else found
            return self._open[name]

    def close(self) -> None:
        """Close every connection; a store that is needed again is opened again."""
        with self._lock:
            for connector in self._open.values():
                connector.close_connections()
            self._open.clear()
