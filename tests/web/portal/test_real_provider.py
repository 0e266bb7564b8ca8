"""The same against a provider that others have written: ``oidc-provider-mock``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.serving import serving
from tests.web.house import House
from tests.web.portal.desk import Desk, visited
from tests.web.portal.town import Town, leave, problem


@pytest.fixture
def others() -> Iterator[str]:
    """Serve it. It uses what its library warns of, and we do not."""
    with warnings.catch_warnings():
        import authlib.deprecate  # noqa: F401, PLC0415 - adds a filter of its own

        warnings.simplefilter("ignore", DeprecationWarning)
        import oidc_provider_mock  # noqa: PLC0415 - only under the filter

        alice = {"email": "alice@example.com", "email_verified": True}
        user = oidc_provider_mock.User(sub="u-1", claims=alice)
        app: Any = oidc_provider_mock.app(require_nonce=True, user_claims=[user])
        with serving(app) as at:
            yield at


@pytest.fixture
def town(furnished: Callable[..., House], others: str) -> Town:
    made = Town(furnished(webhook_allow="127.0.0.0/8"), Desk(issuer=others))
    made.configure()
    return made


def test_somebody_signs_in(town: Town) -> None:
    reader = town.reader()

    home = reader.get(visited(leave(reader), {"sub": "u-1"}))

    assert home.status == 200
    assert "Signed in through shop" in home.text
    assert any("/switches/" in form.action for form in home.forms)


def test_somebody_breaks_off(town: Town) -> None:
    reader = town.reader()

    page = reader.get(visited(leave(reader), {"action": "deny"}))

    # This provider forgets the state when it is told no: we cannot know whose sign-in it was.
    assert problem(page) == "sign_in_over"
