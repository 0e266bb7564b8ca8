"""The register's index over what the stores' own journals say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rights.domain.actions import EFFECTS
from rights.store.models import Request, StepRow
from workflows.claims import Claim


def entries(request: Request, row: StepRow, claim: Claim, now: datetime) -> list[dict[str, Any]]:
    """Copy what the stores' own journals say: the register is the index over them."""
    if row.action not in EFFECTS:
        return []
    receipts = row.result.get("collections", {})
    return [
        {
            "step_id": row.id,
            "request_id": request.id,
            "chunk": chunk,
            "fence": claim.fence,
            "collection": path,
            "phase": "done",
            "affected": receipt.get("affected", 0),
            "digest": receipt.get("digest", ""),
            "at": now,
        }
        for chunk, (path, receipt) in enumerate(receipts.items())
    ]
