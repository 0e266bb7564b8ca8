"""
What holds rows back from one request, looked up before anything is destroyed.

Rules that staff approved are read when the plan is made and are part of it. Legal holds are
read again before each effect: one may have been placed since. When the look-up fails, nothing
is deleted.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from connectors.sdk import KeySet, Target, Verb, Work
from rights.domain.datamap import Collection, DataMap, Erasure, Ruling
from rights.domain.errors import Refused, Transient
from rights.domain.identifiers import normalise
from rights.services import hold_rules, holds, settled_time
from rights.store.db import reading
from rights.store.models import LegalHold, Request, StepRow
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.routes import Routes
from workflows.where import at

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

BY_THE_MAP: Final = "law"
"""The rank of a period that binds for one request whoever wrote it: what is not over is left."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A legal hold on a collection, for this request. ``until`` is ISO 8601, or empty."""

    hold: str
    rank: str
    basis: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Rulings:
    """
    What is decided about holds for one request.

    Args:
        at: The moment retention is judged at.
        approved: Paths whose rule of lower rank holds.
        placed: Path to the legal hold that covers it.
        kept: Path to the fields that go, of collections for whose rows there is no ground.
        kept_code, kept_because: Why those stay; the code is empty where that is no refusal.
        overdue: Path to why its rows stay, of collections of which only those go whose period
            is over.
        key: What seals rows that go into escrow; no part of the plan or of a result.
    """

    at: datetime | None = None
    holder: str = ""
    approved: frozenset[str] = frozenset()
    placed: Mapping[str, Placed] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept_code: str = ""
    kept_because: str = ""
    overdue: Mapping[str, str] = field(default_factory=dict)
    key: bytes = field(default=b"", repr=False)

    def of(self, collection: Collection) -> Collection:
        """Return *collection* as it is for this request."""
        path, placed = collection.path, self.placed.get(collection.path)
        ruling = Ruling(
            path in self.approved, placed is not None, self.at, self.holder, key=self.key
        )
        if placed is None and (path in self.kept or path in self.overdue):
            return self._without_ground(replace(collection, ruling=ruling))
        if placed is None:
            return replace(collection, ruling=ruling)
        return replace(
            collection,
            ruling=ruling,
            erasure=Erasure.KEEP,
            because=placed.basis,
            retention=None,
            fields=tuple(replace(f, erasure=None) for f in collection.fields),
        )

    def _without_ground(self, collection: Collection) -> Collection:
        """Its rows stay and are no holds; fields for which there is a ground go all the same."""
        gone = self.kept.get(collection.path, ())
        fields = tuple(
            replace(f, erasure=Erasure.ANONYMISE if f.name in gone else None)
            if f.erasure is not Erasure.KEEP
            else f
            for f in collection.fields
        )
        rule, because = collection.retention, self.overdue.get(collection.path)
        if because is not None and rule is not None:
            # What the period is not over for stays as it is: nothing puts it out of use.
            until_over = replace(rule, rank=BY_THE_MAP, basis=because, keep_fields=())
            return replace(collection, restriction=None, retention=until_over, fields=fields)
        return replace(
            collection,
            erasure=Erasure.KEEP,
            because=self.kept_because,
            retention=None,
            fields=fields,
        )

    def facts(self) -> dict[str, Any]:
        """Return what belongs to the plan: JSON-native, the same from run to run."""
        placed = {path: asdict(one) for path, one in sorted(self.placed.items())}
        overdue = {"overdue": dict(sorted(self.overdue.items()))} if self.overdue else {}
        known = {"approved": sorted(self.approved), "placed": placed}
        return {**known, **self._kept_facts(), **overdue}

    def _kept_facts(self) -> dict[str, Any]:
        if not self.kept:
            return {}
        kept = {path: list(fields) for path, fields in sorted(self.kept.items())}
        return {"kept": kept, "kept_code": self.kept_code, "kept_because": self.kept_because}

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native data, for the step's result."""
        return {**self.facts(), "at": self.at.isoformat() if self.at else ""}

    def joined(self, raw: Mapping[str, Any]) -> Rulings:
        """Return these and what a finished step went by."""
        placed = {path: Placed(**one) for path, one in raw.get("placed", {}).items()}
        at = datetime.fromisoformat(raw["at"]) if raw.get("at") else None
        return replace(
            self,
            at=self.at or at,
            approved=self.approved | frozenset(raw.get("approved", ())),
            placed={**placed, **self.placed},
            kept={**{p: tuple(names) for p, names in raw.get("kept", {}).items()}, **self.kept},
            kept_code=self.kept_code or raw.get("kept_code", ""),
            kept_because=self.kept_because or raw.get("kept_because", ""),
            overdue={**raw.get("overdue", {}), **self.overdue},
        )


def ruled_rules(
    floor: Floor, request: Request, *, destroys: bool, overdue: Mapping[str, str] = NOTHING
) -> Rulings:
    """
    Return the rules that hold for a request; legal holds are not among them yet.

    Args:
        destroys: Something would be destroyed; no rule keeps anything from being read.
        overdue: Path to why the rest stays, where only rows go whose period is over.

    Raises:
        Transient: they could not be read.
    """
    if not destroys:
        return Rulings(floor.now(), request.id)
    datamap = floor.context.datamap
    try:
        with reading(floor.register) as session:
            approved = hold_rules.approved(session, datamap, request)
            judged = settled_time.now_of(session, floor.now())  # what is over by then goes
    except SQLAlchemyError as error:
        raise _unknown() from error
    return Rulings(judged, request.id, approved, overdue=overdue)


