"""
The grounds of one erasure: read which contracts run, judge every collection, keep the record.

What a running contract needs stays, and so does every row that it hangs on; such rows lose only
the fields for which there is a ground. The judgement is part of the plan and of its hash.

Source: PIPL 47(1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from connectors.sdk import KeySet, Verb
from rights.domain.datamap import Contract, DataMap
from rights.domain.errors import Misconfigured
from rights.domain.grounds import (
    STILL_NECESSARY,
    Facts,
    Ground,
    Judged,
    Trigger,
    judged,
    touched,
)
from rights.domain.kinds import Kind
from rights.store.models import Request
from workflows.floor import ERASING, Floor
from workflows.freezing import frozen
from workflows.holds import Rulings
from workflows.routes import Routes

_MINOR: Final = "cn_minor"
_NEEDED: Final = "a contract with you that is running needs it; cancelling the account ends that"
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
    """

    record: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: str = ""
    because: str = ""

    def ruled(self, rulings: Rulings) -> Rulings:
        """Return *rulings* with what stays."""
        return replace(
            rulings, kept=dict(self.kept), kept_code=self.code, kept_because=self.because
        )


def facts_of(request: Request, running: Iterable[str] = ()) -> Facts:
    """Return what is the case, as far as the register says."""
    said = request.parameters.get("trigger")
    return Facts(
        request.kind,
        Trigger(said) if said else None,
        frozenset(request.parameters.get("purposes", ())),
        frozenset(running),
        _MINOR in request.regimes,
    )


def only(request: Request, datamap: DataMap) -> tuple[str, ...]:
    """Return the collections that an unasked deletion is about; empty means every one."""
    if request.kind is not Kind.DELETION or not request.parameters.get("trigger"):
        return ()
    return tuple(sorted(touched(datamap, facts_of(request))))


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
    facts = facts_of(request, running)
    found = {c.path: judged(c, routes.datamap, facts) for c in routes.datamap.collections}
    record = {p: {str(g): one.grounds[g] for g in Ground} for p, one in found.items()}
    kept = _kept(routes, found)
    if not asked:
        named = {p: fields for p, fields in kept.items() if fields}
        return Grounds(record, named, "", _OTHERWISE)
    return Grounds(record, kept, STILL_NECESSARY if kept else "", _NEEDED if kept else "")


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
    asked = ((said.column,),)
    rows = frozen(floor, collection, keys, routes.predicates[collection.path], asked)
    values = {key[0] for key in rows.keys(f"{collection.path}:{said.column}")}
    known = {str(value) for value in said.values}
    return any(value in said.values or str(value) in known for value in values)
