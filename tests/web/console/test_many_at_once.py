"""More time for several requests of a list at once: each by itself, and each person is told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import ExtensionRow, Notice
from tests.web.console.clerk import Clerk, clerk, events, id_of, told
from tests.web.house import House
from tests.web.portal.reader import Page

BECAUSE = "Your request touches many systems."


@pytest.fixture
def ana(house: House) -> Clerk:
    return clerk(house, "ana", "approver")


def _working(house: House, regime: str, kind: str = "access") -> str:
    """Return a request under one law that is worked on."""
    made = house.asserted(kind, regimes=[regime])
    assert made["state"] == "in_progress", made
    return str(made["id"])


def _extend(who: Clerk, *requests: str, listed: str = "state=open", **said: Any) -> Page:
    """Choose requests of the list and ask for more time, with the fields of its own form."""
    page = who.get(f"/requests?{listed}")
    assert "/console/requests/extend" in page.html
    fields = {**page.form("/requests/assign").holding(), "requests": [*requests]}
    given = {"reason": "complexity", "because": BECAUSE, **said}
    return who.reader.post("/console/requests/extend", {**fields, **given})


def _asked(house: House) -> set[str]:
    with house.reading() as session:
        return {*session.exec(select(ExtensionRow.request_id)).all()}


@pytest.mark.requirement("R-SLA-5")
def test_each_chosen_one_gets_more_time_and_each_person_is_told(house: House, ana: Clerk) -> None:
    good = [_working(house, "eu_gdpr"), _working(house, "eu_gdpr", "copy")]

    page = _extend(ana, *good, listed="kind=access")

    assert "More time was asked for: 2." in page.text
    assert page.response.request.args["kind"] == "access"
    assert _asked(house) == {*good}
    with house.reading() as session:
        letters = session.exec(select(Notice).where(Notice.event == "extended")).all()
    assert {one.request_id for one in letters} == {*good}


@pytest.mark.requirement("R-SLA-5:bad")
def test_whose_law_knows_none_is_named_with_the_rule_and_keeps_back_no_other(
    house: House, ana: Clerk
) -> None:
    good, bad = _working(house, "eu_gdpr"), _working(house, "br_lgpd", "copy")

    page = _extend(ana, good, bad)

    assert page.status == 409
    assert "More time was asked for: 1." in page.text
    assert "More time" not in page.html.partition('id="mistakes"')[2].partition("</div>")[0]
    (named,) = [line for line in page.html.split("<li>") if line.startswith(bad[:8])]
    assert "no extension" in named.casefold() or "more time" in named.casefold(), named
    assert BECAUSE in page.html  # what was typed is still there
    assert page.form("/requests/assign").holding()["requests"] == [bad]
    assert _asked(house) == {good}
    assert "extension_asked" not in told(house, bad)
    assert ("staff_refused", f"staff:{id_of(house, 'ana')}") in events(house)


@pytest.mark.parametrize(
    "said", [{"because": ""}, {"because": "x" * 1_001}, {"reason": "none"}, {"requests": []}]
)
def test_what_is_wrong_is_said_once_and_changes_nothing(
    house: House, ana: Clerk, said: dict[str, Any]
) -> None:
    good = [_working(house, "eu_gdpr"), _working(house, "eu_gdpr", "copy")]

    page = _extend(ana, *good, **said)

    assert page.status == 422
    assert _asked(house) == set()
    assert "More time was asked for" not in page.text
    assert not any(f"<li>{one[:8]}" in page.html for one in good)
    assert [name for name, _ in events(house)].count("staff_refused") == 1
    ticked = page.form("/requests/assign").holding().get("requests", [])
    assert sorted(ticked) == sorted(said.get("requests", good))


def test_whoever_may_not_is_offered_nothing_and_refused_all_the_same(house: House) -> None:
    otto, made = clerk(house, "otto", "auditor"), _working(house, "eu_gdpr")
    assert "/console/requests/extend" not in otto.get("/requests").html

    page = otto.force("/requests/extend", requests=[made], reason="complexity", because=BECAUSE)

    assert page.status == 403
    assert _asked(house) == set()
