"""
How much of each kind of data a request found, per store: whole numbers, as the receipt has them.

Source: Minors Regulation 34(1)(1) (kinds and quantity); PIPL 45.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import orjson

from rights.store.models import ReceiptRow

_FOUND: Final = frozenset({"counted", "disclosed"})


def of(receipt: ReceiptRow) -> list[dict[str, Any]]:
    """Return a line for each store and category: a record counts for every category it holds."""
    counted: Counter[tuple[str, str]] = Counter()
    for line in orjson.loads(receipt.body)["outcome"]:
        if not _FOUND & set(line["happened"]) and line["affected"]:
            continue
        for category in line["categories"]:
            counted[line["store"], category] += int(line["affected"])
    return [
        {"store": store, "category": category, "records": records}
        for (store, category), records in sorted(counted.items())
    ]
