"""
Make a report from one picture of the register, and the entry that says so.

Source: NDSR 44; audit measures (2025) 3-6; 11 CCR 7102.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Invalid
from rights.domain.period import Period
from rights.services import audit, signing
from rights.services.context import Context
from rights.services.reports import audit_evidence, california, figures, given, incidents, register
from rights.services.reports.public import public
from rights.services.reports.report import MAY_CHANGE, Made, Report
from rights.services.signing import Signer
from rights.store.db import picture
from rights.store.models import Staff

SIGNED: Final = "rights-report-signature/1"


class Build(Protocol):
    """Works a report out. Raises Invalid: of this period it cannot be made."""

    def __call__(
        self, connection: Connection, context: Context, period: Period, flags: tuple[str, ...]
    ) -> Report: ...


BY_DAYS: Final = frozenset({audit_evidence.NAME, incidents.NAME})
"""Reports that are made of any days; the others of a year, or of a quarter."""

BUILDS: Final[Mapping[str, Build]] = MappingProxyType(
    {
        figures.NAME: figures.build,
        california.NAME: california.build,
        audit_evidence.NAME: audit_evidence.build,
        incidents.NAME: incidents.build,
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which report.

    Args:
        name: One of :data:`BUILDS`.
        public: Of figures: as everybody may read them.
        items: Of the audit: which items of the guide; none for all.
    """

    name: str
    period: Period
    public: bool = False
    items: tuple[str, ...] = ()


def zone_of(context: Context) -> ZoneInfo:
    """Return where the days of this deployment's reports begin: that of its first law."""
    return context.regimes[context.settings.default_regimes[0]].counting.zone


def zone(context: Context, name: str) -> ZoneInfo:
    """Return where the days of a report begin: of California's metrics there, whoever makes it."""
    if name == california.NAME:
        return context.regimes[california.REGIME].counting.zone
    return zone_of(context)


def build(
    engine: Engine, context: Context, staff: Staff, wanted: Wanted, *, now: datetime
) -> Report:
    """
    Return a report, worked out from one state of the register.

    Raises:
        Forbidden: their roles do not allow it.
        Invalid: it cannot be made of this period; says of which it can.
    """
    duties.check(staff.roles, duties.Act.REPORT)
    made = work_out(engine, context, wanted, now=now)
    assert made is not None  # only where it has to be final is there none
    return made


def work_out(
    engine: Engine, context: Context, wanted: Wanted, *, now: datetime, final: bool = False
) -> Report | None:
    """
    Return a report that the service makes by itself; for staff see :func:`build`.

    Args:
        final: Only if it says the same whenever it is made: None where it may still change.

    Raises:
        Invalid: it cannot be made of this period; says of which it can.
    """
    more: Any = {"items": wanted.items} if wanted.items else {}
    with picture(engine) as connection:
        register.check(connection, context, wanted.period, now)
        flags = tuple(register.flags(connection, wanted.period, now))
        if final and set(flags) & MAY_CHANGE:
            return None
        if wanted.public and given.overlapping(connection, wanted.period):
            flags = (*flags, given.FLAG)
        made = BUILDS[wanted.name](connection, context, wanted.period, flags, **more)
    return public(made) if wanted.public else made


def note(session: Session, staff: Staff, report: Report, *, now: datetime) -> None:
    """Write down who made which report, and the hash of what it says. Raises Forbidden."""
    duties.check(staff.roles, duties.Act.REPORT)
    audit.append_day(session, line(report, f"staff:{staff.id}"), now=now)


def line(report: Report, actor: str) -> audit.Line:
    """Return the entry that says that *actor* made a report."""
    said = {
        "report": report.name,
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "public": report.public,
        "provisional": report.provisional,
        "sha256": report.sha256(),
    }
    return audit.Line(given.EVENT, actor, said)


def signed(report: Report, signer: Signer | None, *, now: datetime) -> Made:
    """Return a report with the time it was made; with a signer, signed."""
    if signer is None:
        return Made(report, now)
    signature = signer.sign(_message(report.sha256()))
    return Made(report, now, signer.key_id, signature, signer.public()[signer.key_id])


def verify(document: Mapping[str, Any], *, public_key: str = "") -> bool:
    """
    Return whether a report in JSON says what was signed, offline.

    Args:
        public_key: Base64, from the company; without it the one in the file is used.

    Raises:
        Invalid: it is no signed report, or the key is none.
    """
    try:
        text = orjson.dumps(document["content"], option=orjson.OPT_SORT_KEYS)
        key = signing.public_key(public_key or document["public_key"])
        signature = str(document["signature"])
    except (KeyError, TypeError, ValueError):
        raise Invalid("this is no signed report, or the public key is not one") from None
    return signing.verify(key, _message(hashlib.sha256(text).hexdigest()), signature)


def _message(sha256: str) -> bytes:
    return orjson.dumps([SIGNED, sha256])
