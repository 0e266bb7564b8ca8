"""Answers to what a page needs from a store: asked by the web, read only by a worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import orjson

from connectors.sdk import Target, Verb, Work
from rights.domain.errors import ConnectorError, Forbidden, Misconfigured, Refused
from rights.domain.kinds import Kind, Option
from rights.domain.levels import minimum
from rights.services import outbox
from rights.store.db import reading, transaction
from rights.store.models import Lookup, Request
from workflows import belonging
from workflows.counting import found_json
from workflows.floor import Floor
from workflows.preparing import find_anything
from workflows.resolve import resolve
from workflows.visits import NoRoom, visit

AGAIN: Final = timedelta(seconds=1)

LEVELS = {"counts": minimum(Kind.ACCESS, Option.SUMMARY)}
"""The level each question needs: that of the request kind it gives a glance of."""


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
        fresh = session.get(Lookup, lookup_id)
        if fresh is None or fresh.state != "waiting":
            return
        fresh.state, fresh.code, fresh.answered_at = state, code, floor.now()
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
    if row.question not in LEVELS or row.level < LEVELS[row.question]:
        raise Forbidden("this look-up needs a stronger proof than was given")
    sealed = floor.context.vault.open(row.sealed_input, aad=f"lookup|{row.id}|input")
    identifiers = orjson.loads(sealed)["identifiers"]
    paths = [c.path for c in floor.context.datamap.collections]
    find_anything(floor.context.datamap, identifiers)
    with reading(floor.register) as session:
        request = session.get(Request, row.request_id)
    if request is not None:
        belonging.check(floor, floor.plain, request)
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
