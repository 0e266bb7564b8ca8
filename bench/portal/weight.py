"""How heavy the pages are: what a browser that comes for the first time is sent, uncompressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.portal.browser import Browser
from bench.portal.people import Visitor
from rights.domain.kinds import Kind
from rights.domain.parameters import offered
from rights.services.words import LANGUAGES
from tests.web.portal.reader import loaded

_LOGO = "/portal/logo"


@dataclass(frozen=True, slots=True)
class Weight:
    """
    Bytes of one page with all it loads, status lines and headers included.

    Args:
        logo: Of these, the logo's.
    """

    path: str
    size: int
    logo: int


def paths(visitor: Visitor) -> list[str]:
    """Return every page there is for somebody a product vouches for."""
    return [
        "/portal/",
        *(f"/portal/ask/{kind}" for kind in Kind if offered(kind)),
        *(f"/portal/requests/{one}" for one in visitor.requests),
        "/portal/consents",
        "/portal/held",
        f"/portal/held/{visitor.held}",
        f"/portal/beforehand/{Kind.DELETION}/{visitor.foreseen}",
        f"/portal/values/{visitor.values}",
        "/portal/find",
    ]


def weights(port: int, visitor: Visitor) -> list[Weight]:
    """Load every page in both languages, and the first one of somebody nobody vouches for."""
    stranger, known = Browser(port, ""), Browser(port, visitor.token)
    found = list(_loaded(stranger, ["/portal/"]))
    known.enter()
    return [*found, *_loaded(known, paths(visitor))]


def _loaded(browser: Browser, shown: list[str]) -> Iterator[Weight]:
    for path in shown:
        for language in LANGUAGES:
            page = browser.open(f"{path}?{urlencode({'lang': language})}")
            more = {one: browser.open(one).size for one in loaded(page.body.decode())}
            yield Weight(path, page.size + sum(more.values()), more.get(_LOGO, 0))
