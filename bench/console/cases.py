"""
What a company has beside requests after a year: incidents, complaints, appeals, a legal hold,
events that nobody took, evidence that was signed.

Written by table, like the requests; what one page opens is sealed as the services seal it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import SQLModel, select

from bench.console.months import WHOLE, Months, Row, of, reference, write
from bench.queue import Desk
from rights.domain.period import Period
from rights.services import writings
from rights.services.reports import audit_evidence, making
from rights.services.reports.as_json import document
from rights.services.reports.kept import shape
from rights.services.reports.making import Wanted
from rights.services.security_incidents import opening
from rights.services.security_incidents.opening import New
from rights.services.signing import Signer
from rights.services.staff_access import accounts
from rights.store.db import transaction
from rights.store.models import (
    Appeal,
    AskedReport,
    Complaint,
    IncidentClock,
    IncidentLetter,
    IncidentTold,
    LegalHold,
    Notice,
    SecurityIncident,
    WebhookDelivery,
    WebhookSubscription,
    Writing,
)

_APART: Final = 10_000_000
"""Added to a number, so that no id of these is that of a request too."""

ONE: Final = reference(_APART + 1)
"""Of the complaint, the hold, the webhook and the evidence whose pages are opened."""

_INCIDENTS: Final = 0.025
_STILL_OPEN: Final = 0.01
_COMPLAINTS: Final = 0.1
_UNANSWERED: Final = 20
_SENT: Final = 0.5
_GIVEN_UP: Final = 20
_TOLD: Final = 0.1
_KEPT: Final = 200
_TOGETHER: Final = 2_000
_QUARTER: Final = timedelta(days=90)
_HOUR: Final = timedelta(hours=1)

Made = tuple[type[SQLModel], Row]


def fill(here: Desk, months: Months, signer: Signer) -> str:
    """Write all of it; return the id of the incident whose page is opened."""
    incident, clocks = _one_incident(here, months)
    told = _letter(months, incident)
    several = (_incidents(months, clocks), told, _complaints(here, months), _appeals(months))
    for made in (*several, _hold(months), _events(months), _evidence(here, months, signer)):
        keep(here.engine, made)
    return incident


def keep(engine: Engine, made: Iterator[Made]) -> None:
    """Write rows of several tables, some at a time."""
    while part := list(itertools.islice(made, _TOGETHER)):
        found: dict[type[SQLModel], list[Row]] = {}
        for model, row in part:
            found.setdefault(model, []).append(row)
        with engine.begin() as connection:
            for model, lines in found.items():
                write(connection, model, lines)


def _one_incident(here: Desk, months: Months) -> tuple[str, list[str]]:
    """Open one as staff do; return its id, and which clocks run."""
    new = New("leak", "major", months.now - _HOUR, minors=True, regimes=("cn_general", "eu_gdpr"))
    with transaction(here.engine) as session:
        staff = accounts.find(session, months.mine)
        row = opening.opened(session, here.context, staff, new, now=months.now)
        session.flush()
        clocks = select(IncidentClock.name).where(IncidentClock.incident_id == row.id)
        return row.id, list(session.exec(clocks))


def _incidents(months: Months, clocks: list[str]) -> Iterator[Made]:
    """Yield those of a year, of which the newest are open."""
    count = int(months.count * _INCIDENTS)
    for number in range(1, count + 1):
        found = months.now - number * (timedelta(days=400) / count)
        closed = found + WHOLE if number > count * _STILL_OPEN else None
        yield of(
            SecurityIncident,
            id=reference(_APART + number),
            kind=("leak", "loss", "network")[number % 3],
            severity=("ordinary", "considerable", "major")[number % 3],
            operator="other",
            regimes=["cn_general"],
            discovered_at=found,
            opened_at=found + _HOUR,
            opened_by=f"staff:{months.others}",
            closed_at=closed,
        )
        for name in clocks:
            yield of(
                IncidentClock,
                incident_id=reference(_APART + number),
                name=name,
                due_at=found + 72 * _HOUR,
                answered_at=closed and found + number % 80 * _HOUR,
                reference="R-1" if closed else "",
            )


def _letter(months: Months, incident: str) -> Iterator[Made]:
    """Yield a letter to one in ten of all, nearly all of which went out."""
    about = {"incident_id": incident, "made_by": months.mine, "made_at": months.now}
    yield of(IncidentLetter, id=ONE, writing_id=ONE, spread_at=months.now, **about)
    for number in range(1, int(months.count * _TOLD) + 1):
        mine = {"id": reference(number), "request_id": reference(number)}
        log = {"letter_id": ONE, "role": "person", "contact_id": reference(number)}
        yield of(IncidentTold, **mine, **log, state="queued", at=months.now)
        state = "failed" if number % 50 == 0 else "sent"
        yield of(Notice, **mine, event="incident", state=state, created_at=months.now)


def _complaints(here: Desk, months: Months) -> Iterator[Made]:
    """Yield those of a year, some of which wait; the first is opened, so it has a text."""
    for number in range(1, int(months.count * _COMPLAINTS) + 1):
        at = months.now - number * (timedelta(days=400) / (months.count * _COMPLAINTS))
        waits = number % _UNANSWERED == 1
        yield of(
            Complaint,
            id=reference(_APART + number),
            request_id=reference(months.open + number),
            backend_id=months.backend_id,
            received_at=at,
            due_at=at + WHOLE,
            promised_at=at + WHOLE,
            answered_at=None if waits else at + 9 * _HOUR,
            answered_by="" if waits else f"staff:{months.others}",
        )
    yield written(here, months, ONE, writings.COMPLAINT)


def written(here: Desk, months: Months, about: str, purpose: str, number: str = ONE) -> Made:
    """Return a text of a few lines, sealed as *purpose*."""
    text = "A text of a few lines, as people write. " * 10
    aad = writings.aad(about, purpose, number)
    sealed = here.context.vault.seal(text.encode(), aad=aad)
    given = {"id": number, "request_id": about, "purpose": purpose, "created_at": months.now}
    return of(Writing, sealed=sealed, **given)


def _appeals(months: Months) -> Iterator[Made]:
    """Yield one of each request that was denied; they are decided."""
    for number in range(months.open + 1, months.count + 1):
        if number % 20 == 0:
            at = months.now - timedelta(days=number % 300)
            yield of(
                Appeal,
                request_id=reference(number),
                outcome="dismissed",
                assigned_to=months.others,
                received_at=at,
                due_at=at + WHOLE,
                promised_at=at + WHOLE,
                decided_at=at + 30 * _HOUR,
                decided_by=f"staff:{months.others}",
            )


def _hold(months: Months) -> Iterator[Made]:
    """Yield an approved hold on a collection whose release waits for a second person."""
    mine, other, at = f"staff:{months.mine}", f"staff:{months.others}", months.now - _QUARTER
    asked = {"release_proposed_by": other, "release_proposed_at": months.now - _HOUR}
    why = {"rank": "litigation", "basis": "case 2026-17", "path": "shop.invoices"}
    by = {"placed_by": other, "placed_at": at, "approved_by": mine, "approved_at": at}
    yield of(LegalHold, id=ONE, release_because_id=ONE, **why, **by, **asked)


def _events(months: Months) -> Iterator[Made]:
    """Yield what a webhook was sent in a year, a part of which was given up."""
    yield of(
        WebhookSubscription,
        id=ONE,
        backend_id=months.backend_id,
        url="https://shop.example/hook",
        origin="https://shop.example",
        sealed_secret=b"sealed",
        created_at=months.now,
    )
    for number in range(1, int(months.count * _SENT) + 1):
        lost, at = number % _GIVEN_UP == 0, months.now - timedelta(minutes=number)
        yield of(
            WebhookDelivery,
            subscription_id=ONE,
            event_id=reference(number),
            event="request.completed",
            request_id=reference(number),
            body="{}",
            state="dead" if lost else "delivered",
            attempts=8 if lost else 1,
            last_status=503 if lost else 204,
            created_at=at,
            tried_at=at + _HOUR,
        )


def _evidence(here: Desk, months: Months, signer: Signer) -> Iterator[Made]:
    """Yield evidence of a quarter, made and signed once, and kept as often as a register may."""
    zone = making.zone_of(here.context)
    last = months.now.astimezone(zone).date()
    period = Period(last - _QUARTER, last, zone)
    report = making.work_out(
        here.engine, here.context, Wanted(audit_evidence.NAME, period), now=months.now
    )
    assert report is not None  # it need not be final
    body = document(making.signed(report, signer, now=months.now))
    for number in range(1, _KEPT + 1):
        yield of(
            AskedReport,
            report=audit_evidence.NAME,
            signed=True,
            id=reference(_APART + number),
            first_day=period.first,
            last_day=period.last,
            state="made",
            asked_by=f"staff:{months.mine}",
            asked_at=months.now - number * _HOUR,
            made_at=months.now,
            body=body,
            shape=shape(report),
            expires_at=months.now + WHOLE,
        )
