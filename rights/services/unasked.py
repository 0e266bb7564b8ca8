"""
Deletion that nobody asked for: the company's own duty, by the same machinery and evidence.

A product says that a retention period is over, a service has ended, or data was collected without
consent; taking back the only consent that data rests on says so by itself.

Source: PIPL 47(1); NDSR 24.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.grounds import Facts, Trigger, touched
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr, minimum
from rights.domain.representation import AgeBand, Role
from rights.services import consents, intake
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.representatives import Second
from rights.store.models import Request

TRIGGERS: Final = tuple(str(trigger) for trigger in Trigger)


@dataclass(frozen=True, slots=True)
class Unasked:
    """
    What obliges us to delete.

    Args:
        identifiers: Whose data, as the company itself knows them.
        purposes: What it is about; empty means whatever the trigger reaches.
        follows: The request it comes from.
        age_band, second: Of whoever took the consent back: what a child's own word brings about
            and cannot be undone waits for its guardian.
    """

    trigger: Trigger
    identifiers: Mapping[str, str] = field(repr=False)
    purposes: tuple[str, ...] = ()
    backend_id: str = ""
    regimes: tuple[str, ...] = ()
    locale: str = "zh-CN"
    follows: str = ""
    age_band: AgeBand = AgeBand.UNKNOWN
    second: Second | None = field(default=None, repr=False)


def reaches(datamap: DataMap, trigger: Trigger, purposes: Iterable[str]) -> bool:
    """Return whether the data map names anything that this trigger is about."""
    return bool(touched(datamap, Facts(Kind.DELETION, trigger, frozenset(purposes))))


def begin(
    session: Session, context: Context, new: Unasked, *, now: datetime
) -> tuple[Request, bool]:
    """
    Open the deletion.

    Returns:
        The request, and whether it was made just now: one that is open already is enough.

    Raises:
        Invalid: the data map knows no such purpose, or has nothing that this is about.
    """
    consents.known_purposes(context.datamap, new.purposes, field="purposes")
    if new.trigger is Trigger.CONSENT_WITHDRAWN and not new.purposes:
        known = tuple(sorted(context.datamap.purposes))
        wrong = FieldError("purposes", "must say what the consent was to", known)
        raise Invalid("nothing is named", [wrong])
    if not reaches(context.datamap, new.trigger, new.purposes):
        wrong = FieldError("trigger", "is about nothing that the data map names")
        raise Invalid("there is nothing to delete for this", [wrong])
    submission = Submission(
        kind=Kind.DELETION,
        option=Option.DELETE,
        identifiers=new.identifiers,
        backend_id=new.backend_id,
        parameters={"trigger": str(new.trigger), "purposes": sorted(set(new.purposes))},
        regimes=new.regimes,
        locale=new.locale,
        channel="internal",
        attested=frozenset(new.identifiers),
        acr=Acr.REAL_NAME,
        follows=new.follows,
        notify=False,
        operator=True,
        age_band=new.age_band,
        second=new.second,
    )
    return intake.submit(session, context, submission, now=now)


def after_withdrawal(
    session: Session,
    context: Context,
    new: Submission,
    withdrawal: Request,
    *,
    vouched: bool,
    now: datetime,
) -> Request | None:
    """
    Open the deletion of what rested on the consents that were taken back, and on nothing else.

    Args:
        vouched: The product itself says who it is about, not merely somebody at its door.

    Returns:
        The deletion; None when nothing rests on them alone. Where nobody vouches for whom it is
        about, it waits for the proof that every deletion needs: taking a consent back needs
        none, and what cannot be undone does.
    """
    purposes = tuple(sorted(_taken_back(session, context, new)))
    if not reaches(context.datamap, Trigger.CONSENT_WITHDRAWN, purposes):
        return None
    trigger = Trigger.CONSENT_WITHDRAWN
    return _following(
        session, context, new, withdrawal, trigger, purposes, vouched=vouched, now=now
    )


def after_refusal(
    session: Session,
    context: Context,
    new: Submission,
    objection: Request,
    *,
    vouched: bool,
    now: datetime,
) -> Request | None:
    """
    Open the deletion of what was taken from public sources about somebody who clearly refuses it.

    Returns:
        The deletion, which waits for the proof that every deletion needs where the objection had
        less; None where the data map names nothing public.

    Source: PIPL 27, 47(1)(4).
    """
    if not reaches(context.datamap, Trigger.PUBLIC_INFO_REFUSED, ()):
        return None
    trigger = Trigger.PUBLIC_INFO_REFUSED
    if vouched or objection.level >= minimum(Kind.DELETION, Option.DELETE):
        return _following(session, context, new, objection, trigger, (), vouched=vouched, now=now)
    new = _to_prove(new, objection, trigger, ())
    return intake.submit(session, context, new, now=now)[0]


def _following(
    session: Session,
    context: Context,
    new: Submission,
    request: Request,
    trigger: Trigger,
    purposes: tuple[str, ...],
    *,
    vouched: bool,
    now: datetime,
) -> Request:
    """Open the deletion that follows from *request*, for whom the product vouches or who proves."""
    who = dict(new.identifiers) if vouched else {n: new.identifiers[n] for n in new.attested}
    if not who:
        new = _to_prove(new, request, trigger, purposes)
        return intake.submit(session, context, new, now=now)[0]
    own = new.role is Role.SELF
    unasked = Unasked(
        trigger,
        who,
        purposes,
        new.backend_id,
        new.regimes,
        new.locale,
        follows=request.id,
        age_band=new.age_band if own else AgeBand.UNKNOWN,
        second=new.second if own else None,
    )
    return begin(session, context, unasked, now=now)[0]


def _to_prove(
    new: Submission, request: Request, trigger: Trigger, purposes: tuple[str, ...]
) -> Submission:
    said = {"trigger": str(trigger), "purposes": list(purposes)}
    return replace(
        new,
        kind=Kind.DELETION,
        option=Option.DELETE,
        parameters=said,
        follows=request.id,
        bundle_id="",
        received_at=None,
    )


def _taken_back(session: Session, context: Context, new: Submission) -> set[str]:
    """Return the purposes whose consent is taken back by now, these and earlier ones."""
    session.flush()
    lines = consents.history(session, context, new.backend_id, new.identifiers)
    latest = {line.purpose: line.state for line in lines}
    before = {purpose for purpose, state in latest.items() if state == consents.WITHDRAWN}
    return {*before, *new.parameters.get("purposes", ())}


def following(session: Session, request: Request) -> list[Request]:
    """
    Return the deletions that a request brought about, or found open and was content with.

    The oldest first; nothing for a request that brings none about.
    """
    trigger = _trigger_of(request)
    if trigger is None:
        return []
    query = select(Request).where(Request.subject == request.subject, Request.kind == Kind.DELETION)
    found = session.exec(query.order_by(col(Request.received_at), col(Request.id)))
    return [deletion for deletion in found if _came_of(deletion, request, trigger)]


def _trigger_of(request: Request) -> Trigger | None:
    if request.kind is Kind.CONSENT_WITHDRAWAL:
        return Trigger.CONSENT_WITHDRAWN
    refuses = request.option is Option.OBJECT_PUBLIC_INFO
    return Trigger.PUBLIC_INFO_REFUSED if refuses else None


def _came_of(deletion: Request, request: Request, trigger: Trigger) -> bool:
    if deletion.parameters.get("trigger") != trigger:
        return False
    named, purposes = (r.parameters.get("purposes", ()) for r in (deletion, request))
    return deletion.follows == request.id or (
        deletion.closed_at is None and set(purposes) <= set(named)
    )
