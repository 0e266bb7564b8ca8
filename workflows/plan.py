"""
Plans: what has to be done for one request, in what order.

A plan is data. It is made once, by pure functions, and stored; workers only ever ask it what
is ready. Its hash is what staff approve.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from connectors.sdk import Manifest
from rights.domain.actions import EFFECTS, Action, step_name
from rights.domain.datamap import DataMap, Switch
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind, Option
from rights.services.plan_warnings import Warned
from workflows import scopes
from workflows.abilities import cannot, nothing_set, parts
from workflows.recipes import (
    BY_PURPOSE,
    RECIPES,
    SWITCH_NAMES,
    SWITCHED_OFF_WAITING,
    VERBS,
    WHILE_WAITING,
    Phase,
    Scope,
)

REFUSED_BY_LAW: Final = "statutory_duty"
NOT_USED: Final = "not_used"
NOTHING_RESTRICTED: Final = "nothing_restricted"
NOT_RESTRICTABLE: Final = "not_restrictable"
_STATUTORY: Final = "legal_obligation"
_BARE: Final = "purposes"
_UNUSED, _BY_LAW, _NOTHING, _STAYS = "unused", "statutory", "nothing", "stays"
_ANSWERS: Final = frozenset({_BARE, _UNUSED, _BY_LAW, _NOTHING, _STAYS})
"""Parts of a review that say what becomes of what was asked: alone they are an answer too."""

LIFTING: Final = frozenset({Option.LIFT, Option.SWITCH_ON})
"""Options by which something is used again: what that comes to depends on what the person did."""

STORELESS: Final = frozenset({Action.PACKAGE, Action.REVIEW, Action.PREPARE})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a plan is made for; no personal data.

    Args:
        fields: For corrections: ``<store>.<collection>.<field>`` of each change, and of what
            is emptied because it was made from one.
        remade: Fields that have to be made again because they were made from one.
        purposes: For withdrawals of consent.
        decision: For explanations: a decision's name; empty means all.
        only: For erasures that are not about everything: the collections they are about.
        categories: For restrictions: of which data; empty means all.
        lifted: For a restriction that ends: ``<store>.<collection>[#<switch>]`` used again.
        stays: Of those that stay as they are: which, code of the reason, or what staff do.
        meanwhile: For a restriction that stands while a cancellation waits.
        chosen: For a choice of tags: the collections in which one is written.
        removes: For a choice of tags: some that were named go.
    """

    kind: Kind
    option: Option
    fields: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    decision: str = ""
    remade: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    stays: tuple[tuple[str, str, str], ...] = ()
    meanwhile: bool = False
    chosen: tuple[str, ...] = ()
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """
    One unit of work, small enough to retry alone.

    Args:
        collections: Paths, in the order in which they are acted on.
        manual: Why a person has to do it; empty when the connector can.
        switches: Names of the switches to turn off.
        unhook: Pointers (``store.collection:column``) to empty first: they close a circle.
        deferred: One transaction, at whose end the store checks its foreign keys.
        part: Tells apart two steps of one action on one store.
        refused: Code of the reason for which it is not done: left out from the start, by name.
    """

    phase: int
    action: Action
    store: str = ""
    collections: tuple[str, ...] = ()
    expect: str = ""
    switches: tuple[str, ...] = ()
    manual: str = ""
    unhook: tuple[str, ...] = ()
    deferred: bool = False
    part: str = ""
    refused: str = ""

    @property
    def by_worker(self) -> bool:
        """Whether a connector does it: neither staff by hand, nor nobody, for a reason."""
        return not (self.manual or self.refused)

    @property
    def name(self) -> str:
        """Unique in its plan and stable across runs."""
        return step_name(self.phase, self.action, self.store, self.part)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Steps in order of their phases, and the facts they were made from.

    Args:
        holds: Rules that staff approved and legal holds that were placed: ids, paths, codes.
        warnings: What staff should know of the live stores before it is carried out, as
            :mod:`rights.services.plan_warnings` reads it.
        grounds: Of an erasure: path to each ground of the law and whether it applies.
        outlook: What it would come to, for whoever approves it; not part of what is approved.
    """

    steps: tuple[Step, ...]
    config_hash: str
    schema_hash: str = ""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    holds: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    grounds: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    outlook: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @property
    def hash(self) -> str:
        """SHA-256 over the facts: what is approved is what is executed; estimates may differ."""
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native data without personal data."""
        return {**self.facts(), **({"outlook": dict(self.outlook)} if self.outlook else {})}

    def facts(self) -> dict[str, Any]:
        """Return what is approved: the same for the same plan, however often it is made."""
        return {
            "steps": [{**asdict(s), "action": str(s.action)} for s in self.steps],
            "config_hash": self.config_hash,
            "schema_hash": self.schema_hash,
            "counts": {path: dict(by) for path, by in self.counts.items()},
            "holds": dict(self.holds),
            "warnings": [one if isinstance(one, str) else dict(one) for one in self.warnings],
            "grounds": {path: dict(by) for path, by in self.grounds.items()},
        }


