"""
Two contacts are one person's only if both stand on the same account.

Whoever answered the codes of two addresses controls both, and no more: without a word of the
product about who is logged in, they may be two people's, and one of them would read, or erase,
the other's data. So before anything is read or changed, each contact alone is followed to the
accounts it stands on; they must be the same.

Source: PIPL 50; NDSR 25(1)(1); GDPR 12(6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from connectors.sdk import KeySet, Reach
from rights.domain.datamap import Collection, Role
from rights.domain.errors import Refused
from rights.domain.identifiers import normalise
from rights.domain.keys import of_identifiers
from rights.services import subjects
from rights.store.db import reading
from rights.store.models import Request
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.routes import Routes

_PREFIX: Final = "identifier:"


@dataclass(frozen=True, slots=True)
class Led:
    """
    What one contact alone leads to.

    Args:
        accounts: Type of account to its ids.
        others: The other identifiers that stand on the same rows, type to values.
        rows: Whether any row was found at all.
    """

    accounts: Mapping[str, frozenset[str]] = field(repr=False)
    others: Mapping[str, frozenset[str]] = field(repr=False)
    rows: bool


def check(floor: Floor, routes: Routes, request: Request) -> None:
    """
    Make sure that the contacts by which a request was proved are one person's.

    Raises:
        Refused: they lead to different accounts, or one of them to none: staff must look.
        ConnectorError: a store that knows accounts could not be asked.
    """
    contacts = _coded(floor, request)
    if len(contacts) < 2:  # noqa: PLR2004 - one contact alone is nobody else's
        return
    led = {name: _led_to(floor, routes, name, value) for name, value in contacts.items()}
    if not any(one.rows for one in led.values()):
        return  # nothing is known of either: there is nothing to mix up
    for one, other in combinations(contacts, 2):
        if not _same((one, contacts[one], led[one]), (other, contacts[other], led[other])):
            raise Refused(
                f"{one} and {other} were each proved by a code, but do not stand on the same"
                " account: they may be two people's. Ask for a signed word of the product, or deny"
            )


def _coded(floor: Floor, request: Request) -> dict[str, str]:
    """Return the contacts that only codes proved; none where the product vouched for somebody."""
    if request.acr or not request.level_needed:
        return {}
    with reading(floor.register) as session:
        rows = subjects.identifier_rows(session, request.id)
        return subjects.opened(floor.context.vault, [r for r in rows if r.proof == "code"])


def _led_to(floor: Floor, routes: Routes, name: str, value: str) -> Led:
    alone, found = of_identifiers({name: value}), KeySet()
    for collection in routes.identity:
        if name in collection.identifies:
            by = (_by(floor, name, collection),)
            found = found.merged(frozen(floor, collection, alone, by))
    kinds = floor.context.datamap.identifiers
    values = {
        known: frozenset(
            normalise(str(key[0]), kinds[known].normalise)
            for key in found.keys(_PREFIX + known)
            if key[0] not in (None, "")
        )
        for known in kinds
    }
    accounts = {k: ids for k, ids in values.items() if ids and kinds[k].kind == "account"}
    return Led(accounts, values, bool(found))


def _by(floor: Floor, name: str, collection: Collection) -> Reach:
    """
    Return how rows are asked for by *name*, a number that may have passed to others included.

    By itself such a number reaches nothing; here it only has to lead where the other contact does.
    """
    known = floor.context.datamap.identifiers[name]
    column, anchor = collection.identifies[name], _PREFIX + name
    return Reach((column,), anchor, Role.OWNER, None, known.normalise)


def _same(one: tuple[str, str, Led], other: tuple[str, str, Led]) -> bool:
    """
    Tell whether two contacts stand on the same accounts.

    Every type of account that both lead to must agree, and one of them at least. Where a map
    knows no accounts, the rows of each must name the other.
    """
    (name, value, led), (other_name, other_value, other_led) = one, other
    both = led.accounts.keys() & other_led.accounts.keys()
    if led.accounts or other_led.accounts:
        return bool(both) and all(led.accounts[t] == other_led.accounts[t] for t in both)
    return other_value in led.others[other_name] and value in other_led.others[name]
