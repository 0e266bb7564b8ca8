"""
The shop's own backend: registered, with an API key and a key to sign assertions with.

What it must keep is in ``backend.json`` of the demo's folder, for the owner only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import OKPKey

from rights.domain.levels import Acr
from rights.services import backends
from rights.services.backends import USUAL
from rights.store.db import open_engine, transaction
from rights.store.keys import Keyring
from rights.store.models import Staff
from rights.store.vault import Vault
from workflows.demo.company.website.vouching import Signature
from workflows.demo.house.credentials import Credentials

NAME: Final = "shop"
REVIEWER: Final = "demo-reviewer"
_FILE: Final = "backend.json"


@dataclass(frozen=True, slots=True)
class ShopBackend:
    """
    What the shop's backend knows about itself.

    Args:
        key: Its API key.
        signing: Its private key, as a JWK.
    """

    id: str
    audience: str
    key: str = field(repr=False)
    signing: Mapping[str, Any] = field(repr=False)

    def assertion(self, subject: Mapping[str, str], acr: Acr, *, now: datetime) -> str:
        """Return a signed word about a signed-in person, good once and for four minutes."""
        return self.signature.vouch(subject, str(acr), now=now)

    @property
    def signature(self) -> Signature:
        """What its word is signed with."""
        return Signature(NAME, self.audience, self.signing)


def registered(folder: Path, register_url: str, keys: Credentials, *, now: datetime) -> ShopBackend:
    """Return the shop's backend; register it, and a reviewer, the first time."""
    file = folder / _FILE
    if not file.exists():
        backend = _register(register_url, keys, now)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            json.dump(asdict(backend), out)
    return known(folder)


def known(folder: Path) -> ShopBackend:
    """
    Return the backend that *folder* knows.

    Raises:
        FileNotFoundError: no demo was started there.
    """
    return ShopBackend(**json.loads((folder / _FILE).read_text()))


def show_portal_at(register_url: str, origin: str, *, now: datetime) -> None:
    """Let the pages of *origin* show the shop's portal."""
    engine = open_engine(register_url)
    try:
        with transaction(engine) as session:
            backends.allow_origins(session, NAME, [origin], now=now)
    finally:
        engine.dispose()


def _register(register_url: str, keys: Credentials, now: datetime) -> ShopBackend:
    key = OKPKey.generate_key("Ed25519", {"kid": "shop-1"}, private=True)
    vault = Vault(Keyring.parse(keys.keys))
    engine = open_engine(register_url)
    try:
        with transaction(engine) as session:
            # The demo shows real-name requests too, so its backend may vouch up to level 3.
            made = backends.add(session, NAME, now=now, level_cap=3)
            public = key.as_dict(private=False)
            backends.add_assertion_key(session, vault, made, public, now=now)
            session.flush()
            _, text = backends.issue_key(session, made.id, USUAL, now=now)
            session.add(Staff(name=REVIEWER, roles=["reviewer", "legal"], created_at=now))
            return ShopBackend(made.id, made.audience, text, key.as_dict(private=True))
    finally:
        engine.dispose()
