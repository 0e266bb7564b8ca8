"""What services need besides a session: built once per process, passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rights.domain.datamap import DataMap
from rights.domain.policy import LAWFUL, Policy
from rights.domain.regime import Regime
from rights.settings import Settings
from rights.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, keys and facts of this process; never a connection."""

    settings: Settings
    vault: Vault
    datamap: DataMap
    regimes: Mapping[str, Regime]
    policy: Policy = LAWFUL
