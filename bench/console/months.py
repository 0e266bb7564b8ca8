"""
A register as it is after a year: 200,000 requests with steps, 20,000 of them open, and a trail.

Written by table in large parts, past the services: what they would have written takes hours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import psycopg
from sqlalchemy import JSON, Connection, Engine, bindparam, text
from sqlmodel import SQLModel

from rights.domain.actions import Action, step_name
from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State, Wait
from rights.services import subjects
from rights.services.audit import Line, entry_hash, ordered
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import (
    Appeal,
    Assignment,
    Complaint,
    DenialProposal,
    Entry,
    IdentifierRow,
    PlanRow,
    Request,
    StepRow,
    Writing,
)
from rights.store.vault import Vault

_OPEN: Final = 0.1
_CHAINS: Final = 0.3
"""Such a share of them has entries; of the others the trail says nothing."""

FULL: Final = 1
"""The number of the request that has everything a page can have."""

WHOLE: Final = timedelta(days=21)
_YEAR: Final = timedelta(days=400)
_EVENTS: Final = ("received", "proved", "step_done", "step_done", "completed")
_FULL_EVENTS: Final = 300
_FULL_STEPS: Final = 30
_STEPS: Final = (Action.PREPARE, Action.COUNT, Action.ERASE, Action.VERIFY)
_TOGETHER: Final = 2_000
_HOUR: Final = timedelta(hours=1)
_MODELS: Final = (
    Request,
    Entry,
    StepRow,
    PlanRow,
    IdentifierRow,
    Assignment,
    Writing,
    DenialProposal,
    Appeal,
    Complaint,
)

_FILL_STEPS: Final = text("""
INSERT INTO step (id, request_id, phase, action, store, state, queue, lease_owner, fence, attempts,
  code, note, result, done_at, done_by)
SELECT id || :name, id, :phase, :action, 'shop',
  CASE WHEN closed_at IS NOT NULL THEN 'done' WHEN :phase = 0 AND wait = 'task' THEN 'manual'
  WHEN :phase = 0 AND wait = 'store' THEN 'failed' ELSE 'todo' END,
  'work', '', 1, 1, '', '', '{}', closed_at,
  CASE WHEN id LIKE '%00' AND :phase = 0 THEN 'staff:1' ELSE 'worker' END
FROM request WHERE id <> :full
""")

_FILL_PLANS: Final = text("""
INSERT INTO plan (request_id, config_hash, schema_hash, hash, body, created_at, needs_approval,
  approved_by)
