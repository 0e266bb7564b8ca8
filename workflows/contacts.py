"""
Which contacts stand on file beside an identifier, and since when.

Asked before anybody is proved, so little is followed: the rows that an identifier names, and the
other rows of the accounts that stand there. From a contact to whoever else has it nothing leads
on: families share addresses.

Source: NDSR 9, 25(1)(1); PIPL 51.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from connectors.sdk import Collection, KeySet, Reach, Standing, Verb
from rights.domain.datamap import DataMap
from rights.domain.identifiers import normalise, plausible
from rights.domain.keys import of_identifiers
from rights.services.contact_warnings import Contact
from workflows.floor import Floor
from workflows.freezing import IDENTIFIER, frozen
from workflows.routes import Routes

_CONTACT: Final = "contact"
_ACCOUNT: Final = "account"
_MILLISECONDS: Final = 10_000_000_000
"""Seconds since 1970 beyond this are milliseconds."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """
    How one contact stands on file.

    Args:
        found: In any store.
        changed_at: The latest change that the data map lets be known.
    """

    found: bool
    changed_at: datetime | None


def on_file(floor: Floor, routes: Routes, given: Mapping[str, str]) -> tuple[Contact, ...]:
    """
    Return the contacts on file of whoever is meant by *given*, proved or not.

    Raises:
        ConnectorError: a store that knows people could not be asked.
    """
    found = KeySet()
    for name, value in given.items():
        found = found.merged(_standing_beside(floor, routes, of_identifiers({name: value})))
    accounts = found.only(*_anchors(routes.datamap, _ACCOUNT))
    found = found.merged(_standing_beside(floor, routes, accounts))
    return of_keys(routes.datamap, found)


def of_keys(datamap: DataMap, keys: KeySet) -> tuple[Contact, ...]:
    """Return the contacts among frozen identifiers, cleaned; what cannot be one is left out."""
    return tuple(dict.fromkeys(_contacts(datamap, keys)))


def _contacts(datamap: DataMap, keys: KeySet) -> Iterator[Contact]:
    for anchor in _anchors(datamap, _CONTACT):
        name = anchor.removeprefix(IDENTIFIER)
        how = datamap.identifiers[name].normalise
        for key in keys.keys(anchor, Standing.SOLE):
            value = normalise(str(key[0]), how) if key[0] not in (None, "") else ""
            if value and plausible(value, how):
                yield name, value


def standing(floor: Floor, routes: Routes, name: str, value: str) -> OnFile:
    """
    Return whether one contact is on file, and since when.

    Raises:
        ConnectorError: a store that knows people could not be asked.
    """
    alone, found, times = of_identifiers({name: value}), False, []
    for collection in _asked(floor, routes, alone):
        column = collection.identifies[name]
        field = collection.field(column)
        changed = field.contact_changed_at if field else ""
        columns = ((column,), (changed,)) if changed else ((column,),)
        keys = _frozen(floor, routes, collection, alone, columns)
        found = found or bool(keys.keys(f"{collection.path}:{column}"))
        told = keys.keys(f"{collection.path}:{changed}") if changed else ()
        times += [moment(key[0]) for key in told if key[0] not in (None, "")]
    return OnFile(found, max(times, default=None))


def moment(value: Any) -> datetime:
    """
    Return when a store says that something was changed.

    A value that is no time counts as the latest of all: what cannot be read is not trusted.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        if isinstance(value, (int, float)) or str(value).isdigit():
            number = float(value)
            return datetime.fromtimestamp(
                number / 1000 if number > _MILLISECONDS else number, tz=UTC
            )
        return moment(datetime.fromisoformat(str(value)))
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _standing_beside(floor: Floor, routes: Routes, known: KeySet) -> KeySet:
    """Return every identifier on the rows that *known* names by itself."""
    found = KeySet()
    for collection in _asked(floor, routes, known):
        columns = tuple((column,) for column in collection.identifies.values())
        found = found.merged(_frozen(floor, routes, collection, known, columns))
    return found.only(*(a for a in found.anchors if a.startswith(IDENTIFIER)))


def _asked(floor: Floor, routes: Routes, known: KeySet) -> Iterator[Collection]:
    """Yield the collections whose rows may be named by *known*, of stores that can tell."""
    for collection in routes.identity:
        named = any(known.keys(IDENTIFIER + name) for name in collection.identifies)
        manifest = floor.manifests[routes.datamap.store(collection.store).connector]
        if named and Verb.FREEZE in manifest.verbs and _ways(routes, collection):
            yield collection


def _frozen(
    floor: Floor,
    routes: Routes,
    collection: Collection,
    known: KeySet,
    columns: tuple[tuple[str, ...], ...],
) -> KeySet:
    # Whom a row is about does not depend on who else owns it.
    alone = replace(collection, links=()) if collection.links else collection
    return frozen(floor, alone, known, _ways(routes, collection), columns)


def _ways(routes: Routes, collection: Collection) -> tuple[Reach, ...]:
    return tuple(r for r in routes.predicates[collection.path] if r.link is None)


def _anchors(datamap: DataMap, kind: str) -> tuple[str, ...]:
    return tuple(IDENTIFIER + n for n, i in datamap.identifiers.items() if i.kind == kind)
