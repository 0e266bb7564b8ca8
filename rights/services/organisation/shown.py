"""The organisation's profile, duties and calendar as documents: for the API and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rights.domain.compliance import Cadence, Clause, Owed, Rhythm
from rights.domain.organisation import FIGURES, FLAGS, LARGE, Profile
from rights.domain.terms import Term


def profile(one: Profile) -> dict[str, Any]:
    """Return what an organisation says of itself, JSON-native."""
    decided = one.decision
    return {
        "since": one.since.isoformat(),
        **{name: one.figures[name] for name in FIGURES},
        **{name: one.holds(name) for name in FLAGS},
        LARGE: {"decided": decided.large, "by": decided.by, "on": decided.on.isoformat()}
        if decided is not None
        else None,
    }


def undecided(one: Profile) -> list[str]:
    """Return what people have to decide before every duty is known."""
    return [LARGE] if one.undecided else []


def duty(one: Owed) -> dict[str, Any]:
    """Return one duty with its citation and what it comes from, JSON-native."""
    found = one.duty
    return {
        "duty": found.code,
        "title": dict(found.title),
        "about": dict(found.about),
        "citation": dict(found.citation),
        "confidence": found.confidence,
        "because": [_clause(clause) for clause in one.because],
        "by_choice": one.by_choice,
        "period": period(found.cadence),
        "starts": found.starts.isoformat(),
        "owner": found.owner,
        "helps": found.helps or None,
    }


def _clause(clause: Clause) -> dict[str, Any]:
    bounds = {name: clause.bounds.get(name) for name in ("least", "above", "most")}
    return {"name": clause.name, **bounds}


def period(cadence: Cadence) -> dict[str, Any]:
    """Return when a duty asks for something; ``by`` is month and day, ``months`` a longest time."""
    yearly, counted = (cadence.rhythm is one for one in (Rhythm.YEARLY, Rhythm.MONTHS))
    return {
        "rhythm": str(cadence.rhythm),
        "by": "{:02}-{:02}".format(*cadence.by) if yearly else None,
        "months": cadence.months if counted else None,
    }


def calendar(terms: Iterable[Term], today: date) -> list[dict[str, Any]]:
    """Return the days of the calendar, JSON-native."""
    return [
        {
            "duty": term.duty.code,
            "title": dict(term.duty.title),
            "citation": dict(term.duty.citation),
            "owner": term.duty.owner,
            "helps": term.duty.helps or None,
            "due": term.due.isoformat(),
            "standing": str(term.standing(today)),
            "done_on": term.done.on.isoformat() if term.done else None,
            "reference": term.done.reference if term.done else None,
            "done_by": term.done.by if term.done else None,
        }
        for term in terms
    ]
