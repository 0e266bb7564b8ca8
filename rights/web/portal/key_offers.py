"""Which of a person's keys the page of a request offers, to whom they belong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from rights.domain.levels import KEY, level
from rights.domain.proof_keys import Way
from rights.services import ceremonies, key_proofs, person_keys
from rights.services.portal_sessions import Visit
from rights.store.models import PersonKey, Request
from rights.web.parts import parts
from rights.web.portal import door, pages


def offered(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return which of the person's keys can prove a request, for its page."""
    context, now = parts().context, parts().now()
    mine = key_proofs.usable(session, context, here.person, found)
    old = [key for key in mine if person_keys.trusted(context, key, now)]
    acr = here.person.acr if here.person else None
    enough = level(acr, [KEY], cap=door.caller().level_cap) >= found.level_needed
    young = [key for key in mine if key not in old]
    days = timedelta(days=context.settings.key_trust_days)
    first = min((key.created_at + days for key in young), default=None)
    return {
        "passkey": enough and bool(passkeys_among(old)),
        "totp": enough and any(key.way == Way.TOTP for key in old),
        "key_from": pages.day(first) if first and enough and not old else "",
    }


def passkeys_among(found: Iterable[PersonKey]) -> list[PersonKey]:
    """Return which of some keys are passkeys that a browser can use here."""
    party = ceremonies.relying_party(parts().context.settings.base_url)
    return [key for key in found if key.way == Way.PASSKEY and party]
