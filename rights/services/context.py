"""What services need besides a session: built once per process, passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rights.domain import choosable
from rights.domain.datamap import DataMap
from rights.domain.kinds import Kind, Option
from rights.domain.organisation import Profile
from rights.domain.policy import LAWFUL, Policy
from rights.domain.regime import Regime
from rights.services.live_settings.in_force import InForce
from rights.settings import Settings
from rights.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """
    Settings, keys and facts of this process; never a connection.

    Args:
        in_force: What staff may change while everything runs; shared by whatever is made of this.
    """

    in_force: InForce
    vault: Vault
    datamap: DataMap
    regimes: Mapping[str, Regime]
    policy: Policy = LAWFUL
    profile: Profile | None = None

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self.in_force.now

    @property
    def given(self) -> Settings:
        """What the process was started with."""
        return self.in_force.given


def fitting(policy: Policy, datamap: DataMap) -> Policy:
    """Return *policy* without what this map lets nobody do: choose tags where none is offered."""
    if choosable.places(datamap):
        return policy
    return replace(policy, bare=policy.bare | {(Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT)})
