"""What is written together with a request, in the same transaction, whatever door it came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import (
    asking_for_many,
    conflicts,
    consents,
    intake,
    lifting,
    naming_grounds,
    pauses,
    preferences,
    tags_said,
    unasked,
)
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.regimes import option_in_force
from rights.store.ids import new_id
from rights.store.models import Bundle, Consent, Preference, Request

_SAYING: Final[Mapping[Kind, Any]] = MappingProxyType(
    {
        Kind.RECOMMENDATION_OPT_OUT: col(Preference.request_id),
        Kind.CONSENT_WITHDRAWAL: col(Consent.request_id),
    }
)
"""Where it is written what a request means at once, by the request that it came of."""


def take(
    session: Session,
    context: Context,
    new: Submission,
    *,
    now: datetime,
    vouched: bool = False,
    rehearsed: bool = False,
) -> tuple[Request, bool]:
    """
    Register a request with what it means at once: an opt-out's preference, tags that are chosen or
    are not to come again, a withdrawal's line and the deletion of what rested on that consent.

    Raises:
        TooMany: whoever asks for somebody else asks for too many people at a time.
        Invalid: a child agrees to something, and no guardian does.

    Args:
        vouched: The product itself says who it is about, not merely somebody at its door.
        rehearsed: It is to be planned and no more: the person has said nothing yet, so nothing is
            written that counts elsewhere. Whoever takes the same request in earnest writes it.

    Returns:
        The request, and whether it was made just now.
    """
    new = _in_force(context, new, now)
    _check(session, context, new, now)
    request, made = intake.submit(session, context, new, now=now)
    if made or _only_rehearsed(session, new, request):
        if not rehearsed:
            _said(session, context, new, request, now=now)
        if new.kind is Kind.CONSENT_WITHDRAWAL:
            unasked.after_withdrawal(session, context, new, request, vouched=vouched, now=now)
        if new.option is Option.OBJECT_PUBLIC_INFO:
            unasked.after_refusal(session, context, new, request, vouched=vouched, now=now)
    about_tags = new.option in tags_said.OPTIONS and not rehearsed
    if about_tags and request.state is State.IN_PROGRESS:
        session.flush()  # said again after something else was said, it counts from now on
        tags_said.of_request(session, context, request, now=now)
    return request, made


def _in_force(context: Context, new: Submission, now: datetime) -> Submission:
    """Let what no law of it knows yet be handled as its kind. Source: 11 CCR 7200(b), 7222."""
    laws = intake.laws_of(context, new).names
    received = new.received_at or now
    found = option_in_force(new.kind, new.option, laws, received, book=context.regimes)
    if found == new.option:
        return new
    return replace(new, option=Option(found), asked=new.option)


def _check(session: Session, context: Context, new: Submission, now: datetime) -> None:
    lifting.check_until(new.parameters, now)
    laws = intake.laws_of(context, new).names
    naming_grounds.check(new.kind, new.parameters, laws, context.regimes)
    guardian = new.second.identifiers if new.second else None
    consents.of_a_child(new.option, new.values, new.role, new.age_band, guardian)
    pauses.check(session, context, new, now)
    asking_for_many.check(session, context, new, now=now)


def _said(
    session: Session, context: Context, new: Submission, request: Request, *, now: datetime
) -> None:
    opts_out = new.kind in (Kind.RECOMMENDATION_OPT_OUT, Kind.CONSENT_WITHDRAWAL)
    if opts_out or new.option is Option.OBJECT_MARKETING:
        preferences.turned_off(session, context, request, new.identifiers, now=now)
    if new.kind is Kind.CONSENT_WITHDRAWAL:
        consents.withdrawn(session, context, request, new.identifiers, now=now)


def _only_rehearsed(session: Session, new: Submission, request: Request) -> bool:
    """Return whether an open request of an operator's has not said yet what it means."""
    objects = new.option is Option.OBJECT_MARKETING
    column = col(Preference.request_id) if objects else _SAYING.get(new.kind)
    if not new.operator or column is None:
        return False
    return session.exec(select(column).where(column == request.id)).first() is None


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
        member = replace(new, bundle_id=bundle.id, ask=new.ask and not asked, received_at=received)
        request, _ = take(session, context, member, now=now)
        asked = asked or request.level < request.level_needed
        made.append(request)
    mine = [request for request in made if request.bundle_id == bundle.id]
    conflicts.flag(session, context.vault, mine, now=now)
    return bundle, made
