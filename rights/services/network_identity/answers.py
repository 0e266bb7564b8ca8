"""
What a bridge's answer is worth for one request: a level, or nothing.

It has to say that the person who stood there is the one whose account the request is about. A
living person who is bound to no account of ours is nobody in particular, and proves nothing.

Source: PIPL 6, 51; NDSR 43.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rights.domain.errors import Invalid
from rights.domain.levels import Matched
from rights.services import assurance, subjects
from rights.services.context import Context
from rights.services.network_identity.bridge import Bridge
from rights.store.models import IdentifierRow, Request

_FIELDS: Final = frozenset({"protocol", "nonce", "result", "at", "account", "real_name"})
"""All that an answer may hold: one that passes on a name or a number is not taken at all."""

_PROVED: Final = "proved"
_SAME: Final = "same"
_CLOCKS: Final = timedelta(minutes=1)
_MOST: Final = 10
_LONGEST: Final = 320


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What was asked, and when.

    Args:
        since: When the person left: whoever proved themselves before that did not do it for this.
    """

    nonce: str
    since: datetime
    now: datetime


def worth(
    context: Context,
    bridge: Bridge,
    request: Request,
    rows: Sequence[IdentifierRow],
    said: Mapping[str, Any],
    asked: Asked,
) -> Matched | None:
    """
    Return what an answer proves about the person of a request; None for nothing.

    Args:
        rows: The identifiers of the request.
        said: The answer; that the bridge signed it was made sure of.
    """
    fits = _is_answer(said, asked) and said.get("result") == _PROVED
    named = _named(context, said.get("account"))
    if not fits or not named or not _is_person(context, request, rows, named):
        return None
    real = bridge.attests_names and said.get("real_name") == _SAME
    return Matched.NETWORK_IDENTITY if real else Matched.NETWORK_ACCOUNT


def _is_answer(said: Mapping[str, Any], asked: Asked) -> bool:
    nonce = str(said.get("nonce", ""))
    mine = hmac.compare_digest(nonce.encode(), asked.nonce.encode())
    at = _moment(said.get("at"))
    fresh = at is not None and asked.since - _CLOCKS <= at <= asked.now + _CLOCKS
    return mine and fresh and said.keys() <= _FIELDS


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _named(context: Context, account: Any) -> dict[str, str]:
    """Return the identifiers to which the network identity is bound; empty for none of ours."""
    if not isinstance(account, dict) or not 0 < len(account) <= _MOST:
        return {}
    if not all(isinstance(v, str) and 0 < len(v) <= _LONGEST for v in account.values()):
        return {}
    try:
        return subjects.cleaned(context.datamap, account)
    except Invalid:
        return {}


def _is_person(
    context: Context, request: Request, rows: Sequence[IdentifierRow], named: Mapping[str, str]
) -> bool:
    """
    Tell whether the account is that of a request's person.

    Nothing that both name may differ. Of what was proved by codes alone everything has to be
    named, since two addresses may be two people's; of what a product vouches for, one will do.
    """
    counting = [
        row
        for row in rows
        if row.proof and _stands_for_one(context, row) and assurance.counts(request, row)
    ]
    agrees = {row.id: _agrees(context, row, named) for row in rows if row.type in named}
    if not all(agrees.values()):
        return False
    needed = any if request.acr else all
    return bool(counting) and needed(agrees.get(row.id, False) for row in counting)


def _stands_for_one(context: Context, row: IdentifierRow) -> bool:
    """Leave out devices: several people may use one."""
    return context.datamap.identifiers[row.type].kind in ("account", "contact")


def _agrees(context: Context, row: IdentifierRow, named: Mapping[str, str]) -> bool:
    known = subjects.blinds(context.vault, row.type, named[row.type])
    return any(hmac.compare_digest(row.blind.encode(), one.encode()) for one in known)
