"""
Turning a switch on again: by the person who turned it off, and where nothing else keeps it off.

A switch is turned on at all its places or at none, so that what products read of it and what
stores hold stay the same. Until every store has read it back, it counts as off.

Source: NDSR 42; PIPL 15; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from connectors.sdk import KeySet
from rights.domain.datamap import DataMap, Switch
from rights.domain.parameters import SWITCHES
from rights.services import audit, consents, preferences, subjects
from rights.services.context import Context
from rights.store.models import Preference, Request, StepRow, StepState
from workflows.plan import Plan
from workflows.restricted import Place, Why, persons

ON: Final = "switched_on"
_PURPOSE: Final = "purpose"


def judged(
    session: Session,
    context: Context,
    request: Request,
    keys: KeySet,
    places: Mapping[str, Place],
    withdrawn: Collection[str],
) -> tuple[tuple[str, ...], tuple[Why, ...]]:
    """
    Return the places of the named switches that are turned on, and why others stay off.

    Args:
        places: What the person's restrictions stop still.
        withdrawn: The purposes whose consent is taken back.
    """
    said = _Said(_off(session, context, request, keys), places, withdrawn, request.received_at)
    on: list[str] = []
    stays: list[Why] = []
    for name in sorted(request.parameters.get(SWITCHES, ())):
        mine = [s for s in context.datamap.switches if s.name == name]
        found = [_stays(context.datamap, s, said) for s in mine]
        why = next((one for one in found if one is not None), None)
        for switch in mine:
            place = f"{switch.collection}#{name}"
            if why is None:
                on.append(place)
            else:
                stays.append(Why(place, why.code, why.manual))
    return tuple(on), tuple(stays)


@dataclass(frozen=True, slots=True)
class _Said:
    """
    What the person has said of their switches, restrictions and consents.

    Args:
        off: What is switched off, and when at the latest.
        asked_at: When they asked for a switch to be turned on.
    """

    off: Mapping[str, datetime]
    places: Mapping[str, Place]
    withdrawn: Collection[str]
    asked_at: datetime


def _stays(datamap: DataMap, switch: Switch, said: _Said) -> Why | None:
    """Return why a switch stays off at one of its places; None where nothing keeps it off."""
    if switch.name not in said.off:
        return Why(switch.name, "not_switched_off")
    if said.off[switch.name] > said.asked_at:
        return Why(switch.name, "switched_off_since")
    here = (switch.collection, switch.column)
    shared = [s for s in datamap.switches if (s.collection, s.column) == here]
    if code := next(filter(None, (_kept_off(s, switch, said) for s in shared)), ""):
        return Why(switch.name, code)
    if switch.column in datamap.collection(switch.collection).close:
        manual = f"{switch.column} says more than this switch: turn it on by hand"
        return Why(switch.name, manual=manual)
    return None


def _kept_off(other: Switch, switch: Switch, said: _Said) -> str:
    """Return by what word of the person's a switch in the same column keeps it off."""
    standing = said.places.get(f"{other.collection}#{other.name}")
    if standing is not None and standing.requests:
        return "still_restricted"
    kind, _, purpose = other.name.rpartition(":")
    if kind == _PURPOSE and purpose in said.withdrawn:
        return "consent_taken_back"
    return "still_restricted" if other.name != switch.name and other.name in said.off else ""


def _who(session: Session, context: Context, request: Request, keys: KeySet) -> frozenset[str]:
    proved = [r for r in subjects.identifier_rows(session, request.id) if r.proof]
    given = subjects.opened(context.vault, proved)
    named = {b for n, v in given.items() for b in subjects.blinds(context.vault, n, v)}
    return persons(context.vault, context.datamap, keys) | named


def _off(session: Session, context: Context, request: Request, keys: KeySet) -> dict[str, datetime]:
    """Return what this person has switched off, under whichever name, and when at the latest."""
    found: dict[str, datetime] = {}
    for row in _rows(session, _who(session, context, request, keys)):
        found[row.name] = max(row.changed_at, found.get(row.name, row.changed_at))
    return found


def _rows(session: Session, who: Iterable[str]) -> Sequence[Preference]:
    query = select(Preference).where(
        col(Preference.subject).in_(list(who)), Preference.value == preferences.OFF
    )
    return session.exec(query).all()


def finished(
    session: Session,
    context: Context,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan,
    frozen: Callable[[], KeySet],
    *,
    now: datetime,
) -> None:
    """Let the switches that every store has turned on be read as on, in the closing transaction."""
    steps = {f"{request.id}-{s.name}": s for s in plan}
    undone = {
        name
        for row in rows
        if (step := steps.get(row.id)) and (step.refused or row.state is StepState.LEFT_OUT)
        for name in step.switches
    }
    names = sorted({n for s in plan for n in s.switches} - undone)
    for row in _rows(session, _who(session, context, request, frozen())):
        if row.name in names and row.changed_at <= request.received_at:
            row.value, row.changed_at, row.request_id = preferences.ON, now, request.id
            row.effective_at, row.pending = None, []
            session.add(row)
    if names:
        line = audit.Line(ON, "system", {SWITCHES: names})
        audit.append(session, request, [line], now=now)
        consents.switched_on(session, context, request, names, now=now)
    session.flush()  # what is confirmed next is read from the register
