"""
After a restore: do again every erasure and correction that the backup does not know of.

Each works from its capsule, under step ids of its own, and is read back. What is not there is
not touched, so a second run changes nothing. The closed requests stay closed; what was done is
journalled, and an entry in each one's trail.

Which store was restored is known from the call, or from the data: rows that belonged to an
erased person alone are there again. Only in such a store may an address by itself lead to rows
that go; elsewhere they may be the same person's who registered anew.

A legal hold that was placed since keeps rows as it would have then: they are put out of use and
noted, so that they go when it ends. Rows of a restored store that were held before are put out of
use again.

Of who stayed in use after an erasure of a part, nothing goes unless the store was named: that a row
with a marked key is there again is told to staff, and so is what could not be marked. What staff
left out was not erased, and is not erased now.

Source: NDSR 24; PIPL 46, 47.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import insert
from sqlmodel import Session

from connectors.sdk import KeySet, Unfinished
from rights.domain.actions import Action
from rights.domain.errors import RightsError
from rights.logs import get
from rights.services import audit, incidents, requests
from rights.store.db import reading, transaction
from rights.store.models import JournalRow, Request
from workflows import actions, capsules, heldnotes, returned
from workflows.claims import Claim, Done, Outcome
from workflows.corrected import correct_again
from workflows.floor import ERASING, Floor
from workflows.holds import rulings_of
from workflows.plan import Step
from workflows.resolve import frozen_again
from workflows.returned import Closed, Looked

ACTS: Final[Mapping[Action, Callable[[Floor, Claim], Outcome]]] = MappingProxyType(
    {Action.CLOSE: actions.close, Action.ERASE: actions.erase}
)
"""What an erasure consists of."""

_TAG_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """
    A closed request; of an erasure also what of it is there again.

    Args:
        marked: Of who stayed in use, in no store that was named: it is told, and nothing is done.
    """

    one: Closed
    looked: Looked
    marked: bool = False

    @property
    def evidence(self) -> Collection[str]:
        """What shows that its store was restored: rows that were an erased person's alone."""
        return () if self.marked else self.looked.back


