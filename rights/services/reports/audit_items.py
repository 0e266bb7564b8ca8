"""
The items of the audit guide that requests are evidence of, as the catalogue names them.

Source: audit measures (2025) 3-6; audit guide items 2, 3(5), 9, 14, 15, 16, 17, 18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import col

from rights import yaml_file
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.representation import MINORS, Role
from rights.services.reports import groups
from rights.services.reports.groups import Sort
from rights.services.reports.register import Window
from rights.store.models import Request

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "reports" / "audit_items.yaml"


@dataclass(frozen=True, slots=True)
class Item:
    """
    One item.

    Args:
        titles: By language.
        requirements: Ids of what it looks at, in docs/reference/requirements.md.
        which: Whose requests it is about, as the catalogue says it.
        by: The breakdown that is shown beside the sum; empty for none.
        beside: Figures that are no requests.
        without: What there is no evidence of, and why: codes.
    """

    number: str
    titles: Mapping[str, str]
    requirements: tuple[str, ...]
    which: Mapping[str, Any]
    by: str
    beside: tuple[str, ...]
    without: Mapping[str, str]

    def holds(self, sort: Sort) -> bool:
        """Return whether requests of a sort are among those this item is about."""
        if self.which.get("minors"):
            return sort.age in MINORS or sort.role == Role.GUARDIAN
        kinds, options = self.which.get("kinds", ()), self.which.get("options", ())
        return bool(self.which.get("all")) or sort.kind in kinds or sort.option in options

    def requests(self, at: Window) -> ColumnElement[bool]:
        """Say the same to the database."""
        if self.which.get("all"):
            return true()
        if self.which.get("minors"):
            young = groups.age(at).in_([str(band) for band in MINORS])
            return young | (col(Request.requester_role) == Role.GUARDIAN)
        kinds = [Kind(name) for name in self.which.get("kinds", ())]
        options = [Option(name) for name in self.which.get("options", ())]
        return or_(col(Request.kind).in_(kinds), col(Request.option).in_(options))


@cache
def items() -> Mapping[str, Item]:
    """Return every item by its number."""
    found: Mapping[str, Mapping[str, Any]] = yaml_file.read(_FILE)
    return MappingProxyType({number: _item(number, said) for number, said in found.items()})


def chosen(numbers: Sequence[str]) -> tuple[Item, ...]:
    """
    Return the items of these numbers in the order of the guide; all of them for none.

    Raises:
        Invalid: one of them is none.
    """
    known = items()
    if strange := [number for number in numbers if number not in known]:
        wrong = FieldError("items", "is no item that requests are evidence of", tuple(known))
        raise Invalid(f"item {', '.join(strange)} is not one of the report's", [wrong])
    return tuple(item for number, item in known.items() if not numbers or number in numbers)


def _item(number: str, said: Mapping[str, Any]) -> Item:
    return Item(
        number,
        said["title"],
        tuple(said["requirements"]),
        said["which"],
        str(said.get("by", "")),
        tuple(said.get("beside", ())),
        said.get("without", {}),
    )
