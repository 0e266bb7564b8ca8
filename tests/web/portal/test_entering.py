"""Coming in: only with a product's word, only in its own frame, for an hour."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from rights.app import create_app
from rights.services import portal_sessions
from rights.store.models import Backend, PortalSession
from rights.web.auth import Guard
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import SHOP, Page, Reader


def _policy(page: Page) -> str:
    return page.response.headers["Content-Security-Policy"]


def test_the_session_is_a_cookie_of_this_frame_alone(shop: House, reader: Reader) -> None:
    token = reader.token(ALICE)

    answer = reader.client.post("/portal/enter", data={"token": token}, headers={"Origin": SHOP})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/")
    cookie = answer.headers["Set-Cookie"]
    for said in ("HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/portal"):
        assert said in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    with shop.reading() as session:
        (row,) = session.exec(select(PortalSession)).all()
    assert secret not in row.id
    assert ALICE["email"].encode() not in row.sealed
    assert row.expires_at - row.created_at == timedelta(hours=1)


def test_only_the_products_own_pages_may_frame_it(shop: House, reader: Reader) -> None:
    framed = reader.enter(ALICE)

    assert framed.status == 200
    assert f"frame-ancestors {SHOP}" in _policy(framed)
    assert "X-Frame-Options" not in framed.response.headers
    assert "script-src 'self'" in _policy(framed)
    assert "unsafe" not in _policy(framed)

    alone = reader.enter(ALICE, origin="http://localhost")
    assert "frame-ancestors 'none'" in _policy(alone)
    assert alone.response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil"])
def test_another_page_cannot_open_it(shop: House, reader: Reader, origin: str) -> None:
    refused = reader.enter(ALICE, origin=origin)

    assert refused.status == 403
    assert "frame-ancestors 'none'" in _policy(refused)
    assert "Set-Cookie" not in refused.response.headers
    with shop.reading() as session:
        assert session.exec(select(PortalSession)).all() == []


def test_a_token_that_is_over_says_so_in_the_frame_it_was_sent_to(
    shop: House, reader: Reader
) -> None:
    token = reader.token(ALICE)
    shop.clock.forward(minutes=11)

    late = reader.post("/portal/enter", {"token": token}, origin=SHOP)

    assert late.status == 401
    assert f"frame-ancestors {SHOP}" in _policy(late)
    assert 'data-problem="bad_token"' in late.html
    assert "Traceback" not in late.html


def test_after_an_hour_it_closes_and_says_so(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    shop.clock.forward(minutes=59)
    assert reader.get("/portal/ask/access").status == 200
    shop.clock.forward(minutes=2)

    over = reader.get("/portal/ask/access")

    assert over.status == 401
    assert "Requests you made before are not affected" in over.text


def test_leaving_ends_it_in_the_register_too(shop: House, reader: Reader) -> None:
    home = reader.enter(ALICE)

    out = reader.send(home, "/leave")

    assert "without an account" in out.text
    with shop.reading() as session:
        assert session.exec(select(PortalSession)).all() == []


def test_a_closed_product_closes_its_portal(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    with shop.writing() as session:
        backend = session.exec(select(Backend)).one()
        backend.closed_at = shop.clock.now()
        session.add(backend)
    shop.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do

    assert reader.get("/portal/ask/access").status == 401
    assert "without an account" not in reader.get("/portal/").text


@pytest.mark.parametrize("path", ["/portal/ask/access", "/portal/held", "/portal/find"])
def test_without_a_session_there_is_nothing(reader: Reader, path: str) -> None:
    assert reader.get(path).status == 401


def test_a_form_of_another_page_does_nothing(shop: House, reader: Reader) -> None:
    page = reader.enter(ALICE)
    form = page.form("/switches/personalised/off")

    forged = reader.post(form.action, {"key": "0" * 64})
    foreign = reader.post(form.action, form.holding(), origin="https://evil.example")
    framing = reader.post(form.action, form.holding(), origin=SHOP)

    assert [p.status for p in (forged, foreign, framing)] == [403, 403, 403]
    assert "Off" not in reader.get("/portal/").form("/personalised/off").action


def test_the_key_of_one_session_is_none_of_anothers(shop: House) -> None:
    mine, theirs = Reader(shop), Reader(shop)
    mine.enter(ALICE)
    form = theirs.enter(BOB).form("/switches/personalised/off")

    assert mine.post(form.action, form.holding()).status == 403


@pytest.mark.parametrize(
    ("view", "path"),
    [
        ("", "/portal/"),
        ("deletion", "/portal/ask/deletion"),
        ("consents", "/portal/consents"),
        ("held", "/portal/held"),
        ("//evil.example", "/portal/"),
        ("unknown", "/portal/"),
    ],
)
def test_a_product_may_open_one_page_at_once(reader: Reader, view: str, path: str) -> None:
    assert reader.enter(ALICE, view=view).status == 200
    assert reader.path == path


def test_people_without_an_account_come_in_too(shop: House, reader: Reader) -> None:
    home = reader.begin()

    assert home.status == 200
    assert "Not signed in" in home.text
    assert not any("/switches/" in form.action for form in home.forms)
    assert reader.get("/portal/consents").status == 404


def test_a_visit_at_a_product_that_is_none_is_refused(reader: Reader) -> None:
    assert reader.post("/portal/begin", {"at": "0" * 32}).status == 404
    assert reader.post("/portal/begin", {"at": ""}, origin="https://evil.example").status == 403


def test_a_session_that_nobody_opened_is_none(shop: House) -> None:
    for secret in ("", "x", "x" * 4000, "会话"):
        with shop.reading() as session, pytest.raises(Exception, match="open this page again"):
            portal_sessions.read(session, shop.context, secret, now=shop.clock.now())


def _rules(shop: House, guard: Guard, method: str) -> list[str]:
    """Return an address of every page behind a guard, its ids made up."""
    names = {n for n, b in shop.app.blueprints.items() if getattr(b, "guard", None) is guard}
    made = {"kind": "access", "name": "personalised", "action": "proof", "anything": "x"}
    return [
        "".join(
            made.get(part.split(":")[-1].rstrip(">"), "0" * 32) if part.startswith("<") else part
            for part in re.split(r"(<[^>]+>)", rule.rule)
        )
        for rule in shop.app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in names and method in (rule.methods or ())
    ]


def test_no_page_opens_without_a_session_and_no_form_works_without_its_key(
    shop: House, reader: Reader
) -> None:
    pages, forms = (_rules(shop, Guard.SESSION, method) for method in ("GET", "POST"))
    assert len(pages) > 8
    assert len(forms) > 10

    assert {path: reader.get(path).status for path in pages} == dict.fromkeys(pages, 401)
    reader.enter(ALICE)
    refused = dict.fromkeys(forms, 403)
    # Before a byte of a document is read it is asked whether this request takes any.
    refused |= {path: 404 for path in forms if path.endswith("/evidence")}
    assert {path: reader.post(path, {}).status for path in forms} == refused


def test_the_portal_works_without_the_api_beside_it(shop: House) -> None:
    alone = create_app(shop.context.settings, ("portal",), context=shop.context)
    client = alone.test_client()

    assert client.get("/portal/").status_code == 200
    assert client.get("/v1/kinds").status_code == 404
    assert client.get(f"/portal/requests/{'0' * 32}").status_code == 401
    alone.extensions["rights"].engine.dispose()
    alone.extensions["rights"].limits.close()
