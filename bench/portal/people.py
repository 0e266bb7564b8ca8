"""A register as it is after some months: other people's requests, and visitors with their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlmodel import Session

from bench.portal import answers
from bench.queue import Desk
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import Event, Wait
from rights.services import (
    audit,
    backends,
    consents,
    intake,
    notes,
    portal,
    preferences,
    requests,
    subjects,
)
from rights.services.context import Context
from rights.services.intake import Submission
from rights.store.db import transaction
from rights.store.models import Package, ReceiptRow, Request

_TOGETHER = 100
"""People whose requests are written in one transaction."""
_STEPS = 12
_MOST_EVENTS = 60
"""The page of a request shows no more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    Somebody who is going to use the portal.

    Args:
        token: Opens a session.
        requests: References of this person's own requests.
        going: One of them that is being worked on.
        held, foreseen, values: Answered questions about what there is, what an erasure would do,
            and what the person's own record says.
        switches: What this person can switch off.
    """

    token: str = field(repr=False)
    requests: tuple[str, ...]
    going: str
    held: str
    foreseen: str
    values: str
    switches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """A request in one of the states a person can find one in."""

    kind: Kind
    ending: str
    package: bool = False
    acr: Acr = Acr.MFA
    option: Option | None = None


_GOING = _Case(Kind.RESTRICTION, "working")
_CASES = (
    _GOING,
    _Case(Kind.ACCESS, "answered", package=True),
    _Case(Kind.DELETION, "to be proved", acr=Acr.SESSION),
    _Case(Kind.CORRECTION, "lacking"),
    _Case(Kind.EXPLANATION, "denied"),
    _Case(Kind.COPY, "answered", package=True),
    _Case(Kind.CONSENT_WITHDRAWAL, "answered"),
    _Case(Kind.ACCOUNT_CANCELLATION, "answered in part"),
    _Case(Kind.ACCESS, "answered", option=Option.RECIPIENTS),
    _Case(Kind.RECOMMENDATION_OPT_OUT, "working", option=Option.TAGS_LIST),
)
_FEWEST = 5
_ANSWERS = {"counts": answers.counts, "foreseen": answers.foreseen, "values": answers.values}


class Register:
    """
    Fills a register.

    Args:
        desk: Where it is.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context: Context = desk.context
        self._now = desk.now()
        self._count = 0
        with transaction(desk.engine) as session:
            made = backends.add(session, "shop", now=self._now, level_cap=3)
            self._backend_id = made.id

    def others(self, count: int) -> None:
        """Add *count* people who are not here now, with one request each."""
        while count > 0:
            with transaction(self._desk.engine) as session:
                for _ in range(min(count, _TOGETHER)):
                    who, case = self._somebody(), _CASES[self._count % len(_CASES)]
                    self._asked(session, who, case, timedelta(minutes=self._count))
            count -= _TOGETHER

    def visitors(self, count: int) -> list[Visitor]:
        """Add *count* people with five to ten requests each, who are about to come."""
        with transaction(self._desk.engine) as session:
            return [self._visitor(session, _CASES[: _FEWEST + n % 6]) for n in range(count)]

    def everything(self) -> Visitor:
        """Add somebody whose newest request has on its page whatever a page can have."""
        with transaction(self._desk.engine) as session:
            made = self._visitor(session, _CASES)
            full = session.get_one(Request, made.requests[_CASES.index(_CASES[1])])
            lines = [audit.Line("rechecked", "system", {})] * _MOST_EVENTS
            audit.append(session, full, lines, now=self._now)
            session.add(self._package(full.id, self._now))
            notes.keep(
                session, self._context.vault, full.id, notes.ANSWER, "A" * 500, now=self._now
            )
            return made

    def _somebody(self) -> dict[str, str]:
        self._count += 1
        given = {"user_id": f"u-{self._count}", "email": f"p{self._count}@example.com"}
        return subjects.cleaned(self._context.datamap, given)

    def _visitor(self, session: Session, cases: tuple[_Case, ...]) -> Visitor:
        who = self._somebody()
        made = [self._asked(session, who, case, timedelta(days=n)) for n, case in enumerate(cases)]
        for purpose in ("marketing", "research", "training"):
            self._agreed(session, who, purpose)
        person = portal.Person(self._backend_id, who, frozenset(who), Acr.MFA)
        token, _ = portal.issue(self._context, person, now=self._desk.now())
        return Visitor(
            token,
            tuple(made),
            made[cases.index(_GOING)],
            held=self._answer(session, who, "counts"),
            foreseen=self._answer(session, who, "foreseen"),
            values=self._answer(session, who, "values"),
            switches=preferences.names(self._context),
        )

    def _agreed(self, session: Session, who: Mapping[str, str], purpose: str) -> None:
        consents.record(
            session,
            self._context,
            self._backend_id,
            who,
            purpose=purpose,
            manner="express",
            rule_version="v1",
            source="settings",
            now=self._now - timedelta(days=40),
        )

    def _asked(self, session: Session, who: Mapping[str, str], case: _Case, ago: timedelta) -> str:
        at = self._now - ago
        new = Submission(
            kind=case.kind,
            option=case.option or default_option(case.kind),
            identifiers=who,
            backend_id=self._backend_id,
            values={"text": "my name is wrong"} if case.ending == "lacking" else {},
            locale="en",
            channel="portal",
            attested=frozenset(who),
            acr=case.acr,
            level_cap=3,
        )
        request, _ = intake.submit(session, self._context, new, now=at)
        self._go_on(session, request, case, at)
        return request.id

    def _go_on(self, session: Session, request: Request, case: _Case, at: datetime) -> None:
        if case.ending == "to be proved":
            return
        if case.ending == "lacking":
            requests.record(session, request, Event.HELD, actor="system", now=at)
            request.wait = Wait.NEEDS_INFO
            return
        if case.ending == "denied":
            request.reason = "no_ground"
            requests.record(session, request, Event.DENIED, actor="staff:1", now=at)
            return
        steps = [audit.Line("step_done", "system", {})] * _STEPS
        audit.append(session, request, steps, now=at)
        if case.ending == "working":
            return
        event = Event.COMPLETED if case.ending == "answered" else Event.PARTLY_COMPLETED
        requests.record(session, request, event, actor="system", now=at)
        session.add(self._receipt(request.id, at))
        if case.package:
            session.add(self._package(request.id, at))

    def _receipt(self, request_id: str, at: datetime) -> ReceiptRow:
        body = orjson.dumps(answers.outcome(self._context.datamap)).decode()
        return ReceiptRow(
            request_id=request_id, body=body, key_id="s1", signature="c2ln", created_at=at
        )

    def _package(self, request_id: str, at: datetime) -> Package:
        return Package(
            request_id=request_id,
            state="ready",
            size=120_000,
            sealed_size=120_100,
            complete=False,
            created_at=at,
            expires_at=self._now + timedelta(days=7),
        )

    def _answer(self, session: Session, who: Mapping[str, str], question: str) -> str:
        said = _ANSWERS[question](self._context.datamap)
        now, backend_id = self._desk.now(), self._backend_id
        return answers.keep(session, self._context, backend_id, who, question, said, now=now)
