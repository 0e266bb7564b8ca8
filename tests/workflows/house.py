"""A worker's floor over dictionaries, for tests of the engine itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import SQLModel

from connectors.memory import Memory, MemorySettings
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.services import intake, subjects
from rights.services.context import Context
from rights.services.datamap import parse
from rights.services.live_settings.in_force import InForce
from rights.services.regimes import regimes
from rights.services.signing import Signer
from rights.settings import Settings
from rights.store.blobs import open_blobs
from rights.store.db import open_engine, transaction
from rights.store.keys import Keyring
from rights.store.models import Request
from rights.store.vault import Vault
from workflows.floor import Floor
from workflows.leases import Leases
from workflows.routes import routes

KEY = "k1:" + base64.b64encode(b"k" * 32).decode()
TURN_S = 300
"""A worker's turn: no test is about how fast the machine is, unless it says so."""

SEED = "s1:" + base64.b64encode(b"s" * 32).decode()


class Clock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def on(self, **span: float) -> None:
        self.at += timedelta(**span)


def floor_over(
    folder: Path,
    map_text: str,
    tables: Mapping[str, dict[str, list[dict[str, Any]]]],
    clock: Clock,
    *,
    register_url: str = "",
    **settings: Any,
) -> Floor:
    """Return a floor whose stores are the given dictionaries."""
    options = Settings(
        database_url=register_url or f"sqlite:///{folder / 'register.sqlite'}",
        redis_url="redis://unused",
        blobs_url=(folder / "blobs").as_uri(),
        keys=KEY,
        signing_key=SEED,
        **{"inline_s": TURN_S, **settings},
    )
    register = open_engine(options.database_url)
    SQLModel.metadata.create_all(register)
    datamap = parse(map_text)
    context = Context(InForce(options), Vault(Keyring.parse(KEY)), datamap, regimes())
    stores = {name: Memory(MemorySettings(tables=t)) for name, t in tables.items()}
    return Floor(
        register=register,
        context=context,
        blobs=open_blobs(options.blobs_url),
        signer=Signer(SEED),
        connector=stores.__getitem__,
        manifests={"memory": Memory.manifest},
        leases=_leases(register, clock),
        now=clock,
        plain=routes(datamap, erasing=False),
        erasing=routes(datamap, erasing=True),
        worker="test",
    )


def _leases(register: Engine, clock: Clock) -> Leases:
    lease, every = timedelta(seconds=30), timedelta(seconds=10)
    return Leases(register, clock, worker="test", lease=lease, every=every)


def ask(
    floor: Floor,
    kind: Kind,
    identifiers: Mapping[str, str],
    *,
    option: Option | None = None,
    **more: Any,
) -> str:
    """Submit a request of a fully proved person; return its id."""
    new = asking(floor, kind, identifiers, option=option, **more)
    with transaction(floor.register) as session:
        request, _ = intake.submit(session, floor.context, new, now=floor.now())
        return request.id


def asking(
    floor: Floor,
    kind: Kind,
    identifiers: Mapping[str, str],
    *,
    option: Option | None = None,
    **more: Any,
) -> intake.Submission:
    """Return what a fully proved person asks."""
    cleaned = subjects.cleaned(floor.context.datamap, identifiers)
    return intake.Submission(
        kind=kind,
        option=option or default_option(kind),
        identifiers=cleaned,
        attested=frozenset(cleaned),
        acr=Acr.REAL_NAME,
        operator=True,
        **more,
    )


def request_of(floor: Floor, request_id: str) -> Request:
    """Return a request as it is now."""
    with transaction(floor.register) as session:
        return session.get_one(Request, request_id)


def lying(store: Memory, **methods: Any) -> Memory:
    """Return a store whose methods were replaced: the edge of the world misbehaving."""
    for name, method in methods.items():
        setattr(store, name, method)
    return store


__all__ = ["Clock", "ask", "asking", "floor_over", "lying", "replace", "request_of"]