def plan_for(asked: Asked, datamap: DataMap, manifests: Mapping[str, Manifest]) -> tuple[Step, ...]:
    """
    Lay the recipe over the data map. Pure: same input, same plan.

    Raises:
        ConfigError: nothing would be done. An empty plan would be fulfilled at once, and that
            would be a lie.
    """
    steps: list[Step] = []
    recipe = _recipe(asked)
    for number, phase in enumerate(recipe, start=1):
        steps.extend(_phase(number, phase, asked, datamap, manifests))
    looks = any(phase.action in VERBS for phase in recipe)
    steps.extend(_named_purposes(len(recipe) + 1, asked, datamap))
    steps.extend(_staying(len(recipe) + 1, asked, datamap))
    steps.extend(_gathered_again(len(recipe) + 1, asked, datamap))
    if not any(_does(step, looks=looks) for step in steps):
        raise ConfigError(
            f"the data map names nothing that {asked.kind}/{asked.option} could act on: "
            "add the collections or switches it needs"
        )
    return tuple(steps)


def _recipe(asked: Asked) -> tuple[Phase, ...]:
    if asked.meanwhile:
        return WHILE_WAITING
    whole = RECIPES[asked.kind, asked.option]
    return BY_PURPOSE.get((asked.kind, asked.option), whole) if asked.purposes else whole


def _does(step: Step, *, looks: bool) -> bool:
    """Return whether anything is done by a step; a package alone is, where nothing is read."""
    by_hand = step.action is Action.REVIEW and step.part.partition("-")[0] in _ANSWERS
    return by_hand or step.action in VERBS or (step.action is Action.PACKAGE and not looks)


def _named_purposes(number: int, asked: Asked, datamap: DataMap) -> Iterator[Step]:
    """
    Yield what no switch does for the purposes that a restriction or a withdrawal names.

    What a statute asks for goes on, and that is said with its law; what nothing in the map can
    stop is a task. Neither is passed over in silence.
    """
    restricts = (asked.kind, asked.option) in BY_PURPOSE
    if not restricts and asked.kind is not Kind.CONSENT_WITHDRAWAL:
        return
    laws = (p for p in asked.purposes if datamap.purposes[p].basis == _STATUTORY)
    statutory = sorted(laws) if restricts else []  # nobody is asked to consent to a statute
    unused = sorted(p for p in asked.purposes if _unused(asked, datamap, p))
    done = {s.name for s in switches_for(asked, datamap)}
    stopped = {p for p in asked.purposes if f"purpose:{p}" in done}
    bare = sorted(set(asked.purposes) - {*statutory, *unused} - stopped)
    if bare:
        of = f" of {', '.join(asked.categories)}" if asked.categories else ""
        manual = (
            f"stop the use{of} for these purposes, which no switch of the map stops:"
            f" {', '.join(bare)}"
        )
        yield Step(number, Action.REVIEW, manual=manual, part=_BARE)
    if unused:
        manual = f"none of the categories named is used for: {', '.join(unused)}"
        yield Step(number, Action.REVIEW, manual=manual, part=_UNUSED, refused=NOT_USED)
    if statutory:
        manual = f"a law asks for the use for: {', '.join(statutory)}"
        yield Step(number, Action.REVIEW, manual=manual, part=_BY_LAW, refused=REFUSED_BY_LAW)


def _staying(number: int, asked: Asked, datamap: DataMap) -> Iterator[Step]:
    """Yield what a lifted restriction leaves as it is: named in the answer, or a task for staff."""
    if asked.option not in LIFTING:
        return
    known = {c.path for c in datamap.collections}
    for place, (name, code, manual) in enumerate(asked.stays):
        path, _, switch = name.partition("#")
        part = f"{_STAYS}-{place}"
        if path not in known:
            yield Step(number, Action.REVIEW, manual=manual, part=part, refused=code)
            continue
        yield Step(
            number,
            Action.RESUME if switch else Action.LIFT,
            path.partition(".")[0],
            (path,),
            switches=(switch,) if switch else (),
            manual=manual,
            part=part,
            refused=code,
        )
    if not asked.lifted and not asked.stays:
        yield Step(number, Action.REVIEW, part=_NOTHING, refused=NOTHING_RESTRICTED)


