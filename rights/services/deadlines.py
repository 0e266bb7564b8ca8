"""
The deadlines of a request counted again, with what made them longer.

A promise moves later by an extension that counts and by a pause, and by nothing else.

Source: App-Violation Identification Method 6(3); GDPR 12(3).
"""

from __future__ import annotations

from datetime import datetime

from rights.domain.clock import denied_by, tighten
from rights.services.context import Context
from rights.services.regimes import Promise, extended, promise
from rights.store.models import Request


def counted(context: Context, request: Request, *, paused_days: int | None = None) -> Promise:
    """
    Return what the rules say of a request now, its extension and its pauses in it.

    Args:
        paused_days: In place of those that are in what is promised.

    Raises:
        Conflict, Invalid: it was extended, and no law of it knows that any more.
    """
    days = request.paused_days if paused_days is None else paused_days
    about = (request.kind, request.option, request.regimes, request.received_at)
    if request.extension_reason:
        return extended(
            *about,
            reason=request.extension_reason,
            notified_at=request.received_at,  # that it was told in time was settled then
            paused_days=days,
            taken=True,
            book=context.regimes,
        )
    return promise(
        *about,
        verified_at=request.verified_at,
        paused_days=days,
        book=context.regimes,
    )


def verified(context: Context, request: Request) -> None:
    """Count the clocks that start at verification; what was promised may only get earlier."""
    fresh = counted(context, request)
    request.due_at = tighten(request.due_at, fresh.due_at)
    request.promised_at = tighten(request.promised_at, fresh.promised_at)
    request.due_provisional = fresh.due.provisional


def denial_told_by(context: Context, request: Request) -> datetime:
    """
    Return by when the person has to be told, if *request* is to be denied.

    More time may be taken for an answer, and not for a denial where a law gives that a time of its
    own. A moment that has passed keeps nobody from telling them.

    Source: GDPR 12(4).
    """
    limits = [
        denied_by(clock, request.received_at, law.counting, paused_days=request.paused_days)
        for law in (context.regimes[name] for name in request.regimes if name in context.regimes)
        if (clock := law.clock(str(request.kind), str(request.option))) is not None
    ]
    return min(limit for limit in (*limits, request.promised_at) if limit)
