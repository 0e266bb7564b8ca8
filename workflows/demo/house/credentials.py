"""The keys of one demo, made at its first start and kept in its folder."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

_FILE: Final = "keys.json"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    What must stay the same when a demo is started again.

    Args:
        keys, signing_key: Settings of the register.
        replay_keys: What seals replay capsules: for workers.
        recommender: What our requests to the recommender are signed with.
    """

    keys: str = field(repr=False)
    signing_key: str = field(repr=False)
    recommender: str = field(repr=False)
    replay_keys: str = field(repr=False)


def credentials(folder: Path) -> Credentials:
    """Return the keys kept in *folder*, or make them and keep them there for the owner only."""
    file = folder / _FILE
    if file.exists():
        return Credentials(**json.loads(file.read_text()))
    made = Credentials(_key("demo"), _key("demo"), f"whsec_{_random()}", _key("demo"))
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(asdict(made), out)
    return made


def _key(name: str) -> str:
    return f"{name}:{_random()}"


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(_BYTES)).decode()
