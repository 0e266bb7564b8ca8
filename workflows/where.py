"""Say of which store it was that it has enough: a connector does not know what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sdk import Overloaded


@contextmanager
def at(store: str) -> Iterator[None]:
    """Name *store* in what it says inside; a step that asks several could not tell otherwise."""
    try:
        yield
    except Overloaded as error:
        error.store = error.store or store
        raise
