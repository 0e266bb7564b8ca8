"""Some hundred requests of every sort, as plain facts, and the register they are written into."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.lifecycle import State
from rights.domain.representation import AgeBand, Role
from rights.services import audit
from rights.store.db import transaction
from rights.store.models import Notice, ReceiptRow, Request, Staff

BEGUN = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 3, 1, 4, 0, tzinfo=UTC)
LAWS = (
    ["cn_general"],
    ["us_ca"],
    ["cn_general", "cn_minor"],
    ["eu_gdpr"],
    ["us_ca", "cn_general"],
)
STAFF = {"otto": ["auditor"], "dana": ["reviewer", "dpo"], "rui": ["reviewer"]}
ANSWERS = (State.FULFILLED, State.PARTIALLY_FULFILLED, State.DENIED)


@dataclass
class Case:
    """
    One request, as it went.

    Args:
        entered: When it came into the register.
        pauses: When its clock stood still; None as an end where it still does.
    """

    id: str
    kind: Kind
    option: Option
    received: datetime
    entered: datetime
    promised: datetime
    channel: str = "api"
    role: Role = Role.SELF
    age: AgeBand = AgeBand.UNKNOWN
    laws: list[str] = field(default_factory=lambda: ["cn_general"])
    verified: datetime | None = None
    closed: datetime | None = None
    state: State = State.VERIFYING
    reason: str = ""
    merged: str = ""
    follows: str = ""
    letters: list[tuple[str, datetime | None]] = field(default_factory=list)
    receipt: bool = True
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)


def cases(number: int = 400, seed: int = 7) -> list[Case]:
    """Return as many requests, received from late 2025 to early 2027."""
    chance = random.Random(seed)
    return [_case(chance, n) for n in range(number)]


def _case(chance: random.Random, number: int) -> Case:
    kind = chance.choice(list(OPTIONS))
    received = datetime(2025, 10, 1, tzinfo=UTC) + timedelta(
        days=chance.randrange(480), seconds=chance.randrange(86_400), microseconds=number
    )
    made = Case(
        f"{chance.getrandbits(128):032x}",
        kind,
        chance.choice(OPTIONS[kind]),
        received,
        received,
        received + timedelta(days=15),
        channel=chance.choice(("api", "portal", "portal", "letter", "counter", "fax")),
        role=chance.choice((Role.SELF, Role.SELF, *Role)),
        age=chance.choice(list(AgeBand)),
        laws=chance.choice(LAWS),
    )
    if made.channel in ("letter", "counter"):
        made.entered = received + timedelta(days=chance.randrange(40))
    if chance.random() < 0.06:
        made.channel, made.follows = (
            ("internal", "") if chance.random() < 0.5 else ("api", "f" * 32)
        )
        made.entered = received
    _course(chance, made)
    return made


def _course(chance: random.Random, made: Case) -> None:
    """Let it be proved, end and be answered, or not."""
    luck = chance.random()
    if luck < 0.08:
        return
    if luck < 0.18:
        made.state, made.closed = State.EXPIRED, made.entered + timedelta(days=7)
        return
    made.verified = made.entered + timedelta(hours=chance.randrange(1, 30))
    made.state = State.IN_PROGRESS
    if luck < 0.28:
        return
    made.closed = made.verified + timedelta(
        hours=chance.randrange(1, 600), seconds=chance.randrange(2)
    )
    if luck < 0.36:
        made.state = State.REVOKED
        made.merged = "a" * 32 if luck < 0.31 else ""
        made.reason = "merged" if made.merged else ""
        return
    made.state = chance.choice(ANSWERS)
    if made.state is State.DENIED:
        made.reason = chance.choice(("not_identifiable", "identity_unverified", "no_ground"))
    made.receipt = chance.random() < 0.95
    made.letters = _letters(chance, made.closed)


def _letters(chance: random.Random, closed: datetime) -> list[tuple[str, datetime | None]]:
    later = closed + timedelta(hours=chance.randrange(100), seconds=chance.randrange(3_600))
    found: tuple[list[tuple[str, datetime | None]], ...] = (
        [],
        [("no_contact", None)],
        [("sent", later)],
        [("sent", closed + timedelta(seconds=20))],
        [("sent", closed + timedelta(seconds=20)), ("sent", later)],
        [("sent", later), ("failed", None)],
        [("refused", None)],
        [("unaddressed", None)],
        [("told", later)],
    )
    return chance.choice(found)


def fill(engine: Engine, all_of: list[Case]) -> None:
    """Write them into the register, with the entries that date them."""
    with transaction(engine) as session:
        audit.append_day(session, audit.Line("key_used", "system", {}), now=BEGUN)
        session.add_all(Staff(name=n, roles=r, created_at=BEGUN) for n, r in STAFF.items())
        for case in all_of:
            session.add_all(rows(case))
        session.flush()
        for case in all_of:
            request = session.get_one(Request, case.id)
            for event, at in _events(case):
                audit.append(session, request, [audit.Line(event, "system", {})], now=at)


def _events(case: Case) -> Iterator[tuple[str, datetime]]:
    yield "received", case.entered
    if case.verified:
        yield "verified", case.verified
    if case.closed:
        yield "ended", case.closed
        yield "package_purged", case.closed + timedelta(days=8)


def rows(case: Case) -> Iterator[Request | Notice | ReceiptRow]:
    yield Request(
        id=case.id,
        kind=case.kind,
        option=case.option,
        regimes=case.laws,
        state=case.state,
        channel=case.channel,
        requester_role=case.role,
        age_band=case.age,
        received_at=case.received,
        due_at=case.promised,
        promised_at=case.promised,
        verified_at=case.verified,
        closed_at=case.closed,
        reason=case.reason,
        merged_into=case.merged,
        follows=case.follows,
    )
    for state, sent in case.letters:
        assert case.closed is not None
        yield Notice(
            request_id=case.id, event="outcome", state=state, sent_at=sent, created_at=case.closed
        )
    if case.closed and case.receipt and case.state in ANSWERS[:2]:
        body = f'{{"request":"{case.id}"}}'
        yield ReceiptRow(
            request_id=case.id, body=body, key_id="s1", signature="", created_at=case.closed
        )
