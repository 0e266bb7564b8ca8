"""A report as JSON: what it says, and beside it when it was made and who signed."""

from __future__ import annotations

from typing import Any

import orjson

from rights.services.reports.report import Made


def document(made: Made) -> dict[str, Any]:
    """Return the report, JSON-native."""
    signed = {
        "key_id": made.key_id,
        "signature": made.signature,
        "public_key": made.public_key,
    }
    return {
        "content": made.report.body(),
        "sha256": made.report.sha256(),
        **(signed if made.signature else {}),
        "made_at": made.at.isoformat(),
    }


def to_json(made: Made) -> bytes:
    """Return the report as one line, the keys of each object in their order."""
    return orjson.dumps(document(made), option=orjson.OPT_SORT_KEYS) + b"\n"