def went_by(floor: Floor, request_id: str) -> dict[str, dict[str, Any]]:
    """Return the results in which the steps of a request say what held, by step id."""
    with reading(floor.register) as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
    return {row.id: row.result for row in rows if "holds" in row.result}


def rulings_of(claim: Claim) -> Rulings:
    """Return what the finished steps of a request went by, the plan's first."""
    found = Rulings(holder=claim.request.id)
    for _, result in sorted(claim.results.items()):
        found = found.joined(result.get("holds", {}))
    return found


def with_legal_holds(
    floor: Floor, request: Request, rulings: Rulings, keys: KeySet, *, acting: bool
) -> Rulings:
    """
    Return *rulings* with the legal holds in force now.

    Args:
        keys: The person's frozen keys.
        acting: Something is about to be destroyed: a hold that nobody approved yet stops it.

    Raises:
        Transient: they could not be looked up.
        Misconfigured: whom they are on cannot be told any more.
        Refused: one that covers this person waits for its approval.
    """
    [found] = legal_holds(floor, [keys])
    return placed_by(floor, request, rulings, found, keys, acting=acting)


def legal_holds(floor: Floor, members: Sequence[KeySet]) -> list[list[LegalHold]]:
    """
    Return, for each of several people's frozen keys, the legal holds in force that may cover them.

    Raises:
        Transient: they could not be looked up.
        Misconfigured: whom they are on cannot be told any more.
    """
    vault = floor.context.vault
    people = [identifiers_of(floor.context.datamap, keys) for keys in members]
    every = {name: [v for one in people for v in one[name]] for name in people[0]}
    try:
        with reading(floor.register) as session:
            judged = settled_time.now_of(session, floor.now())
            found = holds.covering(session, vault, every, judged)
    except SQLAlchemyError as error:
        raise _unknown() from error
    if not found:
        return [[] for _ in people]
    blinds = [holds.blinds_of(vault, one) for one in people]
    return [[row for row in found if row.path or row.blind in mine] for mine in blinds]


def placed_by(
    floor: Floor,
    request: Request,
    rulings: Rulings,
    found: Sequence[LegalHold],
    keys: KeySet,
    *,
    acting: bool,
) -> Rulings:
    """
    Return *rulings* with the holds of *found* that cover this person.

    Raises:
        Refused: one of them waits for its approval, and something is about to be destroyed.
    """
    placed: dict[str, Placed] = {}
    for row in found:
        paths = _covered(floor, request, rulings, row, keys)
        if paths and row.approved_at is None:
            if acting:
                raise Refused(f"legal hold {row.id} waits for its approval", code="hold_pending")
            continue
        until = row.until.isoformat() if row.until else ""
        placed |= dict.fromkeys(paths, Placed(row.id, row.rank, row.basis, until))
    return replace(rulings, placed={**rulings.placed, **placed})


def _unknown() -> Transient:
    error = Transient("the holds could not be looked up: nothing is deleted before they are")
    error.code = "holds_unavailable"
    return error


def identifiers_of(datamap: DataMap, keys: KeySet) -> dict[str, tuple[str, ...]]:
    """Return every identifier among frozen keys, type to values as they are compared."""
    return {
        name: tuple(
            normalise(str(key[0]), known.normalise) for key in keys.keys(f"identifier:{name}")
        )
        for name, known in datamap.identifiers.items()
    }


def _covered(
    floor: Floor, request: Request, rulings: Rulings, row: LegalHold, keys: KeySet
) -> Iterable[str]:
    """
    Return the collections that a hold covers for this person.

    What the rows of a collection hang on has to stay with them.
    """
    routes = floor.routes(request.kind)
    if not row.path:
        return [c.path for c in routes.datamap.collections]
    if row.path not in routes.predicates or not _has_rows(floor, routes, rulings, row.path, keys):
        return []
    return covered(routes, row.path)


def covered(routes: Routes, path: str) -> set[str]:
    """Return *path*, what its rows hang on in the same store, and what is held along with them."""
    store = path.partition(".")[0]
    above = {one for one in routes.above[path] if one.partition(".")[0] == store}
    return above | _following(routes.datamap, path)


def _following(datamap: DataMap, path: str) -> set[str]:
    direct = {c.path for c in datamap.collections if c.retention and c.retention.with_ == path}
    return direct.union(*(_following(datamap, one) for one in direct))


def _has_rows(floor: Floor, routes: Routes, rulings: Rulings, path: str, keys: KeySet) -> bool:
    """Return whether the person has rows there; where that cannot be asked, it is taken so."""
    collection = rulings.of(routes.datamap.collection(path))
    connector = floor.connector(collection.store)
    if Verb.LOCATE not in connector.manifest.verbs:
        return True
    now = floor.now()
    work = Work(f"hold-{path}"[:64], 0, 0, now + connector.manifest.timeout, now=now)
    with at(collection.store):
        found = connector.locate(Target(collection, keys, routes.predicates[path]), work)  # type: ignore[attr-defined]  # the manifest has the verb
    return bool(found.rows)
