"""What the catalogue of incidents says: clocks and their sources, and what a letter has in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.incident_clocks import IncidentKind, Operator, Rule, Severity

CLOSING: Final = "closing"
"""Under this name stands the answer to an incident that started no clock."""

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "incidents.yaml"


@cache
def _catalogue() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def titles(part: str) -> Mapping[str, Mapping[str, str]]:
    """Return the titles of ``kinds``, ``severities`` or ``elements``, by code and language."""
    return _catalogue()[part]


def clock(name: str) -> Mapping[str, Any]:
    """
    Return what the catalogue says of one clock: ``title``, ``to``, ``source``, ``hours``.

    Of :data:`CLOSING`, which is none, it has the same.
    """
    if name == CLOSING:
        return _catalogue()[CLOSING]
    found: Mapping[str, Any] = _catalogue()["clocks"][name]
    return found


@cache
def rules() -> tuple[Rule, ...]:
    """Return every clock there is."""
    return tuple(_rule(name, said) for name, said in _catalogue()["clocks"].items())


def _rule(name: str, said: Mapping[str, Any]) -> Rule:
    return Rule(
        name,
        said["hours"],
        regimes=frozenset(said.get("regimes", ())),
        kinds=frozenset(IncidentKind(one) for one in said.get("kinds", ())),
        operators=frozenset(Operator(one) for one in said.get("operators", ())),
        severity=Severity(said.get("severity", Severity.ORDINARY)),
        endangers=bool(said.get("endangers")),
        minors=bool(said.get("minors")),
    )
