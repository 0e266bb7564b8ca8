"""
Every kind of page of the console: where it is, and what is sent to see it.

``tests/web/console/test_measured.py`` compares this with the routes, so none is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.console import months

FULL: Final = months.reference(months.FULL)


@dataclass(frozen=True, slots=True)
class Place:
    """
    One page.

    Args:
        path: Below the console; ``{name}`` stands for what is known once the register is full.
        sent: The form that makes it; None where a link leads to it.
        file: It is a file: what counts is when it begins.
    """

    path: str
    sent: Mapping[str, str] | None = field(default=None)
    file: bool = False


_LISTS: Final = {
    "overview": Place("/"),
    "list": Place("/requests"),
    "second": Place("{second}"),
    "kind": Place("/requests?kind=deletion"),
    "late": Place("/requests?clock=late"),
    "newest": Place("/requests?state=all&sort=newest"),
    "all": Place("/requests?state=all"),
    "words": Place("/requests?state=all&q=letter"),
    "no_words": Place("/requests?state=all&q=zzz"),
    "reference": Place(f"/requests?state=all&q={FULL[:12]}"),
    "regime": Place("/requests?state=all&regime=br_lgpd"),
    "mine": Place("/requests?assigned=me"),
    "csv": Place("/requests.csv", file=True),
    "find": Place("/find", {"type": "email", "value": months.address(77)}),
    "find_form": Place("/find"),
    "waiting": Place("/waiting"),
    "holds": Place("/holds"),
    "hold": Place("/holds/{one}"),
    "rechecks": Place("/rechecks"),
    "stores": Place("/stores"),
    "store": Place("/stores/shop"),
    "trail": Place("/trail"),
    "trail_of_event": Place("/trail?event=person_looked_up"),
    "trail_of_request": Place(f"/trail?chain={FULL}"),
}
_ONE: Final = {
    "request": Place(f"/requests/{FULL}"),
    "request_packed": Place("/requests/{packed}"),
    "request_appealed": Place("/requests/{appealed}"),
    "package": Place("/requests/{packed}/sample/{sample}"),
    "passages": Place("/requests/{packed}/passages/{passages}"),
    "messages": Place("/requests/{written}/open/messages", {}),
    "letter": Place("/requests/{written}/open/letter", {"letter": "{letter}"}),
    "appeals": Place("/appeals"),
    "appeal": Place("/requests/{appealed}/open/appeal", {}),
    "proposal": Place("/requests/{appealed}/open/proposal", {"proposal": "{proposal}"}),
    "incidents": Place("/incidents"),
    "incidents_csv": Place("/incidents.csv", file=True),
    "incident": Place("/incidents/{incident}"),
    "complaints": Place("/complaints"),
    "complaint": Place("/complaints/{one}"),
    "complaint_opened": Place("/complaints/{one}/open", {}),
    "log": Place("/log?ask=deletion/delete"),
}
_HOUSE: Final = {
    "reports": Place("/reports"),
    "report_asked": Place("/reports", {"report": "figures", "year": "{year}"}),
    "report_waits": Place("/reports/made/{waits}"),
    "report_made": Place("/reports/made/{figures}"),
    "report_audit": Place("/reports/made/{evidence}"),
    "report_file": Place("/reports/made/{figures}", {"form": "csv"}),
    "signed_evidence": Place("/reports/signed/{one}"),
    "organisation": Place("/organisation"),
    "settings": Place("/settings"),
    "products": Place("/products"),
    "lost_events": Place("/products/webhooks/{one}/lost"),
    "staff": Place("/staff"),
    "account": Place("/account"),
    "passkeys": Place("/account/passkeys"),
}
PAGES: Final[Mapping[str, Place]] = {**_LISTS, **_ONE, **_HOUSE}

LEFT_OUT: Final = {
    "console-entering.invitation": "before anybody is signed in",
    "console-entering.sign_in": "before anybody is signed in",
    "console-signing.code": "before anybody is signed in",
    "console-signing.set_up": "before anybody is signed in",
    "console-provider.back": "leads on from a provider of identities",
    "console-health.ready": "an answer for the balancer",
    "console-home.nothing": "there is nothing",
}
"""Addresses that are no page of work, and why."""

OPENED_ALIKE: Final = {
    "plan": "the page of the request has it; opened is a sample of ten rows beside it",
    "dismissed": "texts of one request by its index, as messages",
    "asking": "one text of one request, as a proposal",
    "parts": "one text of one request, as a proposal",
    "authority": "one document of one request",
}
"""What else is opened on the page of a request, and which measured one it is like."""

REPORTS_OPENED: Final = {"figures": "report_made", "audit": "report_audit"}
"""Which page opens which report."""

REPORTS_ALIKE: Final = {
    "incidents": "a page of tables, as the others; the relay works it out",
    "california": "five rows, where figures have hundreds",
}
"""Which report is not opened as a page, and why."""
