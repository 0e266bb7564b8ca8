"""
Which ground a person may name under the laws of their request.

Nobody has to name one. A ground that no law of the request knows is refused by name: what was
asked would not be what is looked at.

Source: PIPL 47(1); GDPR 17(1), 18(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rights.domain.errors import FieldError, Invalid
from rights.domain.ground_table import restricting
from rights.domain.kinds import Kind
from rights.domain.regime import Regime
from rights.services.forms import GROUNDS

GROUND: Final = "ground"


def choices(kind: Kind, laws: Iterable[str], book: Mapping[str, Regime]) -> tuple[str, ...]:
    """Return what may be named: of a deletion also what every law understands."""
    names = tuple(laws)
    if kind is Kind.RESTRICTION:
        return restricting(names, book)
    tables = [law.grounds for name in names if (law := book.get(name)) and law.grounds]
    return tuple(dict.fromkeys([*GROUNDS, *(code for table in tables for code in table.erase)]))


def check(
    kind: Kind, parameters: Mapping[str, Any], laws: Iterable[str], book: Mapping[str, Regime]
) -> None:
    """
    Make sure that a ground is one of the laws of the request.

    Raises:
        Invalid: it is another law's; those that can be named are listed.
    """
    named = parameters.get(GROUND)
    if not named:
        return
    allowed = choices(kind, laws, book)
    if named not in allowed:
        wrong = FieldError(f"parameters.{GROUND}", "is no ground of the laws of this", allowed)
        raise Invalid("no law of this request knows that ground", [wrong])
