"""A bridge as a proof uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BACK: Final = "/portal/network-identity/back"
"""To where the bridge sends people of the portal back: one address, whoever they are."""


def worth(*, attests_names: bool) -> int:
    """Return the most that the word of a bridge is worth beside a code."""
    return 3 if attests_names else 2


@dataclass(frozen=True, slots=True)
class Bridge:
    """
    A bridge, ready for use.

    Args:
        url: Where it is reached, without a slash at its end.
        secret: ``whsec_`` and base64, as for webhooks: both sides sign with it.
        attests_names: Its word that a real name is the one we hold is taken.
    """

    backend_id: str
    url: str
    secret: str = field(repr=False)
    attests_names: bool = False

    @property
    def brings(self) -> int:
        """The most that its word is worth beside a code."""
        return worth(attests_names=self.attests_names)
