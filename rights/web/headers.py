"""Headers that every answer carries."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOR_EVERYBODY: Final = frozenset({"/static/portal/embed.js"})
"""What pages of other sites load: the script that opens the portal there."""
_API: Final = "default-src 'none'; frame-ancestors 'none'"
_PAGES: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def register(app: Flask, *, https: bool) -> None:
    """
    Send them with every answer of *app*.

    Args:
        https: People reach this service over TLS: tell their browsers to keep it so.
    """

    @app.after_request
    def _harden(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        page = (response.content_type or "").startswith("text/html")
        if request.path in _FOR_EVERYBODY:
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers.setdefault("Content-Security-Policy", _PAGES if page else _API)
        if "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]:
            response.headers["X-Frame-Options"] = "DENY"
        if not request.path.startswith("/static/") and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response
