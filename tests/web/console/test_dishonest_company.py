"""What the provider of staff says counts only if all of it holds, here and once."""

from __future__ import annotations

import io
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from sqlmodel import select

from rights import logs
from rights.domain.errors import ConfigError
from rights.store.models import StaffSession
from tests.browser.serving import serving
from tests.web.console.company import ANA, GIVEN, Company, inside, problem
from tests.web.house import House
from tests.web.portal.desk import CLIENT, Desk, asked_for, part, visited
from tests.web.portal.reader import Page


@pytest.fixture
def register_url(_migrated_file: Path, tmp_path: Path) -> str:
    """SQLite only: what the register does is tested on PostgreSQL beside this."""
    file = tmp_path / "register.db"
    shutil.copy(_migrated_file, file)
    return f"sqlite:///{file}"


def _refused(company: Company, page: Page, title: str = "The sign-in does not hold") -> None:
    assert (page.status, problem(page)) == (401, title)
    assert company.staff() == []
    assert "Set-Cookie" not in page.response.headers
    with company.house.reading() as session:
        assert session.exec(select(StaffSession)).all() == []


@pytest.mark.requirement("R-9-1:bad")
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://login.evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"exp": 1},
        {"iat": 1},
        {"sub": ""},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_a_claim_that_does_not_hold(company: Company, claims: dict[str, Any]) -> None:
    company.desk.said = claims

    _refused(company, company.sign_in(company.reader()))


def _unsigned(claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims)}."


def _of_another_key(claims: dict[str, Any]) -> str:
    key = RSAKey.generate_key(2048)
    return jws.serialize_compact({"alg": "RS256", "kid": "k1"}, json.dumps(claims), key, ["RS256"])


@pytest.mark.requirement("R-9-1:bad")
@pytest.mark.parametrize("forge", [_unsigned, _of_another_key])
def test_a_signature_that_is_none(company: Company, forge: Callable[[dict[str, Any]], str]) -> None:
    company.desk.forge = forge

    _refused(company, company.sign_in(company.reader()))


def test_an_answer_in_the_name_of_another_provider(company: Company) -> None:
    reader = company.reader()
    back = visited(company.leave(reader))
    issuer = back.partition("iss=")[2].partition("&")[0]

    _refused(company, reader.get(back.replace(issuer, "https%3A%2F%2Fevil.example")))


def test_a_sign_in_is_good_once_in_its_own_browser_and_for_ten_minutes(company: Company) -> None:
    title = "The sign-in is over"
    theirs = visited(company.leave(company.reader()))
    _refused(company, company.reader().get(theirs), title)  # another browser

    late = company.reader()
    back = visited(company.leave(late))
    company.house.clock.forward(minutes=11)
    _refused(company, late.get(back), title)

    _refused(company, late.get("/console/sign-in/back?state=made-up&code=x"), title)
    _refused(company, late.get("/console/sign-in/back"), title)

    reader = company.reader()
    back = visited(company.leave(reader))
    assert reader.get(back).status == 200
    replayed = reader.get(back)
    assert (replayed.status, problem(replayed)) == (401, title)


def test_a_code_of_another_sign_in_is_worth_nothing(company: Company) -> None:
    theirs = visited(company.leave(company.reader()))
    reader = company.reader()
    mine = visited(company.leave(reader))
    own, other = (one.partition("code=")[2].partition("&")[0] for one in (mine, theirs))

    _refused(company, reader.get(mine.replace(own, other)))


def test_a_sign_in_of_the_portal_opens_no_console(company: Company) -> None:
    """The state of one is not known to the other, whatever cookie comes with it."""
    reader = company.reader()
    asked = asked_for(company.leave(reader))
    path = f"/portal/sign-in/{company.house.partner.id}/back"

    page = reader.get(f"{path}?code=x&state={asked['state']}")

    assert page.status in (401, 404)
    assert not inside(reader)


