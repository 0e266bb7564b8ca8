"""What a plan is looked at with, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.sdk import KeySet, Reach
from rights.domain.kinds import Option
from rights.store.models import Request
from workflows.holds import Rulings


@dataclass(frozen=True, slots=True)
class View:
    """
    One request's rows, as its steps will reach them.

    Args:
        predicates: Path to every way its rows are reached, for the request's kind.
        ruled: What is decided about holds.
    """

    request: Request = field(repr=False)
    predicates: Mapping[str, tuple[Reach, ...]] = field(repr=False)
    keys: KeySet = field(repr=False)
    ruled: Rulings

    @property
    def anonymise(self) -> bool:
        """Whether the request asks for rows to be emptied instead of deleted."""
        return self.request.option is Option.ANONYMISE
