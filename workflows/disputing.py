"""Marks on values that a person says are wrong: set, settled, and shown in what they get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.actions import Action
from rights.domain.kinds import Kind
from rights.services import correction_guard, disputes, persons, redactions
from rights.store.db import reading
from rights.store.models import Request
from workflows.claims import Claim
from workflows.floor import ERASING, Floor
from workflows.given import values_of
from workflows.outcome import Line
from workflows.packages.terms import Disputed
from workflows.targets import keys_of


def begin(
    session: Session, floor: Floor, request: Request, keys: KeySet | None, now: datetime
) -> None:
    """Mark what a correction is about, in the transaction that keeps its plan."""
    if request.kind is not Kind.CORRECTION or keys is None:
        return
    vault = floor.context.vault
    said = values_of(session, floor, request)
    person, text = persons.person(vault, floor.context.datamap, keys), str(said.get("text", ""))
    changes = said.get("changes", ())
    disputes.mark(session, vault, request, person, changes, text=text, now=now)


def end(
    session: Session,
    floor: Floor,
    request: Request,
    found: Iterable[Line],
    frozen: Callable[[], KeySet],
    *,
    partly: bool = False,
) -> None:
    """
    Let the marks of a request stay or go, in the transaction that closes it.

    What is erased takes its marks and guards along.

    Args:
        frozen: Returns the request's frozen keys.
        partly: An erasure left data in use on purpose.
    """
    if request.kind is not Kind.CORRECTION and request.kind not in ERASING:
        return
    if request.kind in ERASING and partly:
        return  # what is in use still keeps its marks and guards
    people = persons.persons(floor.context.vault, floor.context.datamap, frozen())
    if request.kind in ERASING:
        disputes.forget(session, people)
        correction_guard.forget(session, people)
        redactions.forget(session, people)
        return
    outcome = {
        f"{line.store}.{line.collection}": line.missing
        for line in found
        if line.action == Action.CORRECT
    }
    disputes.settle(session, request, outcome, people)


def shown(floor: Floor, claim: Claim, collections: Sequence[str]) -> list[Disputed]:
    """Return what the person disputes of what is in *collections*."""
    if not collections:
        return []
    vault, datamap = floor.context.vault, floor.context.datamap
    people = persons.persons(vault, datamap, keys_of(floor, claim))
    with reading(floor.register) as session:
        found = disputes.standing(session, vault, people)
    return [
        Disputed(
            one.collection,
            one.field,
            "pending" if one.pending else "disputed",
            one.since,
            one.request_id,
            one.claimed,
            one.text,
        )
        for one in found
        if one.collection in collections
    ]
