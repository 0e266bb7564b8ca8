"""Answers of stores as workers leave them: what a portal shows that no worker serves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.services.context import Context
from rights.store.ids import new_id
from rights.store.models import Lookup

BECAUSE = "E-Commerce Law Art. 31"
UNTIL = "2029-11-30"
_ROWS = 1200
_HELD = 3


def outcome(datamap: DataMap) -> dict[str, Any]:
    """Return the body of a receipt in which something happened everywhere, and more was kept."""
    lines = [
        {
            "store": one.store,
            "collection": one.name,
            "action": "erase",
            "categories": sorted({f.category for f in one.fields}),
            "happened": ["deleted", "restricted"],
            "affected": _ROWS,
            "retained": _HELD,
            "because": BECAUSE,
            "until": UNTIL,
            "missing": "not_done",
        }
        for one in datamap.collections
    ]
    return {"outcome": lines, "zh": {BECAUSE: "《电子商务法》第三十一条"}}


def counts(datamap: DataMap) -> dict[str, Any]:
    """Return that something is held everywhere."""
    return {one.path: {"rows": _ROWS, "restricted": _HELD} for one in datamap.collections}


def foreseen(datamap: DataMap) -> dict[str, Any]:
    """Return that an erasure would delete something everywhere, and keep something."""
    why = {"what": "held", "rows": _HELD, "basis": BECAUSE, "until": UNTIL}
    lines = [
        {
            "store": one.store,
            "collection": one.name,
            "action": "erase",
            "deleted": _ROWS,
            "held": _HELD,
            "reasons": [why],
        }
        for one in datamap.collections
    ]
    return {"collections": lines, "unknown": []}


def values(datamap: DataMap) -> dict[str, Any]:
    """Return a value in each field of a person's own records."""
    return {
        f"{one.path}.{field.name}": ["what it holds now"]
        for one in datamap.collections
        if one.identifies
        for field in one.fields
        if field.disclose and field.secret is None
    }


def keep(
    session: Session,
    context: Context,
    backend_id: str,
    who: Mapping[str, str],
    question: str,
    answer: Any,
    *,
    now: datetime,
) -> str:
    """Write down a question of *who* that has been answered; return its id."""
    made, vault = new_id(), context.vault
    asked = orjson.dumps({"identifiers": dict(who)})
    row = Lookup(
        id=made,
        backend_id=backend_id,
        question=question,
        level=2,
        sealed_input=vault.seal(asked, aad=f"lookup|{made}|input"),
        sealed_answer=vault.seal(orjson.dumps(answer), aad=f"lookup|{made}|answer"),
        state="answered",
        created_at=now,
        answered_at=now,
        expires_at=now + timedelta(hours=1),
    )
    session.add(row)
    return made
