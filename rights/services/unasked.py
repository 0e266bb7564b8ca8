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

from sqlmodel import Session

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.grounds import Facts, Trigger, touched
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.services import consents, intake
from rights.services.context import Context
from rights.services.intake import Submission
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
    """

    trigger: Trigger
    identifiers: Mapping[str, str] = field(repr=False)
    purposes: tuple[str, ...] = ()
    backend_id: str = ""
    regimes: tuple[str, ...] = ()
    locale: str = "zh-CN"
    follows: str = ""


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
    who = dict(new.identifiers) if vouched else {n: new.identifiers[n] for n in new.attested}
    if who:
        unasked = Unasked(
            Trigger.CONSENT_WITHDRAWN,
            who,
            purposes,
            new.backend_id,
            new.regimes,
            new.locale,
            follows=withdrawal.id,
        )
        return begin(session, context, unasked, now=now)[0]
    return intake.submit(session, context, _to_prove(new, withdrawal, purposes), now=now)[0]


def _to_prove(new: Submission, withdrawal: Request, purposes: tuple[str, ...]) -> Submission:
    said = {"trigger": str(Trigger.CONSENT_WITHDRAWN), "purposes": list(purposes)}
    return replace(
        new,
        kind=Kind.DELETION,
        option=Option.DELETE,
        parameters=said,
        follows=withdrawal.id,
        bundle_id="",
        received_at=None,
    )


def _taken_back(session: Session, context: Context, new: Submission) -> set[str]:
    """Return the purposes whose consent is taken back by now, these and earlier ones."""
    session.flush()
    lines = consents.history(session, context, new.backend_id, new.identifiers)
    latest = {line.purpose: line.state for line in lines}
    return {purpose for purpose, state in latest.items() if state == consents.WITHDRAWN}
