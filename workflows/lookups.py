"""Answers to what a page needs from a store: asked by the web, read only by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson

from connectors.sdk import Target, Verb, Work
from rights.domain.conversation import CONVERSATIONS
from rights.domain.errors import ConnectorError, Forbidden, Misconfigured, Refused
from rights.domain.keys import Key
from rights.domain.kinds import Option
from rights.services import matching, not_me, outbox
from rights.services.lookups import COMPARED, GLANCES, REDACTIONS, SAMPLE, level_of
from rights.store.db import reading, transaction
from rights.store.models import Lookup, Request
from workflows import (
    belonging,
    comparing,
    correcting,
    dialogues,
    package_samples,
    passages,
    tagging,
)
from workflows.counting import found_json
from workflows.floor import Floor
from workflows.foreseeing import foreseen, imagined
from workflows.preparing import find_anything
from workflows.resolve import resolve
from workflows.visits import NoRoom, visit

AGAIN: Final = timedelta(seconds=1)

MOST_VALUES: Final = 5
LONGEST: Final = 200
"""Of one field: whoever has more of them sees them in a copy."""


def answer(floor: Floor, lookup_id: str) -> None:
    """Answer one look-up, once; what a store could not say is an error, never nothing."""
    with reading(floor.register) as session:
        row = session.get(Lookup, lookup_id)
    if row is None or row.state != "waiting" or row.expires_at <= floor.now():
        return
    try:
        with visit(floor):
            found, state, code = _answer(floor, row), "answered", ""
    except NoRoom:
        _come_again(floor, lookup_id)
        return
    except (Refused, Misconfigured, Forbidden) as error:
        found, state, code = None, "failed", error.code
    except ConnectorError as error:
        found, state, code = None, "failed", error.code
    with transaction(floor.register) as session:
        # Locked: two workers may have been rung for it, and a proof is settled once.
        fresh = session.get(Lookup, lookup_id, with_for_update=True)
        if fresh is None or fresh.state != "waiting":
            return
        fresh.state, fresh.code, fresh.answered_at = state, code, floor.now()
        if fresh.question == "match":
            said = comparing.read(found)
            matching.settle(session, floor.context, fresh, said, now=floor.now())
            found = comparing.told(found)
        if found is not None:
            aad = f"lookup|{lookup_id}|answer"
            fresh.sealed_answer = floor.context.vault.seal(orjson.dumps(found), aad=aad)


def _come_again(floor: Floor, lookup_id: str) -> None:
    """A store has no room: ask in a second, as long as anybody may still read the answer."""
    now = floor.now()
    with transaction(floor.register) as session:
        outbox.emit(
            session,
            "lookup",
            now=now,
            queue=outbox.URGENT,
            not_before=now + AGAIN,
            lookup_id=lookup_id,
        )


def _answer(floor: Floor, row: Lookup) -> dict[str, Any]:
    if row.question in _OF_STAFF:  # about a copy that is there already
        return _OF_STAFF[row.question](floor, row)
    known = row.question in GLANCES or row.question in COMPARED
    if not known or row.level < level_of(floor.context, row.question):
        raise Forbidden("this look-up needs a stronger proof than was given")
    sealed = floor.context.vault.open(row.sealed_input, aad=f"lookup|{row.id}|input")
    asked = orjson.loads(sealed)
    if row.question in comparing.ANSWERS:  # whom it is about is read from the proofs themselves
        return comparing.ANSWERS[row.question](floor, row, asked["about"])
    identifiers = asked["identifiers"]
    find_anything(floor.context.datamap, identifiers)
    with reading(floor.register) as session:
        request = session.get(Request, row.request_id)
    if request is not None:
        not_me.check(request)
        belonging.check(floor, floor.plain, request)
    if row.question == "foreseen":
        return foreseen(floor, imagined(floor, asked["about"], row.backend_id), identifiers)
    if row.question == CONVERSATIONS:
        return dialogues.conversations(floor, row, identifiers, asked["about"])
    return _ANSWERS[row.question](floor, row, identifiers)


def _counts(floor: Floor, row: Lookup, identifiers: Mapping[str, str]) -> dict[str, Any]:
    paths = [c.path for c in floor.context.datamap.collections]
    keys, hops = resolve(floor, floor.plain, identifiers, paths)
    unsure = hops.unsure(floor.plain, keys)
    out: dict[str, Any] = {}
    for path in paths:
        collection = floor.context.datamap.collection(path)
        connector = floor.connector(collection.store)
        if Verb.LOCATE not in connector.manifest.verbs or path in unsure:
            out[path] = None
            continue
        now = floor.now()
        work = Work(f"lookup-{row.id}", 0, 0, now + connector.manifest.timeout, now=now)
        target = Target(collection, keys, floor.plain.predicates[path])
        out[path] = found_json(connector.locate(target, work))  # type: ignore[attr-defined]  # checked above
    return out


def _values(floor: Floor, row: Lookup, identifiers: Mapping[str, str]) -> dict[str, Any]:
    """Return what the person's own record holds in each field that can be corrected."""
    del row
    datamap = floor.context.datamap
    mine = [c for c in datamap.collections if c.identifies]
    fields = [
        f"{c.path}.{f.name}"
        for c in mine
        for f in c.fields
        if f.disclose and f.secret is None and "." not in f.name
    ]
    keys, hops = resolve(floor, floor.plain, identifiers, [c.path for c in mine])
    unsure = set(hops.unsure(floor.plain, keys))
    fields = [name for name in fields if name.rpartition(".")[0] not in unsure]
    wanted = {"changes": [{"field": name} for name in fields]}
    seen = correcting.seen(floor, floor.plain, wanted, Option.CORRECT, keys)
    return {name: _shown(seen.keys(f"{correcting.SEEN}{name}")) for name in fields}


def _shown(found: Iterable[Key]) -> list[Any]:
    values = dict.fromkeys(key[-1] for key in found)
    return [_cut(value) for value in values][:MOST_VALUES]


def _cut(value: Any) -> Any:
    """Return a value as a page has room for it; what is cut says so."""
    long = isinstance(value, str) and len(value) > LONGEST
    return f"{value[:LONGEST]}…" if long else value


_ANSWERS: Final[Mapping[str, Callable[[Floor, Lookup, Mapping[str, str]], dict[str, Any]]]] = (
    MappingProxyType({"counts": _counts, "tags": tagging.tags, "values": _values})
)

_OF_STAFF: Final[Mapping[str, Callable[[Floor, Lookup], dict[str, Any]]]] = MappingProxyType(
    {REDACTIONS: passages.view, SAMPLE: package_samples.view}
)
