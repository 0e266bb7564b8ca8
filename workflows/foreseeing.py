"""
What an erasure would do to somebody's data, told before anybody asks for it; nothing is written.

The same road as a plan takes: the same routes, holds and grounds, judged now. What it says may
be different a day later; what is done is what the plan of the request says.

Source: PIPL 17, 47; NDSR 23, 24 (people are told beforehand what stays, why and until when).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.sdk import KeySet, Verb
from rights.domain.errors import Refused
from rights.domain.kinds import Kind, Option
from rights.store.models import Request
from workflows import decisions
from workflows.counting import counts_of
from workflows.floor import ERASING, Floor
from workflows.grounds import grounds, holds_one_of, only, overdue
from workflows.holds import ruled_rules, with_legal_holds
from workflows.outlook import outlook
from workflows.plan import Plan
from workflows.preparing import asked_of, find_anything
from workflows.resolve import resolve
from workflows.routes import Routes
from workflows.surveying import cleared, surveys
from workflows.unasked import unasked
from workflows.view import View


def foreseen(floor: Floor, request: Request, given: Mapping[str, str]) -> dict[str, Any]:
    """
    Return per collection what an erasure would do: :func:`workflows.outlook.outlook`.

    Args:
        request: One that nobody made: its kind, option and regimes count.
        given: Whose data, by identifiers that were vouched for.

    Raises:
        Refused: the kind erases nothing, or no row can be found by what was given.
        ConnectorError: a store could not be asked; that is not "nothing there".
    """
    if request.kind not in ERASING:
        raise Refused(f"{request.kind} erases nothing: there is nothing to foresee")
    datamap, routes = floor.context.datamap, floor.routes(request.kind)
    find_anything(datamap, given)
    asked = replace(asked_of(request, {}, datamap), only=only(request, datamap))
    steps = routes.steps(asked, floor.manifests)
    steps, warnings = cleared(floor, request, steps, surveys(floor, steps))
    paths = {p for s in steps for p in s.collections} | decisions.looked_at(asked, datamap)
    ruled = ruled_rules(floor, request, destroys=True, overdue=overdue(request, datamap))
    keys, hops = resolve(floor, routes, given, paths, ruled)
    judged = grounds(floor, request, routes, keys)
    ruled = with_legal_holds(floor, request, judged.ruled(ruled), keys, acting=False)
    plan = Plan(steps, datamap.hash, holds=ruled.facts(), warnings=warnings, grounds=judged.record)
    view = View(request, routes.predicates, keys, ruled)
    told = outlook(floor, replace(plan, counts=counts_of(floor, plan, view)), view)
    # Where it cannot be told what is the person's, or nothing could be looked for.
    unsure = {*unasked(routes, keys), *hops.unsure(routes, keys)} & paths
    unsettled, unread = _unsettled(floor, routes, keys)
    unknown = sorted({*told["unknown"], *unsure, *unread})
    return {**told, "unknown": unknown, "unsettled": unsettled}


def _unsettled(floor: Floor, routes: Routes, keys: KeySet) -> tuple[list[str], list[str]]:
    """Return the collections with a matter that is not settled, and those that cannot tell."""
    found, unread = list[str](), list[str]()
    for collection in floor.context.datamap.collections:
        said = collection.unsettled
        if said is None:
            continue
        if Verb.FREEZE not in floor.connector(collection.store).manifest.verbs:
            unread.append(collection.path)
        elif holds_one_of(floor, routes, keys, collection, said.column, said.values):
            found.append(collection.path)
    return found, unread


def imagined(floor: Floor, about: Mapping[str, Any], backend_id: str) -> Request:
    """Return the request that somebody thinks of making; it is in no register."""
    now = floor.now()
    return Request(
        id="0" * 32,
        kind=Kind(about["kind"]),
        option=Option(about["option"]),
        regimes=list(about["regimes"]) or list(floor.context.settings.default_regimes),
        backend_id=backend_id,
        received_at=now,
        due_at=now,
        promised_at=now,
    )
