"""
Whether, and how long, somebody may choose to wait before their account is cancelled.

The shortest room counts: of every regime of the request and of the product it comes from, of what
the deployment offers, and of the promised date. Without a choice nothing waits.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain import cooling
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import WAIT_DAYS
from rights.domain.regime import CoolingOff
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.regimes import promise
from rights.store.models import Backend

_FIELD: Final = f"parameters.{WAIT_DAYS}"


def most(
    context: Context, kind: Kind, option: Option, regimes: Iterable[str], received_at: datetime
) -> int:
    """
    Return how many days somebody may choose to wait; 0 where a regime leaves no room.

    Args:
        regimes: All that count: of the request, and of the product it comes from.
    """
    if kind is not Kind.ACCOUNT_CANCELLATION:
        return 0
    names = (*dict.fromkeys(regimes),)
    promised = promise(kind, option, names, received_at, book=context.regimes)
    limits = [_days(clock.duties.cooling_off) for clock in promised.clocks]
    return cooling.most([*limits, context.policy.pause_days], received_at, promised.promised_at)


def _days(said: CoolingOff | None) -> int:
    """Return what a regime leaves; one that says nothing of it leaves nothing."""
    return said.period.count if said is not None else 0


def check(session: Session, context: Context, new: Submission, now: datetime) -> None:
    """
    Make sure that whoever asks may choose to wait, and for so long.

    Raises:
        Invalid: it is longer than the strictest regime leaves room for, or would reach past the
            promised date; or nobody vouches that it is the person who chose it.
    """
    days = new.parameters.get(WAIT_DAYS)
    if days is None:
        return
    if new.operator or (new.channel == "api" and not new.attested):
        message = "only the person chooses to wait: with an assertion, a portal token or the portal"
        raise Invalid("nobody vouches for who chose this", [FieldError(_FIELD, message)])
    backend = session.get(Backend, new.backend_id) if new.backend_id else None
    own = new.regimes or context.settings.default_regimes
    product = (name for name in (backend.regimes if backend else ()) if name in context.regimes)
    every = (*own, *product)
    longest = most(context, new.kind, new.option, every, new.received_at or now)
    if days > longest:
        raise Invalid("this cannot wait so long", [_too_long(longest)])


def _too_long(longest: int) -> FieldError:
    if not longest:
        return FieldError(_FIELD, "no pause can be chosen here: leave it out, it is done at once")
    message = "is longer than the law and the promised date leave room for"
    return FieldError(_FIELD, message, tuple(str(n + 1) for n in range(longest)))