@dataclass(slots=True)
class Report:
    """
    What came of one request.

    Args:
        affected: Collection to rows changed or removed again.
        unsure: Collection to rows found by an address alone in a store not known as restored, or
            by a mark.
        by_hand: Collection to rows that staff have to remove, or to look for.
        left: Collection to rows that are still not as they should be.
        held: Collection to rows that something keeps: out of use, and noted.
        not_restricted: Collection to rows that are held and that nothing puts out of use.
        code: Why it could not be done; empty when it could.
    """

    request: str
    kind: str
    affected: dict[str, int] = field(default_factory=dict)
    unsure: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    by_hand: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    not_restricted: dict[str, int] = field(default_factory=dict)
    code: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing of it is left to do."""
        undone = self.unsure or self.left or self.by_hand or self.not_restricted
        return not (undone or self.code)


def replay(floor: Floor, since: datetime, stores: Collection[str] = ()) -> list[Report]:
    """
    Do everything again that was done since *since*, in the order it was done.

    Args:
        stores: Names of the stores that were restored; empty: judged from the data.
    """
    only = frozenset(stores) or None
    with reading(floor.register) as session:
        ids = capsules.since(session, since)
    failed: dict[str, Report] = {}
    cases = [c for i in ids if (c := _case(floor, i, only, failed)) is not None]
    back = {path.partition(".")[0] for case in cases for path in case.evidence}
    restored = set(only or back)
    done = {case.one.request.id: _one(floor, case, only, restored) for case in cases}
    return [failed.get(i) or done[i] for i in ids if i in failed or i in done]


def _case(
    floor: Floor, request_id: str, only: frozenset[str] | None, failed: dict[str, Report]
) -> Case | None:
    """Read what a request needs, and look what of it is there again."""
    with reading(floor.register) as session:
        one = returned.closed(session, floor, request_id)
    if one is None:
        return None
    if one.request.kind not in ERASING:
        return Case(one, Looked())
    try:
        found = returned.look(floor, one, one.keys, only)
        return Case(one, found, marked=one.partly and only is None)
    except RightsError as error:
        failed[request_id] = _failed(one.request, error)
        return None


def _failed(request: Request, error: RightsError) -> Report:
    get().error("replay.failed", request_id=request.id, code=error.code)
    return Report(request.id, str(request.kind), code=error.code)


def _one(floor: Floor, case: Case, only: frozenset[str] | None, restored: set[str]) -> Report:
    request = case.one.request
    report = Report(request.id, str(request.kind))
    tag = f"r{secrets.token_hex(_TAG_BYTES)}"
    try:
        if request.kind in ERASING:
            _erase(floor, case, restored, tag, report)
        else:
            _correct(floor, case.one, only, tag, report)
    except RightsError as error:
        report.code = _failed(request, error).code
    with transaction(floor.register) as session:
        _note(session, floor, request, tag, report)
    return report


def _erase(floor: Floor, case: Case, restored: set[str], tag: str, report: Report) -> None:
    """Erase what is there again, in the stores that were restored, and read it back."""
    one, found = case.one, {**case.looked.unsure, **case.looked.back}
    if case.marked:
        report.unsure, report.by_hand = _marked(case.looked), dict(case.looked.by_hand)
        return
    here = {path.partition(".")[0] for path in (*found, *case.looked.held)} & restored
    report.unsure = {
        p: n for p, n in case.looked.unsure.items() if p.partition(".")[0] not in restored
    }
    steps = [s for s in one.plan if s.action in ACTS and s.store in here and one.did(s)]
    steps = returned.existing(floor.context.datamap, steps)
    if not steps:
        return
    keys = _identity(floor, case, steps)
    for step in steps:
        if step.manual:
            report.by_hand |= {p: n for p, n in found.items() if p in step.collections}
            continue
        _tell(report, _again(floor, case, step, keys, tag))
    _read_back(floor, case, keys, here, report)


def _marked(looked: Looked) -> dict[str, int]:
    """Return all that was found by marks, however sure: only a store that is named is acted on."""
    paths = {**looked.back, **looked.unsure}
    return {path: looked.back.get(path, 0) + looked.unsure.get(path, 0) for path in paths}


def _read_back(
    floor: Floor, case: Case, keys: KeySet, stores: Collection[str], report: Report
) -> None:
    """Say what is still there."""
    with reading(floor.register) as session:
        one = replace(case.one, noted=heldnotes.placed(session, case.one.request.id))
    left = returned.look(floor, one, keys, stores)
    still = {**left.unsure, **left.back}
    report.left = {p: n for p, n in still.items() if p not in report.by_hand}


def _identity(floor: Floor, case: Case, steps: Sequence[Step]) -> KeySet:
    """Return the keys to act by, those of rows that came back among them."""
    one, request = case.one, case.one.request
    keys, _ = returned.still_theirs(floor, request, one.keys)
    ruled = rulings_of(one.claim(steps[0], request.id, keys))
    paths = [path for step in steps for path in step.collections]
    return frozen_again(floor, floor.routes(request.kind), keys, paths, ruled)


def _again(floor: Floor, case: Case, step: Step, keys: KeySet, tag: str) -> Done | None:
    """
    Do one step again: under another id, or the store would say that it was done.

    What is held is noted as after a first erasure, before the next step.

    Raises:
        Refused: a legal hold that covers this person waits for its approval.
        Transient: the holds could not be looked up. Nothing is destroyed before they are.
    """
    one = case.one
    claim = one.claim(step, f"{one.request.id}-{tag}-{step.name}", keys)
    while True:
        try:
            outcome = ACTS[step.action](floor, claim)
        except Unfinished:
            continue  # a part is noted in the store; nobody else waits for this process
        break
    if not isinstance(outcome, Done):
        return None
    with transaction(floor.register) as session:
        requests.locked(session, one.request.id)
        heldnotes.write(session, floor.context.vault, outcome.held)
    return outcome


def _tell(report: Report, done: Done | None) -> None:
    """Add what came of one step."""
    found = done.result["collections"] if done else {}
    noted = {note.collection for note in done.held} if done else set()
    for path, receipt in found.items():
        changed = receipt["affected"] + receipt["decorrelated"]
        report.affected[path] = report.affected.get(path, 0) + changed
        if path in noted:
            report.held[path] = receipt["retained"]
        if receipt.get("missing") == incidents.NOT_RESTRICTED:
            report.not_restricted[path] = receipt["retained"]


def _correct(
    floor: Floor, one: Closed, only: frozenset[str] | None, tag: str, report: Report
) -> None:
    done = correct_again(floor, one, only, f"{one.request.id}-{tag}")
    report.affected, report.left = done.affected, done.differs


def _note(session: Session, floor: Floor, request: Request, tag: str, report: Report) -> None:
    """Journal what was done, in the register too, and open what is left for staff."""
    now, row = floor.now(), requests.locked(session, request.id)
    journal = [
        {
            "step_id": f"{request.id}-{tag}",
            "request_id": request.id,
            "chunk": number,
            "fence": returned.FENCE,
            "collection": path,
            "phase": "replay",
            "affected": affected,
            "digest": "",
            "at": now,
        }
        for number, (path, affected) in enumerate(report.affected.items())
    ]
    if journal:
        session.execute(insert(JournalRow), journal)
    data: dict[str, Any] = {
        "affected": sum(report.affected.values()),
        "left": sum(report.left.values()),
        "unsure": sum(report.unsure.values()),
        "held": sum(report.held.values()),
        "code": report.code,
    }
    audit.append(session, row, [audit.Line("replayed", "system", data)], now=now)
    for code, found in (
        (incidents.CAME_BACK if request.kind in ERASING else incidents.DIFFERS, report.left),
        (incidents.PERHAPS_NEW, report.unsure),
        (incidents.BY_HAND, report.by_hand),
        (incidents.NOT_RESTRICTED, report.not_restricted),
    ):
        if found:
            incidents.open_for(session, row, code, found, now=now)
