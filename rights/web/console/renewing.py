"""
A page that waits renews itself, and that is no use of the session by anybody.

An unattended browser would stay signed in otherwise: each renewal would put off its end. The page
names its own address with a mark, and a call that bears it is let in as any other and moves nothing
(``rights.web.auth``). The mark can only shorten a session.

Source: NDSR 9; OWASP Session Management.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from flask import request
from werkzeug import Response

from rights.web.auth import RENEWS

_AGAIN_S: Final = 2


def renews(response: Response) -> Response:
    """Let a page look again by itself, shortly, at the address it has."""
    response.headers["Refresh"] = f"{_AGAIN_S}; url={_address([(RENEWS, '1')])}"
    return response


def plain() -> str:
    """Return the address of this page as a person has it: without the mark."""
    return _address([])


def _address(more: list[tuple[str, str]]) -> str:
    said = [one for one in request.args.items(multi=True) if one[0] != RENEWS] + more
    return quote(request.path) + (f"?{urlencode(said)}" if said else "")
