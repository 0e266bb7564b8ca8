"""
What a denial offers in place of what was asked, where a law of the request wants that.

Whoever is told that their data is not deleted is asked whether it may still be sold or shared.

Source: 11 CCR 7022(g).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.lifecycle import State
from rights.services.conflicts import ERASING
from rights.services.context import Context
from rights.store.models import Request

OPT_OUT: Final = "opt_out"
_FILE: Final = Path(__file__).parents[1] / "catalogue" / "denial_offers.yaml"
_DENIED: Final = (State.DENIED, State.PARTIALLY_FULFILLED)


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml_file.read(_FILE)
    return found


def of(context: Context, request: Request) -> list[dict[str, Any]]:
    """
    Return what is offered to whom *request* was denied, wholly or in part; JSON-native.

    Each has ``code``, the ``kind`` of request that takes it up, and ``text`` by language.
    """
    if request.state not in _DENIED or request.kind not in ERASING:
        return []
    laws = (context.regimes[name] for name in request.regimes if name in context.regimes)
    clocks = (law.clock(str(request.kind), str(request.option)) for law in laws)
    if not any(clock.denial.offer_opt_out_if_delete_denied for clock in clocks if clock):
        return []
    said = _words()[OPT_OUT]
    text = {"zh-CN": said["zh"], "en": said["en"]}
    return [{"code": OPT_OUT, "kind": said["kind"], "text": text}]
