"""Signing in at the company's own provider: a real one, one of our making, and dishonest ones."""

from __future__ import annotations

import warnings
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlmodel import select

from rights.domain.levels import Acr
from rights.services.sign_in import providers
from rights.store.models import Request, SignIn
from tests.web.portal.desk import asked_for, visited
from tests.web.portal.town import (
    ALICE,
    Town,
    leave,
    people,
    person_of,
    problem,
    sign_in,
)


def test_somebody_signs_in_and_asks_as_themselves(town: Town) -> None:
    reader = town.reader()

    home = sign_in(reader)

    assert (home.status, reader.path) == (200, "/portal/")
    assert "Signed in through shop" in home.text
    made = reader.send(reader.get("/portal/ask/restriction"), "/ask/restriction")
    assert "Reference" in made.text
    with town.house.reading() as session:
        request = session.exec(select(Request)).one()
    assert (request.acr, request.level, str(request.state)) == ("session", 1, "in_progress")


def test_what_is_asked_of_the_provider(town: Town) -> None:
    asked = asked_for(leave(town.reader("zh-CN")))

    assert asked["scope"] == "openid email"
    assert asked["ui_locales"] == "zh-CN"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(len(asked["state"]), len(asked["nonce"])) >= 43
    assert "prompt" not in asked
    with town.house.reading() as session:
        (row,) = session.exec(select(SignIn)).all()
    assert asked["state"] not in row.id
    assert asked["nonce"].encode() not in row.sealed
    assert asked["redirect_uri"].startswith("http://127.0.0.1:8080/portal/sign-in/")


def test_the_address_to_come_back_to_is_the_one_that_is_told(town: Town) -> None:
    with town.house.app.test_request_context():
        from flask import url_for  # noqa: PLC0415 - only here

        found = url_for("portal-signing.back", backend_id="0" * 32)
    assert found == providers.back("0" * 32)


def test_a_session_of_before_ends_and_the_new_one_has_another_secret(town: Town) -> None:
    reader = town.reader()
    there = leave(reader)
    reader.begin()
    (before,) = people(town.house)

    reader.get(visited(there))

    (after,) = people(town.house)
    assert before.id != after.id
    assert b"alice@example.com" not in after.sealed


@pytest.mark.parametrize("view", ["deletion", "held", "//evil.example", "https://evil.example"])
def test_a_page_of_ours_opens_afterwards_and_no_other(town: Town, view: str) -> None:
    reader = town.reader()

    page = sign_in(reader, view=view)

    assert page.status == 200
    known = {"deletion": "/portal/ask/deletion", "held": "/portal/held"}
    assert reader.path == known.get(view, "/portal/")


def test_leaving_ends_our_session(town: Town) -> None:
    reader = town.reader()
    home = sign_in(reader)

    out = reader.send(home, "/leave")

    assert "Sign in with shop" in out.text
    assert people(town.house) == []


def test_who_gave_no_account_is_not_asked_for_one(town: Town) -> None:
    landing = town.reader().get("/portal/")

    assert [form.action for form in landing.forms] == ["/portal/sign-in", "/portal/begin"]
    assert "open this page from your account settings" not in landing.text


@pytest.mark.parametrize(
    ("person", "attested"),
    [
        (ALICE, {"user_id", "email"}),
        ({**ALICE, "email_verified": False}, {"user_id"}),
        ({**ALICE, "email_verified": "true"}, {"user_id"}),
        ({"sub": "u-1", "email": "alice@example.com"}, {"user_id"}),
        ({"sub": "u-1", "phone_number": "+8613800138000"}, {"user_id"}),
        (
            {"sub": "u-1", "phone_number": "+8613800138000", "phone_number_verified": True},
            {"user_id", "phone"},
        ),
        ({**ALICE, "email": "no address"}, {"user_id"}),
    ],
)
def test_an_address_counts_only_when_it_was_verified(
    town: Town, person: dict[str, Any], attested: set[str]
) -> None:
    town.desk.person = person
    reader = town.reader()

    sign_in(reader)

    assert person_of(town, reader).attested == attested


def test_what_is_told_only_when_asked_is_asked_for(town: Town) -> None:
    town.desk.person = {"sub": "u-1", "email": "alice@example.com"}
    town.desk.userinfo = {"email": "bob@example.com", "email_verified": True}
    reader = town.reader()

    sign_in(reader)

    # An address and the word that it was verified are of one source.
    assert person_of(town, reader).identifiers == {"user_id": "u-1", "email": "bob@example.com"}


