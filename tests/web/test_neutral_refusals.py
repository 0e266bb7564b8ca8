"""What a law keeps secret: denied on a law that is named, and told so that nothing shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import DenialProposal, Entry, Notice, Request, WebhookDelivery, Writing
from tests.web.console.clerk import clerk
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Reader
from tests.web.test_denials import Office
from tests.workflows.desk import html_of, text_of
from workflows.embedded.smtp import Sink

CODES = ("secrecy_by_law", "state_duty_obstruction")
FACTS = "The police asked the recommender for mailer.switches; telling would warn her."
LAW = "Anti-Terrorism Law 51"
CITED = ("--law", LAW, "--rank", "law")
TELLING = re.compile(
    r"\b(recommender|mailer|police|Terrorism|secrecy\w*|state_duty\w*|organ)\b|18\(1\)|Art\. 35"
    r"|保密|国家机关|第十八条|第三十五条"
)
"""Names of the protected stores, the facts, what is cited, and which of the reasons it was."""


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> Office:
    made = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)
    hook = {"url": "https://93.184.216.34/x", "events": ["request.denied"]}
    assert made.post("/v1/webhooks", hook).status_code == 201
    return Office(made, smtp_sink)


def _told(office: Office, request_id: str, person: Any) -> Iterator[str]:
    """Yield all that leaves: the API's answers, the letter, the mail, the web hook, the page."""
    house, path = office.house, f"/v1/requests/{request_id}"
    for place in ("", "/timeline", "/remarks", "/denial", "/packages", "/receipt", "/messages"):
        yield house.get(f"{path}{place}").data.decode()
    mail = office.mail()
    yield from (mail["Subject"], text_of(mail), html_of(mail))
    yield from (json.dumps(one.model_dump(), default=str) for one in office.rows(WebhookDelivery))
    yield from (json.dumps(one.model_dump(), default=str) for one in office.rows(Notice))
    for language in ("en", "zh-CN"):
        reader = Reader(house, language)
        reader.enter(person, "mfa", origin="")
        page = reader.get(f"/portal/requests/{request_id}").html
        assert {"en": "does not allow it to be provided", "zh-CN": "不予提供"}[language] in page
        yield page


@pytest.mark.requirement("R-P45-2")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_nothing_that_leaves_tells_what_is_kept_secret(
    office: Office, code: str, locale: str
) -> None:
    made = office.house.asserted("access", locale=locale)["id"]

    proposed = office.propose(made, code, *CITED, who="lex", facts=FACTS).stdout.strip()
    read = json.loads(office.decide("show", proposed, "bea").stdout)
    done = office.decide("confirm", proposed, "bea")

    assert done.returncode == 0, done.stderr
    # Whoever confirms it reads all of it; so what is looked for below can be found.
    assert (read["reason"], read["facts"], read["law"]) == (code, FACTS, LAW)
    assert TELLING.search(json.dumps(read))
    told = list(_told(office, made, ALICE))
    assert {"neutral_refusal"} == set(
        re.findall(r'"reason":"(\w+)"', "".join(told).replace('": "', '":"'))
    )
    assert "does not allow it to be provided" in "".join(told)
    assert [TELLING.findall(each) for each in told if TELLING.search(each)] == []
    entries = json.dumps([e.data for e in office.rows(Entry)])
    assert not TELLING.search(entries)
    assert [one.reason for one in office.rows(DenialProposal)] == [code]
    assert not [w for w in office.rows(Writing) if b"Terror" in w.sealed or b"police" in w.sealed]


@pytest.mark.requirement("R-P45-2")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_both_reasons_are_told_in_the_same_words(office: Office) -> None:
    told = []
    for code, person in zip(CODES, (ALICE, BOB), strict=True):
        made = office.house.asserted("access", person)["id"]
        assert office.deny(made, code, *CITED, who="lex", facts=FACTS).returncode == 0
        shown = office.house.get(f"/v1/requests/{made}").json
        told.append((shown["reason"], shown["denial"]))

    assert told[0] == told[1]
    assert told[0][1]["basis"] == [
        {"zh-CN": "《个人信息保护法》第四十五条第一款", "en": "PIPL, Art. 45(1)"}
    ]
    assert "peoples_court" in [way["code"] for way in told[0][1]["remedies"]]


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_what_was_denied_before_is_told_neutrally_too(office: Office) -> None:
    made = office.house.asserted("access", locale="en")["id"]
    assert office.deny(made, "state_duty_obstruction", *CITED, who="lex", facts=FACTS)
    office.change(made, reason="state_duty_obstruction")  # as it was written once

    assert not [each for each in _told(office, made, ALICE) if TELLING.search(each)]


@pytest.mark.requirement("R-P45-2:bad")
@pytest.mark.parametrize(
    ("code", "cited", "field"),
    [
        ("secrecy_by_law", {"law": LAW, "rank": "departmental_rule"}, "Its rank"),
        ("state_duty_obstruction", {"law": LAW, "rank": "contract"}, "Its rank"),
        ("secrecy_by_law", {"law": LAW, "rank": ""}, "Its rank"),
        ("state_duty_obstruction", {"law": " ", "rank": "law"}, "The provision"),
    ],
)
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_without_a_law_or_an_administrative_regulation_nothing_is_kept_secret(
    house: House, code: str, cited: dict[str, str], field: str
) -> None:
    lex = clerk(house, "lex", "legal")
    made = house.asserted("access")["id"]

    page = lex.act(made, "deny", reason=code, facts=FACTS, **cited)

    assert page.status == 422
    assert f"Please look again: {field}" in page.text
    assert house.get(f"/v1/requests/{made}").json["state"] == "in_progress"
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []
    right = {"law": LAW, "rank": "administrative_regulation"}
    assert lex.act(made, "deny", reason=code, facts=FACTS, **right).status == 200
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).one().rank == "administrative_regulation"
        assert session.get_one(Request, made).state == "in_progress"
