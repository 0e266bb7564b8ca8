"""
The mail to staff about clocks: one for everything that is new, to each address of a role.

It has references, kinds and dates, and where each request's page is if it is known where the
console is; nothing about anybody. What could not be sent is sent later, to those who have not had
it.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import alerts
from rights.domain.errors import Refused, Transient
from rights.logs import get
from rights.services import clocks
from rights.services.context import Context
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from rights.store.models import Request, RequestClock
from workflows.notices.letter import Block, Letter, bullets, heading, paragraph
from workflows.notices.mail import Down, Mail, Outgoing, message
from workflows.notices.words import Words, words

MOST: Final = 50
"""Requests that one mail names; of more it says how many."""

Done = set[tuple[str, str, int, bool]]
"""Addresses that had, or never will take, what is told of a request: its stage, its idleness."""


@dataclass(frozen=True, slots=True)
class News:
    """One request of whose clock staff have not been written yet."""

    request: Request
    stage: int
    idle: bool

    def to(self, address: str) -> tuple[str, str, int, bool]:
        """Return what stands for this and one address among what is done."""
        return (address, self.request.id, self.stage, self.idle)


def send(register: Engine, context: Context, now: Callable[[], datetime], done: Done) -> int:
    """
    Write to every address what its role has not been told; return how many mails went out.

    A mail that one address refuses for good is not tried again. One that is put off is tried at
    the next look, and only then is it written down as told.

    Args:
        done: What this process has sent of what still waits for another address, so that nobody
            is written to twice; kept from look to look and changed here.
    """
    if not context.settings.alert_mail:
        return 0
    with reading(register) as session:
        news = [*_news(session)]
    if not news:
        return 0
    sent, waiting = _write(context, news, done, now())
    with transaction(register) as session:
        _told(session, [one for one in news if one.request.id not in waiting])
    again = [one for one in news if one.request.id in waiting]
    done.intersection_update({o.to(at) for o in again for _, at in _addresses(context.settings)})
    return sent


def _news(session: Session) -> Iterator[News]:
    for clock in clocks.unmailed(session):
        request = session.get(Request, clock.request_id)
        if request is not None:
            stage = clock.stage if clock.stage > clock.mailed else 0
            session.expunge(request)
            yield News(request, stage, not clock.idle_mailed)


def _write(
    context: Context, news: Sequence[News], done: Done, now: datetime
) -> tuple[int, set[str]]:
    """Write to everybody who is due; return how many took it, and which requests still wait."""
    sent, waiting = 0, set[str]()
    with Outgoing(context.settings) as server:
        for role, address in _addresses(context.settings):
            first = context.settings.alerted_from(role)
            mine = [o for o in news if _for(role, first, o) and o.to(address) not in done]
            if not mine:
                continue
            try:
                server.send(_mail(context, mine, address, now))
                sent += 1
            except Refused:
                get().error("alerts.refused", role=role)
            except Transient as error:
                get().warning("alerts.waits", role=role, error=error.code)
                if isinstance(error, Down):  # nobody else would be reached either
                    return sent, {one.request.id for one in news}
                waiting.update(one.request.id for one in mine)
                continue
            done.update(one.to(address) for one in mine)
    return sent, waiting


def _mail(context: Context, news: Sequence[News], address: str, now: datetime) -> Mail:
    """Return the mail to one address. Raises Refused: it is no address."""
    return message(
        _letter(context, news),
        settings=context.settings,
        to=address,
        reply_to="",
        notice_id=new_id(),
        now=now,
    )


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    for one in settings.alert_mail:
        role, _, address = one.partition("=")
        yield role, address


def _for(role: str, first: int, one: News) -> bool:
    return one.stage >= first or (one.idle and role != "dpo")


def _told(session: Session, news: Sequence[News]) -> None:
    for one in news:
        clock = session.get(RequestClock, one.request.id, with_for_update=True)
        if clock is not None:
            clock.mailed = max(clock.mailed, one.stage)
            clock.idle_mailed = clock.idle_mailed or one.idle


def _letter(context: Context, news: Sequence[News]) -> Letter:
    say = words(context.settings.staff_locale)
    late = [one for one in news if one.stage == alerts.LATE]
    soon = [one for one in news if 0 < one.stage < alerts.LATE]
    idle = [one for one in news if one.idle]
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    blocks = (
        paragraph(say.say("alerts", "opening")),
        *_part(context, say, "late", late),
        *_part(context, say, "soon", soon),
        *_part(context, say, "idle", idle),
        paragraph(say.say("alerts", "closing")),
    )
    return Letter(
        subject=say.say("alerts", "subject", late=len(late), soon=len(soon), idle=len(idle)),
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=blocks,
    )


def _part(context: Context, say: Words, name: str, news: Sequence[News]) -> Iterator[Block]:
    if not news:
        return
    ordered = sorted(news, key=lambda one: (one.request.promised_at, one.request.id))
    yield heading(say.say("alerts", name, count=len(news)))
    yield bullets(_line(context, say, one.request) for one in ordered[:MOST])
    if len(news) > MOST:
        yield paragraph(say.say("alerts", "more", count=len(news) - MOST))


def _line(context: Context, say: Words, request: Request) -> str:
    zone = context.regimes[request.regimes[0]].counting.zone
    asked = say.say("asked", str(request.kind), str(request.option))
    day = say.day(request.promised_at.astimezone(zone).date())
    line = say.say("alerts", "line", reference=request.id, asked=asked, day=day)
    console = context.settings.console_url
    return f"{line} {console}/console/requests/{request.id}" if console else line
