"""
What lies on the desks of the office: letters that were left lying about, steps by hand, a message,
and a denial that waits for a second person. All of it comes by the services that make it elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import Wait
from rights.services import denial_proposals, messages, requests, subjects, submission
from rights.services.context import Context
from rights.services.denials import Said
from rights.services.intake import Submission
from rights.services.staff import staff_named
from rights.store.db import reading, transaction
from rights.store.models import Request
from workflows.demo.company.people import Company, Person
from workflows.demo.house.backend import REVIEWER

_LETTERS: Final = (34, 25, 19, 9, 2)
"""Since how many days the letters lie there; the oldest are late."""

_BY_HAND: Final = 3
_REASON: Final = "secrecy_by_law"
_PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Register:
    """Where the office works, and what it needs to."""

    engine: Engine
    context: Context
    backend_id: str


def happen(register: Register, company: Company, now: datetime) -> None:
    """Let all of it happen; wait for what it waits for, as far as that comes soon."""
    others = (one for one in company.people if not one.role and one.status == "active")
    letters = [_letter(register, next(others), now, days) for days in _LETTERS]
    asked = [_explained(register, next(others), now) for _ in range(_BY_HAND)]
    _until_waiting(register, [*letters, *asked])
    with transaction(register.engine) as session:
        request = requests.locked(session, asked[0])
        said = "How much did my last order count for this? 我的上一笔订单影响有多大？"
        messages.from_person(session, register.context, request, said, actor="subject", now=now)
    with transaction(register.engine) as session:
        request, staff = requests.locked(session, asked[1]), staff_named(session, REVIEWER)
        facts = "法律要求保密。The law asks for secrecy here."
        denied = Said(
            _REASON, facts, law="《反洗钱法》第七条 / Anti-Money Laundering Law 7", rank="law"
        )
        denial_proposals.propose(session, register.context, request, staff, denied, now=now)


def _letter(register: Register, person: Person, now: datetime, days: int) -> str:
    """Register a letter that came some days ago, of somebody whom staff made sure of."""
    arrived = {"received_at": now - timedelta(days=days), "channel": "letter"}
    return _asked(register, person, Kind.ACCOUNT_CANCELLATION, now, **arrived)


def _explained(register: Register, person: Person, now: datetime) -> str:
    option = Option.AUTOMATED_DECISION
    about = {"parameters": {"decision": "coupon_tier"}, "option": option}
    return _asked(register, person, Kind.EXPLANATION, now, **about)


def _asked(register: Register, person: Person, kind: Kind, now: datetime, **more: Any) -> str:
    context = register.context
    who = subjects.cleaned(context.datamap, {"user_id": str(person.id), "email": person.email})
    given: dict[str, Any] = {"option": default_option(kind), **more}
    new = Submission(
        kind=kind,
        identifiers=who,
        backend_id=register.backend_id,
        locale=person.locale,
        attested=frozenset(who),
        acr=Acr.REAL_NAME,
        level_cap=3,
        operator=True,
        notify=False,
        **given,
    )
    with transaction(register.engine) as session:
        request, _ = submission.take(session, context, new, now=now)
        return request.id


def _until_waiting(register: Register, ids: Sequence[str]) -> None:
    """Wait until workers have come as far as they come without staff."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and any(_moving(register, ids)):
        time.sleep(0.2)


def _moving(register: Register, ids: Sequence[str]) -> Iterator[bool]:
    with reading(register.engine) as session:
        for one in ids:
            found = session.get_one(Request, one)
            yield found.closed_at is None and found.wait == Wait.NONE
