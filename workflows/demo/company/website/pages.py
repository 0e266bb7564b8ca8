"""
The pages: whom to be, the account, and its privacy settings with the portal in a frame.

Anybody may be any customer without a password: all of them are made up.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

import yaml
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug import Response as Answer
from werkzeug.exceptions import HTTPException

from workflows.demo.company.website.customers import Customer, Customers
from workflows.demo.company.website.vouching import NoToken, RightsApi

area = Blueprint("website", __name__)

_WORDS: Final = Path(__file__).with_name("words.yaml")


@dataclass(frozen=True, slots=True)
class Product:
    """
    What the website is made with.

    Args:
        origin: Where people reach it: forms from anywhere else are refused.
    """

    origin: str
    customers: Customers
    rights: RightsApi


def create(product: Product) -> Flask:
    """Return the website."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME="mall",
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=["localhost"],
    )
    app.extensions["product"] = product
    app.register_blueprint(area)
    app.after_request(_harden)
    app.register_error_handler(HTTPException, _refused)
    return app


@area.get("/")
def account() -> str:
    """Show the account; to somebody who is nobody yet, whom they can be."""
    if g.customer is None:
        return _page("sign_in.html", customers=_product().customers.first())
    return _page("account.html")


@area.post("/sign-in")
def sign_in() -> Answer:
    """Be somebody."""
    number = request.form.get("account", type=int)
    if number is None or _product().customers.find(number) is None:
        abort(HTTPStatus.NOT_FOUND)
    session["account"] = number
    return redirect(url_for("website.account"), HTTPStatus.SEE_OTHER)


@area.post("/sign-out")
def sign_out() -> Answer:
    """Be nobody again."""
    session.pop("account", None)
    return redirect(url_for("website.account"), HTTPStatus.SEE_OTHER)


@area.get("/settings/privacy")
def privacy() -> str | Answer:
    """Show the portal in a frame; ``?plain=1`` opens it with a button, without JavaScript."""
    if g.customer is None:
        return redirect(url_for("website.account"), HTTPStatus.SEE_OTHER)
    plain = "plain" in request.args
    return _page("privacy.html", plain=plain, token=_token() if plain else "")


@area.post("/my/portal-token")
def portal_token() -> dict[str, str]:
    """Give the page what opens the portal for whoever is signed in, and for nobody else."""
    return {"token": _token()}


def _token() -> str:
    customer: Customer | None = g.customer
    if customer is None:
        abort(HTTPStatus.UNAUTHORIZED)
    try:
        return _product().rights.portal_token(
            {"user_id": str(customer.id), "email": customer.email}
        )
    except NoToken:
        abort(HTTPStatus.BAD_GATEWAY)


@area.before_request
def _come_in() -> None:
    if request.method == "POST" and request.headers.get("Origin") != _product().origin:
        abort(HTTPStatus.FORBIDDEN)
    if request.args.get("lang") in _words():
        session["language"] = request.args["lang"]
    g.language = session.get("language") or request.accept_languages.best_match(
        _words(), default=next(iter(_words()))
    )
    number = session.get("account")
    g.customer = None if number is None else _product().customers.find(number)


def _harden(response: Response) -> Response:
    """Let the page load the portal, and besides it nothing from anywhere else."""
    rights = _product().rights.address
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {rights}; style-src 'self'; connect-src 'self'; "
        f"frame-src {rights}; form-action 'self' {rights}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    # The portal is told whose page opens it: with "no-referrer" a browser would keep it back.
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(error: HTTPException) -> Response:
    """Say so in both languages: what failed may be that nobody could be asked for theirs."""
    text = "\n".join(said["refused"] for said in _words().values())
    return Response(text, error.code, content_type="text/plain; charset=utf-8")


def _page(template: str, **values: Any) -> str:
    words = _words()
    return render_template(
        template,
        w=words[g.language],
        languages=[(name, said["language"]) for name, said in words.items()],
        language=g.language,
        customer=g.customer,
        rights=_product().rights.address,
        **values,
    )


def _product() -> Product:
    return cast("Product", current_app.extensions["product"])


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """Return every text by language, the usual language first."""
    read: Mapping[str, Mapping[str, str]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return read
