"""The console has an address of its own: its links, its cookies, and whose forms it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rights.domain.errors import ConfigError
from rights.settings import Settings
from tests.web.console.clerk import newcomer
from tests.web.correspondence import Office
from tests.web.house import House

DESK = "https://desk.example"
PUBLIC = "https://privacy.example"


@pytest.fixture
def apart(furnished: Callable[..., House]) -> House:
    return furnished(base_url=PUBLIC, console_url=DESK)


def test_the_console_takes_forms_of_its_own_address_and_of_no_other(apart: House) -> None:
    ada = newcomer(apart, "ada", "admin")
    form = ada.get("/staff").form("/staff")

    refused = ada.reader.post(form.action, form.holding(name="eve"), origin=PUBLIC)
    page = ada.reader.post(form.action, form.holding(name="rui", roles=["reviewer"]), origin=DESK)

    assert refused.status == 403
    assert f"{DESK}/console/invitation?w=" in page.html


@pytest.mark.parametrize(
    ("public", "console", "secure"),
    [
        (PUBLIC, "http://desk.example", False),
        ("http://privacy.example", DESK, True),
        (PUBLIC, "", True),
    ],
)
def test_its_cookie_is_sent_over_tls_where_its_own_address_is(
    furnished: Callable[..., House], public: str, console: str, *, secure: bool
) -> None:
    house = furnished(base_url=public, console_url=console)

    ana = newcomer(house, "ana", "approver")

    cookie = ana.reader.client.get_cookie("rights_staff", path="/console")
    assert cookie is not None
    assert cookie.secure == secure


@pytest.mark.parametrize("console", [f"{DESK}/", ""])
def test_the_link_on_the_command_line_leads_to_the_console(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: str
) -> None:
    monkeypatch.setenv("RIGHTS_BASE_URL", PUBLIC)
    monkeypatch.setenv("RIGHTS_CONSOLE_URL", console)

    done = Office(house, tmp_path).run("staff", "add", "li", "--role", "admin", "--invite")

    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{DESK if console else PUBLIC}/console/invitation?w=")


@pytest.mark.parametrize(
    "wrong", ["desk.example", "ftp://desk.example", f"{DESK}/console", f"{DESK}?a=b", "https://a b"]
)
def test_an_address_that_is_none_is_refused_at_start(
    settings_of: Callable[..., Settings], wrong: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(console_url=wrong)

    assert "RIGHTS_CONSOLE_URL" in str(caught.value.problems)
