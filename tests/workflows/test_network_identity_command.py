"""Setting up a bridge to the network identity service, as an operator types it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from rights import logs
from rights.services.network_identity import bridges
from rights.services.network_identity.bridge import Bridge
from rights.services.rotation import rotate
from rights.store.db import open_engine, reading
from rights.store.keys import Keyring
from rights.store.models import Entry, NetworkIdentityBridge
from rights.store.vault import Vault
from tests.architecture.pages import blocks
from tests.architecture.tree import ROOT
from tests.browser.serving import serving
from tests.web.portal.booth import SECRET, Booth
from tests.workflows.house import KEY
from tests.workflows.test_commands import Shell

URL = ("--url", "https://netid.shop.example/v1/")
NAMED = ("--secret", "NETID")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    logs.configure(level="CRITICAL")
    made = Shell(
        tmp_path,
        RIGHTS_SECRET_NETID=SECRET,
        RIGHTS_SECRET_SHORT="whsec_c2hvcnQ=",
        RIGHTS_BASE_URL="https://rights.example/",
        RIGHTS_WEBHOOK_ALLOW="127.0.0.0/8",
    )
    made.run("migrate")
    made.run("backend", "add", "shop", "--level-cap", "3")
    return made


@pytest.fixture
def booth() -> Iterator[Booth]:
    made = Booth()
    with serving(made.app()) as at:
        made.url = at
        yield made


def _bridge(shell: Shell, keys: str = KEY) -> Bridge:
    with reading(open_engine(shell.url)) as session:
        row = session.exec(select(NetworkIdentityBridge)).one()
        sealed = row.sealed_secret
        secret = Vault(Keyring.parse(keys)).open(sealed, aad=bridges.aad(row.backend_id))
        return Bridge(row.backend_id, row.url, secret.decode(), row.attests_names)


def test_a_bridge_is_set_up_changed_and_taken_away(shell: Shell) -> None:
    said = shell.run("backend", "network-identity", "shop", *URL, *NAMED)

    assert "https://rights.example/portal/network-identity/back" in said
    assert "brings level 2" in said
    made = _bridge(shell)
    assert (made.url, made.secret) == ("https://netid.shop.example/v1", SECRET)
    assert SECRET not in said + repr(made)
    assert "offers the network identity" in shell.run("backend", "list")

    more = shell.run("backend", "network-identity", "shop", *URL, *NAMED, "--attests-names")
    assert "brings level 3" in more

    shell.run("backend", "network-identity", "shop", "--remove")
    assert "network identity" not in shell.run("backend", "list")
    shell.run("backend", "network-identity", "shop", "--remove", code=1)
    shell.run("backend", "network-identity", "shop", "--check", code=1)
    shell.run("backend", "network-identity", "nobody", *URL, *NAMED, code=1)
    with reading(open_engine(shell.url)) as session:
        events = [one.event for one in session.exec(select(Entry).order_by(col(Entry.seq)))]
    assert events[-3:] == [
        "network_identity_set",
        "network_identity_set",
        "network_identity_removed",
    ]


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ((*NAMED, "--url", "http://netid.shop.example"), "url: must begin with https"),
        ((*NAMED, "--url", "http://[::1]:9400"), "url: is plain http"),
        ((*NAMED, "--url", "https://u:p@netid.example"), "url: is no address"),
        ((*NAMED, "--url", "https://netid.example/?a=b"), "url: is no address"),
        ((*NAMED, "--url", "https://[::1"), "url: is no address"),
        ((*NAMED, "--url", ""), "url: is no address"),
        ((*NAMED, "--url", f"https://{'x' * 300}"), "url: is no address"),
        ((*URL, "--secret", "SHORT"), "secret: must be whsec_"),
        ((*URL, "--secret", "NOT_THERE"), "RIGHTS_SECRET_NOT_THERE"),
        (URL, "RIGHTS_SECRET_NAME"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    shell: Shell, words: tuple[str, ...], about: str
) -> None:
    said = shell.run("backend", "network-identity", "shop", *words, code=2)

    assert about in said
    with Session(open_engine(shell.url)) as session:
        assert session.exec(select(NetworkIdentityBridge)).all() == []


@pytest.mark.requirement("R-ID-4", "R-ID-4:bad")
def test_it_is_never_made_the_only_way_to_a_level(shell: Shell) -> None:
    """The map holds no real name, and this backend's word brings no third level."""
    shell.run("backend", "add", "plain")
    words = ("backend", "network-identity", "plain", *URL, *NAMED)

    said = shell.run(*words, "--attests-names", code=2)

    assert "would make this the only way to level 3" in said
    shell.run(*words)


def test_a_bridge_is_tried_without_sending_anybody_there(shell: Shell, booth: Booth) -> None:
    words = ("backend", "network-identity", "shop")
    shell.run(*words, "--url", booth.url, *NAMED)

    assert "answers and signs" in shell.run(*words, "--check")

    booth.key = b"x" * 32
    assert "is not signed by the bridge" in shell.run(*words, "--check", code=2)
    booth.status["/about"] = 500
    assert "answered 500" in shell.run(*words, "--check", code=2)
    assert set(booth.asked) == {"/about"}


def test_the_secret_is_sealed_anew_with_everything_else(shell: Shell) -> None:
    shell.run("backend", "network-identity", "shop", *URL, *NAMED)
    newer = "k9:" + "Ym9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm9iYm8="

    counts = rotate(open_engine(shell.url), Vault(Keyring.parse(f"{newer},{KEY}")))

    assert counts["network_identity_bridge"] == 1
    assert _bridge(shell, newer).secret == SECRET


def test_the_guide_can_be_followed_as_it_is_written(shell: Shell) -> None:
    guide = (ROOT / "docs" / "how-to" / "offer-the-network-identity.md").read_text("utf-8")
    lines = "\n".join(blocks(guide, "sh")).replace("\\\n", " ").splitlines()

    ran = [one for one in lines if one.startswith("rights ") and "--check" not in one]
    for one in ran:
        shell.run(*shlex.split(one)[1:])

    assert len(ran) == 1
    assert _bridge(shell).brings == 3


def test_the_protocols_page_shows_what_is_sent_and_taken() -> None:
    page = (ROOT / "docs" / "reference" / "network-identity.md").read_text("utf-8")

    def shown(kind: str) -> dict[str, object]:
        block = page.partition(f"```json {kind}\n")[2].partition("```")[0]
        found: dict[str, object] = json.loads(block)
        return found

    booth = Booth(account={"user_id": "u-1"})
    assert shown("about-answer") == booth._about({})  # noqa: SLF001 - what a bridge answers
    visit = shown("visits-request")
    booth._visit(visit)  # noqa: SLF001 - the page's own example
    booth.tickets["GmQ9fYx0c1"] = str(visit["state"])
    answer = booth._result(shown("results-request"))  # noqa: SLF001
    assert answer.keys() == shown("results-answer").keys()
    assert answer["nonce"] == shown("results-answer")["nonce"]
