"""
A service of the company's own that answers our verbs over HTTP.

The service does three simple things: it finds rows by values, removes or changes exactly the
rows it is named, and finds them again. Whose a row is and what an erasure does to it is decided
here, by the same shared parts as for every other store, because a mistake in that would destroy
somebody else's data. The protocol is described in ``docs/reference/http-backend.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from connectors.http_backend import asking
from connectors.http_backend.asking import Row
from connectors.http_backend.calls import ABOUT, Caller, about
from connectors.http_backend.effects import Effects
from connectors.http_backend.erasing import Eraser, foreseen, still_there
from connectors.http_backend.rows import Page, Rows
from connectors.http_backend.settings import HttpBackendSettings
from connectors.parts.frozen import Frozen, Holds, settled
from connectors.parts.masks import hidden
from connectors.parts.wanted import wanted
from connectors.sdk import (
    Change,
    Collection,
    Expect,
    Foreseen,
    Found,
    Inventory,
    Item,
    Key,
    KeySet,
    Manifest,
    Misconfigured,
    Reach,
    Receipt,
    Refused,
    Scalar,
    Standing,
    Switch,
    TableFound,
    Target,
    Verb,
    Work,
)

__all__ = ["HttpBackend", "HttpBackendSettings"]

_PROTOCOL = 1
_PATIENCE = timedelta(seconds=30)
_NO_VALUES: Mapping[str, Scalar] = MappingProxyType({})


class HttpBackend:
    """Speaks the protocol, as the client."""

    manifest: ClassVar[Manifest] = Manifest(
        name="http_backend",
        title={"en": "A service of your own, over HTTP", "zh-CN": "自有 HTTP 服务"},
        verbs=frozenset(Verb),
        settings=HttpBackendSettings,
        restrictions=frozenset({"flag"}),
        journal="key",
        adds=True,
    )

    def __init__(self, settings: HttpBackendSettings) -> None:
        self._settings = settings
        self._caller = Caller(settings)

    def probe(self) -> None:
        """Ask the service what it serves."""
        self._served()

    def close_connections(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._caller.close()

    # -- reading --------------------------------------------------------------------------

    def freeze(
        self,
        collection: Collection,
        parents: KeySet,
        predicate: tuple[Reach, ...],
        columns: tuple[tuple[str, ...], ...],
    ) -> KeySet:
        """Return the keys of the reached rows, by standing."""
        deadline = self._caller.now() + self.manifest.timeout

        def once(
            keys: KeySet, asked: tuple[tuple[str, ...], ...], ways: tuple[Reach, ...]
        ) -> KeySet:
            target = Target(collection, keys, ways, freezing=True)
            holds = Holds(collection, keys, self._caller.now())
            frozen = Frozen(collection, asking.key_of(collection), asked, holds)
            rows = Rows(self._caller, target, deadline, self._settings.page_rows)
            tell = dict.fromkeys((*asking.columns_that_tell(target), *frozen.columns))
            for row in rows.each(Verb.FREEZE, tuple(tell)):
                standing = rows.standings.of(row)
                if standing is not None:
                    frozen.add(row, standing)
            return frozen.keys()

        return settled(collection, predicate, parents, columns, once)

    def locate(self, target: Target, work: Work) -> Found:
        """Count the rows reached now."""
        rows = self._rows(target, work)
        rule = target.collection.restriction
        columns = (*asking.columns_that_tell(target), *([rule.column] if rule else []))
        counts: dict[Standing, int] = {}
        restricted = 0
        for row in rows.each(Verb.LOCATE, tuple(dict.fromkeys(columns))):
            standing = rows.standings.of(row)
            if standing is not None:
                counts[standing] = counts.get(standing, 0) + 1
                restricted += bool(rule and row[rule.column] == rule.value)
        return Found(sum(counts.values()), counts, restricted)

    def foresee(self, target: Target, work: Work, *, erasing: bool = True) -> Foreseen:
        """Count what an erasure would do, and weigh what was read for it; nothing is changed."""
        rows = self._rows(target, work)
        tell = asking.columns_that_decide(target) if erasing else asking.columns_that_tell(target)
        return foreseen(rows.each(Verb.LOCATE, tell), rows.standings, target, work, erasing=erasing)

    def collect(self, target: Target, work: Work) -> Iterator[Item]:
        """Stream the reached rows: disclosed fields only, masks applied, ordered by key."""
        rows = self._rows(target, work)
        disclosed = target.collection.disclosed
        columns = tuple(dict.fromkeys((*asking.columns_that_tell(target), *disclosed)))
        for row in rows.each(Verb.COLLECT, columns):
            masked = hidden(rows.standings.hits(row))
            if masked is not None:
                yield {name: None if name in masked else row[name] for name in disclosed}

    # -- acting ---------------------------------------------------------------------------

    def erase(self, target: Target, work: Work) -> Receipt:
        """Remove rows that are the person's alone, cut their columns in all others."""
        eraser = Eraser(Effects(self._caller, target, work), target, work)
        rows = self._rows(target, work)
        for page in rows.pages(Verb.LOCATE, asking.columns_that_decide(target)):
            eraser.apply(page, rows.standings)
        return eraser.receipt()

    def correct(self, target: Target, work: Work, changes: Iterable[Change]) -> Receipt:
        """Compare and set the named columns of the person's own rows; make those to be added."""
        asked = tuple(changes)
        values = wanted(target.collection, Expect.CORRECTED, asked)
        effects = Effects(self._caller, target, work)
        affected = conflicts = 0
        for page in self._own(target, work, values):
            clear = [row for row in page if not _clashes(row, asked)]
            # The service compares again: somebody may have changed the row since we read it.
            done = effects.named(Verb.CORRECT, clear, changes=asking.changes(asked))
            affected += done.affected
            conflicts += len(page) - len(clear) + done.conflicts
        if target.adding:
            affected += effects.added(self._absent(target, work, Verb.LOCATE), values)
        return Receipt(affected=affected, conflicts=conflicts, at_least=work.fence > 1)

    def restrict(self, target: Target, work: Work) -> Receipt:
        """Put the person's own rows out of use."""
        return self._set(target, Verb.RESTRICT, wanted(target.collection, Expect.RESTRICTED), work)

    def close(self, target: Target, work: Work) -> Receipt:
        """Make the account unusable."""
        return self._set(target, Verb.CLOSE, wanted(target.collection, Expect.CLOSED), work)

    def suppress(self, target: Target, work: Work, switch: Switch) -> Receipt:
        """Turn the switch off, for a person of whom the service has no row yet as well."""
        values = wanted(target.collection, Expect.SUPPRESSED, switch=switch)
        receipt = self._set(target, Verb.SUPPRESS, values, work)
        rows = self._rows(target, work)
        if receipt.affected or next(rows.each(Verb.LOCATE, asking.columns_that_tell(target)), None):
            return receipt
        effects = Effects(self._caller, target, work)
        match = asking.match(target, Standing.SOLE)
        return Receipt(effects.created(Verb.SUPPRESS, match, set=values).affected)

    # -- proving --------------------------------------------------------------------------

    def verify(
        self,
        target: Target,
        work: Work,
        expect: Expect,
        *,
        changes: Iterable[Change] = (),
        switch: Switch | None = None,
    ) -> Found:
        """Count the rows that are not as the effect should have left them."""
        rows = self._rows(target, work)
        if expect is Expect.ERASED:
            read = rows.each(Verb.VERIFY, asking.columns_that_decide(target))
            return still_there(read, rows.standings, target, work)
        values = wanted(target.collection, expect, changes, switch)
        if expect is Expect.ADDED:
            return Found(len(self._absent(target, work, Verb.VERIFY, values)))
        columns = tuple(dict.fromkeys((*asking.columns_that_tell(target), *values)))
        read = rows.each(Verb.VERIFY, columns)
        return Found(sum(rows.standings.own(r) and asking.differs(r, values) for r in read))

    def discover(self) -> Inventory:
        """List what the service says it serves."""
        tables = tuple(_table(name, told) for name, told in sorted(self._served().items()))
        schema = json.dumps([(t.name, sorted(t.columns.items()), t.key) for t in tables])
        return Inventory(tables, hashlib.sha256(schema.encode()).hexdigest())

    # -- how it is done here --------------------------------------------------------------

    def _rows(self, target: Target, work: Work) -> Rows:
        page_rows = self._settings.page_rows
        return Rows(self._caller, target, work.deadline, page_rows, work.keep_running)

    def _own(self, target: Target, work: Work, values: Mapping[str, Scalar]) -> Iterator[Page]:
        """Yield the rows that are wholly the person's and do not hold *values* yet."""
        rows = self._rows(target, work)
        columns = tuple(dict.fromkeys((*asking.columns_that_tell(target), *values)))
        for page in rows.pages(Verb.LOCATE, columns):
            yield [r for r in page if rows.standings.own(r) and asking.differs(r, values)]

    def _absent(
        self, target: Target, work: Work, verb: Verb, values: Mapping[str, Scalar] = _NO_VALUES
    ) -> list[Key]:
        """Return the named keys of which there is no row of the person's that holds *values*."""
        rows, names = self._rows(target, work), asking.key_of(target.collection)
        columns = tuple(dict.fromkeys((*asking.columns_that_tell(target), *names, *values)))
        have = {
            tuple(str(row[name]) for name in names)
            for row in rows.each(verb, columns)
            if rows.standings.own(row) and not asking.differs(row, values)
        }
        return [key for key in target.named if tuple(map(str, key)) not in have]

    def _set(self, target: Target, verb: Verb, values: Mapping[str, Scalar], work: Work) -> Receipt:
        effects = Effects(self._caller, target, work)
        pages = self._own(target, work, values)
        affected = sum(effects.named(verb, page, set=dict(values)).affected for page in pages)
        return Receipt(affected=affected, at_least=work.fence > 1)

    def _served(self) -> Mapping[str, Mapping[str, Any]]:
        answer = self._caller.call(about(self._caller.now() + _PATIENCE))
        if answer is None or answer.count("protocol") != _PROTOCOL:
            raise Misconfigured(f"the service does not speak version {_PROTOCOL} of the protocol")
        return answer.mapping("collections")


def _clashes(row: Row, asked: Iterable[Change]) -> bool:
    """Return whether somebody changed what the person saw."""
    return any(c.clashes(row[c.column]) for c in asked)


def _table(name: str, told: Mapping[str, Any]) -> TableFound:
    columns, key = told.get("columns", {}), told.get("key", [])
    if not isinstance(columns, dict) or not isinstance(key, list):
        raise Refused(f"the service describes {name} under /{ABOUT} in another form than asked")
    return TableFound(name, {str(c): str(t) for c, t in columns.items()}, tuple(map(str, key)))
