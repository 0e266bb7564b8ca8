"""
What the regimes say of one kind of request, and which of them governs: for people who check it.

Source: every rule names its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from rights.domain.clock import Due, due
from rights.domain.kinds import Kind
from rights.domain.regime import Clock, Period, Regime, Span, Unproved
from rights.services.regimes import Promise, promise


def explained(
    kind: str,
    option: str | None,
    names: Sequence[str],
    received_at: datetime,
    book: Mapping[str, Regime],
) -> dict[str, Any]:
    """
    Return the rule and the dates of each regime, and what they come to together; JSON-native.

    Raises:
        Invalid: a regime is unknown, or none of them offers this right.
    """
    together = promise(kind, option, names, received_at, book=book)
    return {
        "kind": kind,
        "option": option,
        "received_at": received_at.isoformat(),
        "regimes": [_one(book[name], kind, option, together, received_at) for name in names],
        "governing": together.governing,
        "because": _because(together),
        "dates": _dates(together.due, book[together.governing].counting.zone),
        "may_extend": together.may_extend,
        "may_pause": together.may_pause,
        "may_charge": together.may_charge,
    }


def _because(together: Promise) -> str:
    """Return why the one that governs does."""
    if len(together.by_regime) == 1:
        return "only"
    first = together.by_regime[together.governing].due_at
    ties = sum(one.due_at == first for one in together.by_regime.values())
    return "earliest" if ties == 1 else "as_early_as_another"


def _one(
    regime: Regime, kind: str, option: str | None, together: Promise, received_at: datetime
) -> dict[str, Any]:
    clock = regime.clock(kind, option)
    told = {
        "regime": regime.name,
        "title": dict(regime.titles),
        "law": " ".join(regime.law.split()),
    }
    if clock is None:
        return {**told, "offered": False}
    counted = together.by_regime.get(regime.name) or due(clock, received_at, regime.counting)
    return {
        **told,
        "offered": True,
        "counts": regime.name in together.by_regime,
        "from": clock.effective_from.isoformat() if clock.effective_from else None,
        "unproved": _unproved(regime.unproved),
        "clock": clock.key,
        "maps_to": clock.maps_to,
        "rules": _rules(clock),
        "grounds": _grounds(regime, kind, option),
        "dates": _dates(counted, regime.counting.zone),
    }


def _unproved(said: Unproved | None) -> dict[str, Any] | None:
    if said is None:
        return None
    source = {"source": said.source.text, "confidence": said.source.confidence}
    return {"runs": said.runs, **source}


_TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.DELETION: ("erase", "keep"),
        Kind.ACCOUNT_CANCELLATION: ("erase", "keep"),
        Kind.RESTRICTION: ("restrict", "object"),
    }
)
"""The sections of a table of grounds that a kind is about."""


def _grounds(regime: Regime, kind: str, option: str | None) -> list[dict[str, Any]]:
    """Return the rows of the law's table that this kind is about, each with its source."""
    if regime.grounds is None:
        return []
    objects = str(option or "").startswith("object")
    wanted = ("object",) if objects else _TABLES.get(kind, ())
    return [
        {
            "section": section,
            "ground": row.code,
            "says": dict(row.texts),
            "absolute": row.absolute,
            "source": row.source.text,
            "confidence": row.source.confidence,
        }
        for section in wanted
        for row in regime.grounds.sections()[section].values()
    ]


def _rules(clock: Clock) -> list[dict[str, Any]]:
    """Return what each rule says, with its source and how sure it is."""
    said = {
        "response": _response(clock),
        "ack": spoken(clock.ack.period),
        "extension": _allowed(clock.extension),
        "pause": _allowed(clock.pause),
        "fee": _allowed(clock.fee),
    }
    return [
        {
            "rule": name,
            "says": says,
            "source": getattr(clock, name).source.text,
            "confidence": getattr(clock, name).source.confidence,
        }
        for name, says in said.items()
    ]


def _response(clock: Clock) -> str:
    rule, parts = clock.response, list[str]()
    if rule.period is not None:
        parts.append(f"{spoken(rule.period)} from {rule.start}")
    else:
        parts.append(f"at once from {rule.start}, missed after {spoken(rule.breach_after)}")
    parts += [f"at most {spoken(rule.also_max)} from receipt"] if rule.also_max else []
    parts += [f"aim {spoken(rule.target)}"] if rule.target else []
    parts += [f"own promise {spoken(clock.promise)}"] if clock.promise else []
    return ", ".join(parts)


def _allowed(rule: Any) -> str:
    """Return whether something is allowed, and with what."""
    if not rule.allowed:
        return "no"
    more = [spoken(rule.period)] if getattr(rule, "period", None) else []
    for one in fields(rule):
        value = getattr(rule, one.name)
        if isinstance(value, tuple) and value:
            more.append("/".join(value))
        elif one.name in ("only_if", "conditions") and value:
            more.append(value)
    return f"yes: {', '.join(more)}" if more else "yes"


def spoken(span: Span | None) -> str:
    """Return a period in words."""
    if isinstance(span, Period):
        return f"{span.count} {str(span.unit).replace('_', ' ')}{'' if span.count == 1 else 's'}"
    if isinstance(span, timedelta):
        seconds = int(span.total_seconds())
        return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds} s"
    return "none"


def _dates(counted: Due, zone: tzinfo) -> dict[str, Any]:
    """Return the dates as they stand on the calendars of the place."""
    return {
        name: value.astimezone(zone).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(counted).items()
    }
