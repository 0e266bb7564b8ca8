"""
The mail to staff about clocks: one for everything that is new, to each address of a role.

It has references, kinds and dates, and where each request's page is if it is known where the
console is; nothing about anybody. What could not be sent is sent later, to those who have not had
it.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from rights.domain import alerts
from rights.domain.errors import Refused, Transient
from rights.logs import get
from rights.services import alarms
from rights.services.context import Context
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from workflows.notices import alert_news
from workflows.notices.alert_news import News
from workflows.notices.letter import Block, Letter, bullets, heading, paragraph
from workflows.notices.mail import Down, Mail, Outgoing, message
from workflows.notices.words import Words, words

MOST: Final = 50
"""Requests that one mail names; of more it says how many."""

Done = set[tuple[str, str, str, int]]
"""Addresses that had, or never will take, what is told: what it is about, what of it, its stage."""

_PARTS: Final = (
    "late",
    "soon",
    alarms.TARGET,
    alarms.ACKNOWLEDGEMENT,
    "unconfirmed",
    alarms.APPEAL,
    alarms.COMPLAINT,
    alert_news.IDLE,
)
"""The headings of the mail, the most urgent first."""


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
        news = alert_news.read(session)
    if not news:
        return 0
    sent, waiting = _write(context, news, done, now())
    with transaction(register) as session:
        alert_news.told(session, [one for one in news if one.about not in waiting])
    again = [one for one in news if one.about in waiting]
    done.intersection_update({o.to(at) for o in again for _, at in _addresses(context.settings)})
    return sent


def _write(
    context: Context, news: Sequence[News], done: Done, now: datetime
) -> tuple[int, set[str]]:
    """Write to everybody who is due; return how many took it, and what still waits."""
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
                    return sent, {one.about for one in news}
                waiting.update(one.about for one in mine)
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
        if role in alerts.ROLES:
            yield role, address


def _for(role: str, first: int, one: News) -> bool:
    return role != "dpo" if one.what == alert_news.IDLE else one.stage >= first


def _letter(context: Context, news: Sequence[News]) -> Letter:
    say = words(context.settings.staff_locale)
    parts = {name: [one for one in news if one.part == name] for name in _PARTS}
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    blocks = [block for name, mine in parts.items() for block in _part(context, say, name, mine)]
    counts = {name: len(parts[name]) for name in ("late", "soon", "idle")}
    more = len(news) - sum(counts.values())
    return Letter(
        subject=say.say("alerts", "subject", more=more, **counts),
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=(
            paragraph(say.say("alerts", "opening")),
            *blocks,
            paragraph(say.say("alerts", "closing")),
        ),
    )


def _part(context: Context, say: Words, name: str, news: Sequence[News]) -> Iterator[Block]:
    if not news:
        return
    ordered = sorted(news, key=lambda one: (one.ends_at, one.about))
    yield heading(say.say("alerts", name, count=len(news)))
    yield bullets(_line(context, say, one) for one in ordered[:MOST])
    if len(news) > MOST:
        yield paragraph(say.say("alerts", "more", count=len(news) - MOST))


def _line(context: Context, say: Words, one: News) -> str:
    known = [context.regimes[law] for law in one.regimes if law in context.regimes]
    zone = known[0].counting.zone if known else UTC
    request, day = one.request, say.day(one.ends_at.astimezone(zone).date())
    asked = say.say("asked", str(request.kind), str(request.option)) if request else one.what
    kind = {"clock": "line", "idle": "line", "target": "line"}.get(one.what, f"{one.what}_line")
    line = say.say("alerts", kind, reference=one.about, asked=asked, day=day)
    if one.because:
        line = say.say("alerts", "because", line=line, why=say.say("alerts", "idle_" + one.because))
    return f"{line} {link}" if (link := _link(context, one)) else line


def _link(context: Context, one: News) -> str:
    """Return where the page of it is; empty where it is not known where the console is."""
    console = context.settings.console_url
    if not console:
        return ""
    place = f"requests/{one.request.id}" if one.request else f"complaints/{one.about}"
    return f"{console}/console/{place}"
