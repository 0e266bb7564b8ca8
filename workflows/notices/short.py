"""
What a notice says as a text message: what happened, a code, a reference; never data.

What a letter would tell beside that stands on the page of the request.
"""

from __future__ import annotations

import math
from datetime import date

from rights.domain.lifecycle import TERMINAL, State
from rights.domain.parameters import UNTIL
from workflows.notices.facts import Facts
from workflows.notices.parts import why
from workflows.notices.sms import Text
from workflows.notices.told import Told


def short(facts: Told) -> Text:
    """Return the text message for one notice."""
    values = _values(facts)
    said = facts.words.say("sms", _which(facts), **values)
    return Text(
        id=facts.notice_id,
        to=facts.address,
        text=" ".join(said.split()),
        event=facts.event,
        language=facts.words.language,
        values=values,
    )


def _which(facts: Told) -> str:
    """Return which sentence fits: an acknowledgement may hold a code, or ask for one."""
    if facts.event != "received" or not isinstance(facts, Facts):
        return facts.event
    if facts.request.state is State.VERIFYING:
        return "received_code" if facts.code else "received_ask"
    return "received_closed" if facts.request.state in TERMINAL else "received"


def _values(facts: Told) -> dict[str, str]:
    of_request = facts if isinstance(facts, Facts) else None
    until = of_request.request.parameters.get(UNTIL) if of_request else None
    return {
        "company": facts.company,
        "reference": facts.reference,
        "code": facts.code,
        "minutes": str(_minutes(facts)),
        "day": _day(facts, until),
        "reason": facts.words.either(why(of_request)) if of_request and of_request.longer else "",
        "link": of_request.link if of_request else "",
        "contact": facts.contact,
    }


def _day(facts: Told, until: str | None) -> str:
    """Return the one day that a text names."""
    if isinstance(facts, Facts) and facts.longer:
        return facts.words.day(facts.longer.promised_at.astimezone(facts.zone).date())
    return facts.words.day(date.fromisoformat(until)) if until else ""


def _minutes(facts: Told) -> int:
    left = (facts.code_until - facts.now).total_seconds() if facts.code_until else 0
    return max(1, math.floor(left / 60))
