"""Make a plan: who is it about, which keys are frozen, what will be done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from connectors.sdk import KeySet, Verb
from rights.domain.actions import Action
from rights.domain.conversation import is_part
from rights.domain.datamap import DataMap
from rights.domain.errors import Refused
from rights.domain.graph import finding_identifiers
from rights.domain.kinds import Kind
from rights.domain.parameters import MEANWHILE
from rights.domain.tags import REMOVED
from rights.services import locators, subjects
from rights.services.plan_warnings import Warned
from rights.services.replanning import asked_again, asked_why, asking
from rights.store.db import reading
from rights.store.models import Request
from workflows import (
    belonging,
    choosing,
    chosen,
    contacts,
    correcting,
    decisions,
    leaving_out,
    lifting,
    locating,
    narrowing,
    partial,
    standing,
    trust,
)
from workflows.claims import Claim, Done, Outcome, PackageKey
from workflows.counting import counts_of
from workflows.floor import ERASING, Floor
from workflows.given import values_of
from workflows.grounds import grounds, only, overdue
from workflows.holds import Rulings, ruled_rules, with_legal_holds
from workflows.outlook import outlook
from workflows.packing import new_package
from workflows.plan import LIFTING, Asked, Plan, Step
from workflows.resolve import Hops, resolve
from workflows.routes import Routes
from workflows.sampling import Sample, sample_of
from workflows.surveying import Surveys, cleared, nothing_held_below, surveys
from workflows.together import SHARES, shares
from workflows.unasked import unasked
from workflows.view import View
from workflows.where import at


def prepare(floor: Floor, claim: Claim) -> Outcome:
    """
    Resolve, freeze and plan; nothing is changed in any store.

    Raises:
        Refused: nothing proved can reach a row, or what was proved may be two people's.
        Transient: a store that is needed could not be asked.
    """
    request, datamap = claim.request, floor.context.datamap
    given, values = _given(floor, request)
    routes, reached = _routes(floor, request)
    asked = _asked(floor, request, routes, given, values)
    steps = leaving_out.steps(floor, request, routes.steps(asked, floor.manifests))
    planned = {p for s in steps for p in s.collections}
    paths = planned | decisions.looked_at(asked, datamap)
    if paths:
        _sure(floor, routes, request, given)
    found = surveys(floor, steps)
    steps, warnings = _cleared(floor, request, steps, found)
    ruled = ruled_rules(
        floor, request, destroys=_destroys(steps), overdue=overdue(request, datamap)
    )
    keys, hops = _whose(floor, request, routes, given, paths, ruled)
    keys = keys.merged(_named(floor, request, routes, keys, values, ruled))
    judged = grounds(floor, request, routes, keys)
    ruled = judged.ruled(ruled)
    if _destroys(steps):
        ruled = with_legal_holds(floor, request, ruled, keys, acting=False)
        nothing_held_below(floor, request, reached, steps, found, keys, ruled)
    keys, missed = partial.marked(floor, request, reached, steps, keys, ruled, found)
    holds = ruled.facts() if _destroys(steps) else {}
    plan = Plan(steps, datamap.hash, holds=holds, warnings=warnings, grounds=judged.record)
    view = View(request, reached.predicates, keys, ruled)
    plan, sample = _looked_at(floor, claim, plan, view)
    before = lifting.before(floor, request, routes, steps, keys)
    result = {**_found(routes, keys, hops, planned), **_noted(floor, claim, keys), **before}
    result |= {"stores": sorted({s.store for s in steps}), "holds": ruled.to_json()}
    result |= {partial.UNMARKED: missed} if missed else {}
    told, made = contacts.of_keys(datamap, keys), _package(floor, steps)
    return Done(result, plan=plan, keys=keys, made=made, sample=sample, contacts=told)


def _routes(floor: Floor, request: Request) -> tuple[Routes, Routes]:
    """Return how a person's rows are reached, and how those are that the request is about."""
    routes = floor.routes(request.kind)
    return routes, replace(routes, predicates=floor.reaching(request))


def _sure(floor: Floor, routes: Routes, request: Request, given: Mapping[str, str]) -> None:
    """Make sure whose rows these will be. Raises Refused where that is not known."""
    find_anything(floor.context.datamap, given)
    belonging.check(floor, routes, request)
    trust.check(floor, routes, request)


def _whose(
    floor: Floor,
    request: Request,
    routes: Routes,
    given: Mapping[str, str],
    paths: set[str],
    ruled: Rulings,
) -> tuple[KeySet, Hops | None]:
    """Return the keys of the person; what a deceased one arranged is looked at first."""
    if not paths:
        return KeySet(), None
    found = resolve(floor, routes, given, paths, ruled)
    standing.arranged(floor, request, found[0])
    return found


def _cleared(
    floor: Floor, request: Request, steps: tuple[Step, ...], found: Surveys
) -> tuple[tuple[Step, ...], tuple[Warned, ...]]:
    """Return the steps as the live stores let them be done, and what staff should know of them."""
    steps, warnings = cleared(floor, request, steps, found)
    if is_part(request.parameters):
        chosen.without_circles(steps)
    return steps, warnings


def _named(
    floor: Floor,
    request: Request,
    routes: Routes,
    keys: KeySet,
    values: Mapping[str, Any],
    ruled: Rulings,
) -> KeySet:
    """Return the keys of what the person named: values to be corrected, or rows."""
    if is_part(request.parameters):
        return chosen.keys_of_named(floor, routes, keys, values, ruled)
    return correcting.seen(floor, routes, values, request.option, keys)


def _package(floor: Floor, steps: Iterable[Step]) -> PackageKey | None:
    return new_package(floor) if any(s.action is Action.PACKAGE for s in steps) else None


