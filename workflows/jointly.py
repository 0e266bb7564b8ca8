"""
One step of several people, done in their store as one.

Only what comes to the same as one after the other: nobody's keys are another's too, no legal
hold is on anybody. Anything that goes wrong falls back to one after the other, where it gets its
name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connectors.parts.joining import apart, joined
from connectors.sdk import Connector, Expect, KeySet, Receipt, Target, Work
from rights.domain.actions import Action
from rights.domain.conversation import is_part
from rights.domain.errors import ConfigError, ConnectorError, Drift, Fenced
from rights.logs import get
from rights.services import tags_said
from rights.store.models import LegalHold, StepState
from workflows import actions, holding, strain
from workflows.approved import unchanged
from workflows.claims import Claim, Done, Outcome
from workflows.floor import Floor
from workflows.holds import Rulings, legal_holds, placed_by, rulings_of
from workflows.targets import keys_of, targets

ENDS: Final = (ConnectorError, ConfigError, Drift, Fenced)
"""What ends the attempt; each step then meets it by itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """One person's share."""

    claim: Claim
    ruled: Rulings
    keys: KeySet = field(repr=False)
    rows: Sequence[tuple[Connector, Target, Work]] = field(repr=False)

    @property
    def member(self) -> list[tuple[Target, Work]]:
        """Return the collections, as a connector takes them."""
        return [(target, work) for _, target, work in self.rows]


def likeness(claim: Claim) -> Hashable:
    """Return what two claims have in common that can be done as one; their own id if nothing."""
    step, plan = claim.step, claim.plan
    erases = step is not None and (
        step.action is Action.ERASE
        or (step.action is Action.VERIFY and step.expect == Expect.ERASED)
    )
    tags = claim.request.option in tags_said.OPTIONS or is_part(claim.request.parameters)
    if step is None or plan is None or not erases or tags or step.unhook or step.deferred:
        return claim.step_id
    return (claim.request.kind, claim.request.option, plan.config_hash, step)


def heavy(claim: Claim) -> bool:
    """Return whether this person has so many keys that others should not wait for them."""
    return claim.keys is not None and len(claim.keys) > actions.SMALL


def perform(floor: Floor, claims: Sequence[Claim]) -> dict[str, Outcome]:
    """
    Run the step of each of *claims*, which are alike, as one.

    Returns:
        The outcomes by step id; who is not in it is done alone.
    """
    step = claims[0].step
    if step is None or not hasattr(floor.connector(step.store), "erase_jointly"):
        return {}
    try:
        strain.check(floor, claims[0])
        parts = _apart(_parts(floor, claims, step.action))
        if len(parts) < 2:  # noqa: PLR2004 - one alone has nobody to go with
            return {}
        done = _verified(parts) if step.action is Action.VERIFY else _erased(floor, parts)
    except ENDS as error:
        get().info("step.apart", step=step.name, code=getattr(error, "code", ""))
        return {}
    if done:
        get().info("step.jointly", step=step.name, people=len(parts))
    return done


def _parts(floor: Floor, claims: Sequence[Claim], action: Action) -> list[Part]:
    """Return everybody's share; legal holds are looked up once for all."""
    keys = [keys_of(floor, claim) for claim in claims]
    erases = action is Action.ERASE
    held = legal_holds(floor, keys) if erases else [[] for _ in claims]
    found = [
        _part(floor, replace(claim, keys=mine), mine, on if erases else None)
        for claim, mine, on in zip(claims, keys, held, strict=True)
    ]
    return [part for part in found if part]


def _part(
    floor: Floor, claim: Claim, keys: KeySet, held: Sequence[LegalHold] | None
) -> Part | None:
    """
    Return one person's share; None where it is not for others to wait for.

    Args:
        held: The legal holds that may cover the person; None where nothing is erased.
    """
    ruled = rulings_of(claim)
    if held is not None:
        unchanged(floor, claim)
        ruled = placed_by(floor, claim.request, ruled, held, keys, acting=True)
    elif _left(claim):
        return None
    if ruled.placed or ruled.kept or ruled.overdue or heavy(claim):
        return None
    rows = list(targets(floor, claim, ruled))
    alone = any(holding.sealed_view(t.collection) or work.sampled for _, t, work in rows)
    return None if alone else Part(claim, ruled, keys, rows)


def _left(claim: Claim) -> bool:
    """Return whether an erasure left something on purpose: it is read back by itself then."""
    receipts = (r for result in claim.results.values() for r in _collections(result))
    left_out = any(row.state is StepState.LEFT_OUT for row in claim.rows)
    return left_out or any(receipt.get("retained") for receipt in receipts)


def _collections(result: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    receipts: Mapping[str, Mapping[str, Any]] = result.get("collections", {})
    return receipts.values()


def _apart(parts: Sequence[Part]) -> list[Part]:
    """Return those that share nothing with one another: who comes first comes along."""
    alike = [part for part in parts if part.ruled.approved == parts[0].ruled.approved]
    return [alike[n] for n in apart([part.keys for part in alike])]


def _erased(floor: Floor, parts: Sequence[Part]) -> dict[str, Outcome]:
    connector: Any = parts[0].rows[0][0]
    first = [actions.before(part.ruled, part.rows) for part in parts]
    found: list[list[Receipt]] | None = connector.erase_jointly([part.member for part in parts])
    if found is None:
        return {}
    out: dict[str, Outcome] = {}
    for part, known, mine in zip(parts, first, found, strict=True):
        paths = (target.collection.path for _, target, _ in part.rows)
        receipts = dict(zip(paths, mine, strict=True))
        out[part.claim.step_id] = actions.erased(
            floor, part.claim, part.ruled, receipts, known, part.rows
        )
    return out


def _verified(parts: Sequence[Part]) -> dict[str, Outcome]:
    """Read back for all of them; where anything at all is found, each looks for their own."""
    keys = joined([part.keys for part in parts])
    if keys is None or not all(_nothing_left(row, keys) for row in parts[0].rows):
        return {}
    paths = sorted(target.collection.path for _, target, _ in parts[0].rows)
    return {part.claim.step_id: Done({"verified": paths, "kept": {}}) for part in parts}


def _nothing_left(row: tuple[Connector, Target, Work], keys: KeySet) -> bool:
    connector, target, work = row
    verify: Any = connector
    found = verify.verify(replace(target, keys=keys), work, Expect.ERASED)
    return not found.rows and not found.restricted
