"""Every row of the GDPR's table of grounds, through the API, the console and the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from rights.services.regimes import regimes
from rights.store.models import DenialProposal, Request
from tests.web.console.clerk import clerk
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

FACTS = "It was looked at on its merits, and the file says why."
LAWS = ("eu_gdpr", "uk_gdpr")
TABLE = regimes()["eu_gdpr"].grounds
assert TABLE is not None
ERASE = tuple(TABLE.erase)


def _ask(house: House, kind: str, ground: str, *laws: str) -> Any:
    body = {"kind": kind, "subject": ALICE, "regimes": laws, "parameters": {"ground": ground}}
    return house.post("/v1/requests", body)


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("kind", "ground"),
    [("deletion", code) for code in TABLE.erase]
    + [("restriction", code) for code in TABLE.restrict],
)
def test_every_ground_of_the_table_can_be_named(
    house: House, law: str, kind: str, ground: str
) -> None:
    made = _ask(house, kind, ground, law)

    assert made.status_code == 201
    with house.reading() as session:
        (request,) = session.exec(select(Request)).all()
    assert request.parameters == {"ground": ground}


@pytest.mark.requirement("R-EU17-1:bad")
@pytest.mark.parametrize(
    ("kind", "ground", "laws"),
    [
        ("deletion", "objection", ["cn_general"]),
        ("deletion", "accuracy_contested", ["eu_gdpr"]),
        ("deletion", "legal_claims", ["eu_gdpr"]),
        ("restriction", "accuracy_contested", ["cn_general"]),
        ("restriction", "unlawful", ["eu_gdpr"]),
        ("restriction", "because", ["eu_gdpr"]),
    ],
)
def test_a_ground_that_no_law_of_it_knows_is_refused_by_name(
    house: House, kind: str, ground: str, laws: list[str]
) -> None:
    refused = _ask(house, kind, ground, *laws)

    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert error["field"] == "parameters.ground"
    with house.reading() as session:
        assert session.exec(select(Request)).all() == []


def test_of_two_laws_the_grounds_of_either_can_be_named(house: House) -> None:
    assert _ask(house, "deletion", "objection", "eu_gdpr", "cn_general").status_code == 201
    assert _ask(house, "deletion", "service_ended", "eu_gdpr", "cn_general").status_code == 201


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("kind", "reason", "article"),
    [
        *(
            ("deletion", code, f"Art. {row.source.text.removeprefix('GDPR ')}")
            for code, row in TABLE.keep.items()
        ),
        ("deletion", "overriding_grounds", "Art. 21(1)"),
        ("restriction", "overriding_grounds", "Art. 21(1)"),
    ],
)
def test_what_stands_against_a_ground_is_told_with_its_article(
    house: House, law: str, kind: str, reason: str, article: str
) -> None:
    lex = clerk(house, "lex", "approver")
    made = house.asserted(kind, regimes=[law], locale="en")["id"]
    bare = lex.act(made, "deny", reason=reason, facts=" ")
    assert lex.act(made, "deny", reason=reason, facts=FACTS).status == 200
    ana = clerk(house, "ana", "approver")
    page = ana.reader.send(ana.get(f"/requests/{made}"), "/open/proposal")
    assert ana.reader.send(page, "/confirm").status == 200

    shown = house.get(f"/v1/requests/{made}").json
    letter = house.get(f"/v1/requests/{made}/denial").data.decode()

    assert bare.status == 422
    assert (shown["state"], shown["reason"]) == ("denied", reason)
    assert shown["denial"]["basis"][0]["en"].endswith(article)
    assert article in letter
    assert FACTS in letter


@pytest.mark.parametrize("laws", [["cn_general"], ["eu_gdpr", "cn_general"], ["us_ca"]])
@pytest.mark.parametrize("reason", TABLE.keep)
def test_no_exception_stands_where_a_law_of_it_does_not_know_it(
    house: House, laws: list[str], reason: str
) -> None:
    lex = clerk(house, "lex", "approver")
    made = house.asserted("deletion", regimes=laws)["id"]

    assert lex.force(f"/requests/{made}/deny", reason=reason, facts=FACTS).status == 422
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []


@pytest.mark.requirement("R-EU17-1:bad")
@pytest.mark.parametrize("laws", [["eu_gdpr"], ["uk_gdpr"]])
@pytest.mark.parametrize("reason", ["no_ground", "overriding_grounds"])
def test_nothing_is_weighed_against_an_objection_to_direct_marketing(
    house: House, laws: list[str], reason: str
) -> None:
    lex = clerk(house, "lex", "approver")
    made = house.asserted("restriction", regimes=laws, option="object_marketing", locale="en")["id"]

    refused = lex.force(f"/requests/{made}/deny", reason=reason, facts=FACTS)

    assert refused.status == 409
    assert "is followed" in refused.text
    with house.reading() as session:
        assert session.exec(select(DenialProposal)).all() == []


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_form_for_a_deletion_offers_the_grounds_of_the_law(
    furnished: Callable[..., House], law: str, language: str
) -> None:
    house = furnished(default_regimes=law)
    reader = Reader(house, language)
    reader.enter(ALICE, "mfa", origin="")

    page = reader.get("/portal/ask/deletion")

    assert [code for code in ERASE if f'value="{code}"' not in page.html] == []


def test_where_the_gdpr_does_not_apply_the_form_has_none_of_its_own(house: House) -> None:
    reader = Reader(house, "en")
    reader.enter(ALICE, "mfa", origin="")

    page = reader.get("/portal/ask/deletion")

    own = ("objection", "erasure_by_law", "child_service")
    assert [code for code in own if f'value="{code}"' in page.html] == []
    assert 'value="purpose_achieved"' in page.html