def _destroys(steps: Iterable[Step]) -> bool:
    """Return whether a hold could matter: one keeps rows from being destroyed, nothing else."""
    return any(s.action is Action.ERASE and not s.refused for s in steps)


def _looked_at(floor: Floor, claim: Claim, plan: Plan, view: View) -> tuple[Plan, Sample]:
    """Return a plan that is read with schema, counts, what it would come to, and a sample."""
    if not _shown(floor, claim):
        return plan, {}
    plan = replace(plan, schema_hash=schema_hash(floor, plan.steps))
    plan = replace(plan, counts=counts_of(floor, plan, view))
    plan = replace(plan, outlook=outlook(floor, plan, view))
    return plan, sample_of(floor, plan, view)


def _found(routes: Routes, keys: KeySet, hops: Hops | None, paths: set[str]) -> dict[str, Any]:
    """Return how identities were followed, and where it cannot be told what is the person's."""
    if hops is None:
        return {"hops": []}
    unsure = sorted({*unasked(routes, keys), *hops.unsure(routes, keys)} & paths)
    return {"hops": hops.log, **({"unsure": unsure} if unsure else {})}


def _noted(floor: Floor, claim: Claim, keys: KeySet) -> dict[str, Any]:
    """
    Return what is to be known of the plan later.

    Whether others own some of the rows too: erasures of such people take turns. And why it takes
    the place of one that was approved.
    """
    erases, again = claim.request.kind in ERASING, asked_again(claim.rows)
    out: dict[str, Any] = {SHARES: shares(floor.context.datamap, keys)} if erases else {}
    return out | (asking(again, asked_why(claim.rows)) if again else {})


def find_anything(datamap: DataMap, given: Mapping[str, str]) -> None:
    """
    Make sure that an empty answer would be proved.

    Raises:
        Refused: no row of any store is found by the identifiers that were given.
    """
    if not finding_identifiers(datamap) & given.keys():
        raise Refused(
            f"no row is found by {', '.join(sorted(given))} alone, so nothing found would prove"
            " nothing: ask the person for another identifier"
        )


def _shown(floor: Floor, claim: Claim) -> bool:
    """Counts cost a query per collection: they are made for plans that somebody will read."""
    wanted = claim.request.kind in floor.context.settings.approval_kinds
    return floor.dry_run or floor.force_approval or wanted or bool(asked_again(claim.rows))


def proved_identifiers(session: Session, floor: Floor, request: Request) -> dict[str, str]:
    """
    Return the identifiers that may reach rows.

    Those that were proved; for protective requests of level 0, those of the session too, but for
    locators. A value that somebody merely typed beside a proved one reaches nothing. One that only
    a code proved, beside an assertion that does not vouch for it, is worth level 1 by itself:
    whoever took over a mailbox must not add the strength of an account of their own to it.

    Raises:
        Refused: there is none.
    """
    rows = subjects.identifier_rows(session, request.id)
    weak = bool(request.acr) and request.level_needed > 1
    proved = [r for r in rows if r.proof and not (weak and r.proof == "code")]
    mere = {row.id for row in locators.among(floor.context.datamap, rows)}
    usable = proved if request.level_needed else [row for row in rows if row.id not in mere]
    if not usable:
        raise Refused("no identifier of this request was proved: nothing may be looked up by it")
    return subjects.opened(floor.context.vault, usable)


def _given(floor: Floor, request: Request) -> tuple[dict[str, str], dict[str, Any]]:
    locating.check(floor, request)  # before: what staff accept meanwhile is read then
    with reading(floor.register) as session:
        return proved_identifiers(session, floor, request), values_of(session, floor, request)


def _asked(
    floor: Floor,
    request: Request,
    routes: Routes,
    given: Mapping[str, str],
    values: Mapping[str, Any],
) -> Asked:
    """Return what the planner needs to know; what a lift comes to, the register says."""
    datamap = floor.context.datamap
    if request.option in LIFTING:
        return lifting.asked(floor, request, routes, given)
    part = is_part(request.parameters)
    about = narrowing.about(datamap, routes.predicates, values) if part else only(request, datamap)
    return replace(asked_of(request, values, datamap), only=about)


def asked_of(request: Request, values: Mapping[str, Any], datamap: DataMap) -> Asked:
    """Return what the planner needs to know; field names only, no values."""
    fields = correcting.asked_fields(values)
    return Asked(
        request.kind,
        request.option,
        fields=(*fields, *correcting.erased_with(datamap, fields)),
        remade=correcting.recomputed_with(datamap, fields),
        purposes=tuple(request.parameters.get("purposes", ())),
        decision=str(request.parameters.get("decision", "")),
        categories=_restricted(request),
        meanwhile=bool(request.parameters.get(MEANWHILE)),
        chosen=choosing.paths(datamap, values),
        removes=bool(values.get(REMOVED)),
    )


def _restricted(request: Request) -> tuple[str, ...]:
    """Return the categories that a restriction is about; other kinds narrow what they read."""
    named = request.parameters.get("categories", ()) if request.kind is Kind.RESTRICTION else ()
    return tuple(sorted(named))


def schema_hash(floor: Floor, steps: tuple[Any, ...]) -> str:
    """Return one hash over the live schema of every store the plan touches."""
    digest = hashlib.sha256()
    for store in sorted({s.store for s in steps if s.store}):
        connector = floor.connector(store)
        if Verb.DISCOVER in connector.manifest.verbs:
            with at(store):
                inventory = connector.discover()  # type: ignore[attr-defined]  # the manifest promised the verb
            digest.update(f"{store}={inventory.hash};".encode())
    return digest.hexdigest()
