"""What escrow needs besides a connector: a key, and a bucket that keeps what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connectors.sdk import Collection, Connector, KeySet, Misconfigured, Refused, Target, Verb, Work
from rights.services import escrow_keys
from rights.store.db import transaction
from workflows.claims import Claim
from workflows.findings import Finding, error
from workflows.floor import Floor
from workflows.holds import Rulings

REMEDY = "name a bucket made with object lock in the store's settings (escrow_bucket), or use seal"


def keyed(floor: Floor, claim: Claim, ruled: Rulings) -> Rulings:
    """Return *ruled* with the key for what goes into escrow: written down before anything does."""
    paths = claim.step.collections if claim.step else ()
    if not any(wanted(map(floor.context.datamap.collection, paths))):
        return ruled
    vault, now = floor.context.vault, floor.now()
    with transaction(floor.register) as session:
        return replace(ruled, key=escrow_keys.made(session, vault, claim.request.id, now=now))


def wanted(collections: Iterable[Collection]) -> Iterator[Collection]:
    """Yield those whose held rows go into escrow."""
    return (c for c in collections if c.restriction is not None and c.restriction.escrow)


def findings(connector: Connector, collections: Iterable[Collection]) -> Iterator[Finding]:
    """
    Say of each collection whose held rows could not go into escrow why.

    Raises:
        Transient: the bucket could not be asked.
    """
    mine = list(wanted(collections))
    why = _why_not(connector) if mine else ""
    for collection in mine if why else ():
        what = f"its held rows are to go into escrow, and {why}"
        yield error(f"{collection.path}.restriction", what, REMEDY)


def lock(floor: Floor, away: Collection, work: Work) -> None:
    """Let the place where rows are put away keep them until their hold is over, however late."""
    connector = floor.connector(away.store)
    if Verb.RESTRICT in connector.manifest.verbs:
        connector.restrict(Target(away, KeySet()), work)  # type: ignore[attr-defined]  # checked just now


def _why_not(connector: Connector) -> str:
    ask = getattr(connector, "escrow_ready", None)
    if ask is None:
        return f"the connector {connector.manifest.name} knows no escrow"
    try:
        ask()
    except (Misconfigured, Refused) as wrong:
        return str(wrong)
    return ""
