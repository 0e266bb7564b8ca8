"""
Products of one company: what of somebody's data is one product's alone, and what is not settled.

Cancelling one product takes what is that product's alone. What is shared with another one, the
account itself above all, stays.

Source: NDSR 23, 46; App-Violation Identification Method 6(2); GB/T 35273-2020 8.5(c), (d).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rights.domain.mapwords import Scalar

PRODUCTS: Final = "products"
"""The parameter of a cancellation that names them; absent: the whole account."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """
    Which rows of a collection are a matter that is not settled: an open order, a balance.

    It holds nothing by itself: the retention of the collection does, and people are told.

    Args:
        column, values: A row is not settled while the column has one of these.
        title: What it is, in both languages.
        resolve: Where the person settles it, an address.
    """

    column: str
    values: tuple[Scalar, ...]
    title: Mapping[str, str]
    resolve: str


def named(parameters: Mapping[str, Any]) -> frozenset[str]:
    """Return the products that a request is about; empty means everything."""
    return frozenset(parameters.get(PRODUCTS, ()))


def alone(of_collection: Iterable[str], wanted: frozenset[str]) -> bool:
    """Return whether what belongs to these products goes when *wanted* are cancelled."""
    mine = frozenset(of_collection)
    return bool(mine) and mine <= wanted
