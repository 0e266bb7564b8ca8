"""
A browser that says "do not sell or share": whoever opens the portal with it is opted out.

Only where a law of the product asks for it, and once: what the person switched on again themselves
stays on. Nobody is asked for a proof, and nothing is asked.

Source: Civil Code 1798.135(e); 11 CCR 7025, 7026.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.kinds import Kind, Option
from rights.services import preferences, regime_choice, submission
from rights.services.backends import Caller
from rights.services.context import Context
from rights.services.intake import Submission
from rights.services.portal import Person
from rights.services.regimes import promise
from rights.store.models import Request

GPC: Final = "gpc"
HEADER: Final = "Sec-GPC"
"""Global Privacy Control: the header is there and says 1, or nothing was said."""

_OPTION: Final = Option.PERSONALISED_OFF


def honour(
    session: Session, context: Context, product: Caller, who: Person, locale: str, *, now: datetime
) -> Request | None:
    """
    Make the opt-out that the browser of *who* asks for.

    Returns:
        The request, whose first entry names the signal; None where no law of the product asks for
        it, there is no such switch, or it is off, or was turned on again by the person.
    """
    switch = preferences.BY_OPTION[_OPTION]
    if switch not in preferences.names(context) or not _owed(context, product, now):
        return None
    stands = preferences.read(session, context, who.identifiers, switch)
    if stands.value == preferences.OFF or stands.changed_at is not None:
        return None
    new = Submission(
        Kind.RECOMMENDATION_OPT_OUT,
        _OPTION,
        who.identifiers,
        backend_id=product.id,
        regimes=product.regimes,
        locale=locale,
        channel="portal",
        attested=who.attested,
        acr=who.acr,
        level_cap=product.level_cap,
        role=who.role,
        second=who.second,
        age_band=who.age_band,
        notify=False,
        signal=GPC,
    )
    return submission.take(session, context, new, now=now)[0]


def _owed(context: Context, product: Caller, now: datetime) -> bool:
    deployment = context.settings.default_regimes
    laws = regime_choice.choose((), product.regimes, deployment, context.regimes).names
    kind = Kind.RECOMMENDATION_OPT_OUT
    return promise(kind, _OPTION, laws, now, book=context.regimes).duties.honour_gpc
