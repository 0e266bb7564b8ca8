"""What is left of a masked value, in the words of the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rights.web.console import pages


def said(mask: Mapping[str, Any] | None) -> str:
    """Return in words what is left of a value; nothing of a field that a record does not have."""
    return pages.said().listed(list(_parts(mask))) if mask else ""


def _parts(mask: Mapping[str, Any]) -> Iterator[str]:
    w, kind = pages.said(), str(mask["kind"])
    yield w.find("masks", kind) or w.find("foreign", kind) or kind
    if "starts" in mask:
        yield w.say("masks", "starts", text=mask["starts"])
    if "length" in mask:
        yield w.say("masks", "length", count=w.number(mask["length"]))
