"""
What a deployment decides about intake and verification, within what the law leaves to it.

Read from its policy file (``rights/services/policy_files.py``), which refuses the rest. Without a
file nothing is raised, switched off or added.

Source: NDSR 21, 23, 42; PIPL 50; GB/T 35273-2020 8.5, 8.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from rights.domain.cooling import LONGEST
from rights.domain.datamap import Purpose
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.levels import minimum
from rights.domain.parameters import offered

CODE: Final = "code"
ASSERTION: Final = "assertion"
NETWORK_IDENTITY: Final = "network_identity"
WAYS: Final = (CODE, ASSERTION, NETWORK_IDENTITY)
"""Ways of proof: a code, the word of the product, and the national network identity.

The last is there only where a bridge to it is set up, and never alone. Source: NDSR 43.
"""

PORTAL: Final = "portal"
CHANNELS: Final = (PORTAL, "email", "phone", "post", "desk")
"""By which roads requests may come. The portal is always one of them; staff file the others."""

BLOCKERS: Final = ("authority_dispute", "unpaid_debt", "security_freeze")
"""What may hold back a part of a cancellation. Source: E-Commerce Law 24; GB/T 35273 8.5."""

Pair = tuple[Kind, Option]
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Raised:
    """
    A level above the minimum.

    Args:
        because: A code for the risk; it is kept with every request it concerns.
    """

    level: int
    because: str


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a deployment has stated.

    Args:
        raised: Kinds and options that ask for more proof than they must.
        off: Kinds and options that are not offered here.
        bare: Kinds and options for which the data map has nothing: offered nowhere either, and
            no choice of the deployment's.
        ways: The ways of proof that are taken.
        channels: By which roads people may ask, and what they read about each.
        blockers: What may hold back a part of a cancellation here.
        retention_message: The one message shown to who cancels an account; empty for none.
        pause_days: The most days that somebody may choose to wait before a cancellation.
        complaints: Where somebody can complain.
        minors_rules: The address of the processing rules for children under fourteen.
    """

    raised: Mapping[Pair, Raised] = field(default_factory=lambda: MappingProxyType({}))
    off: frozenset[Pair] = frozenset()
    ways: tuple[str, ...] = WAYS
    channels: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    blockers: tuple[str, ...] = ()
    retention_message: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    pause_days: int = LONGEST
    complaints: str = ""
    minors_rules: str = ""
    bare: frozenset[Pair] = frozenset()

    def level(self, kind: Kind, option: Option) -> int:
        """Return the level that this request asks for here; never less than the minimum."""
        raised = self.raised.get((kind, option))
        return max(minimum(kind, option), raised.level if raised else 0)

    def offered(self, kind: Kind) -> tuple[Option, ...]:
        """Return the options of *kind* that work and are not switched off here."""
        return tuple(o for o in offered(kind) if (kind, o) not in self.off | self.bare)

    def kinds(self) -> tuple[Kind, ...]:
        """Return the kinds of which something is offered here."""
        return tuple(kind for kind in OPTIONS if self.offered(kind))

    def because(self, kind: Kind, option: Option) -> str:
        """Return the code of the risk for which more proof is asked; empty when none is."""
        raised = self.raised.get((kind, option))
        return raised.because if raised and raised.level > minimum(kind, option) else ""


def trains(purpose: Purpose) -> bool:
    """Return whether a model is trained with what is used for *purpose*. Source: PIPL 16."""
    return purpose.use in ("training", "both") or purpose.name in ("training", "model_training")


LAWFUL: Final = Policy()
"""What holds where nothing was stated."""
