"""What docs/how-to/embed-the-portal.md tells people to paste works as it stands there."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask, Response, redirect, session
from playwright.sync_api import expect
from sqlmodel import select
from werkzeug import Response as Answer

from rights.services import backends
from rights.store.models import Backend
from tests.architecture.pages import blocks
from tests.architecture.tree import ROOT
from tests.browser.pages import Pages
from tests.browser.portal.conftest import Street
from tests.browser.serving import serving

pytestmark = pytest.mark.browser

GUIDE: Final = (ROOT / "docs" / "how-to" / "embed-the-portal.md").read_text(encoding="utf-8")
ALICE: Final = {"user_id": "u-1", "email": "alice@example.com"}
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' {rights}; frame-src {rights}; "
    "connect-src 'self'; form-action {rights}"
)
"""What the guide says a page has to allow, and room for the script it shows."""

_DJANGO: Final = """
import json, sys
from types import SimpleNamespace
import django
from django.conf import settings
from django.http import HttpResponse

def sign_in(get_response):
    def middleware(request):
        name = request.headers.get("X-Test-User")
        request.user = SimpleNamespace(
            is_authenticated=bool(name), pk=name, email="alice@example.com"
        )
        return get_response(request)
    return middleware

settings.configure(
    SECRET_KEY="x", ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"],
    SECURE_REFERRER_POLICY="strict-origin-when-cross-origin",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "__main__.sign_in",
    ],
)
django.setup()
from django.test import Client
def ask(origin, user=""):
    headers = {"Origin": origin, "X-Test-User": user}
    return Client(enforce_csrf_checks=True).post("/my/portal-token", headers=headers)
ours = sys.argv[1]
given = ask(ours, "u-1")
print(json.dumps({
    "statuses": [r.status_code for r in (given, ask(ours), ask("https://evil.example", "u-1"))],
    "token": given.json()["token"],
    "policy": given.headers["Referrer-Policy"],
}))
"""
_URLS: Final = """
from django.urls import path
from views import my_portal_token
urlpatterns = [path("my/portal-token", my_portal_token)]
"""


@dataclass
class Desk:
    """The folder of somebody who follows the guide."""

    folder: Path
    street: Street
    shop: str
    port: int

    def run(self, *words: str) -> str:
        """Run Python there; return what it prints."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _files() -> Iterator[tuple[str, str]]:
    """Yield every Python file of the guide: its first line is its name."""
    for block in blocks(GUIDE, "python"):
        yield block.partition("\n")[0].removeprefix("# "), block


