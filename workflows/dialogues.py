"""
What somebody said in a dialogue, as the store has it now: conversations, and what is in one.

Everything that a copy would show is shown, cut where a page has no room for it. Only rows that are
the person's alone get a name, so that nothing else can be chosen.

Source: PIPL 45; Interim Measures for Anthropomorphic AI Interaction Services 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Final, cast

from connectors.sdk import Collection, Document, KeySet, Record, Standing, Target, Verb, Work
from rights.domain.conversation import Conversation, name_of
from rights.store.models import Lookup
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.packages.disclosure import Policy, Shaper
from workflows.packages.redacting import Redactor
from workflows.packing import own_by
from workflows.resolve import resolve
from workflows.where import at

MOST: Final = 200
"""Conversations, or messages, of one page."""

READ: Final = 50_000
"""Rows of one person that a page reads through; whoever has more asks for a copy."""

LONGEST: Final = 4_000
"""Characters of one message."""

NAMED: Final = 200
"""Characters of a name that a request takes; what has a longer one goes with all the others."""


def conversations(
    floor: Floor, row: Lookup, identifiers: Mapping[str, str], about: Mapping[str, Any]
) -> dict[str, Any]:
    """
    Return the conversations of a person by collection, or the messages of one.

    Args:
        about: ``collection``, ``session`` and ``page`` of the conversation to open; empty for all.

    Returns:
        None for a collection where nobody could look: that is never "none".

    Raises:
        ConnectorError: a store could not be asked.
    """
    wanted = about.get("collection", "")
    dialogues = [
        (c, c.conversation)
        for c in floor.context.datamap.collections
        if c.conversation and wanted in ("", c.path)
    ]
    keys, hops = resolve(floor, floor.plain, identifiers, [c.path for c, _ in dialogues])
    unsure = hops.unsure(floor.plain, keys)
    places: dict[str, Any] = {}
    for collection, said in dialogues:
        look = _Look(floor, row, collection, said, keys)
        places[collection.path] = None if collection.path in unsure else look.at(about)
    return {"about": dict(about), "places": places}


class _Look:
    """One look into one dialogue."""

    def __init__(
        self, floor: Floor, row: Lookup, collection: Collection, said: Conversation, keys: KeySet
    ) -> None:
        self._floor, self._row, self._keys = floor, row, keys
        self._collection, self._said = collection, said
        self._ways = floor.plain.predicates[collection.path]
        # What a copy leaves out as somebody else's, a page leaves out too.
        self._redactor = Redactor(collection, own_by(floor, keys))

    def at(self, about: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a page shows; None where this store cannot be looked into so."""
        connector: Any = self._floor.connector(self._collection.store)
        verbs = connector.manifest.verbs
        if not {Verb.COLLECT, Verb.FREEZE, Verb.LOCATE} <= set(verbs):
            return None
        with at(self._collection.store):
            target = Target(self._collection, self._keys, self._ways)
            rows = int(connector.locate(target, self._work(connector)).rows)
        if rows > READ:
            return {"many": rows}
        if "session" in about:
            return self._messages(connector, str(about["session"]), int(about.get("page", 0)))
        return self._sessions(connector)

    def _sessions(self, connector: Any) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {}
        said = self._said
        for record in self._read(connector, {*self._collection.key, said.session, said.at}):
            session, when = _text(record.get(said.session)), _text(record.get(said.at))
            one = found.setdefault(session, {"session": session, "rows": 0, "from": when})
            one["rows"] += 1
            one["from"] = min(one["from"], when)
            one["to"] = max(one.get("to", when), when)
        listed = sorted(found.values(), key=lambda one: str(one["to"]), reverse=True)
        for one in listed:
            one["named"] = 0 < len(one["session"]) <= NAMED
        return {"sessions": listed[:MOST], "more": len(listed) > MOST}

    def _messages(self, connector: Any, session: str, page: int) -> dict[str, Any]:
        said, key = self._said, self._collection.key
        names = {*key, said.session, said.text, said.at}
        mine = self._mine()
        found = [
            _message({**r, **self._clean(r)}, said, key)
            for r in self._read(connector, names)
            if _text(r.get(said.session)) == session
        ]
        found.sort(key=lambda one: one["at"])
        shown = found[page * MOST : (page + 1) * MOST]
        for one in shown:
            own = one["id"] in mine and len(one["id"]) <= NAMED
            one["id"] = one["id"] if own else ""
        return {"messages": shown, "more": len(found) > (page + 1) * MOST}

    def _clean(self, record: Record) -> Record:
        clean = self._redactor.redact({self._said.text: record.get(self._said.text)})
        self._redactor.drain()  # nobody looks at it here
        return clean

    def _mine(self) -> frozenset[str]:
        """Return the names of the rows that are the person's alone."""
        key = self._collection.key
        found = frozen(self._floor, self._collection, self._keys, self._ways, (key,))
        own = found.keys(f"{self._collection.path}:{','.join(key)}", Standing.SOLE)
        return frozenset(map(name_of, own))

    def _read(self, connector: Any, names: set[str]) -> Iterator[Record]:
        """Yield what may be shown of every row, of these fields only."""
        fields = tuple(f for f in self._collection.fields if f.name in names)
        narrow = replace(self._collection, fields=fields)
        shaper = Shaper(narrow, Policy(self._row.level))
        target = Target(narrow, self._keys, self._ways)
        with at(self._collection.store):
            items = connector.collect(target, self._work(connector))
            with closing(cast("Any", items)):
                for item in items:
                    yield shaper.shape(item.record if isinstance(item, Document) else item)

    def _work(self, connector: Any) -> Work:
        now = self._floor.now()
        return Work(f"lookup-{self._row.id}", 0, 0, now + connector.manifest.timeout, now=now)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text


def _message(record: Record, said: Conversation, key: tuple[str, ...]) -> dict[str, str]:
    return {
        "at": _text(record.get(said.at)),
        "text": _text(record.get(said.text)),
        "id": name_of(map(record.get, key)),
    }
