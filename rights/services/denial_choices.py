"""
With which reasons a request can be denied as it stands, before anybody says anything of the case.

What is asked of :mod:`rights.services.denials` at the proposal is asked here of every reason, so
that nobody is shown one that can only be refused.

Source: PIPL 50; NDSR 23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from rights.domain.errors import Conflict, IllegalTransition, Invalid, RightsError
from rights.services import denials, reasons
from rights.services.context import Context
from rights.store.models import Request


@dataclass(frozen=True, slots=True)
class Choices:
    """
    What can be chosen.

    Args:
        open: Codes of the reasons that are left.
        shut: Codes of those that are none yet, or are not the case, and why.
        wholly: Why none is left, whatever the reason.
    """

    open: tuple[str, ...] = ()
    shut: Mapping[str, RightsError] = field(default_factory=dict)
    wholly: RightsError | None = None


def of(
    session: Session, context: Context, request: Request, roles: Iterable[str], *, now: datetime
) -> Choices:
    """Return with what whoever has *roles* can propose to deny *request* now."""
    mine, known = frozenset(roles), reasons.catalogue()
    allowed = reasons.for_denying(request.kind, request.regimes)
    codes = [code for code in allowed if mine & known[code].by]
    try:
        denials.stands(session, context, request)
    except (Conflict, IllegalTransition) as error:
        return Choices(wholly=error if codes else None)
    shut: dict[str, RightsError] = {}
    for code in codes:
        try:
            denials.fits(session, context, request, code, now=now)
        except (Conflict, Invalid) as error:
            shut[code] = error
    return Choices(tuple(code for code in codes if code not in shut), shut)
