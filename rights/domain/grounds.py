"""
Whether there is a ground to delete: those that a law names, looked at for every item by itself.

An item is a field of a collection, or the collection where it names none. A person need not
name a ground. All that speaks against one is data a contract with them, which still runs,
cannot do without; where nothing says so, the purpose is taken as achieved and the data goes.

Several laws: what one of them has a ground for goes.

Source: PIPL 47(1)(1)-(5); Minors Protection Law 72; GDPR 17(1)(a)-(f).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from rights.domain.datamap import Collection, DataMap, Source
from rights.domain.kinds import Kind

_CONSENT: Final = "consent:"
CONTRACT: Final = "contract"
STILL_NECESSARY: Final = "still_necessary_contract"


class Ground(StrEnum):
    """Why data has to be deleted."""

    PURPOSE_ACHIEVED = "purpose_achieved"
    SERVICE_ENDED = "service_ended"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNLAWFUL = "unlawful"
    OTHER = "other"
    OBJECTION = "objection"
    ERASURE_BY_LAW = "erasure_by_law"
    CHILD_SERVICE = "child_service"


PIPL: Final = frozenset(
    {
        Ground.PURPOSE_ACHIEVED,
        Ground.SERVICE_ENDED,
        Ground.CONSENT_WITHDRAWN,
        Ground.UNLAWFUL,
        Ground.OTHER,
    }
)
"""The five of PIPL 47(1); of every law whose file has no table, too."""

GDPR: Final = frozenset(
    {
        Ground.PURPOSE_ACHIEVED,
        Ground.CONSENT_WITHDRAWN,
        Ground.OBJECTION,
        Ground.UNLAWFUL,
        Ground.ERASURE_BY_LAW,
        Ground.CHILD_SERVICE,
    }
)
"""The six of GDPR 17(1), in whose table there is no end of a service: its purpose has ended."""

_WEIGHED: Final = frozenset({"legitimate_interest", "public_interest"})
"""Bases that a person can object to. Source: GDPR 6(1)(e), (f), 21(1)."""


class Trigger(StrEnum):
    """What obliges the company to delete although nobody asked."""

    RETENTION_EXPIRED = "retention_expired"
    SERVICE_ENDED = "service_ended"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    UNCONSENTED_COLLECTION = "unconsented_collection"
    PUBLIC_INFO_REFUSED = "public_info_refused"


OF_TRIGGER: Final[Mapping[Trigger, Ground]] = {
    Trigger.RETENTION_EXPIRED: Ground.SERVICE_ENDED,
    Trigger.SERVICE_ENDED: Ground.SERVICE_ENDED,
    Trigger.CONSENT_WITHDRAWN: Ground.CONSENT_WITHDRAWN,
    Trigger.UNCONSENTED_COLLECTION: Ground.UNLAWFUL,
    # What is public may be used until the person clearly refuses, and no longer (PIPL 27).
    Trigger.PUBLIC_INFO_REFUSED: Ground.UNLAWFUL,
}
"""The ground behind each trigger."""


@dataclass(frozen=True, slots=True)
class Item:
    """
    What a ground is looked at for.

    Args:
        bases: Every basis it rests on: its own, and those of the purposes it serves.
        dated: A retention rule says for how long its row stays.
        public: It was taken from what is public.
    """

    bases: frozenset[str]
    purposes: frozenset[str] = frozenset()
    dated: bool = False
    public: bool = False

    @property
    def consents(self) -> frozenset[str]:
        """The purposes it rests on consent to, if it rests on nothing else."""
        named = frozenset(b.removeprefix(_CONSENT) for b in self.bases if b.startswith(_CONSENT))
        return named if len(named) == len(self.bases) else frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is the case for one request.

    Args:
        trigger: None when the person asked.
        purposes: Of a trigger: what it is about; empty means all.
        running: Purposes of contracts with this person that run.
        minor: The person is one: their deletion needs no ground.
        child: They are one, or were when it was collected, as far as is known.
        named: The ground that they gave; empty when none.
        known: The grounds of the laws of the request.
    """

    kind: Kind
    trigger: Trigger | None = None
    purposes: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    minor: bool = False
    child: bool = False
    named: str = ""
    known: frozenset[Ground] = PIPL


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What is decided about one collection.

    Args:
        grounds: Each ground, and whether it applies to any item.
        whole: Its rows go; otherwise they stay, and lose the ``fields`` for which there is one.
    """

    grounds: Mapping[Ground, bool]
    whole: bool
    fields: tuple[str, ...] = field(default=())


def needed(item: Item, facts: Facts) -> bool:
    """Return whether a contract that runs cannot do without it."""
    ended = facts.kind is Kind.ACCOUNT_CANCELLATION
    return not ended and CONTRACT in item.bases and bool(item.purposes & facts.running)


def evaluated(item: Item, facts: Facts) -> dict[Ground, bool]:
    """
    Return for each ground of the laws whether it applies; pure, nothing is left out.

    That something is unlawful, or that a law wants it gone, nobody can tell from a data map: who
    says so is heard by staff, and what is found out is a deletion that nobody asks for.
    """
    found = _every(item, facts)
    if Ground.SERVICE_ENDED not in facts.known:
        found[Ground.PURPOSE_ACHIEVED] |= found[Ground.SERVICE_ENDED]
    return {ground: applies for ground, applies in found.items() if ground in facts.known}


def _every(item: Item, facts: Facts) -> dict[Ground, bool]:
    asked = facts.trigger is None
    triggered = None if asked else facts.trigger and triggers(item, facts)
    by = OF_TRIGGER[facts.trigger] if facts.trigger else None
    return {
        Ground.PURPOSE_ACHIEVED: asked and not needed(item, facts),
        Ground.SERVICE_ENDED: facts.kind is Kind.ACCOUNT_CANCELLATION
        or (by is Ground.SERVICE_ENDED and bool(triggered)),
        # Who asks for what rests on consent alone to be deleted takes that consent back.
        Ground.CONSENT_WITHDRAWN: (asked and bool(item.consents))
        or (by is Ground.CONSENT_WITHDRAWN and bool(triggered)),
        Ground.UNLAWFUL: by is Ground.UNLAWFUL and bool(triggered),
        Ground.OTHER: asked and facts.minor,
        # What also rests on something else is needed for that: there is another legal ground.
        Ground.OBJECTION: asked and facts.named == Ground.OBJECTION and not (item.bases - _WEIGHED),
        Ground.ERASURE_BY_LAW: False,
        Ground.CHILD_SERVICE: asked and facts.child and bool(item.consents),
    }


def triggers(item: Item, facts: Facts) -> bool:
    """Return whether what happened is about this item."""
    match facts.trigger:
        case Trigger.CONSENT_WITHDRAWN:
            return bool(item.consents) and item.consents <= facts.purposes
        case Trigger.UNCONSENTED_COLLECTION:
            return bool(item.consents) and item.consents <= (facts.purposes or item.consents)
        case Trigger.RETENTION_EXPIRED:
            return item.dated and _within(item, facts)
        case Trigger.SERVICE_ENDED:
            return _within(item, facts)
        case Trigger.PUBLIC_INFO_REFUSED:
            return item.public
    return False


def _within(item: Item, facts: Facts) -> bool:
    return not facts.purposes or (bool(item.purposes) and item.purposes <= facts.purposes)


def judged(collection: Collection, datamap: DataMap, facts: Facts) -> Judged:
    """Return what is decided about a collection: all of its rows, some fields, or nothing."""
    found = {name: evaluated(item, facts) for name, item in items(collection, datamap)}
    grounds = {g: any(one[g] for one in found.values()) for g in Ground if g in facts.known}
    released = tuple(name for name, one in found.items() if any(one.values()))
    whole = len(released) == len(found)
    return Judged(grounds, whole, () if whole else tuple(name for name in released if name))


def items(collection: Collection, datamap: DataMap) -> list[tuple[str, Item]]:
    """Return the items of a collection by name of field; a collection without fields is one."""
    dated = collection.retention is not None
    if not collection.fields:
        said = collection.basis, collection.purposes
        return [("", Item(_bases(*said, datamap), frozenset(said[1]), dated))]
    return [
        (
            f.name,
            Item(
                _bases(f.basis, f.purposes, datamap),
                frozenset(f.purposes),
                dated,
                f.source is Source.PUBLIC,
            ),
        )
        for f in collection.fields
    ]


def _bases(basis: str, purposes: Iterable[str], datamap: DataMap) -> frozenset[str]:
    """Return every basis; one that nobody named is none that could be the only one."""
    known = (datamap.purposes[p] for p in purposes if p in datamap.purposes)
    served = {f"{_CONSENT}{p.name}" if p.basis == "consent" else p.basis for p in known}
    return frozenset({basis, *served} - {""}) or frozenset({""})


def touched(datamap: DataMap, facts: Facts) -> dict[str, Judged]:
    """Return path to what is decided, for every collection that anything happens to."""
    found = {c.path: judged(c, datamap, facts) for c in datamap.collections}
    return {path: one for path, one in found.items() if one.whole or one.fields}
