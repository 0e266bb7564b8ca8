"""
What this process knows of the stores' breakers without asking the register each time.

Almost always every store is well. So a claim asks only for what is not, and at most every two
seconds; what it then finds is decided under the register's own lock (``admission.py``). A breaker
that another worker opened is noticed that much later, which does no harm: limits are never
decided here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session, col, or_, select

from rights.domain.breaker import Circuit
from rights.store.models import StoreGate

FRESH_S: Final = 2.0


@dataclass(slots=True)
class Gates:
    """The stores against which something is held, as this process last saw them."""

    _troubled: frozenset[str] = frozenset()
    _seen: float = field(default=float("-inf"))

    @property
    def known(self) -> frozenset[str]:
        """The stores that were not well when we last looked."""
        return self._troubled

    def troubled(self, session: Session) -> frozenset[str]:
        """Return the stores that are not well; asks the register now and then."""
        if time.monotonic() - self._seen > FRESH_S:
            held = or_(StoreGate.circuit != Circuit.CLOSED, col(StoreGate.strikes) > 0)
            self._troubled = frozenset(session.exec(select(StoreGate.store).where(held)).all())
            self._seen = time.monotonic()
        return self._troubled

    def note(self, store: str, *, well: bool) -> None:
        """Remember what this process itself just wrote."""
        self._troubled = self._troubled - {store} if well else self._troubled | {store}
