"""The console's role suffices to log what came by letter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from rights.store.models import Request
from tests.architecture.desk import Office
from tests.architecture.test_deploy_console import _did


@pytest.mark.parametrize(
    ("said", "following"),
    [
        ({"ask": "access/summary"}, "code"),
        ({"ask": "account_cancellation/all"}, "code"),
        ({"ask": "recommendation_opt_out/personalised_off"}, ""),
        ({"ask": "consent_withdrawal/all"}, "information"),
        ({"ask": "deletion/delete", "age_band": "under_14"}, "code"),
        ({"ask": "copy/all", "who.email": "", "who.user_id": "u-9"}, "proof"),
        (
            {
                "ask": "portability/pull",
                "writer.role": "close_relative",
                "writer.relation": "close_relative.child",
                "writer.contact.email": "son@example.com",
            },
            "information",
        ),
    ],
    ids=lambda one: one["ask"] if isinstance(one, dict) else one,
)
def test_what_came_by_letter_is_logged_with_the_consoles_role(
    office: Office, said: dict[str, str], following: str
) -> None:
    ana, here = office.clerk("ana"), office.console.context
    at = office.house.clock.now().astimezone(here.regimes["cn_general"].counting.zone)
    letter = {
        "channel": "letter",
        "received_at": f"{at - timedelta(days=3):%Y-%m-%dT%H:%M}",
        "who.email": "alice@example.com",
        "locale": "en",
        "age_band": "adult",
    }

    page = _did(ana.force("/log/request", **{**letter, **said}))

    assert page.response.request.args["done"] == f"logged_{following}".rstrip("_")
    with office.house.reading() as session:
        assert session.exec(select(Request.channel)).all() == ["letter"]
