"""
The register of what went out in a year: packages, who was let have them, who data is given to.

A processor of important data takes it into its yearly risk assessment. It names requests and
packages by their ids, and nobody; it says what nothing here records. Of a year that is over it says
what held at its end: the data map of then, downloads until then.

Source: NDSR 33, 12; PIPL 54, 55.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Engine, Row, select
from sqlmodel import Session, col

from rights.domain import duties
from rights.domain.errors import NotFound
from rights.domain.period import Period, year
from rights.services import audit, recipients_told
from rights.services.context import Context
from rights.services.organisation import declared_maps
from rights.services.organisation.calendar import profile_of
from rights.services.organisation.declared_maps import Declared, Place
from rights.services.packages import HIDDEN
from rights.services.reports import register
from rights.services.reports.making import zone_of
from rights.store.db import picture, reading
from rights.store.models import Entry, Package, ReceiptRow, Request, Staff

NOT_IMPORTANT: Final = "not_important_data"
IMPORTANT: Final = "important_data"
EVENT: Final = "outbound_exported"

COLUMNS: Final = (
    "record",
    "at",
    "request",
    "kind",
    "option",
    "regimes",
    "package",
    "to",
    "by",
    "level",
    "bytes",
    "complete",
    "missing",
    "downloads",
    "store",
    "store_country",
    "store_region",
    "classification",
    "collection",
    "rows",
    "categories",
    "recipient",
    "recipient_country",
    "purpose",
    "method",
    "outcome",
)
"""Every record has them all; what does not apply is empty, and so is what nobody recorded."""

MISSING: Final = ("portability_transfers", "download_country")
"""What a reader could look for and nothing here records."""

MAP: Final = "map_at_end"
"""Missing too where the register does not know what the data map declared when the year ended."""

BATCH: Final = 200
"""Packages that one look at the register takes."""

_GRANTED: Final = "download_granted"
_DISCLOSED: Final = "disclosed"
_LIVES: Final = timedelta(days=60)
"""A package is gone by then, however long it took to make: nobody was let have an older one."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Year:
    """
    What the register is given out of.

    Args:
        now: When it is given out.
    """

    period: Period
    declared: Declared
    now: datetime

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not in it."""
        return MISSING if self.declared.known else (*MISSING, MAP)


def begin(engine: Engine, context: Context, staff: Staff, number: int, *, now: datetime) -> Year:
    """
    Make sure that the register of a year can be given out; return that year.

    Raises:
        Forbidden: their roles do not allow it.
        NotFound: the organisation processes no important data, or has stated no profile.
        Invalid: the year is none that the register can still say, or says already.
    """
    duties.check(staff.roles, duties.Act.REPORT)
    if not profile_of(context).holds(IMPORTANT):
        raise NotFound(
            "the yearly risk assessment is for processors of important data (NDSR 33), and the"
            " organisation's profile does not say that it is one",
            code=NOT_IMPORTANT,
        )
    period = year(number, zone_of(context))
    with picture(engine) as connection:
        register.check(connection, context, period, now)
    with reading(engine) as session:
        declared = declared_maps.at_end(session, context.datamap, period, now)
    return Year(period, declared, now)


def note(session: Session, staff: Staff, period: Period, form: str, *, now: datetime) -> None:
    """Write down who was given the register of which year."""
    said = {"year": period.first.year, "form": form}
    audit.append_day(session, audit.Line(EVENT, f"staff:{staff.id}", said), now=now)


def head(asked: Year) -> dict[str, Any]:
    """Return what the register is about, and what is not in it."""
    period, declared = asked.period, asked.declared
    return {
        "format": "rights-outbound/2",
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "made_at": asked.now.isoformat(),
        "provisional": not period.closed(asked.now),
        "map": {
            "hash": declared.hash,
            "since": declared.since.isoformat() if declared.since else None,
            "known": declared.known,
        },
        "missing": list(asked.missing),
        "columns": list(COLUMNS),
    }


def records(engine: Engine, asked: Year, *, batch: int = BATCH) -> Iterator[Record]:
    """
    Yield every record; the register is looked at in batches and never held open.

    Args:
        batch: Packages, or recipients that were told, that one look takes.
    """
    yield from of_map(asked.declared)
    places = {one["store"]: _place(one) for one in asked.declared.stores}
    after = ""
    while found := _batch(engine, places, asked.period, after, batch):
        after, out = found
        yield from out
    last = 0
    while told := _told(engine, asked.period, last, batch):
        last, out = told
        yield from out


# -- what the data map declares ------------------------------------------------------------------


def _record(record: str, **said: Any) -> Record:
    return {**dict.fromkeys(COLUMNS), "record": record, **said}


def _place(store: Place) -> dict[str, Any]:
    return {
        "store": store["store"],
        "store_country": store["country"],
        "store_region": store["region"],
        "classification": store["classification"],
    }


def of_map(declared: Declared) -> Iterator[Record]:
    """Yield each store with the categories in it, and everybody to whom its data is given."""
    for store in declared.stores:
        yield _record("store", **_place(store), categories=store["categories"])
        for to in store["recipients"]:
            yield _record(
                "recipient",
                **_place(store),
                recipient=to["name"],
                recipient_country=to["country"],
                categories=to["categories"],
                purpose=to["purpose"],
                method=to["method"],
            )


# -- what went out -------------------------------------------------------------------------------


def _batch(
    engine: Engine, places: Mapping[str, Place], period: Period, after: str, batch: int
) -> tuple[str, list[Record]] | None:
    """Return the next packages and what belongs to them, and the last of their ids."""
    with reading(engine) as session:
        rows = session.connection().execute(_packages(period, after, batch)).all()
        if not rows:
            return None
        asked = sorted({row.request_id for row in rows})
        granted = _granted(session, period, asked)
        receipts = _receipts(session, asked)
    told = [
        record
        for row in rows
        for record in (
            *_made(row, places, receipts.get(row.request_id, ()), len(granted.get(row.id, ()))),
            *granted.get(row.id, ()),
        )
        if row.created_at >= period.start or record["record"] == "handed_out"
    ]
    return rows[-1].id, told


def _packages(period: Period, after: str, batch: int) -> Any:
    """Along the key, so that all batches together read the table once."""
    return (
        select(
            col(Package.id),
            col(Package.request_id),
            col(Package.created_at),
            col(Package.size),
            col(Package.complete),
            col(Package.missing),
            col(Request.kind),
            col(Request.option),
            col(Request.regimes),
            col(Request.delivers_to),
        )
        .join(Request, col(Request.id) == col(Package.request_id))
        .where(
            col(Package.id) > after,
            col(Package.state).not_in(HIDDEN),
            col(Package.created_at) >= period.start - _LIVES,
            col(Package.created_at) < period.end,
        )
        .order_by(col(Package.id))
        .limit(batch)
    )


def _made(
    row: Row[Any], places: Mapping[str, Place], lines: Sequence[Record], downloads: int
) -> Iterator[Record]:
    """Yield a package and what it disclosed; how often it was let out counts within the year."""
    about = {
        "at": row.created_at.isoformat(),
        "request": row.request_id,
        "kind": str(row.kind),
        "option": str(row.option),
        "regimes": list(row.regimes),
        "package": row.id,
        "to": row.delivers_to,
    }
    yield _record(
        "package",
        **about,
        bytes=row.size,
        complete=row.complete,
        missing=len(row.missing),
        downloads=downloads,
    )
    for line in lines:
        where = places.get(line["store"], {"store": line["store"]})
        yield _record(
            "content",
            **about,
            **where,
            collection=line["collection"],
            rows=line["affected"],
            categories=line["categories"],
        )


def _receipts(session: Session, asked: Sequence[str]) -> dict[str, list[Record]]:
    """Return, by request, what its receipt says was disclosed."""
    query = select(col(ReceiptRow.request_id), col(ReceiptRow.body)).where(
        col(ReceiptRow.request_id).in_(asked)
    )
    return {
        request: [one for one in orjson.loads(body)["outcome"] if _DISCLOSED in one["happened"]]
        for request, body in session.connection().execute(query)
    }


def _granted(session: Session, period: Period, asked: Sequence[str]) -> dict[str, list[Record]]:
    """Return, by package, each time in the year that somebody was let have it."""
    query = select(col(Entry.chain), col(Entry.at), col(Entry.actor), col(Entry.data)).where(
        col(Entry.chain).in_(asked),
        col(Entry.event) == _GRANTED,
        col(Entry.at) >= period.start,
        col(Entry.at) < period.end,
    )
    found: dict[str, list[Record]] = {}
    for chain, at, actor, data in session.connection().execute(query.order_by(col(Entry.id))):
        record = _record(
            "handed_out",
            at=at.isoformat(),
            request=chain,
            package=data["package"],
            by=actor,
            level=data["level"],
        )
        found.setdefault(data["package"], []).append(record)
    return found


def _told(
    engine: Engine, period: Period, after: int, batch: int
) -> tuple[int, list[Record]] | None:
    """Return the next recipients that were told of a request or not, and the last entry's id."""
    query = (
        select(
            col(Entry.id),
            col(Entry.chain),
            col(Entry.at),
            col(Entry.actor),
            col(Entry.data),
            col(Request.kind),
            col(Request.option),
            col(Request.regimes),
        )
        .join(Request, col(Request.id) == col(Entry.chain))
        .where(
            col(Entry.id) > after,
            col(Entry.event) == recipients_told.EVENT,
            col(Entry.at) >= period.start,
            col(Entry.at) < period.end,
        )
        .order_by(col(Entry.id))
        .limit(batch)
    )
    with reading(engine) as session:
        rows = session.connection().execute(query).all()
    return (rows[-1].id, [_telling(row) for row in rows]) if rows else None


def _telling(row: Row[Any]) -> Record:
    return _record(
        "recipient_told",
        at=row.at.isoformat(),
        request=row.chain,
        kind=str(row.kind),
        option=str(row.option),
        regimes=list(row.regimes),
        recipient=row.data["recipient"],
        outcome=row.data["outcome"],
        by=row.actor,
    )
