"""What the views of one process share: built once in ``rights.app``, found through Flask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import Engine

from rights.net import Guard
from rights.services.backends import LiveKeys
from rights.services.context import Context
from rights.services.network_identity.calls import Bridges
from rights.services.readiness import Readiness
from rights.services.sign_in.directory import Directory
from rights.store.blobs import Blobs
from rights.web.limits import Limits

NAME = "rights"


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What a web process works with; nothing that reaches a data store is among it.

    Args:
        guard: Where webhooks may point.
        evidence: Where documents of representatives lie; None where none are taken.
        directory: What the providers at which people sign in publish.
        bridges: Asks bridges to the national network identity service.
        readiness: Whether this process has all that it needs.
        now: The register's time.
    """

    context: Context
    engine: Engine
    blobs: Blobs
    guard: Guard
    directory: Directory
    bridges: Bridges
    keys: LiveKeys
    limits: Limits
    readiness: Readiness
    now: Callable[[], datetime]
    evidence: Blobs | None = None


def parts() -> Parts:
    """Return the parts of the application that is serving."""
    found: Parts = current_app.extensions[NAME]
    return found
