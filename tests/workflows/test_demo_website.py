"""The demo's website: every word in both languages, and nobody signed in who is not there."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import OKPKey

from tests.architecture.tree import ROOT
from workflows.demo.company.website.customers import Customers
from workflows.demo.company.website.pages import Product, create
from workflows.demo.company.website.vouching import RightsApi, Signature

SHOP: Final = "http://localhost:1"
FOLDER: Final = ROOT / "workflows" / "demo" / "company" / "website"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE users (id INTEGER, name TEXT, email TEXT, locale TEXT)")
        db.execute("INSERT INTO users VALUES (1001, '林 <悦>', 'lin@example.com', 'zh-CN')")
        db.commit()
    return file


@pytest.fixture
def site(shop: Path) -> Flask:
    # Nobody listens at that address: the service is away.
    key = OKPKey.generate_key("Ed25519", {"kid": "shop-1"}, private=True)
    signature = Signature("shop", "rights", key.as_dict(private=True))
    rights = RightsApi("http://127.0.0.1:1", "key", signature)
    return create(Product(SHOP, Customers(shop), rights))


def _signed_in(site: Flask) -> FlaskClient:
    browser = site.test_client()
    made = browser.post("/sign-in", data={"account": "1001"}, headers={"Origin": SHOP})
    assert made.status_code == 303
    return browser


def test_both_languages_say_the_same_and_every_word_is_used() -> None:
    words = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    templates = "".join(p.read_text() for p in (FOLDER / "templates").glob("*.html"))
    used = {*re.findall(r"\bw\.(\w+)", templates), "language", "refused"}

    assert words["zh-CN"].keys() == words["en"].keys() == used


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_page_is_in_one_language(site: Flask, language: str) -> None:
    text = _signed_in(site).get(f"/settings/privacy?lang={language}").get_data(as_text=True)

    assert f'<html lang="{language}">' in text
    assert f'lang="{language}" title=' in text
    assert "林 &lt;悦&gt;" in text
    assert ("Back to your account" in text) is (language == "en")


def test_whoever_was_deleted_in_the_shop_is_signed_out(site: Flask, shop: Path) -> None:
    browser = _signed_in(site)
    assert "1001" in browser.get("/").get_data(as_text=True)
    with closing(sqlite3.connect(shop)) as db:
        db.execute("UPDATE users SET name = NULL")
        db.commit()

    assert "1001" not in browser.get("/").get_data(as_text=True)
    assert browser.post("/my/portal-token", headers={"Origin": SHOP}).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/my/portal-token"])
@pytest.mark.parametrize("origin", ["", "null", "https://evil.example"])
def test_a_form_of_another_page_does_nothing(site: Flask, path: str, origin: str) -> None:
    headers = {"Origin": origin} if origin else {}

    assert _signed_in(site).post(path, headers=headers).status_code == 403


def test_when_the_service_is_away_people_are_told_in_their_language(site: Flask) -> None:
    answer = _signed_in(site).post("/my/portal-token", headers={"Origin": SHOP})

    assert answer.status_code == 502
    assert "无法打开" in answer.get_data(as_text=True)
    assert "cannot be opened" in answer.get_data(as_text=True)


def test_it_answers_to_its_own_name_only(site: Flask) -> None:
    assert site.test_client().get("/", base_url="http://evil.example").status_code == 400


def test_nobody_can_be_somebody_the_shop_does_not_know(site: Flask) -> None:
    browser = site.test_client()

    for account in ("1", "x", ""):
        made = browser.post("/sign-in", data={"account": account}, headers={"Origin": SHOP})
        assert made.status_code == 404
    assert browser.get("/settings/privacy").status_code == 303


def test_no_key_is_in_what_is_shown_about_the_product() -> None:
    rights = RightsApi("http://127.0.0.1:1", "rk_secret", Signature("s", "a", {"d": "private"}))

    assert "secret" not in repr(rights)
    assert "private" not in repr(rights)
