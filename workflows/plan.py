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

from connectors.sdk import Manifest, Verb
from rights.domain.datamap import DataMap, Switch
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind, Option
from workflows import scopes
from workflows.recipes import RECIPES, SWITCH_NAMES, VERBS, Action, Phase, Scope

STORELESS: Final = frozenset({Action.PACKAGE, Action.REVIEW, Action.PREPARE})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a plan is made for; no personal data.

    Args:
        fields: For corrections: ``<store>.<collection>.<field>`` of each change.
        purposes: For withdrawals of consent.
        decision: For explanations: a decision's name; empty means all.
    """

    kind: Kind
    option: Option
    fields: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One unit of work, small enough to retry alone.

    Args:
        collections: Paths, in the order in which they are acted on.
        manual: Why a person has to do it; empty when the connector can.
        switches: Names of the switches to turn off.
    """

    phase: int
    action: Action
    store: str = ""
    collections: tuple[str, ...] = ()
    expect: str = ""
    switches: tuple[str, ...] = ()
    manual: str = ""

    @property
    def name(self) -> str:
        """Unique in its plan and stable across runs."""
        parts = (f"{self.phase:02d}", str(self.action), self.store)
        return "-".join(p for p in parts if p)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order of their phases, and the facts they were made from."""

    steps: tuple[Step, ...]
    config_hash: str
    schema_hash: str = ""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @property
    def hash(self) -> str:
        """SHA-256 over everything above: what is approved is what is executed."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native data without personal data."""
        return {
            "steps": [{**asdict(s), "action": str(s.action)} for s in self.steps],
            "config_hash": self.config_hash,
            "schema_hash": self.schema_hash,
            "counts": {path: dict(by) for path, by in self.counts.items()},
        }


def plan_for(asked: Asked, datamap: DataMap, manifests: Mapping[str, Manifest]) -> tuple[Step, ...]:
    """
    Lay the recipe over the data map. Pure: same input, same plan.

    Raises:
        ConfigError: nothing would be done. An empty plan would be fulfilled at once, and that
            would be a lie.
    """
    steps: list[Step] = []
    for number, phase in enumerate(RECIPES[asked.kind, asked.option], start=1):
        steps.extend(_phase(number, phase, asked, datamap, manifests))
    looks = any(phase.action in VERBS for phase in RECIPES[asked.kind, asked.option])
    if not any(s.action in VERBS or (s.action is Action.PACKAGE and not looks) for s in steps):
        raise ConfigError(
            f"the data map names nothing that {asked.kind}/{asked.option} could act on: "
            "add the collections or switches it needs"
        )
    return tuple(steps)


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
    switches = switches_for(asked, datamap)
    chosen = scopes.choose(phase.scope, datamap, asked.fields, switches, asked.decision)
    for store, paths in chosen.items():
        names = tuple(s.name for s in switches if s.collection in paths)
        yield Step(
            number,
            phase.action,
            store,
            paths,
            expect=str(phase.expect or ""),
            switches=names if phase.scope is Scope.SWITCHES else (),
            manual=_cannot(phase, store, paths, datamap, manifests),
        )


def _cannot(
    phase: Phase,
    store: str,
    paths: tuple[str, ...],
    datamap: DataMap,
    manifests: Mapping[str, Manifest],
) -> str:
    """Return why a person has to do it, or nothing. A missing verb is never a no-op."""
    manifest = manifests[datamap.store(store).connector]
    verb = VERBS[phase.action]
    if verb not in manifest.verbs:
        return f"the connector {manifest.name} cannot {verb}"
    if phase.action is Action.RESTRICT and Verb.RESTRICT in manifest.verbs:
        bare = [p for p in paths if not scopes.restrictable(datamap, datamap.collection(p))]
        if bare:
            return f"no way to restrict is declared for {', '.join(bare)}"
    return ""


def switches_for(asked: Asked, datamap: DataMap) -> tuple[Switch, ...]:
    """Return the data map's switches that this request turns off."""
    names = set(SWITCH_NAMES.get((asked.kind, asked.option), ()))
    names |= {f"purpose:{p}" for p in asked.purposes}
    if asked.option is Option.REFUSE_SOLE_AUTOMATION:
        names |= {
            d.human_flag
            for d in datamap.decisions
            if d.human_flag and asked.decision in ("", d.name)
        }
    return tuple(s for s in datamap.switches if s.name in names)
