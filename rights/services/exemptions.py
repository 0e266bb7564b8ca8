"""
What the laws of a request call that which a hold keeps rows by: an exception of their own.

A hold rests on what its basis says. Beside that a law that has a table names the exception that
lets such rows stay; where none of them names one, none is claimed.

Source: GDPR 17(3)(b), 17(3)(e); LGPD 16 I.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rights.domain.ground_table import exempting
from rights.domain.regime import Regime
from rights.services.reasons import Texts, catalogue


@dataclass(frozen=True, slots=True)
class Named:
    """
    An exception by which rows stay.

    Args:
        code: A row of ``keep``, which is a reason of the catalogue too.
        texts: Its words, keys ``zh`` and ``en``.
        laws: The provisions, of those laws only that have the exception; the same keys.
    """

    code: str
    texts: Texts
    laws: tuple[Texts, ...]


def of(hold: str, regimes: Iterable[str], book: Mapping[str, Regime]) -> tuple[Named, ...]:
    """Return the exceptions that *regimes* name for rows held with the code *hold*; often none."""
    known = catalogue()
    return tuple(
        Named(code, known[code].texts, tuple(known[code].bases(laws)))
        for code, laws in exempting(regimes, book, hold).items()
    )