SELECT id, head_hash, head_hash, id, :body, received_at, wait = 'approval', ''
FROM request WHERE id <> :full
""").bindparams(bindparam("body", type_=JSON))

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Months:
    """
    What is to be in a register.

    Args:
        count: Requests.
        mine, others: Ids of the member of staff who looks, and of another one.
    """

    count: int
    now: datetime
    vault: Vault = field(repr=False)
    backend_id: str
    mine: str
    others: str

    @property
    def open(self) -> int:
        """How many are open: those with the lowest numbers."""
        return int(self.count * _OPEN)

    @property
    def chains(self) -> int:
        """How many have entries: again those with the lowest numbers."""
        return int(self.count * _CHAINS)


def address(number: int) -> str:
    """Return the address of whoever made a request."""
    return f"p{number}@example.com"


def reference(number: int) -> str:
    """Return the id of a request; they are as far apart as real ones."""
    return f"{number * 2_654_435_761 % 2**32:08x}{number:024x}"


def fill(engine: Engine, months: Months) -> None:
    """Write all of it, and let the database learn how it is spread."""
    numbers: Iterator[int] = iter(range(1, months.count + 1))
    while part := list(itertools.islice(numbers, _TOGETHER)):
        made: dict[type[SQLModel], list[Row]] = {model: [] for model in _MODELS}
        for number in part:
            for model, row in _everything_of(months, number):
                made[model].append(row)
        with engine.begin() as connection:
            for model, found in made.items():
                write(connection, model, found)
    with engine.begin() as connection:
        for phase, action in enumerate(_STEPS):
            name = step_name(phase, action, "shop", "")
            given = {"full": reference(FULL), "name": f"-{name}", "phase": phase, "action": action}
            connection.execute(_FILL_STEPS, given)
        connection.execute(_FILL_PLANS, {"full": reference(FULL), "body": _body(len(_STEPS))})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def write(connection: Connection, model: type[SQLModel], found: Sequence[Row]) -> None:
    """Write rows of one table as fast as the driver can."""
    if not found:
        return
    names = tuple(found[0])
    table = rows.table_of(model)
    types = [table.columns[name].type.dialect_impl(connection.dialect) for name in names]
    makers = [one.bind_processor(connection.dialect) for one in types]
    lines = [
        tuple(make(row[n]) if make else row[n] for n, make in zip(names, makers, strict=True))
        for row in found
    ]
    columns = ", ".join(f'"{name}"' for name in names)
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        copying = f"COPY {table.name} ({columns}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(copying.encode()) as copy:
            for line in lines:
                copy.write_row(line)
        return
    places = ", ".join("?" * len(names))
    insert = f"INSERT INTO {table.name} ({columns}) VALUES ({places})"
    connection.exec_driver_sql(insert, lines)


def of(model: type[SQLModel], **values: Any) -> tuple[type[SQLModel], Row]:
    """Return a row of a table: what was not given is as the table has it by itself."""
    found = {**_defaults(model), **values}
    if "id" in found and "id" not in values:
        found["id"] = new_id()
    return model, found


@cache
def _defaults(model: type[SQLModel]) -> Row:
    return rows.values(rows.new(model))


def _everything_of(months: Months, number: int) -> Iterator[tuple[type[SQLModel], Row]]:
    request = _request(months, number)
    if number <= months.chains:
        entries = list(_entries(request["id"], _lines(number, request["received_at"])))
        request |= {"head_seq": len(entries), "head_hash": entries[-1]["hash"]}
        yield from ((Entry, entry) for entry in entries)
    yield of(Request, **request)
    if number == FULL:
        yield from (of(StepRow, **step) for step in _steps(request["id"]))
    if number <= months.open:
        yield from _of_open(months, number, request)


def _request(months: Months, number: int) -> dict[str, Any]:
    running = number <= months.open
    received = (
        months.now - WHOLE * 1.02 * (number / months.open)
        if running
        else months.now - _YEAR * ((number - months.open) / (months.count - months.open)) - _HOUR
    )
    kind = list(Kind)[number // 3 % len(Kind)]
    found = {
        "id": reference(number),
        "kind": kind,
        "option": default_option(kind),
        "regimes": [_regime(number)],
        "backend_id": months.backend_id,
        "channel": ("api", "portal", "api", "letter")[number % 4],
        "subject": f"{number // 2:032x}",
        "received_at": received,
        "due_at": received + WHOLE,
        "promised_at": received + WHOLE,
    }
    return found | (_running(months, number) if running else _ended(months, number, received))


def _regime(number: int) -> str:
    if number % 1000 == 7:
        return "br_lgpd"
    return "eu_gdpr" if number % 10 == 0 else "cn_general"


def _running(months: Months, number: int) -> dict[str, Any]:
    """Return the state of an open request; of a hundred, so many wait for each thing."""
    among = number % 100
    waits = (
        ((2, Wait.APPROVAL), (4, Wait.TASK), (5, Wait.STORE), (15, Wait.NEEDS_INFO))
        if number > months.open // 10
        else ((20, Wait.APPROVAL),)
    )
    wait = next((wait for end, wait in waits if among < end), Wait.NONE)
    state = State.ON_HOLD if wait else State.VERIFYING if among > 90 else State.IN_PROGRESS
    return {"state": state, "wait": wait, "closed_at": None}


def _ended(months: Months, number: int, received: datetime) -> dict[str, Any]:
    took = timedelta(days=number % 24, hours=number % 7)
    denied = number % 20 == 0
    return {
        "state": State.DENIED if denied else State.FULFILLED,
        "reason": "no_ground" if denied else "",
        "closed_at": min(received + took, months.now),
    }


def _lines(number: int, received: datetime) -> Iterator[tuple[datetime, Line]]:
    names = _EVENTS if number != FULL else itertools.islice(itertools.cycle(_EVENTS), _FULL_EVENTS)
    for at, name in enumerate(names):
        data = {"step": f"{at:04}", "rows": at} if name == "step_done" else {}
        yield received + timedelta(seconds=at), Line(name, "system", data)


def _entries(chain: str, lines: Iterable[tuple[datetime, Line]]) -> Iterator[dict[str, Any]]:
    head = ""
    for seq, (at, line) in enumerate(lines, 1):
        head = entry_hash(head, chain, seq, at, line)
        yield {
            "chain": chain,
            "seq": seq,
            "at": at,
            "event": line.event,
            "actor": line.actor,
            "data": ordered(line.data),
            "hash": head,
        }


def _steps(request_id: str) -> Iterator[dict[str, Any]]:
    for phase in range(_FULL_STEPS):
        action = _STEPS[phase % len(_STEPS)]
        yield {
            "id": f"{request_id}-{step_name(phase, action, 'shop', '')}",
            "request_id": request_id,
            "phase": phase,
            "action": action,
            "store": "shop",
        }


def _of_open(months: Months, number: int, request: Row) -> Iterator[tuple[type[SQLModel], Row]]:
    at, mine = request["received_at"], {"request_id": request["id"]}
    blind = subjects.blinds(months.vault, "email", address(number))[0]
    yield of(IdentifierRow, **mine, type="email", sealed=b"sealed", blind=blind)
    if number == FULL:
        yield of(PlanRow, **mine, **_plan(), created_at=at, needs_approval=True)
    if number % 10 == 0:
        to = months.mine if number % 40 == 0 else months.others
        yield of(Assignment, **mine, staff_id=to, assigned_by="operator", assigned_at=at)
    if number % 10 == 1:
        for hours, purpose in enumerate(("message_person", "message_staff")):
            if number % 200 != 1 or purpose == "message_person":
                when = at + hours * _HOUR
                yield of(Writing, **mine, purpose=purpose, sealed=b"sealed", created_at=when)
    if number % 200 == 0:
        yield from _of_people(months, mine, at)


def _of_people(months: Months, mine: Row, at: datetime) -> Iterator[tuple[type[SQLModel], Row]]:
    """Yield a proposal, an appeal and a complaint, all of which wait."""
    by = {"proposed_by": months.others, "proposed_at": at}
    yield of(DenialProposal, **mine, reason="no_ground", channel="mail", **by)
    clock = {"received_at": at, "due_at": at + WHOLE, "promised_at": at + WHOLE}
    yield of(Appeal, **mine, **clock)
    yield of(Complaint, **mine, **clock)


def _plan() -> dict[str, Any]:
    digest = f"{FULL:064x}"
    body = _body(_FULL_STEPS)
    return {"config_hash": digest, "schema_hash": digest, "hash": digest, "body": body}


def _body(count: int) -> dict[str, Any]:
    steps = [
        {
            "phase": phase,
            "action": str(_STEPS[phase % len(_STEPS)]),
            "store": "shop",
            "part": "",
            "collections": ["shop.orders"],
            "manual": False,
        }
        for phase in range(count)
    ]
    return {"holds": {}, "warnings": [], "steps": steps, "counts": {"shop.orders": {"rows": 10}}}
