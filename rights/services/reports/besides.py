"""
What a report counts that is not a request: holds, appeals, complaints, data that came back,
recipients that were told, security incidents.

Each is a row with the moments at which it began and ended; those are written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlmodel import SQLModel, col

from rights.services.appeals import DISMISSED, UPHELD
from rights.services.exceptions import CODE
from rights.services.recipients_told import EVENT, Told
from rights.services.reports.register import Window, count
from rights.store.models import (
    Aftercare,
    Appeal,
    Complaint,
    Consent,
    ContentApproval,
    Entry,
    HeldRows,
    HoldException,
    LegalHold,
    SecurityIncident,
)


def counted(connection: Connection, at: Window) -> dict[str, int]:
    """Return every such figure by its code."""
    return {
        **_row(connection, LegalHold, _legal_holds(at)),
        **_row(connection, HeldRows, _held_rows(at)),
        **_row(connection, HoldException, _exceptions(at)),
        **_row(connection, Appeal, _appeals(at)),
        **_row(connection, Complaint, _complaints(at)),
        **came_back(connection, at),
        **recipients(connection, at),
        **_row(connection, SecurityIncident, _incidents(at)),
    }


def consents(connection: Connection, at: Window) -> dict[str, int]:
    """Return how often consent was given and taken back; the ledger's rows are only ever added."""
    state, said = col(Consent.state), at.holds(col(Consent.at))
    measures = {
        "consents_granted": count(said & (state == "granted")),
        "consents_withdrawn": count(said & (state == "withdrawn")),
    }
    return _row(connection, Consent, measures)


def minors_content(connection: Connection, at: Window) -> dict[str, int]:
    """Return how often staff asked to open what a minor's request says, and were allowed to."""
    measures = {
        "content_asked": count(at.holds(col(ContentApproval.asked_at))),
        "content_approved": count(at.holds(col(ContentApproval.approved_at))),
    }
    return _row(connection, ContentApproval, measures)


def came_back(connection: Connection, at: Window) -> dict[str, int]:
    """Return how often erased data was found again."""
    found = (col(Aftercare.kind) == "incident") & at.holds(col(Aftercare.created_at))
    return _row(connection, Aftercare, {"data_came_back": count(found)})


def recipients(connection: Connection, at: Window) -> dict[str, int]:
    """
    Return how often staff wrote down that a recipient was told of a request, or was not.

    Whoever was not told at first and was later counts in both, each on its day.
    """
    outcome = col(Entry.data)["outcome"].as_string()
    told = outcome == str(Told.TOLD)
    measures = {"recipients_told": count(told), "recipients_not_told": count(~told)}
    named = [measure.label(name) for name, measure in measures.items()]
    query = select(*named).where(col(Entry.event) == EVENT, at.holds(col(Entry.at)))
    row = connection.execute(query).one()
    return {name: int(getattr(row, name)) for name in measures}


def _incidents(at: Window) -> dict[str, Any]:
    """Return what counts incidents by when they came into the register; drills are none."""
    real = ~col(SecurityIncident.drill)
    opened, closed = col(SecurityIncident.opened_at), col(SecurityIncident.closed_at)
    return {
        "incidents_opened": count(real & at.holds(opened)),
        "incidents_closed": count(real & at.holds(closed)),
        "incidents_open_after": count(real & (opened < at.end) & at.open_at_end(closed)),
    }


def _legal_holds(at: Window) -> dict[str, Any]:
    until, released = col(LegalHold.until), col(LegalHold.released_at)
    over = case((released.is_(None), until), (until < released, until), else_=released)
    return {
        "legal_holds_opened": count(at.holds(col(LegalHold.placed_at))),
        "legal_holds_closed": count(at.holds(over)),
    }


def _held_rows(at: Window) -> dict[str, Any]:
    begun, over = at.holds(col(HeldRows.created_at)), at.holds(col(HeldRows.ended_at))
    infeasible = col(HeldRows.code) == CODE
    return {
        "holds_opened": count(begun & ~infeasible),
        "holds_closed": count(over & ~infeasible),
        "infeasible": count(begun & infeasible),
        "infeasible_ended": count(over & infeasible),
    }


def _exceptions(at: Window) -> dict[str, Any]:
    return {"exceptions_approved": count(at.holds(col(HoldException.approved_at)))}


def _appeals(at: Window) -> dict[str, Any]:
    decided, outcome = at.holds(col(Appeal.decided_at)), col(Appeal.outcome)
    open_after = at.open_at_end(col(Appeal.decided_at)) & (col(Appeal.received_at) < at.end)
    return {
        "appeals_received": count(at.holds(col(Appeal.received_at))),
        "appeals_upheld": count(decided & (outcome == UPHELD)),
        "appeals_dismissed": count(decided & (outcome == DISMISSED)),
        "appeals_open_after": count(open_after),
    }


def _complaints(at: Window) -> dict[str, Any]:
    answered = at.holds(col(Complaint.answered_at))
    open_after = at.open_at_end(col(Complaint.answered_at)) & (col(Complaint.received_at) < at.end)
    in_time = col(Complaint.answered_at) <= col(Complaint.promised_at)
    return {
        "complaints_received": count(at.holds(col(Complaint.received_at))),
        "complaints_answered": count(answered),
        "complaints_on_time": count(answered & in_time),
        "complaints_open_after": count(open_after),
    }


def _row(
    connection: Connection, model: type[SQLModel], measures: Mapping[str, Any]
) -> dict[str, int]:
    named = [measure.label(name) for name, measure in measures.items()]
    row = connection.execute(select(*named, func.count()).select_from(model)).one()
    return {name: int(getattr(row, name)) for name in measures}
