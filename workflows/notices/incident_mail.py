"""
The mail to staff about clocks of security incidents: one for everything new, to every address.

Everybody who is told of clocks of requests is told of each stage: there is less time than there
are hours to pass it on. It has codes, dates and a reference; nothing about anybody.

Source: NDSR 10; PIPL 57.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Engine

from rights.domain import alerts
from rights.domain.errors import Refused, Transient
from rights.logs import get
from rights.services.context import Context
from rights.services.security_incidents import facts, watching
from rights.services.security_incidents.watching import Pair
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from rights.store.models import IncidentClock
from workflows.notices.letter import Letter, bullets, paragraph
from workflows.notices.mail import Outgoing, message
from workflows.notices.words import Words, words

Key = tuple[str, str, str, int]
Done = set[Key]
"""Addresses that had, or never will take, a stage that still waits for another address."""


def watch(register: Engine, now: Callable[[], datetime]) -> int:
    """Write down every stage of a clock that was reached; return how many became late."""
    with transaction(register) as session:
        late = watching.look(session, now())
    for incident, clock in late:
        get().error("incident.late", incident_id=incident.id, clock=clock.name)
    return len(late)


def send(register: Engine, context: Context, now: Callable[[], datetime], done: Done) -> int:
    """Write to every address what it has not been told; return how many mails went out."""
    to = [*dict.fromkeys(each.partition("=")[2] for each in context.settings.alert_mail)]
    if not to:
        return 0
    with reading(register) as session:
        letters = watching.unmailed(session)
    sent = sum(_told(register, context, to, news, done, now()) for news in letters)
    waiting = {_key(address, pair) for address in to for news in letters for pair in news}
    done.intersection_update(waiting)
    return sent


def _told(
    register: Engine,
    context: Context,
    to: Sequence[str],
    news: Sequence[Pair],
    done: Done,
    now: datetime,
) -> int:
    """Write one letter to every address, and note what all of them had by now."""
    sent = _write(context, to, news, done, now)
    told = [pair for pair in news if all(_key(address, pair) in done for address in to)]
    with transaction(register) as session:
        for incident, clock in told:
            row = session.get(IncidentClock, (incident.id, clock.name), with_for_update=True)
            if row is not None:
                row.mailed = max(row.mailed, clock.stage)
    done.difference_update(_key(address, pair) for address in to for pair in told)
    return sent


def _key(address: str, pair: Pair) -> Key:
    incident, clock = pair
    return address, incident.id, clock.name, clock.stage


def _write(
    context: Context, to: Sequence[str], news: Sequence[Pair], done: Done, now: datetime
) -> int:
    sent = 0
    with Outgoing(context.settings) as server:
        for address in to:
            mine = [pair for pair in news if _key(address, pair) not in done]
            if not mine:
                continue
            letter, number = _letter(context, mine), new_id()
            try:
                server.send(
                    message(
                        letter,
                        settings=context.settings,
                        to=address,
                        reply_to="",
                        notice_id=number,
                        now=now,
                    )
                )
                sent += 1
            except Refused:
                get().error("alerts.refused", role="incident")
            except Transient as error:
                get().warning("alerts.waits", role="incident", error=error.code)
                continue
            done.update(_key(address, pair) for pair in mine)
    return sent


def _letter(context: Context, news: Sequence[Pair]) -> Letter:
    say = words(context.settings.staff_locale)
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    late = sum(clock.stage == alerts.LATE for _, clock in news)
    return Letter(
        subject=say.say("incident_alerts", "subject", count=len(news), late=late),
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=(
            paragraph(say.say("incident_alerts", "opening")),
            bullets(_lines(context, say, news)),
            paragraph(say.say("incident_alerts", "closing")),
        ),
    )


def _lines(context: Context, say: Words, news: Sequence[Pair]) -> Iterator[str]:
    zone = context.regimes[context.settings.default_regimes[0]].counting.zone
    for incident, clock in news:
        known = facts.clock(clock.name)
        line = say.say(
            "incident_alerts",
            "drill" if incident.drill else "line",
            incident=incident.id,
            title=say.either(known["title"]),
            to=say.either(known["to"]),
            until=say.moment(clock.due_at, zone),
        )
        console = context.settings.console_url
        yield f"{line} {console}/console/incidents/{incident.id}" if console else line