def test_who_broke_off_is_told_so_and_a_provider_that_is_down_too(company: Company) -> None:
    reader = company.reader()
    asked = asked_for(company.leave(reader))
    back = f"/console/sign-in/back?error=access_denied&state={asked['state']}"
    page = reader.get(f"{back}&iss={company.desk.issuer}")
    _refused(company, page, "The sign-in was broken off")

    company.desk.answers["/token"] = _broken()
    page = company.sign_in(company.reader())
    assert (page.status, problem(page)) == (503, "The provider cannot be reached")


def _broken() -> Any:
    from werkzeug import Response  # noqa: PLC0415 - only here

    return Response("<h1>ana@company.example</h1>", 502)


def test_a_form_of_another_page_begins_nothing(company: Company) -> None:
    reader = company.reader()

    page = reader.post("/console/sign-in/provider", {}, origin="https://evil.example")

    assert page.status == 403
    assert company.desk.asked == []


def test_nothing_about_anybody_is_logged(company: Company) -> None:
    heard = io.StringIO()
    logs.configure(heard)
    company.desk.said = {"nonce": "another-nonce"}
    company.sign_in(company.reader())
    company.desk.said = {"groups": ["others-group"]}
    company.sign_in(company.reader())

    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert {"staff"} == {line["backend_id"] for line in lines if "backend_id" in line}
    for secret in ("Ana", "s-1", "sesame", "others-group", *company.desk.tokens):
        assert secret not in heard.getvalue()
    assert "Ana" not in str(company.entries("staff_sign_in_refused"))


# -- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"staff_oidc_roles": "privacy=owner"},
        {"staff_oidc_roles": "privacy=automation"},
        {"staff_oidc_roles": "privacy"},
        {"staff_oidc_roles": "=admin"},
        {"staff_oidc_roles": ""},
        {"staff_oidc_client_id": ""},
        {"staff_oidc_client_id": "会话"},
        {"staff_oidc_issuer": "login.company.example"},
        {"staff_oidc_issuer": "http://login.company.example"},
        {"staff_oidc_issuer": "https://login.company.example/?x=1"},
        {"staff_oidc_issuer": "", "staff_oidc_only": True},
        {"staff_oidc_groups_claim": "a b"},
        {"staff_oidc_groups_claim": "name"},
        {"staff_oidc_amrs": "a\u4f1a"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_named_before_anything_starts(
    settings_of: Callable[..., Any], furnished: Callable[..., House], wrong: dict[str, Any]
) -> None:
    del settings_of
    given = {**GIVEN, "staff_oidc_issuer": "https://login.company.example", **wrong}

    with pytest.raises(ConfigError, match="STAFF_OIDC"):
        furnished(**given)


def test_the_secret_of_the_client_is_not_printed(company: Company) -> None:
    assert "sesame" not in repr(company.house.context.settings)


# -- a provider that others have written --------------------------------------------------------


@pytest.fixture
def others() -> Iterator[str]:
    """Serve ``oidc-provider-mock``. It uses what its library warns of, and we do not."""
    with warnings.catch_warnings():
        import authlib.deprecate  # noqa: F401, PLC0415 - adds a filter of its own

        warnings.simplefilter("ignore", DeprecationWarning)
        import oidc_provider_mock  # noqa: PLC0415 - only under the filter

        claims = {name: value for name, value in ANA.items() if name != "sub"}
        user = oidc_provider_mock.User(sub="s-1", claims=claims)
        app: Any = oidc_provider_mock.app(require_nonce=True, user_claims=[user])
        with serving(app) as at:
            yield at


def test_staff_sign_in_at_a_provider_that_others_have_written(
    furnished: Callable[..., House], others: str
) -> None:
    company = Company(furnished(**GIVEN, staff_oidc_issuer=others), Desk(issuer=others))
    reader = company.reader()

    page = reader.get(visited(company.leave(reader), {"sub": "s-1"}))

    assert page.status == 200, page.text
    assert company.roles() == ["approver", "legal"]
