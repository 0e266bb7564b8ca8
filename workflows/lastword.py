"""
What a person has said otherwise of their tags since they asked: their last word counts.

It is looked for under every name by which they are known, not only by what the request itself
wrote down: that is gone once a newer one was carried out.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.domain.tags import CHOSEN
from rights.services import subjects, tags_said
from rights.services.persons import persons
from rights.store.db import reading
from rights.store.models import Request
from workflows.claims import Claim
from workflows.floor import Floor
from workflows.given import values_of
from workflows.targets import keys_of


@dataclass(frozen=True, slots=True)
class Asked:
    """
    The tags that a request names under one name.

    Args:
        still: Of which nothing was said since.
        since: Of which the person has said something since.
    """

    still: tuple[str, ...] = ()
    since: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether any was named: none is left is not the same as all of them."""
        return bool(self.still or self.since)


def who(session: Session, floor: Floor, request: Request, keys: KeySet) -> frozenset[str]:
    """Return every hash of the person: of what is proved, under every key, and of what is known."""
    vault = floor.context.vault
    rows = subjects.identifier_rows(session, request.id)
    given = subjects.opened(vault, [r for r in rows if r.proof or not request.level_needed])
    named = {blind for n, v in given.items() for blind in subjects.blinds(vault, n, v)}
    return frozenset({*named, *persons(vault, floor.context.datamap, keys)})


def asked(floor: Floor, claim: Claim, name: str) -> Asked:
    """Return the tags that the request of *claim* names under *name*, in their order."""
    keys, request = keys_of(floor, claim), claim.request
    with reading(floor.register) as session:
        tags = tuple(dict.fromkeys(values_of(session, floor, request).get(name, ())))
        if not tags:
            return Asked()
        people = who(session, floor, request, keys)
        since = tags_said.overtaken(
            session, floor.context, request.id, people, tags, choosing=name == CHOSEN
        )
    return Asked(tuple(t for t in tags if t not in since), tuple(t for t in tags if t in since))


def chosen_since(floor: Floor, claim: Claim) -> frozenset[str]:
    """Return the offered tags that the person has chosen since they asked for all to go."""
    keys, request = keys_of(floor, claim), claim.request
    with reading(floor.register) as session:
        people = who(session, floor, request, keys)
        return tags_said.chosen_since(session, floor.context, request.id, people)
