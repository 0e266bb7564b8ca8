"""
Which pictures of ``docs/reference/console`` show which page of the console.

A new page needs a line in :data:`PICTURES` and a test of this folder that looks at it (a path in
``PLAIN`` of ``test_pages.py`` does, where an address is enough). The picture is then made by
``RIGHTS_SHOTS=FOLDER ./run test tests/browser/console``; the one of a desktop in English and the
one of a phone in Chinese are put into the folder, and shown at the end of the console's page.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from rights.app import routed
from tests.architecture.tree import ROOT

FOLDER: Final = ROOT / "docs" / "reference" / "console"
PAGE: Final = ROOT / "docs" / "reference" / "console.md"
LANGUAGES: Final = ("en", "zh-CN")

PICTURES: Final[dict[str, tuple[str, ...]]] = {
    "console-account.account": ("account",),
    "console-appeals.appeals": ("appeals",),
    "console-arriving.ask": ("log",),
    "console-complaints.complaints": ("complaints",),
    "console-entering.invitation": ("invitation",),
    "console-entering.sign_in": ("sign-in",),
    "console-finding.find": ("find",),
    "console-holding.listed": ("holds",),
    "console-home.home": ("overview",),
    "console-home.nothing": ("nothing-here",),
    "console-incidents.listed": ("incidents",),
    "console-incidents.one": ("incident",),
    "console-letters.complaint": ("complaint",),
    "console-letters.look": ("opened-complaint",),
    "console-listing.listed": ("list-all", "list-unfolded"),
    "console-losing.listed": ("lost",),
    "console-made.one": ("report-audit", "report-figures", "report-incidents", "report-waits"),
    "console-one.document": ("document",),
    "console-one.look": ("opened-authority", "opened-minor", "opened-plan", "opened-proposal"),
    "console-one.one": (
        "request-asked",
        "request-by_hand",
        "request-denied",
        "request-documents",
        "request-done",
        "request-failed",
        "request-kept_back",
        "request-late",
        "request-late-unfolded",
        "request-letter",
        "request-minor",
        "request-proposed",
        "request-restricted",
        "request-stopped",
        "request-verifying",
    ),
    "console-organisation.organisation": ("organisation",),
    "console-organisation.send_outbound": ("report-outbound",),
    "console-passages.shown": ("passages",),
    "console-passkeys.listed": ("passkeys",),
    "console-products.listed": ("products",),
    "console-provider.back": ("provider-come",),
    "console-provider.begin": ("provider-going",),
    "console-rechecks.listed": ("rechecks",),
    "console-releasing.one": ("hold",),
    "console-reports.reports": ("reports",),
    "console-samples.shown": ("sample",),
    "console-settings.listed": ("settings",),
    "console-signed.one": ("signed",),
    "console-signing.code": ("code",),
    "console-signing.confirm": ("recovery",),
    "console-signing.set_up": ("app", "set-up"),
    "console-staff.add": ("staff-link",),
    "console-staff.listed": ("staff",),
    "console-stores.listed": ("stores",),
    "console-stores.store": ("store",),
    "console-trail.listed": ("trail",),
    "console-waiting.waiting": ("waiting",),
}
"""The pictures of every page, by its endpoint; a form that answers with a page of its own too."""

FILES: Final = {
    "console-health.ready": ("/readyz", "application/json"),
    "console-incidents.exported": ("/incidents.csv", "text/csv"),
    "console-listing.exported": ("/requests.csv", "text/csv"),
}
"""What is no page: where it is, and what it answers with."""

_NAME: Final = re.compile(r"(?P<name>.+)-(?P<language>en|zh-CN)-\d+-(?:light|dark)\.png")


@cache
def console() -> Flask:
    """Return the console as far as its addresses: it has nothing to answer with."""
    return routed(("console",), https=False)


def readable() -> set[str]:
    """Return the endpoints of every page that an address opens."""
    rules = [one for one in console().url_map.iter_rules() if one.rule.startswith("/console")]
    return {str(one.endpoint) for one in rules if "GET" in (one.methods or ())} - {*FILES}


def kept() -> dict[str, set[str]]:
    """Return the languages in which each picture is in the folder."""
    found: dict[str, set[str]] = {}
    for file in FOLDER.iterdir():
        match = _NAME.fullmatch(file.name)
        name, language = match.group("name", "language") if match else (file.name, "")
        found.setdefault(name, set()).add(language)
    return found


def of(name: str) -> str:
    """Return the endpoint that a picture shows, empty for one that is in no documentation."""
    return next((one for one, names in PICTURES.items() if name in names), "")


def check(name: str, address: str) -> None:
    """Fail if a picture is about to show another page than the one it is said to show."""
    said, found = of(name), _at(urlsplit(address).path)
    if said and said not in found:
        lines = f"{name} is a picture of {said} by tests/browser/console/pictured.py"
        raise AssertionError(f"{lines}; this is {' or '.join(sorted(found)) or address}")


def _at(path: str) -> set[str]:
    there, found = console().url_map.bind(""), set()
    for method in ("GET", "POST"):
        try:
            found.add(str(there.match(path, method)[0]))
        except (HTTPException, RequestRedirect):
            continue
    return found
