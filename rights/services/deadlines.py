"""
The deadlines of a request counted again, with what made them longer.

A promise moves later by an extension that counts and by a pause, and by nothing else.

Source: App-Violation Identification Method 6(3); GDPR 12(3).
"""

from __future__ import annotations

from rights.domain.clock import tighten
from rights.services.context import Context
from rights.services.regimes import Promise, extended, promise
from rights.store.models import Request


def counted(context: Context, request: Request, *, paused_days: int | None = None) -> Promise:
    """
    Return what the rules say of a request now, its extension and its pauses in it.

    Args:
        paused_days: In place of those that are in what is promised.

    Raises:
        Conflict, Invalid: it was extended, and the rules do not know that any more.
    """
    days = request.paused_days if paused_days is None else paused_days
    about = (request.kind, request.option, request.regimes, request.received_at)
    if request.extension_reason:
        return extended(
            *about,
            reason=request.extension_reason,
            notified_at=request.received_at,  # that it was told in time was settled then
            paused_days=days,
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
