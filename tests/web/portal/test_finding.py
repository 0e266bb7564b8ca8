"""A request is found again with its reference and a code; nothing else is learnt."""

from __future__ import annotations

import pytest

from rights.store.ids import new_id
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.web.portal.test_following import EVE, ask, only


def _asked(shop: House) -> str:
    before = Reader(shop)
    before.begin()
    ask(before, "restriction", who__email=EVE)
    shop.clock.forward(minutes=2)
    return only(shop).id


@pytest.mark.requirement("R-23-10")
def test_reference_and_code_open_it_in_another_browser(shop: House, reader: Reader) -> None:
    reference = _asked(shop)
    reader.begin()
    assert reader.get(f"/portal/requests/{reference}").status == 404

    page = reader.send(reader.get("/portal/find"), "/find", reference=f" {reference.upper()} ")
    page = reader.send(page, "/find/open", code=shop.code(reference, "visit"))

    assert page.status == 200
    assert reader.path == f"/portal/requests/{reference}"
    assert reference in reader.get("/portal/").html


@pytest.mark.requirement("R-NEG-25")
def test_what_is_said_is_the_same_for_a_reference_that_is_none(shop: House, reader: Reader) -> None:
    reference = _asked(shop)
    reader.begin()

    said = []
    for one in (reference, new_id(), "nonsense", "x" * 64):
        page = reader.send(reader.get("/portal/find"), "/find", reference=one)
        opened = reader.send(page, "/find/open", code="000000")
        for each in (page, opened):
            html = each.html.replace(one.lower(), "")
            said.append((each.status, html))

    assert len(set(said[0::2])) == 1
    assert len(set(said[1::2])) == 1
    assert (said[0][0], said[1][0]) == (200, 401)


def test_a_code_for_the_request_itself_does_not_open_its_page(shop: House, reader: Reader) -> None:
    reference = _asked(shop)
    reader.begin()
    page = reader.send(reader.get("/portal/find"), "/find", reference=reference)

    refused = reader.send(page, "/find/open", code=shop.code(reference, "request"))

    assert refused.status == 401
