"""
What every way to prove who asks has in common.

A way is one small file of this folder: its words and its worth are in
``rights/catalogue/ways.yaml``, and what it does with what it is given is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.services.backends import Caller
from rights.services.context import Context
from rights.store.models import Lookup, Request


@dataclass(frozen=True, slots=True)
class Given:
    """
    What somebody gives to prove who they are.

    Args:
        values: As typed; sealed or used up in this very call.
        caller: The product whose door it came through.
        visit: Which browser; empty for a product's backend.
    """

    values: Mapping[str, str] = field(repr=False)
    caller: Caller
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """
    What became of it.

    Args:
        right: False for a wrong code: it is counted, so the caller commits and then refuses.
        lookup: The question a worker answers, for ways that compare with a store.
    """

    right: bool = True
    lookup: Lookup | None = None


class Way(Protocol):
    """One way to prove who asks."""

    @property
    def name(self) -> str:
        """Its name in the catalogue."""

    def asks(self, datamap: DataMap) -> tuple[str, ...]:
        """Return the names of what it can be given: of values, or of fields of the map."""

    @property
    def brings(self) -> int:
        """The level it brings, as the catalogue says."""

    def take(
        self, session: Session, context: Context, request: Request, given: Given, *, now: datetime
    ) -> Taken:
        """
        Take what was given.

        Raises:
            RightsError: it cannot be taken; nothing was kept of it.
        """
