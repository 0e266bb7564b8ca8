"""
Where a person can turn who disagrees: the ways that every law of the request names, and by when.

The regimes say which; nobody can leave one out.

Source: PIPL 50, 65; GDPR 12(4), 77-79; minors regulation 34.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.regime import Regime
from rights.store.models import Request

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "remedies.yaml"
_NEEDS_CONTACT: Final = "internal_appeal_optional"


@cache
def words() -> Mapping[str, Any]:
    """Return the catalogue: code to ``zh``, ``en`` and the same of ``time``."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def ways(request: Request, regimes: Iterable[Regime], contact: str) -> list[dict[str, Any]]:
    """
    Return the ways out of a request, JSON-native: ``code``, texts and the time there is.

    Args:
        regimes: The laws the request is handled under.
        contact: Of the person in charge of privacy; without one nobody can be appealed to.
    """
    clocks = (r.clock(str(request.kind), str(request.option)) for r in regimes)
    codes = dict.fromkeys(code for clock in clocks if clock for code in clock.denial.remedies)
    return [
        {
            "code": code,
            "text": _filled(words()[code], contact),
            "time": _filled(words()[code]["time"], contact),
        }
        for code in codes
        if contact or code != _NEEDS_CONTACT
    ]


def _filled(said: Mapping[str, Any], contact: str) -> dict[str, str]:
    return {
        "zh-CN": said["zh"].format(contact=contact),
        "en": said["en"].format(contact=contact),
    }