def test_what_is_told_about_somebody_else_is_refused(town: Town) -> None:
    town.desk.person = {"sub": "u-1"}
    town.desk.userinfo = {"sub": "u-2", "email": "bob@example.com", "email_verified": True}

    assert problem(sign_in(town.reader())) == "sign_in_failed"


def test_nobody_is_known_by_an_unverified_address_alone(town: Town) -> None:
    town.configure(claims={"email": "email"})
    town.desk.person = {**ALICE, "email_verified": False}

    page = sign_in(town.reader())

    assert (page.status, problem(page)) == (401, "sign_in_unknown")


@pytest.mark.parametrize(
    ("said", "acr"),
    [
        ({}, Acr.SESSION),
        ({"acr": "gold"}, Acr.MFA),
        ({"acr": "silver"}, Acr.SESSION),
        ({"amr": ["pwd", "otp"]}, Acr.MFA),
        ({"amr": "otp"}, Acr.SESSION),
        ({"acr": "gold", "amr": ["id"]}, Acr.REAL_NAME),
        ({"acr": ["gold"], "amr": [["otp"]]}, Acr.SESSION),
    ],
)
def test_how_surely_is_what_the_operator_said_it_is(
    town: Town, said: dict[str, Any], acr: Acr
) -> None:
    town.configure(acrs={"gold": Acr.MFA}, amrs={"otp": Acr.MFA, "id": Acr.REAL_NAME})
    town.desk.said = said
    reader = town.reader()

    sign_in(reader)

    assert person_of(town, reader).acr is acr


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS256", "rsa"), ("ES256", "ec"), ("EdDSA", "okp")]
)
def test_signatures_by_published_keys(town: Town, algorithm: str, key: str) -> None:
    from joserfc.errors import SecurityWarning  # noqa: PLC0415 - only here
    from joserfc.jwk import ECKey, OKPKey  # noqa: PLC0415 - only here

    made = {
        "rsa": town.desk.key,
        "ec": ECKey.generate_key("P-256", {"kid": "e1"}),
        "okp": OKPKey.generate_key("Ed25519", {"kid": "o1"}),
    }
    town.desk.algorithm, town.desk.key = algorithm, made[key]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        assert sign_in(town.reader()).status == 200


def test_the_client_proves_itself_as_the_provider_says(town: Town) -> None:
    town.desk.published = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(town.reader()).status == 200


def test_a_secret_with_other_characters_goes_where_all_read_it_alike(town: Town) -> None:
    both = ["client_secret_basic", "client_secret_post"]
    town.desk.published = {"token_endpoint_auth_methods_supported": both}
    assert sign_in(town.reader()).status == 200
    town.desk.secret = "a+b/c=:%"
    town.configure(secret=town.desk.secret)

    assert sign_in(town.reader()).status == 200
    assert town.desk.proved_by == ["header", "form"]


def test_a_client_without_a_secret_signs_in_too(town: Town) -> None:
    town.configure(secret="")
    town.desk.published = {"token_endpoint_auth_methods_supported": ["none"]}
    assert sign_in(town.reader()).status == 200


def test_a_client_that_can_prove_itself_in_no_way_signs_nobody_in(town: Town) -> None:
    town.desk.published = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    reader = town.reader()

    page = reader.send(reader.get("/portal/"), "/sign-in")

    assert problem(page) == "sign_in_failed"
    assert "what you typed" not in page.text
    with town.house.reading() as session:
        assert session.exec(select(SignIn)).all() == []


def test_the_persons_language_is_spoken_when_it_fails(town: Town) -> None:
    town.desk.said = {"nonce": "another"}

    page = sign_in(town.reader("zh-CN"))

    assert page.status == 401
    assert "登录没有成功" in page.text


def test_somebody_who_broke_off_is_told_so(town: Town) -> None:
    reader = town.reader()
    asked = asked_for(leave(reader))
    path = urlsplit(asked["redirect_uri"]).path

    page = reader.get(
        f"{path}?error=access_denied&error_description=%3Cscript%3E&state={asked['state']}"
        f"&iss={town.desk.issuer}"
    )

    assert (page.status, problem(page)) == (401, "sign_in_cancelled")
    assert "script&gt;" not in page.html


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "https://127.0.0.1:1"], ids=["plain", "tls"]
)
def test_a_provider_that_is_down(town: Town, address: str) -> None:
    town.configure(issuer=address)
    landing = town.reader().get("/portal/")
    page = town.reader().send(landing, "/sign-in")

    assert (page.status, problem(page)) == (503, "sign_in_unavailable")
