"""What staff open of one request: its texts, a sample of its package, what was taken out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson
from sqlmodel import col, select

from bench.console.cases import Made, keep, written
from bench.console.months import Months, of, reference
from bench.queue import Desk
from rights.services import lookups, redaction_views, writings
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from rights.store.models import DenialProposal, Lookup, Notice, Package

APPEALED: Final = reference(200)
"""It has an appeal, a complaint and a proposal to deny it."""

_WRITTEN: Final = reference(12)
_FACTS: Final = reference(2)
"""Id of the text with the facts of the denial."""

_MESSAGES: Final = 50
_COLLECTIONS: Final = 10
_FIELDS: Final = 12
_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """
    Ids of what is there to be opened.

    Args:
        packed: A request with a package out of which something was taken.
        sample, passages: Look-ups that a worker answered.
        written: A request with messages, and *letter* one that went out to its person.
        proposal: That *appealed* be denied.
    """

    packed: str
    sample: str
    passages: str
    written: str
    letter: str
    appealed: str
    proposal: str


def fill(here: Desk, months: Months) -> Opened:
    """Write all of it."""
    ready = select(Package.request_id).where(col(Package.undecided)).order_by(Package.request_id)
    with reading(here.engine) as session:
        packed = session.exec(ready.limit(1)).one()
    found = Opened(packed, new_id(), new_id(), _WRITTEN, new_id(), APPEALED, _proposed(here))
    keep(here.engine, _everything(here, months, found))
    return found


def _everything(here: Desk, months: Months, found: Opened) -> Iterator[Made]:
    yield _looked_up(here, months, found.packed, found.sample, lookups.SAMPLE, _sample())
    rows = {"rows": _taken_out(), "more": True}
    yield _looked_up(here, months, found.packed, found.passages, lookups.REDACTIONS, rows)
    for number in range(_MESSAGES):
        purpose = (writings.MESSAGE_PERSON, writings.MESSAGE_STAFF)[number % 2]
        yield written(here, months, found.written, purpose, new_id())
    yield written(here, months, found.written, writings.LETTER, found.letter)
    sent = {"id": found.letter, "request_id": found.written, "event": "received"}
    yield of(Notice, **sent, state="sent", created_at=months.now, sent_at=months.now)
    yield written(here, months, found.appealed, writings.APPEAL, new_id())
    yield written(here, months, found.appealed, writings.DENIAL_FACTS, _FACTS)


def _proposed(here: Desk) -> str:
    """Let the proposal there is name its facts; return its id."""
    with transaction(here.engine) as session:
        mine = select(DenialProposal).where(DenialProposal.request_id == APPEALED)
        proposal = session.exec(mine).one()
        proposal.facts_id = _FACTS
        return proposal.id


def _looked_up(
    here: Desk, months: Months, about: str, number: str, question: str, answer: Mapping[str, Any]
) -> Made:
    """Return a question of staff as a worker answered it, for as long as the measurement takes."""
    vault, asked = here.context.vault, orjson.dumps({"staff": months.mine, "start": 0})
    return of(
        Lookup,
        id=number,
        request_id=about,
        question=question,
        sealed_input=vault.seal(asked, aad=f"lookup|{number}|input"),
        sealed_answer=vault.seal(orjson.dumps(answer), aad=f"lookup|{number}|answer"),
        state="answered",
        created_at=months.now,
        answered_at=months.now,
        expires_at=months.now + timedelta(days=1),
    )


def _sample() -> dict[str, Any]:
    mask = {"kind": "text", "starts": "I", "length": 1200}
    row = {f"field_{number}": mask for number in range(_FIELDS)}
    found = [
        {"path": f"shop.part_{number}", "long": False, "rows": [row] * _ROWS}
        for number in range(_COLLECTIONS)
    ]
    return {"collections": found, "more": True}


def _taken_out() -> list[dict[str, Any]]:
    line = {"collection": "shop.messages", "field": "body", "what": "mobile"}
    return [
        {"number": number, "record": number, "value": f"139{number:08}", **line}
        for number in range(1, redaction_views.PAGE + 1)
    ]
