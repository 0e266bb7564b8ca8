"""
The register of what went out as a report: sums, and the first packages, for a page or a PDF.

Every record is in the files for programs; what a person reads is worked out from the same records
and grows with the data map, not with the packages.

Source: NDSR 33.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from rights.services.organisation.outbound import Record, Year
from rights.services.recipients_told import Told
from rights.services.reports.report import Missing, Report, Row, Table

NAME: Final = "outbound"
LISTED: Final = 200
"""Packages that are named one by one."""

_STORE: Final = ("store_country", "store_region", "classification", "categories")
_RECIPIENT: Final = ("recipient_country", "categories", "purpose", "method")
_PACKAGE: Final = ("packed_at", "kind", "option", "to", "bytes", "complete", "downloads")


@dataclass(slots=True)
class _Sums:
    """
    What is counted while the records go by.

    Args:
        zone: Whose days the report is about, and by whose clock it says when a package was made.
    """

    zone: tzinfo
    stores: list[Row] = field(default_factory=list)
    recipients: list[Row] = field(default_factory=list)
    packages: list[Row] = field(default_factory=list)
    of_kind: dict[tuple[str, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    disclosed: dict[tuple[str, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    told: dict[tuple[str, ...], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    number: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Take one record in."""
        self.number[record["record"]] += 1
        _TAKEN[record["record"]](self, record)


def report(asked: Year, records: Iterable[Record]) -> Report:
    """Return the report of a year."""
    sums = _Sums(asked.period.zone)
    for record in records:
        sums.add(record)
    why = {"map_at_end": "map_at_end", "portability_transfers": "transfers"}
    missing = tuple(Missing(name, why.get(name, name)) for name in asked.missing)
    return Report(NAME, asked.period, tuple(_tables(sums)), missing, tuple(_flags(asked, sums)))


def declared(records: Iterable[Record]) -> tuple[Table, Table]:
    """Return what a data map declares, of its own records alone: stores, and recipients."""
    sums = _Sums(UTC)  # no moment is among these
    for record in records:
        sums.add(record)
    return _places(sums)


def _flags(asked: Year, sums: _Sums) -> Iterator[str]:
    if not asked.period.closed(asked.now):
        yield "period_open"
    if sums.number["package"] > LISTED:
        yield "packages_left_out"


def _tables(sums: _Sums) -> Iterator[Table]:
    totals = {
        "packages": sums.number["package"],
        "handed_out": sums.number["handed_out"],
        "recipients_told": sum(one["told"] for one in sums.told.values()),
        "recipients_not_told": sum(one["not_told"] for one in sums.told.values()),
    }
    rows = tuple(Row((name,), {"number": number}) for name, number in totals.items())
    yield Table("went_out_sums", ("figure",), ("number",), rows)
    yield from _places(sums)
    columns: tuple[str, ...] = ("packages", "bytes", "downloads")
    yield Table("went_out", ("kind", "option"), columns, _counted(sums.of_kind, columns))
    columns = ("packages", "rows")
    yield Table("disclosed", ("store", "collection"), columns, _counted(sums.disclosed, columns))
    columns = ("told", "not_told")
    yield Table("told", ("recipient",), columns, _counted(sums.told, columns))
    yield Table("packages", ("request",), _PACKAGE, tuple(sums.packages))


def _places(sums: _Sums) -> tuple[Table, Table]:
    to = Table("declared_recipients", ("store", "recipient"), _RECIPIENT, tuple(sums.recipients))
    return Table("declared_stores", ("store",), _STORE, tuple(sums.stores)), to


def _counted(
    found: dict[tuple[str, ...], Counter[str]], columns: tuple[str, ...]
) -> tuple[Row, ...]:
    return tuple(
        Row(key, {name: one[name] for name in columns}) for key, one in sorted(found.items())
    )


# -- one record ----------------------------------------------------------------------------------


def _store(sums: _Sums, one: Record) -> None:
    sums.stores.append(Row((one["store"],), _said(one, _STORE)))


def _recipient(sums: _Sums, one: Record) -> None:
    sums.recipients.append(Row((one["store"], one["recipient"]), _said(one, _RECIPIENT)))


def _said(one: Record, names: tuple[str, ...]) -> dict[str, Any]:
    listed = {name: " ".join(one[name]) for name in names if isinstance(one[name], list)}
    return {name: listed.get(name, one[name]) for name in names}


def _package(sums: _Sums, one: Record) -> None:
    said = {"packages": 1, "bytes": one["bytes"], "downloads": one["downloads"]}
    sums.of_kind[one["kind"], one["option"]].update(said)
    if len(sums.packages) < LISTED:
        complete = "yes" if one["complete"] else "no"
        at = datetime.fromisoformat(one["at"]).astimezone(sums.zone)
        values = {**one, "packed_at": at.isoformat(timespec="seconds"), "complete": complete}
        sums.packages.append(Row((one["request"],), {name: values[name] for name in _PACKAGE}))


def _content(sums: _Sums, one: Record) -> None:
    sums.disclosed[one["store"], one["collection"]].update(packages=1, rows=one["rows"])


def _handed_out(sums: _Sums, one: Record) -> None:
    """Counted with every record."""


def _told(sums: _Sums, one: Record) -> None:
    sums.told[one["recipient"],]["told" if one["outcome"] == Told.TOLD else "not_told"] += 1


_TAKEN: Final = {
    "store": _store,
    "recipient": _recipient,
    "package": _package,
    "content": _content,
    "handed_out": _handed_out,
    "recipient_told": _told,
}
"""What each kind of record adds to."""
