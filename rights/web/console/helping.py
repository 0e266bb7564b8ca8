"""What of this product helps with a duty: a page that does it, or a name as operators write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask import url_for

from rights.domain.duties import Act
from rights.web.console import door, pages


@dataclass(frozen=True, slots=True)
class Help:
    """
    What helps.

    Args:
        text: Its name.
        link: Where it is done; empty: on no page, or on none of this reader's.
        code: It is a name in a file or an interface, which only operators write.
    """

    text: str
    link: str = ""
    code: bool = False


_REPORTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rights reports audit": "audit",
        "rights reports figures --public": "figures",
        "rights reports california": "california",
    }
)
"""Commands of the catalogue that the page Reports does as well, and as which report."""

_OUTBOUND: Final = "rights organisation outbound"
_INCIDENTS: Final = "incidents"


def of(helps: str) -> Help | None:
    """Return what helps in the reader's words; None where nothing does."""
    if not helps:
        return None
    w, may = pages.said(), door.may(Act.REPORT)
    if name := _REPORTS.get(helps):
        public = "1" if "--public" in helps else None
        link = url_for("console-reports.reports", report=name, public=public) if may else ""
        return Help(w.say("reports", name), link)
    if helps == _OUTBOUND:
        return Help(w.say("organisation", "outbound"), "#outbound-title" if may else "")
    if helps == _INCIDENTS:
        return Help(w.say("areas", helps), url_for("console-incidents.listed"))
    return Help(helps, code=True)
