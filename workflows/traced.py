"""Calls of a store as spans: which store, which verb, how long; never what was asked or found."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from connectors.sdk import Connector, Verb
from rights import traces

_VERBS: Final = (*(str(verb) for verb in Verb), "freeze", "probe")


def traced(connector: Connector, store: str) -> Connector:
    """Return the connector, each of whose verbs is a span from now on."""
    for verb in _VERBS:
        if (call := getattr(connector, verb, None)) is not None:
            setattr(connector, verb, _spanned(call, store, verb))
    return connector


def _spanned(call: Callable[..., Any], store: str, verb: str) -> Callable[..., Any]:
    @wraps(call)
    def spanned(*given: Any, **named: Any) -> Any:
        with traces.span("store", store=store, verb=verb):
            # What is read piece by piece is read afterwards: the span is of its beginning.
            return call(*given, **named)

    return spanned
