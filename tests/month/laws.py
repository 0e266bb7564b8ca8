"""
What each law says of time, as literal numbers.

Written down from the legal texts beside the product, not read from its files: a number that is
changed by mistake in one of the two places shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

DAY, WORKING, MONTH = "day", "working day", "month"


SAME_DAY = "same day"
"""What is aimed at is the end of the day, wherever the company is."""


@dataclass(frozen=True)
class Rule:
    """
    One law about one thing that is asked for.

    Args:
        count, unit: The time there is; of what has to happen at once, *at_once* is the limit.
        also: Days from receipt that count beside it.
        proved: The time runs from the proof, and *also* is counted in working days.
        target: What we aim at.
        more: How much more may be taken, in the same unit.
        pauses: For what the clock may stand still.
        binds: The first year in which it is in force.
        promise: Days that the company of the test promises instead.
    """

    count: int = 0
    unit: str = WORKING
    also: int = 0
    proved: bool = False
    at_once: bool = False
    target: timedelta | int | str | None = None
    more: int = 0
    pauses: frozenset[str] = field(default_factory=frozenset)
    binds: int = 0
    promise: int = 0


ACK = {"cn": (1, WORKING), "eu": (3, WORKING), "uk": (3, WORKING), "us": (10, WORKING),
       "br": (1, DAY)}  # fmt: skip
"""By when receipt has to be confirmed."""

_SWITCH = Rule(at_once=True, target=timedelta(seconds=60))
_CONSENT = Rule(at_once=True, target=timedelta(seconds=5))
_CHINA = Rule(15, also=30)
_FIFTEEN = Rule(15)
_EU = Rule(1, MONTH, more=2, pauses=frozenset({"identity_doubt"}))
_CALIFORNIA = Rule(45, DAY, more=45)
_BRAZIL = Rule(15, DAY)
_OPT_OUT = "recommendation_opt_out"
_DELETES_TAGS = f"{_OPT_OUT}/tags_delete"

_CN = {
    "": _CHINA,
    "restriction": replace(_FIFTEEN, target=1),
    "account_cancellation": _FIFTEEN,
    "consent_withdrawal": _CONSENT,
    _OPT_OUT: _SWITCH,
    "explanation/rules": replace(_FIFTEEN, target=5),
    "explanation/automated_decision": _FIFTEEN,
    "explanation/refuse_sole_automation": replace(_FIFTEEN, target=1),
    "complaint": _FIFTEEN,
    "appeal": _FIFTEEN,
}
_EUROPE = {
    "": _EU,
    "consent_withdrawal": _CONSENT,
    _OPT_OUT: _SWITCH,
    _DELETES_TAGS: _EU,
    "complaint": Rule(30, DAY),
    "appeal": Rule(30, DAY),
}
_TWELVE_A = frozenset({"identity", "clarification", "fee"})

LAWS: dict[str, dict[str, Rule]] = {
    "cn_general": _CN,
    "cn_minor": _CN,
    "cn_ecommerce": {
        **_CN,
        "account_cancellation": Rule(15, proved=True, at_once=True, target=SAME_DAY),
    },
    "cn_credit": {**_CN, "correction/correct": Rule(20, DAY)},
    "eu_gdpr": _EUROPE,
    "uk_gdpr": {
        name: replace(rule, pauses=_TWELVE_A) if rule.pauses else rule
        for name, rule in _EUROPE.items()
    },
    "us_ca": {
        "": _CALIFORNIA,
        "access": replace(_CALIFORNIA, promise=30),
        "restriction": _FIFTEEN,
        "consent_withdrawal": _FIFTEEN,
        _OPT_OUT: _FIFTEEN,
        _DELETES_TAGS: _CALIFORNIA,
        "explanation/automated_decision": replace(_CALIFORNIA, binds=2027),
        "explanation/refuse_sole_automation": replace(_FIFTEEN, binds=2027),
        "complaint": Rule(45, DAY),
        "appeal": Rule(45, DAY),
    },
    "br_lgpd": {"": _BRAZIL, "consent_withdrawal": _CONSENT},
}
"""By law: what is asked for, with its option where that has a rule of its own; "" is the rest."""

UNPROVED = frozenset({"us_ca"})
"""Laws whose time runs whether anybody proves who asks or not. Source: 11 CCR 7021(b)."""

REASONS = {"eu": {"complexity", "number_of_requests"}, "uk": {"complexity", "number_of_requests"},
           "us": {"complexity", "number_of_requests", "other"}}  # fmt: skip
"""Why more time may be taken."""


def rule(law: str, kind: str, option: str = "") -> Rule:
    """Return what a law says of one thing."""
    said = LAWS[law]
    return said.get(f"{kind}/{option}") or said.get(kind) or said[""]


def place(law: str) -> str:
    """Return where a law counts its days."""
    return law.partition("_")[0]
