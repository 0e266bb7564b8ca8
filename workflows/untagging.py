"""
What a person said of their tags holds under every name by which a worker knows them.

What they typed is noted when enough is proved; a job may know them by another identifier. Deleted
tags do not come again, chosen ones stay, until the person says otherwise.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain import choosable
from rights.domain.actions import Action
from rights.services import consents, kept_tags, notes, tags_said
from rights.services.tags_said import Wish
from rights.store.models import Request, StepRow, StepState
from workflows import choosing, lastword
from workflows.floor import Floor
from workflows.given import values_of
from workflows.outcome import by_hand
from workflows.plan import Plan


def finished(
    session: Session,
    floor: Floor,
    request: Request,
    rows: Sequence[StepRow],
    plan: Plan,
    keys: KeySet,
    *,
    now: datetime,
) -> None:
    """Keep what was removed away and what was chosen chosen, unless they said otherwise since."""
    context, request_id = floor.context, request.id
    who = lastword.who(session, floor, request, keys)
    wish = tags_said.wish_of(request.option, values_of(session, floor, request))
    since = _overtaken(session, floor, request, who, wish)
    removed = [tag for tag in wish.removed if tag not in since]
    away = kept_tags.standing(session, request_id)
    if away and (removed or wish.every):
        kept_tags.keep_away(
            session, context.vault, who, removed, request_id=request_id, now=now, at=away
        )
    at, before = tags_said.standing(session, request_id)
    if at is None:
        return
    done = replace(
        wish,
        chosen=tuple(tag for tag in _written(session, floor, wish, rows, plan) if tag not in since),
    )
    everybody = {*who, *before}
    tags_said.write(session, context, everybody, done, request_id=request_id, at=at, leaving=since)
    if done.chosen:
        kept_tags.let_go_of(session, context.vault, everybody, done.chosen, until=at)
        consents.tags_chosen(session, context, request, now=now)


def _overtaken(
    session: Session, floor: Floor, request: Request, who: Collection[str], wish: Wish
) -> frozenset[str]:
    """Return the tags of a wish of which the person has said something since."""
    context, gone = floor.context, wish.removed
    if wish.every:
        gone = tuple(choosable.offered(context.datamap))
    return tags_said.overtaken(
        session, context, request.id, who, wish.chosen, choosing=True
    ) | tags_said.overtaken(session, context, request.id, who, gone, choosing=False)


def _written(
    session: Session, floor: Floor, wish: Wish, rows: Sequence[StepRow], plan: Plan
) -> Iterator[str]:
    """Yield the chosen tags that were written: by a connector, which says of which, or by staff."""
    told = notes.read(session, floor.context.vault, rows[0].request_id, "told")
    results = [one for each in told for one in each.get("results", ())]
    done = {one["item"] for one in results if one["status"] == choosing.DONE}
    by_staff = {r.id for r in rows if r.state is StepState.DONE and by_hand(r)}
    paths = {
        path
        for step in plan
        if step.action is Action.CHOOSE and f"{rows[0].request_id}-{step.name}" in by_staff
        for path in step.collections
    }
    places = [p for p in choosable.places(floor.context.datamap) if p.collection.path in paths]
    yield from (t for t in wish.chosen if t in done or any(p.tags.choice(t) for p in places))
