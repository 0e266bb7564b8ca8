"""
A request that names where something public stands waits for staff to look at it.

Source: NDSR 9, 25(1)(1); PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from rights.domain.actions import Action
from rights.domain.errors import Refused
from rights.services import locators, subjects
from rights.store.db import reading
from rights.store.models import Request, StepRow, StepState
from workflows.floor import Floor

UNPROVED: Final = "locator_unproved"
"""Code of a first step that waits for staff to look at a locator."""


def check(floor: Floor, request: Request) -> None:
    """
    Make sure that nothing is looked up by a mere claim.

    Raises:
        Refused: there is one. What needs no proof goes on without it.
    """
    if not request.level_needed:
        return
    with reading(floor.register) as session:
        rows = subjects.identifier_rows(session, request.id)
    if found := locators.among(floor.context.datamap, rows):
        raise Refused(
            f"{', '.join(sorted(row.type for row in found))} is what the person says of"
            f" themselves: compare it with `rights locators show {request.id}`, then `rights"
            " locators accept` or `refuse`; the request goes on with it, or without",
            code=UNPROVED,
        )


def let_go(session: Session, floor: Floor, request: Request, rows: Sequence[StepRow]) -> None:
    """Begin again what waited for staff to look, once they have."""
    for row in rows:
        if row.action != Action.PREPARE or row.state is not StepState.FAILED:
            continue
        known = subjects.identifier_rows(session, request.id)
        if row.code == UNPROVED and not locators.among(floor.context.datamap, known):
            row.state, row.next_at, row.attempts = StepState.TODO, None, 0
            row.code, row.note = "", ""
