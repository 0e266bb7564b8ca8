"""
The mail to staff that the audit trail does not hold, or that a check of it came to no end.

It goes to auditors and administrators.

It names chains, numbers and checkpoints, nothing about anybody.

Source: PIPL 51, 69; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from rights.domain.alerts import OF_THE_TRAIL
from rights.services import trail_checks
from rights.services.context import Context
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.models import TrailCheck
from workflows.notices.letter import Letter, bullets, paragraph
from workflows.notices.to_staff import Round
from workflows.notices.words import words

Done = dict[tuple[str, int], bool]
"""Addresses that were written to of a check that still waits, and whether they took it."""


def send(register: Engine, context: Context, now: Callable[[], datetime], done: Done) -> int:
    """Write to everybody who is told; what one address puts off is sent it later."""
    addresses = _addresses(context.settings)
    if not addresses:
        return 0
    with reading(register) as session:
        waiting = trail_checks.unmailed(session)
    about: Round[int] = Round(
        context,
        "trail",
        to=lambda _: addresses,
        letter=lambda number: _letter(register, context, number),
        told=lambda number: _told(register, number),
        done=done,
    )
    return about.send(waiting, now())


def _addresses(settings: Settings) -> Sequence[str]:
    """Return whom auditors' and administrators' mail goes to; where there is none, everybody."""
    said = [each.partition("=") for each in settings.alert_mail]
    theirs = [address for role, _, address in said if role in OF_THE_TRAIL]
    return [*dict.fromkeys(theirs or [address for _, _, address in said])]


def _told(register: Engine, number: int) -> None:
    with transaction(register) as session:
        row = session.get(TrailCheck, number, with_for_update=True)
        if row is not None:
            row.mailed = True


def _letter(register: Engine, context: Context, number: int) -> Letter:
    say = words(context.settings.staff_locale)
    with reading(register) as session:
        row = session.get_one(TrailCheck, number)
        outcome, count, first = row.outcome, row.problems, tuple(row.first_problems)
        at = row.ended_at or row.begun_at
    controller = context.datamap.controller.get("name", {})
    company = say.either(controller) if controller else ""
    zone = context.regimes[context.settings.default_regimes[0]].counting.zone
    moment = say.moment(at, zone)
    broken = outcome == trail_checks.BROKEN
    subject = say.say("trail", "subject", count=count) if broken else say.say("trail", "unknown")
    return Letter(
        subject=subject,
        sender=say.say("from", company=company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=(
            (
                paragraph(say.say("trail", "opening", moment=moment, count=count)),
                bullets(first),
                paragraph(say.say("trail", "closing")),
            )
            if broken
            else (paragraph(say.say("trail", outcome, moment=moment)),)
        ),
    )
