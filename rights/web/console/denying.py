"""
What the page of a request offers about a denial: reasons that can be chosen, and those that wait.

Source: PIPL 50; NDSR 23; GDPR 12(4).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.duties import Act
from rights.domain.errors import Invalid, RightsError
from rights.domain.holds import BY_ITSELF
from rights.domain.lifecycle import TERMINAL
from rights.services import denial_choices, denial_proposals, denials, reasons
from rights.services.beforehand import REASON, Indicated, indicated
from rights.services.console.dossier import Dossier
from rights.services.context import Context
from rights.services.denial_choices import Choices
from rights.store.models import DenialProposal
from rights.web.console import door, pages


def chosen(session: Session, context: Context, found: Dossier, now: datetime) -> Choices:
    """Return with what whoever looks could propose to deny, or deny by documents."""
    if found.request.state in TERMINAL or not door.may(Act.DENY):
        return Choices()
    roles = door.staff().roles
    return denial_choices.of(session, context, found.request, roles, now=now)


def offered(session: Session, context: Context, found: Dossier, choices: Choices) -> dict[str, Any]:
    """Return what is offered about a denial, by the name of the act or of what is said."""
    return {
        **_proposing(session, context, found, choices),
        **_deciding(session, found),
        "dismissed": denial_proposals.dismissed_to(session, found.request.id, door.staff()),
    }


def _proposing(
    session: Session, context: Context, found: Dossier, choices: Choices
) -> dict[str, Any]:
    if found.proposal is not None:
        return {}
    known = reasons.catalogue()
    said = indicated(session, found.request) if _may_indicate(choices) else None
    return {
        "deny": [(code, _words(code)) for code in choices.open],
        "deny_shut": [
            (_words(code), _why(error))
            for code, error in choices.shut.items()
            if not isinstance(error, Invalid)  # no matter of this case at all
        ],
        "deny_wholly": _why(choices.wholly) if choices.wholly else "",
        "ranks": _ranks() if any(known[code].cites for code in choices.open) else [],
        "channels": _channels(context, found),
        "indicate": _may_indicate(choices) and (said is None or said.failed),
        "indicated": _indicated(said),
    }


def _words(code: str) -> str:
    return pages.said().either(reasons.catalogue()[code].texts, code)


def _why(error: RightsError) -> str:
    return " ".join(pages.refusal(error))


def _ranks() -> list[tuple[str, str]]:
    """Return of which rank a provision has to be that forbids an answer."""
    return [(one, pages.said().say("ranks", one)) for one in sorted(BY_ITSELF)]


def _channels(context: Context, found: Dossier) -> list[tuple[str, str]]:
    allowed = denials.channels(context, found.request)
    return [(one, pages.said().say("told_by", one)) for one in allowed]


def _may_indicate(choices: Choices) -> bool:
    """Return whether a refusal can be said beforehand; whoever may is asked of its reason."""
    return choices.wholly is None and REASON in {*choices.open, *choices.shut}


def _indicated(said: Indicated | None) -> dict[str, Any] | None:
    """Return what came of telling the person of a refusal beforehand; None where nobody did."""
    if said is None:
        return None
    w = pages.said()
    if said.over_at is not None:
        told = w.say("request", "indicated", moment=pages.moment(said.over_at))
    else:
        told = w.say("request", "indicated_failed" if said.failed else "indicated_waits")
    return {"words": told, "late": said.failed}


def _deciding(session: Session, found: Dossier) -> dict[str, bool]:
    """Return what is offered about a denial that waits; confirming it, once they opened it."""
    one, me = found.proposal, door.staff().id
    if one is None:
        return {}
    decides = one.proposed_by != me and door.may(Act.CONFIRM_DENIAL)
    opened = decides and _read(session, one, me)
    return {
        "open_proposal": one.proposed_by == me or door.may(Act.CONFIRM_DENIAL),
        "confirm": opened,
        "unread_denial": decides and not opened,
        "dismiss": decides,
        "withdraws": one.proposed_by == me,
    }


def _read(session: Session, one: DenialProposal, me: str) -> bool:
    return denial_proposals.was_read(session, one, me)
