"""
One block of a regime file to one value: ``response``, ``ack``, ``extension`` and so on.

What a block says about numbers must say where they come from: each has ``source`` and
``confidence``. A block read here stands for itself; what must fit together is checked in
``regime_checks``.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from rights.domain.regime import (
    Ack,
    CoolingOff,
    Denial,
    Duties,
    Extension,
    Fee,
    Form,
    Pause,
    Period,
    Response,
    Source,
    Span,
    Start,
    Unit,
)
from rights.services.located_yaml import Section


class Confidence(StrEnum):
    """How sure we are: full text read, partial or secondary copy, to be checked."""

    A = "A"
    B = "B"
    C = "C"


def source(section: Section) -> Source:
    """Read where a rule comes from."""
    return Source(section.text("source"), section.choice("confidence", Confidence).value)


def period(section: Section, *, least: int = 1) -> Period:
    """Read ``count`` and ``unit``."""
    return Period(section.count("count", least=least), section.choice("unit", Unit))


def span(section: Section, *, least: int = 1) -> Span:
    """Read a period, or an exact time in seconds or hours; no day at all is the same day."""
    if section.has("seconds"):
        return timedelta(seconds=section.count("seconds"))
    if section.has("hours"):
        return timedelta(hours=section.count("hours"))
    return period(section, least=least)


def inner_period(section: Section, key: str) -> Period | None:
    """Read the period at *key*, if there is one."""
    inner = section.section(key)
    if inner is None:
        return None
    value = period(inner)
    inner.done()
    return value


def inner_span(section: Section, key: str, *, least: int = 1) -> Span | None:
    """Read the period or time at *key*, if there is one."""
    inner = section.section(key)
    if inner is None:
        return None
    value = span(inner, least=least)
    inner.done()
    return value


def response(section: Section) -> Response:
    """Read by when an answer is due."""
    immediate = section.flag("immediate")
    breach = inner_span(section, "breach_after")
    if immediate and not isinstance(breach, timedelta):
        section.complain("what is immediate needs breach_after in hours or seconds")
        breach = timedelta(hours=24)
    if immediate and (section.has("count") or section.has("unit")):
        section.complain("is immediate and counts a period: keep one", "immediate")
        section.seen.update(("count", "unit"))
    if not immediate and breach is not None:
        section.complain("belongs to what is immediate", "breach_after")
    return Response(
        period=None if immediate else period(section),
        source=source(section),
        also_max=inner_period(section, "also_max"),
        start=section.choice("start", Start, Start.RECEIVED),
        target=inner_span(section, "target", least=0),
        breach_after=breach if isinstance(breach, timedelta) else None,
    )


def ack(section: Section) -> Ack:
    """Read by when receipt must be confirmed."""
    return Ack(
        period=period(section),
        source=source(section),
        must_contain=section.words("must_contain"),
    )


def extension(section: Section) -> Extension:
    """Read whether more time may be taken."""
    if not section.flag("allowed", default=None):
        return Extension(allowed=False, source=source(section))
    longest = section.count("max_total_days") if section.has("max_total_days") else None
    return Extension(
        allowed=True,
        source=source(section),
        period=period(section),
        times=section.count("times"),
        max_total_days=longest,
        notify_before_first_due=section.flag("notify_before_first_due", default=True),
        reasons=section.words("reasons"),
    )


def pause(section: Section) -> Pause:
    """Read whether the clock may stand still."""
    allowed = section.flag("allowed", default=None)
    causes = section.words("causes")
    if allowed and not causes:
        section.complain("name the causes for which the clock may stand still", "causes")
    return Pause(allowed, source(section), causes, section.text("conditions", ""))


def fee(section: Section) -> Fee:
    """Read whether anything may be charged."""
    return Fee(
        allowed=section.flag("allowed", default=None),
        source=source(section),
        only_if=section.text("only_if", ""),
        prior_indication=section.flag("prior_indication"),
    )


def denial(section: Section) -> Denial:
    """Read how a denial is told, and what goes with it."""
    return Denial(
        remedies=section.words("remedies"),
        source=source(section),
        form=section.choice("form", Form, Form.ANY_DURABLE),
        within=inner_period(section, "within"),
        offer_opt_out_if_delete_denied=section.flag("offer_opt_out_if_delete_denied"),
        downgrade_to_categories_if_unverified=section.flag("downgrade_to_categories_if_unverified"),
        chance_to_add=section.flag("chance_to_add"),
    )


def duties(section: Section) -> Duties:
    """Read what is asked for beside the deadline."""
    return Duties(
        dispute_mark_at_once=section.flag("dispute_mark_at_once"),
        written_answer=section.flag("written_answer"),
        agreement_hold_allowed=section.flag("agreement_hold_allowed"),
        honour_gpc=section.flag("honour_gpc"),
        simplified_at_once=section.flag("simplified_at_once"),
        never_disclose=section.words("never_disclose"),
        cooling_off=_cooling_off(section.section("cooling_off")),
    )


def _cooling_off(section: Section | None) -> CoolingOff | None:
    if section is None:
        return None
    value = CoolingOff(period(section, least=0), source(section))
    section.done()
    return value
