"""
A report that is kept as JSON, read again as it was made, to be written in another form.

Beside the JSON stands its shape: which names of a row are its key, and which are its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rights.domain.period import Period
from rights.services.reports import audit_evidence
from rights.services.reports.report import Made, Missing, Report, Row, Table
from rights.store.models import AskedReport

Shape = Mapping[str, Sequence[Sequence[str]]]
"""By table, its keys and its columns."""


def shape(report: Report) -> dict[str, list[list[str]]]:
    """Return the shape of a report, JSON-native."""
    return {one.name: [[*one.keys], [*one.columns]] for one in report.tables}


def reread(row: AskedReport) -> Made:
    """Return the report as it was made."""
    assert row.body is not None, "it is made"
    body, content = row.body, row.body["content"]
    days, known = content["period"], row.shape or _before(content["tables"])
    first, last = (datetime.fromisoformat(days[name]).date() for name in ("from", "to"))
    report = Report(
        content["report"],
        Period(first, last, ZoneInfo(days["zone"])),
        tuple(_table(name, rows, *known[name]) for name, rows in content["tables"].items()),
        tuple(Missing(one["figure"], one["why"]) for one in content["missing"]),
        tuple(content["flags"]),
        public=content["public"],
    )
    assert report.sha256() == body["sha256"], "what is kept is what was made"
    at, signature = datetime.fromisoformat(body["made_at"]), body.get("signature", "")
    return Made(report, at, body.get("key_id", ""), signature, body.get("public_key", ""))


def _before(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Shape:
    """Return the shape of evidence that was signed before shapes were kept."""
    found: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
    for name, rows in tables.items():
        keys, columns = audit_evidence.TABLES[name]
        found[name] = (keys, [one for one in rows[0] if one not in keys] if rows else columns)
    return found


def _table(
    name: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[str], columns: Sequence[str]
) -> Table:
    return Table(name, tuple(keys), tuple(columns), tuple(_row(row, keys, columns) for row in rows))


def _row(row: Mapping[str, Any], keys: Sequence[str], columns: Sequence[str]) -> Row:
    values = {name: row[name] for name in columns if name in row}
    return Row(tuple(row[key] for key in keys), values, frozenset(row.get("hidden", ())))
