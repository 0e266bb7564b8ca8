"""
The same request once more, after an appeal against its outcome was upheld; or what was proved in
it, for another one.

Nothing is asked of the person again: kind, option, parameters, values and proofs are carried over,
and a clock of the same rules begins.

Source: PIPL 50; NDSR 23.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.errors import Conflict, Invalid
from rights.domain.levels import Acr
from rights.domain.parameters import UNTIL, WAIT_DAYS
from rights.services import lifting, locators, notes, subjects, submission
from rights.services.context import Context
from rights.services.intake import Submission
from rights.store.models import Request


def begin(session: Session, context: Context, request: Request, *, now: datetime) -> Request:
    """
    Open the request that follows *request*; a day that is over is left out of its parameters.

    Raises:
        Conflict: whom it is about has been forgotten.
    """
    return carried(session, context, request, as_it_was(session, context, request, now), now=now)


def as_it_was(session: Session, context: Context, request: Request, now: datetime) -> Submission:
    """Return what was asked in *request*, with what was proved in it. Raises Conflict."""
    known = {row.type: row for row in subjects.identifier_rows(session, request.id)}
    if not known:
        raise Conflict("whom this request was about has been forgotten", code="forgotten")
    return Submission(
        kind=request.kind,
        option=request.option,
        identifiers={
            **subjects.opened(context.vault, known.values()),
            **locators.refused(session, context, request),
        },
        backend_id=request.backend_id,
        parameters=_parameters(request, now),
        values=_values(session, context, request),
        regimes=tuple(request.regimes),
        regimes_because=request.regimes_because,
        locale=request.locale,
        channel=request.channel,
        attested=frozenset(name for name, row in known.items() if row.proof == "assertion"),
        acr=Acr(request.acr) if request.acr else None,
        level_cap=request.level,
        proved=request.level,
        at_least=request.level_needed,
        follows=request.id,
        apart=request.id,
        age_band=request.age_band,
        notify=False,
    )


def carried(
    session: Session, context: Context, request: Request, new: Submission, *, now: datetime
) -> Request:
    """Take in what follows *request*, with the proofs given in it."""
    made, _ = submission.take(session, context, new, now=now)
    session.flush()
    known = {row.type: row for row in subjects.identifier_rows(session, request.id)}
    for row in subjects.identifier_rows(session, made.id):
        if row.type in known:
            row.proof, row.proved_at = known[row.type].proof, known[row.type].proved_at
            session.add(row)
    return made


def _parameters(request: Request, now: datetime) -> dict[str, Any]:
    left_out = {WAIT_DAYS}  # whoever waited once and had to appeal waits no second time
    try:
        lifting.check_until(request.parameters, now)
    except Invalid:
        left_out.add(UNTIL)
    return {name: value for name, value in request.parameters.items() if name not in left_out}


def _values(session: Session, context: Context, request: Request) -> dict[str, Any]:
    """Return what the person gave, later values over earlier ones."""
    out: dict[str, Any] = {}
    for given in notes.read(session, context.vault, request.id, "values"):
        out.update(given)
    return out
