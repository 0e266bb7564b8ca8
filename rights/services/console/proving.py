"""
How somebody proved who they are for one request, as staff see it while it is there: which ways were
asked for, tried, failed and passed, when, and at which contact, of which no more than a mask leaves
this module. No code, no value that was compared and no key is read.

Source: NDSR 25(1)(1); PIPL 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Integer,
    Select,
    String,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlmodel import Session, col

from rights.domain import masks
from rights.domain.errors import ConfigError
from rights.services import contacts, reaching, subjects
from rights.services.contacts import Contact, Way
from rights.services.context import Context
from rights.store.columns import UtcDateTime
from rights.store.keys import Tampered
from rights.store.models import (
    Challenge,
    KeyProof,
    ProofDemand,
    ProofRow,
    ProofTry,
    Representation,
    Request,
)

MOST: Final = 100
"""Lines that are read of one request: the newest."""


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One thing that was asked for, tried or found right.

    Args:
        source: ``code``, ``match``, ``try``, ``key``, ``asked`` or ``document``.
        way: The way of proof; of a code what it is for.
        outcome: What came of it, or who asked for it.
        until: Until when it can be answered, or was good.
        done: When it was answered.
        number: The level of a match; wrong answers to a code; 1 for a key that counts, or for a
            way outside the plan.
        contact: Id of the contact that a code went to.
    """

    source: str
    way: str
    outcome: str
    at: datetime
    until: datetime | None
    done: datetime | None
    number: int
    contact: str


@dataclass(frozen=True, slots=True)
class Reached:
    """
    One identifier or contact of who asks.

    Args:
        mask: What may be shown of it; empty for what is no contact, or does not open any more.
        proof: How it was proved; empty where it was only typed.
        second: It is whoever's who acts for the person.
        on_file: Whether a store has it; None while nobody has looked.
    """

    id: str
    type: str
    mask: str
    proof: str
    at: datetime | None
    second: bool
    on_file: bool | None


@dataclass(frozen=True, slots=True)
class Proving:
    """Everything about how a request was proved, oldest first."""

    seen: Sequence[Seen]
    contacts: Sequence[Reached]


def read(session: Session, context: Context, request: Request) -> Proving:
    """Return how a request was proved: three statements, however much was tried."""
    found = [Seen(*row) for row in session.execute(_query(request.id))]
    own = subjects.identifier_rows(session, request.id)
    second = reaching.representatives(session, request.id)
    kinds = contacts.kinds(context.datamap)
    return Proving(
        seen=found[::-1],
        contacts=[
            *(_reached(context, kinds, row, second=False, on_file=row.on_file) for row in own),
            *(_reached(context, kinds, row, second=True, on_file=None) for row in second),
        ],
    )


def _reached(
    context: Context, kinds: dict[str, Way], row: Contact, *, second: bool, on_file: bool | None
) -> Reached:
    mask = _mask(context, row, kinds[row.type]) if row.type in kinds and row.sealed else ""
    return Reached(row.id, row.type, mask, row.proof, row.proved_at, second, on_file)


def _mask(context: Context, row: Contact, way: Way) -> str:
    try:
        value = contacts.value(context.vault, row)
    except (Tampered, ConfigError):
        return ""  # the page says everything else all the same
    return masks.mailbox(value) if way is Way.EMAIL else masks.telephone(value)


def _query(request_id: str) -> Any:
    """Return one statement over everything that says how a request was proved, newest first."""
    whole = union_all(*(made.where(about == request_id) for made, about in _sources()))
    return whole.order_by(whole.selected_columns["at"].desc()).limit(MOST)


def _sources() -> list[tuple[Select[Any], Any]]:
    code, match, tried, key = Challenge, ProofRow, ProofTry, KeyProof
    asked, looked = ProofDemand, Representation
    spent: dict[str, Any] = {"until": code.expires_at, "done": code.used_at, "number": code.tries}
    tries = (tried.lookup_id, tried.way, tried.outcome)
    papers = _line("document", looked.method, looked.decided_at, outcome=looked.result)
    return [
        (
            _line("code", code.purpose, code.created_at, contact=code.identifier_id, **spent),
            code.request_id,
        ),
        (
            _line("match", match.way, match.at, outcome=match.verifier, number=match.level),
            match.request_id,
        ),
        # A try has a row for each identifier that it is counted under.
        (
            _line("try", tried.way, func.min(tried.at), outcome=tried.outcome).group_by(*tries),
            tried.request_id,
        ),
        (_line("key", key.way, key.at, number=cast(key.trusted, Integer)), key.request_id),
        (
            _line(
                "asked",
                asked.way,
                asked.at,
                outcome=asked.asked_by,
                number=cast(asked.override, Integer),
            ),
            asked.request_id,
        ),
        (papers.where(col(looked.decided_at).is_not(None)), looked.request_id),
    ]


def _line(source: str, way: Any, at: Any, **more: Any) -> Select[Any]:
    """Return the columns of :class:`Seen`, those that are not given being empty."""
    moment = UtcDateTime()
    given = {
        "source": literal(source, String),
        "way": way,
        "outcome": more.get("outcome", literal("", String)),
        "at": at,
        "until": more.get("until", cast(null(), moment)),
        "done": more.get("done", cast(null(), moment)),
        "number": more.get("number", literal(0, Integer)),
        "contact": more.get("contact", literal("", String)),
    }
    types: dict[str, Any] = {"at": moment, "until": moment, "done": moment, "number": Integer()}
    columns: list[Any] = [
        type_coerce(said, types.get(name, String())).label(name) for name, said in given.items()
    ]
    return select(*columns)
