"""What a law wants offered with a denial: under that of California the opt-out of sale."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rights.store.models import Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Reader
from tests.web.test_denials import Office
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> Office:
    return Office(furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port), smtp_sink)


@pytest.mark.requirement("R-US7021-1")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("locale", "told", "link"),
    [
        ("en", "tell us not to sell or share your personal information", "Opt out now"),
        ("zh-CN", "要求我们不出售、不共享您的个人信息", "立即退出"),
    ],
)
def test_where_a_deletion_is_denied_california_offers_the_opt_out_of_sale(
    office: Office, locale: str, told: str, link: str
) -> None:
    house = office.house
    made = house.asserted("deletion", locale=locale, regimes=["us_ca"])
    other = house.asserted("correction", BOB, locale=locale, regimes=["us_ca"])
    for one, reason in ((made, "not_identifiable"), (other, "unverifiable")):
        assert office.deny(one["id"], reason).returncode == 0

    (offer,) = house.get(f"/v1/requests/{made['id']}").json["denial"]["offers"]
    letter = house.get(f"/v1/requests/{made['id']}/denial").data.decode()
    mails = _outcomes(office)
    reader = Reader(house, locale)
    reader.enter(ALICE, "mfa", origin="")
    page = reader.get(f"/portal/requests/{made['id']}")

    assert (offer["code"], offer["kind"]) == ("opt_out", "recommendation_opt_out")
    assert told in offer["text"][locale]
    assert [told in text for text in (letter, page.text, mails[made["id"]])] == [True] * 3
    assert link in page.text
    assert any(one.endswith("/ask/recommendation_opt_out") for one in page.links)
    assert house.get(f"/v1/requests/{other['id']}").json["denial"]["offers"] == []
    assert told not in mails[other["id"]]


def _outcomes(office: Office) -> dict[str, str]:
    """Send what waits; return the letters of outcomes by the request they are about."""
    office.mail_all()
    texts = [text_of(mail) for mail in office.sink.messages if office.subject(mail)]
    ids = [one.id for one in office.rows(Request)]
    return {one: text for text in texts for one in ids if one in text}
