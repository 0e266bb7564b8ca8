"""What services need besides a session: built once per process, passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from rights.domain import choosable
from rights.domain.datamap import DataMap
from rights.domain.kinds import Kind, Option
from rights.domain.organisation import Profile
from rights.domain.policy import LAWFUL, Policy
from rights.domain.regime import Regime
from rights.domain.settable import Value
from rights.settings import Settings
from rights.store.vault import Vault


@dataclass(slots=True, eq=False)
class Context:
    """
    Settings, keys and facts of this process; never a connection.

    Only settings are exchanged while it runs, as a whole (``rights.services.live_settings``).

    Args:
        settings: What holds now.
        given: What the process was started with.
        laid: What staff set, as this process knows it.
        looked_at: When the register was asked for what staff set, in seconds of its clock.
    """

    settings: Settings
    vault: Vault
    datamap: DataMap
    regimes: Mapping[str, Regime]
    policy: Policy = LAWFUL
    profile: Profile | None = None
    given: Settings = field(init=False)
    laid: Mapping[str, Value] = field(default_factory=dict, init=False)
    looked_at: float = field(default=-inf, init=False)

    def __post_init__(self) -> None:
        """Keep what the process was started with."""
        self.given = self.settings

    def look_again(self) -> None:
        """Let the next call ask the register: something was set here just now."""
        self.looked_at = -inf


def fitting(policy: Policy, datamap: DataMap) -> Policy:
    """Return *policy* without what this map lets nobody do: choose tags where none is offered."""
    if choosable.places(datamap):
        return policy
    return replace(policy, bare=policy.bare | {(Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT)})
