"""Setting up where people sign in, as an operator types it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from rights import logs
from rights.domain.levels import Acr
from rights.services.rotation import rotate
from rights.services.sign_in import providers
from rights.services.sign_in.provider import Provider
from rights.store.db import open_engine, reading
from rights.store.keys import Keyring
from rights.store.models import Entry, SignInProvider
from rights.store.vault import Vault
from tests.architecture.pages import blocks
from tests.architecture.tree import ROOT
from tests.workflows.house import KEY
from tests.workflows.test_commands import Shell

USUAL = (
    "--issuer",
    "https://login.shop.example",
    "--client-id",
    "portal",
    "--claim",
    "sub=user_id",
)
SECRET = "sesame-of-the-portal"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    logs.configure(level="CRITICAL")
    made = Shell(
        tmp_path, RIGHTS_SECRET_SHOP_OIDC=SECRET, RIGHTS_BASE_URL="https://rights.example/"
    )
    made.run("migrate")
    made.run("backend", "add", "shop")
    return made


def _provider(shell: Shell, keys: str = KEY) -> Provider:
    with reading(open_engine(shell.url)) as session:
        row = session.exec(select(SignInProvider)).one()
        return providers.of(session, Vault(Keyring.parse(keys)), row.backend_id)


def test_a_provider_is_set_up_changed_and_taken_away(shell: Shell) -> None:
    said = shell.run("backend", "oidc", "shop", *USUAL, "--secret", "SHOP_OIDC")

    made = _provider(shell)
    assert f"https://rights.example/portal/sign-in/{made.backend_id}/back" in said
    assert SECRET not in said
    assert made.secret == SECRET
    assert SECRET not in repr(made)
    assert (made.title, made.scopes, made.best) == ("shop", ("openid",), Acr.SESSION)

    more = ("--title", "Shop ID", "--scope", "email", "--acr", "urn:x=2=mfa", "--amr", "otp=mfa")
    shell.run("backend", "oidc", "shop", *USUAL, *more, "--ask-acr", "urn:x=2")
    made = _provider(shell)
    assert made.secret == ""
    assert (made.title, made.scopes) == ("Shop ID", ("openid", "email"))
    assert (made.acrs, made.amrs) == ({"urn:x=2": Acr.MFA}, {"otp": Acr.MFA})
    assert made.ask_acrs == ("urn:x=2",)
    assert "people sign in at Shop ID" in shell.run("backend", "list")

    shell.run("backend", "oidc", "shop", "--remove")
    assert "sign in at" not in shell.run("backend", "list")
    shell.run("backend", "oidc", "shop", "--remove", code=1)
    shell.run("backend", "oidc", "nobody", *USUAL, code=1)
    with reading(open_engine(shell.url)) as session:
        events = [one.event for one in session.exec(select(Entry).order_by(col(Entry.seq)))]
    assert events[-3:] == ["sign_in_set", "sign_in_set", "sign_in_removed"]


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (("--issuer", "http://login.shop.example"), "issuer: must begin with https"),
        (("--issuer", "http://127.0.0.1:9400"), "issuer: is plain http"),
        (("--issuer", "https://u:p@login.example"), "issuer: is no issuer"),
        (("--issuer", "https://login.example/?a=b"), "issuer: is no issuer"),
        (("--issuer", "ftp://login.example"), "issuer: must begin with https"),
        (("--issuer", "https://[::1"), "issuer: is no address"),
        (("--client-id", ""), "client_id"),
        (("--client-id", "会话"), "client_id"),
        (
            ("--claim", "email=phone"),
            "claims.email: is no identifier of the data map (email, user_id)",
        ),
        (("--claim", "mail=email"), "taken from the claim email alone"),
        (("--claim", "preferred_username=user_id"), "name one identifier twice"),
        (("--client-id", "x" * 201), "client_id"),
        (("--title", "x" * 81), "title: is longer"),
        (("--issuer", f"https://{'x' * 300}"), "issuer: is no issuer"),
        (("--claim", "x"), "--claim is written"),
        (("--acr", "gold=silver"), "--acr is written"),
        (("--acr", "a b=mfa"), "acrs: must be words"),
        (("--scope", "e mail"), "scopes: must be words"),
        (("--secret", "NOT_THERE"), "RIGHTS_SECRET_NOT_THERE"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    shell: Shell, words: tuple[str, ...], about: str
) -> None:
    said = shell.run("backend", "oidc", "shop", *USUAL, *words, code=2)

    assert about in said
    with Session(open_engine(shell.url)) as session:
        assert session.exec(select(SignInProvider)).all() == []


def test_on_this_very_machine_plain_http_is_allowed_where_an_operator_says_so(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path, RIGHTS_WEBHOOK_ALLOW="127.0.0.1:9400")
    shell.run("migrate")
    shell.run("backend", "add", "shop")

    shell.run("backend", "oidc", "shop", *USUAL, "--issuer", "http://127.0.0.1:9400")

    assert _provider(shell).issuer == "http://127.0.0.1:9400"


def test_the_secret_is_sealed_anew_with_everything_else(shell: Shell) -> None:
    shell.run("backend", "oidc", "shop", *USUAL, "--secret", "SHOP_OIDC")
    newer = "k9:" + "Ym9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm8="
    both = Vault(Keyring.parse(f"{newer},{KEY}"))

    counts = rotate(open_engine(shell.url), both)

    assert counts["sign_in_provider"] == 1
    assert _provider(shell, newer).secret == SECRET


def test_the_guide_can_be_followed_as_it_is_written(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "how-to" / "sign-in-with-oidc.md").read_text(encoding="utf-8")
    lines = "\n".join(blocks(guide, "sh")).replace("\\\n", " ").splitlines()
    shell = Shell(tmp_path, RIGHTS_SECRET_SHOP_OIDC=SECRET)
    shell.run("migrate")

    ran = [shell.run(*shlex.split(one)[1:]) for one in lines if one.startswith("rights ")]

    assert len(ran) == 4
    made = _provider(shell)
    assert (made.title, made.best, made.ask_acrs) == ("Shop ID", Acr.MFA, ("urn:shop:2fa",))
