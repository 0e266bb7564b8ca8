"""The shop's customers, as its own database knows them at this moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_SHOWN: Final = 10
_COLUMNS: Final = "SELECT id, name, email, locale FROM users WHERE name IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with an account."""

    id: int
    name: str = field(repr=False)
    email: str = field(repr=False)
    locale: str


class Customers:
    """Reads the shop's database; whoever was deleted there is gone here at once."""

    def __init__(self, shop: Path) -> None:
        self._address = f"{shop.resolve().as_uri()}?mode=ro"

    def first(self) -> list[Customer]:
        """Return the few whom the demo lets anybody be."""
        return self._read(f"{_COLUMNS} ORDER BY id LIMIT ?", _SHOWN)

    def find(self, number: int) -> Customer | None:
        """Return one by account number."""
        return next(iter(self._read(f"{_COLUMNS} AND id = ?", number)), None)

    def _read(self, query: str, given: Any) -> list[Customer]:
        with closing(sqlite3.connect(self._address, uri=True)) as shop:
            return [Customer(*row) for row in shop.execute(query, (given,))]
