"""
What a feed would bring back: values that were corrected, people who were erased.

Whoever imports asks first and sets aside what is refused; that it was refused is an entry of the
day's chain, with the requests it goes back to and no value.

Source: NDSR 24; PIPL 8, 46, 47; 11 CCR 7023(k).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.datamap import DataMap, Scalar
from rights.domain.errors import FieldError, Invalid
from rights.services import audit, correction_guard
from rights.services.correction_guard import Corrected
from rights.store.vault import Vault

MOST: Final = 500
"""Values that one call may ask about."""

_NAMED: Final = 50
"""Requests that one entry names; the count is of all."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that is about to be written: ``place`` is ``<store>.<collection>.<field>``."""

    place: str
    key: tuple[Scalar, ...] = field(repr=False)
    value: Scalar = field(repr=False)


def stale(
    session: Session, vault: Vault, datamap: DataMap, asked: Sequence[Value]
) -> list[correction_guard.Stale | None]:
    """
    Say of each value whether it was corrected away there, in the order they came.

    Raises:
        Invalid: too many at once, or a field that the data map does not know.
    """
    if len(asked) > MOST:
        raise Invalid(f"at most {MOST} values at once")
    places = [one.place.rpartition(".") for one in asked]
    errors = [
        FieldError(f"items.{n}.field", "is not a field of the data map")
        for n, (path, _, name) in enumerate(places)
        if not _known(datamap, path, name)
    ]
    if errors:
        raise Invalid("a value cannot be placed", errors)
    wanted = [
        (Corrected(path, name, one.key), one.value)
        for (path, _, name), one in zip(places, asked, strict=True)
    ]
    return correction_guard.stale_among(session, vault, wanted)


def _known(datamap: DataMap, path: str, name: str) -> bool:
    try:
        return datamap.collection(path).field(name) is not None
    except KeyError:
        return False


def refused(
    session: Session, actor: str, why: str, requests: Iterable[str], *, now: datetime
) -> None:
    """
    Write down that something was refused; nothing is written when nothing was.

    Args:
        why: ``erased`` or ``corrected``.
        requests: Of each item that was refused, the request it goes back to.
    """
    found = list(requests)
    if found:
        data = {"why": why, "items": len(found), "requests": sorted(set(found))[:_NAMED]}
        audit.append_day(session, audit.Line("import_refused", actor, data), now=now)
