"""
The mail to staff about a year whose working days are not loaded: one for each, to every address.

Source: Measures on National Holidays (2024) 6-7.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from rights.services import provisional
from rights.services.context import Context
from rights.store.db import reading, transaction
from rights.store.models import ScheduleWarning
from workflows.notices.letter import Letter, paragraph
from workflows.notices.to_staff import Round
from workflows.notices.words import words

Missing = tuple[str, int]
Done = dict[tuple[str, Missing], bool]
"""Addresses that were written to of what still waits, and whether they took it."""


def send(register: Engine, context: Context, now: Callable[[], datetime], done: Done) -> int:
    """
    Write to everybody who is told of clocks; what one address puts off is sent it later.

    A warning that nobody took stays open, and is sent again when the relay has begun anew.
    """
    addresses = [*dict.fromkeys(each.partition("=")[2] for each in context.settings.alert_mail)]
    if not addresses:
        return 0
    with reading(register) as session:
        waiting = provisional.unmailed(session, context, now())
    about: Round[Missing] = Round(
        context,
        "schedule",
        to=lambda _: addresses,
        letter=lambda missing: _letter(context, *missing),
        told=lambda missing: _told(register, *missing),
        done=done,
    )
    return about.send(waiting, now())


def _told(register: Engine, place: str, year: int) -> None:
    with transaction(register) as session:
        row = session.get(ScheduleWarning, (place, year), with_for_update=True)
        if row is not None:
            row.mailed = True


def _letter(context: Context, place: str, year: int) -> Letter:
    say = words(context.settings.staff_locale)
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    return Letter(
        subject=say.say("schedule", "subject", year=year),
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=(paragraph(say.say("schedule", "opening", year=year, place=place)),),
    )
