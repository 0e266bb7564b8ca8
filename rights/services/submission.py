"""What is written together with a request, in the same transaction, whatever door it came by."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from rights.domain.kinds import Kind
from rights.services import conflicts, consents, intake, preferences, unasked
from rights.services.context import Context
from rights.services.intake import Submission
from rights.store.ids import new_id
from rights.store.models import Bundle, Request


def take(
    session: Session, context: Context, new: Submission, *, now: datetime, vouched: bool = False
) -> tuple[Request, bool]:
    """
    Register a request with what it means at once: an opt-out's preference, a withdrawal's line and
    the deletion of what rested on that consent alone.

    Args:
        vouched: The product itself says who it is about, not merely somebody at its door.

    Returns:
        The request, and whether it was made just now.
    """
    request, made = intake.submit(session, context, new, now=now)
    if made and new.kind is Kind.RECOMMENDATION_OPT_OUT:
        preferences.turned_off(session, context, request, new.identifiers, now=now)
    if made and new.kind is Kind.CONSENT_WITHDRAWAL:
        consents.withdrawn(session, context, request, new.identifiers, now=now)
        unasked.after_withdrawal(session, context, new, request, vouched=vouched, now=now)
    return request, made


def take_bundle(
    session: Session, context: Context, news: list[Submission], *, now: datetime
) -> tuple[Bundle, list[Request]]:
    """
    Register several requests of one person, all or none.

    One code is sent for all of them: it proves control of the same address.
    """
    bundle = Bundle(id=new_id(), backend_id=news[0].backend_id, received_at=now)
    session.add(bundle)
    made: list[Request] = []
    asked = False
    for place, new in enumerate(news):
        # A microsecond apart, so that they are read in the order in which they were asked.
        received = now + timedelta(microseconds=place)
        member = replace(new, bundle_id=bundle.id, ask=not asked, received_at=received)
        request, _ = take(session, context, member, now=now)
        asked = asked or request.level < request.level_needed
        made.append(request)
    mine = [request for request in made if request.bundle_id == bundle.id]
    conflicts.flag(session, context.vault, mine, now=now)
    return bundle, made
