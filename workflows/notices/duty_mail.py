"""
The mail to staff about a duty of the organisation that falls due soon or is overdue.

It goes to the addresses of its owner's role, and to all of them where that role has none.

Source: NDSR 33, 44; audit measures (2025) 4.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import Engine

from rights.domain.terms import Standing
from rights.logs import get
from rights.services.context import Context
from rights.services.organisation import calendar
from rights.services.organisation.duty_catalogue import catalogue
from rights.store.db import reading, transaction
from workflows.notices.letter import Letter, paragraph
from workflows.notices.to_staff import Round
from workflows.notices.words import words

Told = tuple[str, date, str]
"""A duty, the day on which it is due, and how that day stands."""

Done = dict[tuple[str, Told], bool]
"""Addresses that were written to of what still waits, and whether they took it."""


def watch(register: Engine, context: Context, now: Callable[[], datetime]) -> int:
    """Write down what falls due soon and what is overdue, once for each; return how many."""
    if context.profile is None:
        return 0
    with transaction(register) as session:
        fresh = calendar.warn(session, context, now())
    for term, standing in fresh:
        tell = get().error if standing is Standing.OVERDUE else get().warning
        tell(f"duty.{standing}", duty=term.duty.code, due=term.due.isoformat())
    return len(fresh)


def send(register: Engine, context: Context, now: Callable[[], datetime], done: Done) -> int:
    """Write to those who see to it; what one address puts off is sent it later."""
    if not context.settings.alert_mail or context.profile is None:
        return 0
    with reading(register) as session:
        found = calendar.unmailed(session, context, now())
    waiting: list[Told] = [(term.duty.code, term.due, str(standing)) for term, standing in found]
    about: Round[Told] = Round(
        context,
        "duty",
        to=lambda told: _addresses(context, catalogue()[told[0]].owner),
        letter=lambda told: _letter(context, *told),
        told=lambda told: _told(register, *told[:2]),
        done=done,
    )
    return about.send(waiting, now())


def _addresses(context: Context, owner: str) -> list[str]:
    said = [each.partition("=") for each in context.settings.alert_mail]
    own = [address for role, _, address in said if role == owner]
    return [*dict.fromkeys(own or [address for _, _, address in said])]


def _told(register: Engine, code: str, due: date) -> None:
    with transaction(register) as session:
        calendar.mailed(session, code, due)


def _letter(context: Context, code: str, due: date, standing: str) -> Letter:
    say, duty = words(context.settings.staff_locale), catalogue()[code]
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    told = {"title": say.either(duty.title), "law": say.either(duty.citation), "due": say.day(due)}
    return Letter(
        subject=say.say("duty", standing, **told),
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=(paragraph(say.say("duty", "opening", **told)),),
    )
