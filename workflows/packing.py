"""Read what stores hold into sealed spools, and make the package of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sqlmodel import select

from connectors.sdk import Collection, Item, KeySet, MapField
from rights.domain.datamap import Source
from rights.domain.errors import NotFound
from rights.domain.kinds import Kind, Option
from rights.services import persons, redactions
from rights.services.regimes import never_disclosed
from rights.store.db import reading
from rights.store.ids import new_id
from rights.store.models import Package, Request
from rights.store.sealing import SealedFiles, new_data_key, open_range
from workflows import decisions
from workflows.claims import Ask, Claim, Done, Outcome, PackageKey
from workflows.floor import Floor
from workflows.packages.detecting import Own
from workflows.packages.disclosure import Policy
from workflows.packages.spool import spool, spool_prefix
from workflows.packages.spool_index import SpoolIndex
from workflows.resolve import PREFIX
from workflows.targets import keys_of, targets

PORTABLE = frozenset({Source.PROVIDED, Source.COLLECTED, Source.OBSERVED})
"""What portability takes, if it also rests on consent or contract. Source: NDSR 25."""


def new_package(floor: Floor) -> PackageKey:
    """Make the data key under which everything of one package is sealed."""
    package_id, key = new_id(), new_data_key()
    return PackageKey(package_id, floor.context.vault.wrap(key, aad=f"package|{package_id}"))


def sealed_files(floor: Floor, claim: Claim) -> tuple[PackageKey, SealedFiles]:
    """
    Return the package of a request and the files under its key.

    Raises:
        NotFound: the request has no package, or it was purged.
    """
    package = claim.package or _read(floor, claim.request.id)
    key = floor.context.vault.unwrap(package.wrapped, aad=f"package|{package.id}")
    return package, SealedFiles(floor.blobs, package.id, key)


def _read(floor: Floor, request_id: str) -> PackageKey:
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).first()
    if row is None or not row.wrapped_key:
        raise NotFound(f"request {request_id} has no package to write into")
    return PackageKey(row.id, row.wrapped_key)


def files_of(floor: Floor, package: Package) -> Iterator[bytes]:
    """Stream a finished package in clear."""
    key = floor.context.vault.unwrap(package.wrapped_key, aad=f"package|{package.id}")
    return open_range(
        lambda at, count: floor.blobs.read(package.blob, at, count),
        package.sealed_size,
        data_key=key,
        package_id=package.id,
    )


def collect(floor: Floor, claim: Claim) -> Outcome:
    """Stream one store's rows into a sealed spool; nothing is published unless all was read."""
    package, files = sealed_files(floor, claim)
    name = claim.step.name if claim.step else ""
    index = spool(
        _sections(floor, claim),
        store=claim.step.store if claim.step else "",
        files=files,
        key=f"{spool_prefix(package.id)}/{name}-{claim.fence}",
        policy=policy_of(claim.request, own_of(floor, claim)),
        keep_running=lambda: floor.leases.check(claim.step_id),
    )
    return _asked_about(floor, claim, index) or Done({"spool": index.to_json()})


def _asked_about(floor: Floor, claim: Claim, index: SpoolIndex) -> Ask | None:
    """A decision that was named but never made about this person: which one do they mean?"""
    request, datamap = claim.request, floor.context.datamap
    name = request.parameters.get("decision", "")
    if request.option is not Option.AUTOMATED_DECISION or not name:
        return None
    held = {of.collection for of in index.collections if of.records}
    looked = {of.collection for of in index.collections}
    place = decisions.place(next(d for d in datamap.decisions if d.name == name))
    if place not in looked or place in held:
        return None
    return Ask("decision", decisions.others(floor, keys_of(floor, claim), name))


def policy_of(request: Request, own: Own) -> Policy:
    """Return what may be shown in clear to the person who proved this much."""
    never = never_disclosed(request.kind, request.option, request.regimes)
    return Policy(request.level, in_clear=False, never=never, own=own)


def own_of(floor: Floor, claim: Claim) -> Own:
    """
    Return the identifiers known to be the person's: what they proved, and what that led to.

    What staff released after an earlier copy is theirs too. What leads to somebody else's account
    as well was sorted out when it was resolved.
    """
    return own_by(floor, keys_of(floor, claim))


def own_by(floor: Floor, keys: KeySet) -> Own:
    """Return the identifiers that these keys know to be the person's."""
    vault = floor.context.vault
    people = persons.persons(vault, floor.context.datamap, keys)
    with reading(floor.register) as session:
        released = redactions.released(session, vault, people)
    anchors = (a for a in keys.anchors if a.startswith(PREFIX))
    values = (str(key[0]) for anchor in anchors for key in keys.keys(anchor))
    return Own(values, released=released)


def _sections(floor: Floor, claim: Claim) -> Iterator[tuple[Collection, Iterator[Item]]]:
    for connector, target, work in targets(floor, claim):
        collection = shown(target.collection, claim.request)
        if collection is None:
            continue
        narrowed = replace(target, collection=collection)
        yield collection, connector.collect(narrowed, work)  # type: ignore[attr-defined]  # the planner checked the manifest for the verb


def asked_for(request: Request) -> Callable[[MapField], bool]:
    """Return which fields a request is about, whether or not their values may be given."""
    categories = request.parameters.get("categories") or ()
    portable = request.kind is Kind.PORTABILITY

    def about(of: MapField) -> bool:
        named = not categories or of.category in categories
        return named and (not portable or (of.source in PORTABLE and _agreed(of.basis)))

    return about


def shown(collection: Collection, request: Request) -> Collection | None:
    """
    Return the collection with the fields this request is about, or None when there are none.

    Categories narrow any package; portability takes only what was provided or observed and
    rests on consent or contract.
    """
    about = asked_for(request)
    fields = tuple(f for f in collection.fields if about(f))
    if not any(f.disclose for f in fields):
        return None
    return replace(collection, fields=fields)


def _agreed(basis: str) -> bool:
    return basis == "contract" or basis.startswith("consent")
