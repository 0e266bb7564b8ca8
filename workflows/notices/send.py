"""
Send the notices that are due.

At least once: a notice is claimed for a while, sent, and then marked, so whoever dies in
between costs time and at worst a repeat with the same ``Message-ID``. A mail server that is
down delays mails, and nothing else but what counts from the day on which it was told: more time.

Source: NDSR 23 and PIPL 50 (the person is told in time); audit guide item 17.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights import metrics
from rights.domain.errors import ConfigError, NotFound, Refused, Transient
from rights.logs import get
from rights.services import (
    acknowledging,
    audit,
    contact_warnings,
    extensions,
    letters_read,
    requests,
    warnings_due,
)
from rights.services.contacts import Way
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.keys import Tampered
from rights.store.models import Challenge, Notice
from workflows.notices.compose import compose
from workflows.notices.facts import Known, Unsendable, gather, known
from workflows.notices.kept import kept
from workflows.notices.mail import Down, Mail, Outgoing, message
from workflows.notices.remind import remind
from workflows.notices.short import short
from workflows.notices.sms import HttpProvider, Provider
from workflows.notices.told import Told

__all__ = ["ATTEMPTS", "LEASE", "remind", "send_due"]

LEASE: Final = timedelta(minutes=3)
TURN: Final = timedelta(minutes=2)
"""How long one call goes on sending; below the lease by more than one timeout."""
ATTEMPTS: Final = 30
"""Tries before a notice is given up: about two days with the pauses of the settings."""
TEXTS: Final = timedelta(seconds=20)
"""How long of that text messages may take: behind a slow provider mails would wait."""
_TOGETHER: Final = 20
"""Notices marked in one transaction: what a crash repeats at most."""


@dataclass(frozen=True, slots=True)
class _Result:
    """
    What came of one notice.

    Args:
        state: ``sent``; ``waiting`` to try again; ``untried``; or an end: ``no_contact``,
            ``stale``, ``refused``.
        text: What is kept of one that went out.
    """

    notice: Notice
    state: str
    challenge_id: str = ""
    text: str = field(default="", repr=False)


def send_due(
    register: Engine, context: Context, now: Callable[[], datetime], *, limit: int = 100
) -> int:
    """Send up to *limit* notices whose time has come; return how many were sent."""
    due = _due(now())
    with reading(register) as session:
        if session.exec(due.limit(1)).first() is None:
            return 0
    with transaction(register) as session:
        notices = _claim(session, now(), limit)
        about = known(session, notices)
        found = [(notice, _gathered(session, context, notice, about, now())) for notice in notices]
    found.sort(key=lambda one: isinstance(one[1], Told) and one[1].way is Way.SMS)  # mails first
    ends_at = now() + TURN
    done: list[_Result] = []
    sent = taken = 0
    try:
        for result in _sent(context, found, now, ends_at):
            done.append(result)
            taken += 1
            sent += result.state == "sent"
            if len(done) >= _TOGETHER:
                _write(register, context, done, now())
                done = []
    finally:
        # If one of them broke us, those behind it do not wait for it.
        behind = [_Result(notice, "untried") for notice, _ in found[taken + 1 :]]
        _write(register, context, [*done, *behind], now())
    return sent


def _due(now: datetime) -> Any:
    return select(Notice.id).where(Notice.state == "waiting", col(Notice.next_at) <= now)


def _claim(session: Session, now: datetime, limit: int) -> Sequence[Notice]:
    """Take due notices for a while; nobody else sees them as due until then."""
    oldest = _due(now).order_by(col(Notice.next_at), col(Notice.id)).limit(limit)
    picked = oldest.with_for_update(skip_locked=True).subquery()
    taken = (
        update(Notice)
        .where(
            col(Notice.id).in_(sql_select(picked.c.id)),
            col(Notice.state) == "waiting",
            col(Notice.next_at) <= now,
        )
        .values(next_at=now + LEASE)
        .returning(col(Notice.id))
    )
    ids = list(session.connection().execute(taken).scalars())
    query = select(Notice).where(col(Notice.id).in_(ids))
    return session.exec(query.order_by(col(Notice.created_at), col(Notice.id))).all()


def _gathered(
    session: Session, context: Context, notice: Notice, about: Known, now: datetime
) -> Told | Unsendable:
    try:
        return gather(session, context, notice, about, now)
    except (Tampered, ConfigError) as error:
        get().error("notice.unreadable", notice_id=notice.id, code=error.code)
        return Unsendable("waiting")


def _sent(
    context: Context,
    found: Sequence[tuple[Notice, Told | Unsendable]],
    now: Callable[[], datetime],
    ends_at: datetime,
) -> Iterator[_Result]:
    """Send one after another; what goes a way that is down waits, and all once time is up."""
    down: set[Way] = set()
    over, texts_end = False, None
    with Outgoing(context.settings) as server, HttpProvider(context.settings) as provider:
        for notice, facts in found:
            if isinstance(facts, Unsendable):
                yield _Result(notice, facts.state)
                continue
            if facts.way is Way.SMS and texts_end is None:
                texts_end = min(ends_at, now() + TEXTS)
            over = over or (facts.way not in down and now() > (texts_end or ends_at))
            if over or facts.way in down:
                state = "waiting" if facts.way in down else "untried"
                yield _Result(notice, state, facts.challenge_id)
                continue
            if facts.not_after and now() > facts.not_after:
                yield _Result(notice, "stale", facts.challenge_id)
                continue
            state = _send(server, provider, context, facts, now())
            if state == "down":
                down.add(facts.way)
                state = "waiting"
            yield _Result(notice, state, facts.challenge_id, kept(facts) if state == "sent" else "")


def _send(
    server: Outgoing, provider: Provider, context: Context, facts: Told, now: datetime
) -> str:
    """Return what came of sending one."""
    try:
        if facts.way is Way.SMS:
            provider.send(short(facts))
        else:
            server.send(_mail(context, facts, now))
    except Down as error:
        get().warning(error.code.replace("_", ".", 1), code=error.code)
        return "down"
    except Transient:
        return "waiting"
    except Refused:
        return "refused"
    return "sent"


def _mail(context: Context, facts: Told, now: datetime) -> Mail:
    return message(
        compose(facts),
        settings=context.settings,
        to=facts.address,
        reply_to=facts.contact,
        notice_id=facts.notice_id,
        now=now,
    )


def _write(register: Engine, context: Context, results: Sequence[_Result], now: datetime) -> None:
    if not results:
        return
    states = {result.notice.id: result for result in results}
    query = select(Notice).where(col(Notice.id).in_(states), Notice.state == "waiting")
    with transaction(register) as session:
        marked = session.exec(query.order_by(col(Notice.id)).with_for_update()).all()
        for notice in marked:
            _mark(session, context, notice, states[notice.id], now)
        told = [n for n in marked if n.event == extensions.EVENT and n.state != "waiting"]
        for notice in sorted(told, key=lambda one: one.request_id):  # as everybody locks requests
            extensions.settle(session, context, notice, now)
        acknowledging.went_out(session, [n for n in marked if n.state == "sent"], now)
    for notice in marked:
        untried = states[notice.id].state == "untried"
        metrics.count("rights_notices_total", outcome="untried" if untried else notice.state)


def _mark(
    session: Session, context: Context, notice: Notice, result: _Result, now: datetime
) -> None:
    if result.state == "untried":
        notice.next_at = now
        return
    notice.attempts += 1
    if result.state == "waiting":
        _later(session, context, notice, now)
        return
    notice.state, notice.next_at = result.state, None
    if result.state == "sent":
        notice.sent_at = now
        if result.text:
            letters_read.keep(session, context, notice, result.text, now=now)
        challenge = session.get(Challenge, result.challenge_id) if result.challenge_id else None
        if challenge is not None and challenge.sent_at is None:
            challenge.sent_at = now
    elif result.state == "refused":
        _give_up(session, notice, "notice_refused", now)
    _forget(session, notice)


def _later(session: Session, context: Context, notice: Notice, now: datetime) -> None:
    """Try again after a pause; tell the operator when that has gone on for long."""
    if notice.attempts >= ATTEMPTS:
        notice.state, notice.next_at = "failed", None
        _give_up(session, notice, "notice_failed", now)
        _forget(session, notice)
        return
    pauses = context.settings.backoff_s
    pause = pauses[min(notice.attempts, len(pauses)) - 1]
    notice.next_at = now + timedelta(seconds=pause)
    if notice.attempts == len(pauses):
        about = {"notice_id": notice.id, "request_id": notice.request_id}
        get().error("notice.late", **about, attempts=notice.attempts)


def _forget(session: Session, notice: Notice) -> None:
    """An address of a contact on file is kept no longer than its mail waits."""
    if notice.event in warnings_due.EVENTS:
        contact_warnings.forget(session, notice.identifier_id)


def _give_up(session: Session, notice: Notice, event: str, now: datetime) -> None:
    """Say so where staff and auditors look."""
    about = {"notice_id": notice.id, "request_id": notice.request_id}
    # A mistyped address is the person's to mend; a mail that could not be sent is ours.
    tell = get().warning if notice.state == "refused" else get().error
    tell(event.replace("_", ".", 1), **about, attempts=notice.attempts)
    data = {"notice": notice.id, "event": notice.event, "attempts": notice.attempts}
    try:
        request = requests.locked(session, notice.request_id)
    except NotFound:
        return  # purged meanwhile: there is no chain left to write to
    audit.append(session, request, [audit.Line(event, "system", data)], now=now)
