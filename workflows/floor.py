"""What a worker needs to work: built once per process, after the fork, and passed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from connectors.sdk import Connector, Manifest, Reach
from rights.domain.conversation import is_part
from rights.domain.kinds import Kind
from rights.services.context import Context
from rights.services.signing import Signer
from rights.store.blobs import Blobs
from rights.store.models import Request
from workflows.gates import Gates
from workflows.leases import Leases
from workflows.routes import Routes

OpenConnector = Callable[[str], Connector]


@dataclass(frozen=True, slots=True)
class Floor:
    """
    The register, the stores and the keys of one worker process.

    Args:
        worker: ``host:pid``; who holds a lease.
        connector: Opens a store by its name, once; raises ConnectorError.
        manifests: Connector name to manifest, for the connectors the data map names.
        gates: What this process knows of stores that have enough.
        now: The register's clock, aware UTC.
        waited_for: Whether there is other work for this process.
        close: Lets go of every connection, where the process lives on without the floor.
    """

    register: Engine = field(repr=False)
    context: Context = field(repr=False)
    blobs: Blobs = field(repr=False)
    signer: Signer = field(repr=False)
    connector: OpenConnector = field(repr=False)
    manifests: dict[str, Manifest] = field(repr=False)
    leases: Leases = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)
    plain: Routes = field(repr=False)
    erasing: Routes = field(repr=False)
    worker: str = "worker"
    force_approval: bool = False
    dry_run: bool = False
    close: Callable[[], None] = field(default=lambda: None, repr=False)
    gates: Gates = field(default_factory=Gates, repr=False)
    waited_for: Callable[[], bool] = field(default=lambda: True, repr=False)

    def routes(self, kind: Kind) -> Routes:
        """Return how rows are reached by requests of *kind*."""
        return self.erasing if kind in ERASING else self.plain

    def reaching(self, request: Request) -> Mapping[str, tuple[Reach, ...]]:
        """Return path to every way by which a request reaches rows: of named rows, to no other."""
        routes = self.routes(request.kind)
        return routes.narrowed if is_part(request.parameters) else routes.predicates


ERASING: Final = frozenset({Kind.DELETION, Kind.ACCOUNT_CANCELLATION})
"""Kinds that also take what hangs on the person's rows."""
