"""
The grounds of one erasure: read which contracts run, judge every collection, keep the record.

What a running contract needs stays, and so does every row that it hangs on; such rows lose only
the fields for which there is a ground. The judgement is part of the plan and of its hash.

Source: PIPL 47(1); GDPR 17(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from connectors.sdk import KeySet, Verb
from rights.domain.datamap import Collection, Contract, DataMap, Scalar
from rights.domain.errors import Misconfigured, Refused
from rights.domain.ground_table import erasing
from rights.domain.grounds import (
    STILL_NECESSARY,
    Facts,
    Ground,
    Judged,
    Trigger,
    judged,
    touched,
)
from rights.domain.holds import BY_ITSELF, Retention
from rights.domain.kinds import Kind
from rights.domain.products import alone, named
from rights.domain.regime import Regime
from rights.domain.representation import MINORS
from rights.store.models import Request
from workflows.floor import ERASING, Floor
from workflows.freezing import frozen
from workflows.holds import Rulings
from workflows.routes import Routes

_MINOR: Final = "cn_minor"
_NO_TABLES: Final[Mapping[str, Regime]] = MappingProxyType({})
_OVER: Final = Ground.PURPOSE_ACHIEVED
_NEEDED: Final = "a contract with you that is running needs it; cancelling the account ends that"
_NOT_OVER: Final = "the period for which it is kept is not over"
_OTHERWISE: Final = "it rests on more than what this deletion is about"


@dataclass(frozen=True, slots=True)
class Grounds:
    """
    What was decided for one request.

    Args:
        record: Path to each ground and whether it applies; for whoever asks why.
        kept: Path to the fields that go from rows that stay.
        code: Why they stay; empty where that is no refusal.
        because: The same in words.
        overdue: Path to why its rows stay, where those go whose period is over.
    """

    record: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: str = ""
    because: str = ""
    overdue: Mapping[str, str] = field(default_factory=dict)

    def ruled(self, rulings: Rulings) -> Rulings:
        """Return *rulings* with what stays."""
        return replace(
            rulings,
            kept=dict(self.kept),
            kept_code=self.code,
            kept_because=self.because,
            overdue=dict(self.overdue),
        )


def facts_of(
    request: Request, book: Mapping[str, Regime] = _NO_TABLES, running: Iterable[str] = ()
) -> Facts:
    """
    Return what is the case, as far as the register says.

    Args:
        book: Whose tables are looked at. What nobody asked for hangs on its trigger, which is a
            ground under every law: for that none is needed.
    """
    said = request.parameters.get("trigger")
    return Facts(
        request.kind,
        Trigger(said) if said else None,
        frozenset(request.parameters.get("purposes", ())),
        frozenset(running),
        _MINOR in request.regimes,
        request.age_band in MINORS,
        str(request.parameters.get("ground", "")),
        erasing(request.regimes, book),
    )


def only(request: Request, datamap: DataMap) -> tuple[str, ...]:
    """
    Return the collections that an unasked deletion, or the end of a product, is about.

    Empty means every one.

    Raises:
        Refused: nothing of the products is mapped any more. That is never "everything".
    """
    if wanted := named(request.parameters):
        mine = tuple(sorted(c.path for c in datamap.collections if alone(c.products, wanted)))
        if not mine:
            raise Refused("nothing of these products is mapped any more: ask the person again")
        return mine
    if request.kind is not Kind.DELETION or not request.parameters.get("trigger"):
        return ()
    return tuple(sorted(touched(datamap, facts_of(request))))


def overdue(request: Request, datamap: DataMap) -> dict[str, str]:
    """Return path to why its rows stay, of what goes only where its period is over, unasked."""
    if request.parameters.get("trigger") != Trigger.RETENTION_EXPIRED:
        return {}
    return dict.fromkeys(only(request, datamap), _NOT_OVER)


def grounds(floor: Floor, request: Request, routes: Routes, keys: KeySet) -> Grounds:
    """
    Judge every collection for one erasure.

    Raises:
        Misconfigured: a store that knows whether a contract runs cannot be asked for it.
        ConnectorError: it could not be asked. Nothing is deleted before it was.
    """
    if request.kind not in ERASING:
        return Grounds()
    asked = not request.parameters.get("trigger")
    running = _running(floor, routes, keys) if asked and request.kind is Kind.DELETION else ()
    facts = facts_of(request, floor.context.regimes, running)
    found = {c.path: judged(c, routes.datamap, facts) for c in routes.datamap.collections}
    record = {
        p: {str(g): applies for g, applies in one.grounds.items()} for p, one in found.items()
    }
    kept = _kept(routes, found)
    if dated := overdue(request, routes.datamap):
        # A period is over for rows, not for fields: what others hang on stays as it is.
        whole: dict[str, tuple[str, ...]] = {p: () for p in kept if p in dated}
        rest = {p: why for p, why in dated.items() if p not in whole}
        return Grounds(record, whole, "", _OTHERWISE, rest)
    if not asked:
        stay = {p: fields for p, fields in kept.items() if fields or found[p].whole}
        return Grounds(record, stay, "", _OTHERWISE)
    dated = dict.fromkeys(_by_rows(routes, kept, running), _NEEDED)
    ended = Ground.SERVICE_ENDED if Ground.SERVICE_ENDED in facts.known else _OVER
    record |= {path: {**record[path], str(ended): True} for path in dated}
    return Grounds(record, kept, STILL_NECESSARY if kept else "", _NEEDED if kept else "", dated)


def _by_rows(routes: Routes, kept: Mapping[str, object], running: Iterable[str]) -> set[str]:
    """
    Return those of *kept* whose rows go all the same once their period is over.

    Not the rows that say that a contract runs, however old, nor what stays and goes with them.
    What hangs on a row keeps it, unless it goes when that row does. Rows that follow others are
    told by what was frozen of those, which is only where the rule holds by itself.
    """
    rules = {p: rule for p in kept if (rule := routes.datamap.collection(p).retention)}
    found = {p for p, rule in rules.items() if not rule.with_ or rule.rank in BY_ITSELF}
    proof = _proof(routes.datamap, running)
    found -= proof.union(*(_followed(rules, p) for p in proof))
    found -= {p for p in found if proof & _followed(rules, p)}
    while True:
        held = {
            parent
            for child in kept
            for parent in found & routes.above[child] - {child}
            if child not in found or parent not in _followed(rules, child)
        }
        if not held:
            return found
        found -= held


def _proof(datamap: DataMap, running: Iterable[str]) -> set[str]:
    """Return the collections whose rows say that one of these contracts runs."""
    contracts = (datamap.purposes[name].contract for name in running)
    return {said.collection for said in contracts if said}


def _followed(rules: Mapping[str, Retention], path: str) -> set[str]:
    """Return the collections whose rows those of *path* stay and go with."""
    out: set[str] = set()
    while path in rules and (path := rules[path].with_) and path not in out:
        out.add(path)
    return out


def _kept(routes: Routes, found: Mapping[str, Judged]) -> dict[str, tuple[str, ...]]:
    """Return what stays and what goes from it: what hangs on a row keeps that row."""
    stay = {path for path, one in found.items() if not one.whole}
    for path in tuple(stay):
        store = path.partition(".")[0]
        stay |= {a for a in routes.above[path] if a.partition(".")[0] == store and a in found}
    out = {}
    for path in sorted(stay):
        one, collection = found[path], routes.datamap.collection(path)
        out[path] = tuple(f.name for f in collection.fields) if one.whole else one.fields
    return out


def _running(floor: Floor, routes: Routes, keys: KeySet) -> list[str]:
    """Return the purposes of contracts with this person that run, as the stores say."""
    purposes = routes.datamap.purposes.values()
    return [p.name for p in purposes if p.contract and _runs(floor, routes, keys, p.contract)]


def _runs(floor: Floor, routes: Routes, keys: KeySet, said: Contract) -> bool:
    collection = routes.datamap.collection(said.collection)
    manifest = floor.connector(collection.store).manifest
    if Verb.FREEZE not in manifest.verbs:
        raise Misconfigured(
            f"{said.collection} says whether a contract runs, and the connector {manifest.name}"
            " cannot read it: name a collection of another store"
        )
    return holds_one_of(floor, routes, keys, collection, said.column, said.values)


def holds_one_of(
    floor: Floor,
    routes: Routes,
    keys: KeySet,
    collection: Collection,
    column: str,
    values: Sequence[Scalar],
) -> bool:
    """
    Return whether a row of the person has one of *values* in *column*; the connector can freeze.

    Raises:
        ConnectorError: it could not be asked.
    """
    rows = frozen(floor, collection, keys, routes.predicates[collection.path], ((column,),))
    found = {key[0] for key in rows.keys(f"{collection.path}:{column}")}
    known = {str(value) for value in values}
    return any(value in values or str(value) in known for value in found)