def _phase(
    number: int,
    phase: Phase,
    asked: Asked,
    datamap: DataMap,
    manifests: Mapping[str, Manifest],
) -> Iterator[Step]:
    if phase.action in STORELESS:
        manual = "a member of staff decides" if phase.action is Action.REVIEW else ""
        yield Step(number, phase.action, manual=manual)
        return
    if phase.action is Action.RECOMPUTE:
        yield from _remade(number, asked, datamap)
        return
    switches = switches_for(asked, datamap)
    chosen = _narrowed(asked, _chosen(phase, asked, datamap, switches))
    chosen_parts = (
        (store, part, mine)
        for store, paths in chosen.items()
        for part, mine in parts(phase, paths, datamap, asked.categories)
    )
    for store, part, paths in chosen_parts:
        manual = cannot(phase, store, paths, datamap, manifests, asked.categories)
        if manual and phase.scope is Scope.DERIVED:
            continue  # the task that staff have for it already comes to the same
        if asked.meanwhile and nothing_set(phase, store, paths, datamap, manifests):
            continue  # what was not put out of use is not read back: the answer names it
        named = asked.meanwhile and manual and phase.action in EFFECTS
        names = tuple(s.name for s in switches if s.collection in paths)
        yield Step(
            number,
            phase.action,
            store,
            paths,
            expect=str(phase.expect or ""),
            switches=names if phase.scope is Scope.SWITCHES else (),
            manual=manual,
            part=part,
            refused=NOT_RESTRICTABLE if named else "",
        )


def _narrowed(asked: Asked, chosen: scopes.ByStore) -> scopes.ByStore:
    """Return what was chosen of that which an erasure of a part is about."""
    if not asked.only:
        return chosen
    kept = ((s, tuple(p for p in paths if p in asked.only)) for s, paths in chosen.items())
    return {store: paths for store, paths in kept if paths}


def _gathered_again(number: int, asked: Asked, datamap: DataMap) -> Iterator[Step]:
    """Yield the task to gather nothing public about the person again, where no switch says so."""
    if asked.option is Option.OBJECT_PUBLIC_INFO and not switches_for(asked, datamap):
        manual = "gather and use nothing public about this person any more: no switch says so"
        yield Step(number, Action.REVIEW, manual=manual, part=_BARE)


def _chosen(
    phase: Phase, asked: Asked, datamap: DataMap, switches: tuple[Switch, ...]
) -> scopes.ByStore:
    if phase.scope is Scope.CHOICES:
        return scopes.ordered(datamap, asked.chosen)
    if asked.option is Option.TAGS_EDIT and not asked.removes:
        return {}  # nothing was named to go, which is not "all of them"
    if phase.scope is Scope.LIFTED:
        return scopes.ordered(datamap, (p for p in asked.lifted if "#" not in p))
    if phase.scope is Scope.RESTRICTABLE and asked.categories:
        return scopes.ordered(datamap, scopes.holding(datamap, asked.categories))
    return scopes.choose(phase.scope, datamap, asked.fields, switches, asked.decision)


def _remade(number: int, asked: Asked, datamap: DataMap) -> Iterator[Step]:
    """What was made from a corrected value is made again by whoever made it: a task each store."""
    chosen = scopes.choose(Scope.FIELDS, datamap, asked.remade, (), "")
    for store, paths in chosen.items():
        names = ", ".join(f for f in asked.remade if f.rpartition(".")[0] in paths)
        manual = f"make these again from the corrected values: {names}"
        yield Step(number, Action.RECOMPUTE, store, paths, manual=manual)


def _unused(asked: Asked, datamap: DataMap, purpose: str) -> bool:
    """Return whether the map says that a purpose uses none of the categories that were named."""
    used = scopes.used_for(datamap, purpose)
    return bool(asked.categories and used) and used.isdisjoint(asked.categories)


def _stops(asked: Asked, datamap: DataMap, purpose: str) -> bool:
    """Return whether the switch of a purpose stops what was asked, and no more."""
    if (asked.kind, asked.option) not in BY_PURPOSE:
        return True
    if datamap.purposes[purpose].basis == _STATUTORY:
        return False
    used = scopes.used_for(datamap, purpose)
    return not asked.categories or (bool(used) and used.issubset(asked.categories))


def switches_for(asked: Asked, datamap: DataMap) -> tuple[Switch, ...]:
    """Return the data map's switches that this request turns off."""
    if asked.option in LIFTING:
        return tuple(s for s in datamap.switches if f"{s.collection}#{s.name}" in asked.lifted)
    names = set(SWITCH_NAMES.get((asked.kind, asked.option), ()))
    # A switch is the account's: of products alone none is turned off.
    names |= set(SWITCHED_OFF_WAITING) if asked.meanwhile and not asked.only else set()
    names |= {f"purpose:{p}" for p in asked.purposes if _stops(asked, datamap, p)}
    if asked.option is Option.REFUSE_SOLE_AUTOMATION:
        names |= {
            d.human_flag
            for d in datamap.decisions
            if d.human_flag and asked.decision in ("", d.name)
        }
    return tuple(s for s in datamap.switches if s.name in names)
