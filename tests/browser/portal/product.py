"""A product on a site of its own: its settings page shows the portal in a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request

from tests.web.house import ALICE, House

_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>Shop</title></head>
<body><main><h1>Shop</h1>
<p><a href="/privacy?lang={lang}">Privacy</a></p>
{portal}
<p id="said"></p></main></body></html>"""
_FRAME = """<script src="{rights}/static/portal/embed.js" defer></script>
<rights-portal src="{rights}" token-url="/token" lang="{lang}" view="{view}"></rights-portal>
<script src="/events.js" defer></script>"""
_BARE = """<form method="post" action="{rights}/portal/enter" target="portal">
<input type="hidden" name="token" value="{token}"><input type="hidden" name="lang" value="{lang}">
<button>Show</button></form>
<iframe name="portal" title="portal" width="800" height="600"></iframe>"""
_EVENTS = """window.heard = [];
const portal = document.querySelector("rights-portal");
for (const name of ["rights-ready", "rights-done", "rights-failed"])
  portal.addEventListener(name, (event) => window.heard.push([name, event.detail]));"""


@dataclass
class Product:
    """
    The shop.

    Args:
        rights: Where the portal is.
        subject: Who is signed in.
    """

    house: House
    rights: str
    subject: Any = field(default_factory=lambda: ALICE)
    acr: str = "session"
    tokens: int = 0

    def app(self) -> Flask:
        """Return its application."""
        app = Flask("product")
        app.add_url_rule("/", view_func=self.home)
        app.add_url_rule("/privacy", view_func=self.privacy)
        app.add_url_rule("/bare", view_func=self.bare)
        app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/events.js", view_func=self.events)
        return app

    def home(self) -> str:
        return _PAGE.format(lang=request.args.get("lang", "en"), portal="")

    def privacy(self) -> str:
        lang, view = request.args.get("lang", "en"), request.args.get("view", "")
        portal = _FRAME.format(rights=self.rights, lang=lang, view=view)
        return _PAGE.format(lang=lang, portal=portal)

    def bare(self) -> str:
        lang = request.args.get("lang", "en")
        portal = _BARE.format(rights=self.rights, lang=lang, token=self._token())
        return _PAGE.format(lang=lang, portal=portal)

    def events(self) -> Response:
        return Response(_EVENTS, content_type="text/javascript")

    def token(self) -> Response:
        return jsonify(token=self._token())

    def _token(self) -> str:
        self.tokens += 1
        word = self.house.partner.assertion(self.subject, self.house.clock.now(), self.acr)
        made = self.house.post("/v1/portal-tokens", {"assertion": word})
        assert made.status_code == 201, made.json
        return str(made.json["token"])