@pytest.fixture
def desk(
    street: Street, tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    folder, port = tmp_path / "product", free_port()
    folder.mkdir()
    for name, text in _files():
        (folder / name).write_text(text, encoding="utf-8")
    one = Desk(folder, street, f"http://localhost:{port}", port)
    private = one.run("make_key.py")
    public = json.loads((folder / "shop.jwk.json").read_text())
    _register(street, public, one.shop)
    for name, value in {
        "PRIVACY_URL": street.rights,
        "PRIVACY_API_KEY": street.house.partner.key,
        "PRIVACY_SIGNING_KEY": private,
        "SHOP_ORIGIN": one.shop,
        "SHOP_SECRET": "x" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    return one


def _register(street: Street, public: Any, origin: str) -> None:
    now = street.house.clock.now()
    with street.house.writing() as register:
        backend = register.exec(select(Backend)).one()
        backends.add_assertion_key(register, street.house.context.vault, backend, public, now=now)
        backends.allow_origins(register, "shop", [origin], now=now)
    street.house.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do


@pytest.fixture
def app(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.syspath_prepend(desk.folder)
    made: Flask = importlib.import_module("app").app
    yield made
    for name in ("app", "portal_tokens"):
        del sys.modules[name]


def _with_pages(app: Flask, desk: Desk) -> Flask:
    """Add what the product has anyway: a way to sign in, and the page of the guide."""
    tags, script, form = (
        block.replace("https://rights.example", desk.street.rights)
        for block in blocks(GUIDE, "html")
    )

    def sign_in() -> Answer:
        session.update(ALICE)
        return redirect("/settings")

    def page(body: str) -> Response:
        text = f"<!doctype html><html lang=en><title>Shop</title>{body}</html>"
        response = Response(text, content_type="text/html")
        response.headers["Content-Security-Policy"] = _POLICY.format(rights=desk.street.rights)
        return response

    def plain() -> Response:
        with app.test_client() as browser:
            with browser.session_transaction() as session:
                session.update(ALICE)
            answer = browser.post("/my/portal-token", headers={"Origin": desk.shop})
        assert answer.json is not None
        return page(form.replace("TOKEN", answer.json["token"]))

    app.add_url_rule("/sign-in", view_func=sign_in)
    app.add_url_rule("/settings", "settings", lambda: page(tags + script))
    app.add_url_rule("/plain", view_func=plain)
    return app


def test_the_flask_endpoint_and_the_page_show_the_portal(
    app: Flask, desk: Desk, new_page: Pages
) -> None:
    page = new_page(language="zh-CN")
    with serving(_with_pages(app, desk), name="localhost", port=desk.port):
        page.goto(f"{desk.shop}/sign-in")

        portal = page.frame_locator("rights-portal iframe")
        expect(portal.locator("#switches")).to_be_visible()
        expect(page.locator("#no-portal")).to_be_hidden()
    assert portal.locator("html").get_attribute("lang") == "en"


def test_somebody_who_is_not_signed_in_is_told_that_it_failed(
    app: Flask, desk: Desk, new_page: Pages
) -> None:
    page = new_page(expects=["status of 401"])
    with serving(_with_pages(app, desk), name="localhost", port=desk.port):
        page.goto(f"{desk.shop}/settings")

        expect(page.locator("#no-portal")).to_be_visible()


def test_the_form_shows_it_without_scripts(app: Flask, desk: Desk, new_page: Pages) -> None:
    page = new_page(javascript=False)
    with serving(_with_pages(app, desk), name="localhost", port=desk.port):
        page.goto(f"{desk.shop}/plain")
        page.get_by_role("button", name="Privacy").click()

        portal = page.frame_locator("iframe[name=portal]")
        expect(portal.locator("#switches")).to_be_visible()


def test_a_page_that_keeps_its_origin_back_is_refused_as_the_guide_says(
    app: Flask, desk: Desk, new_page: Pages
) -> None:
    app.after_request(lambda r: r.headers.set("Referrer-Policy", "same-origin") or r)
    page = new_page(expects=["status of 403", "frame-ancestors", "ERR_BLOCKED"])
    with serving(_with_pages(app, desk), name="localhost", port=desk.port):
        with page.expect_response(re.compile("/portal/enter")) as entered:
            page.goto(f"{desk.shop}/sign-in")

        assert entered.value.status == 403


def test_the_flask_endpoint_answers_its_own_page_only(app: Flask, desk: Desk) -> None:
    asked = app.test_client().post("/my/portal-token", headers={"Origin": "https://evil.example"})

    assert asked.status_code == 403


def test_the_django_endpoint_gives_a_token_that_opens_the_portal(desk: Desk) -> None:
    (desk.folder / "urls.py").write_text(_URLS)
    (desk.folder / "try.py").write_text(_DJANGO)

    told = json.loads(desk.run("-W", "ignore", "try.py", desk.shop))

    assert told["statuses"] == [200, 401, 403]
    assert told["policy"] == "strict-origin-when-cross-origin"
    entered = desk.street.house.app.test_client().post(
        "/portal/enter", data={"token": told["token"]}, headers={"Origin": desk.shop}
    )
    assert entered.status_code == 303


def test_the_guide_names_every_event_attribute_and_view() -> None:
    script = (ROOT / "rights/web/static/portal/embed.js").read_text(encoding="utf-8")
    events = set(re.findall(r'CustomEvent\("([\w-]+)"', script))
    attributes = {*re.findall(r'getAttribute\("([\w-]+)"\)', script), "lang"}

    assert events == {"rights-ready", "rights-done", "rights-failed"}
    assert {name for name in events | attributes if f"`{name}`" not in GUIDE} == set()
