"""Passkeys and authenticator apps: adding, listing, removing, and who is told."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from rights.services import backends, purge
from rights.store.models import Backend, Entry, IdentifierRow, KeyLetter, Notice, PersonKey
from tests.web.house import ALICE, BOB, House
from tests.web.portal.keys import App, aged, mailed, opened, told, with_app
from tests.web.portal.reader import SHOP, Reader


def _keys(house: House) -> list[PersonKey]:
    with house.reading() as session:
        return list(session.exec(select(PersonKey)))


def test_whoever_answered_a_code_adds_an_app_and_sees_it_under_its_name(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)

    with_app(shop, reader, "My <phone>")
    page = reader.get("/portal/keys")

    assert "My &lt;phone&gt;" in page.html
    assert "Authenticator app" in page.text
    assert "counts only beside a code by mail until" in page.text
    [key] = _keys(shop)
    assert b"phone" not in key.sealed
    assert b"u-1" not in key.sealed
    assert told(shop, "key_added") == ["alice@example.com"]


def test_addresses_of_earlier_requests_are_told_too(shop: House, reader: Reader) -> None:
    shop.asserted("restriction", {"user_id": "u-1", "email": "before@example.com"})
    shop.submit("restriction", {"user_id": "u-1", "email": "typed@example.com"})
    reader.enter(ALICE)

    with_app(shop, reader)

    assert told(shop, "key_added") == ["alice@example.com", "before@example.com"]


def test_the_secret_is_shown_once(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.send(opened(shop, reader), "/keys/authenticator")
    found = re.search(r"secret=([A-Z2-7]{32})", page.html)
    assert found
    spaced = " ".join(re.findall("....", found[1]))
    assert spaced in page.text
    assert "otpauth://totp/" in page.html

    wrong = reader.send(page, "/confirm", code="000000")

    assert wrong.status == 401
    assert found[1] not in wrong.html and spaced not in wrong.html
    right = App(found[1]).shows(shop.clock.now())
    assert "Added" in reader.send(wrong, "/confirm", code=right).text


def test_five_wrong_codes_end_a_secret(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.send(opened(shop, reader), "/keys/authenticator")
    found = re.search(r"secret=([A-Z2-7]{32})", page.html)
    assert found
    for _ in range(4):
        assert reader.send(page, "/confirm", code="000000").status == 401

    fifth = reader.send(page, "/confirm", code="000000")
    late = reader.send(page, "/confirm", code=App(found[1]).shows(shop.clock.now()))

    assert (fifth.status, reader.path) == (200, "/portal/keys")
    assert "Nothing yet" in late.text
    assert _keys(shop) == []


def test_sent_twice_an_app_is_added_once(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.send(opened(shop, reader), "/keys/authenticator")
    found = re.search(r"secret=([A-Z2-7]{32})", page.html)
    assert found
    code = App(found[1]).shows(shop.clock.now())

    first, second = (reader.send(page, "/confirm", name="My phone", code=code) for _ in range(2))

    assert "Added" in first.text
    assert (second.status, "My phone" in second.text) == (200, True)
    assert len(_keys(shop)) == 1


@pytest.mark.parametrize("acr", ["session", "mfa"])
def test_the_products_word_alone_shows_and_adds_nothing(
    shop: House, reader: Reader, acr: str
) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    [key] = _keys(shop)
    other = Reader(shop)
    other.enter(ALICE, acr)

    page = other.get("/portal/keys")
    word = page.form("/keys/code").holding()["key"]

    assert "My phone" not in page.text
    for path in ("authenticator", "authenticator/confirm", "passkey/options", "passkey",
                 f"{key.id}/remove"):  # fmt: skip
        answer = other.post(f"/portal/keys/{path}", {"key": word, "code": "1", "answer": "{}"})
        assert answer.status == 401, path
    assert len(_keys(shop)) == 1


def test_a_code_of_one_visit_opens_no_other(shop: House, reader: Reader) -> None:
    other = Reader(shop)
    reader.enter(ALICE)
    other.enter(ALICE)
    reader.send(reader.get("/portal/keys"), "/keys/code")

    there = other.send(other.get("/portal/keys"), "/keys/proof", code=mailed(shop))
    here = reader.send(reader.get("/portal/keys"), "/keys/proof", code=mailed(shop))

    assert there.status == 401
    assert "Nothing yet" in here.text


def test_wrong_codes_are_counted_and_a_new_one_waits_its_turn(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.send(reader.get("/portal/keys"), "/keys/code")
    right = mailed(shop)
    wrong = "000000" if right != "000000" else "111111"

    too_soon = reader.send(page, "/keys/code")
    for _ in range(5):
        assert reader.send(page, "/keys/proof", code=wrong).status == 401
    late = reader.send(page, "/keys/proof", code=right)

    assert (too_soon.status, late.status) == (429, 401)


@pytest.mark.parametrize("subject", [{"email": "alice@example.com"}, {"phone": "+8613800000000"}])
def test_without_an_account_that_is_vouched_for_there_are_no_keys(
    shop: House, reader: Reader, subject: dict[str, str]
) -> None:
    reader.enter(subject)

    page = reader.get("/portal/keys")

    assert "Open this page from your account settings" in page.text
    assert not any("/keys" in form.action for form in page.forms)
    key = reader.get("/portal/ask/access").form("/ask/access").holding()["key"]
    assert reader.post("/portal/keys/code", {"key": key}).status == 404


def test_a_stranger_and_somebody_merely_typed_see_no_page_of_keys(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    assert reader.get("/portal/keys").status == 404
    reader.enter(ALICE, None)
    assert "Open this page from your account settings" in reader.get("/portal/keys").text


def test_a_backend_whose_word_is_capped_opens_no_keys(shop: House, reader: Reader) -> None:
    with shop.writing() as session:
        session.exec(select(Backend)).one().level_cap = 1
    shop.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do
    reader.enter(ALICE)

    page = opened(shop, reader)

    assert "First, prove" in page.text


def test_at_most_five_keys(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    for number in range(5):
        with_app(shop, reader, f"app {number}")

    page = reader.get("/portal/keys")
    word = page.form("/remove").holding()["key"]
    more = reader.post("/portal/keys/authenticator", {"key": word})

    assert "the most one person may have" in page.text
    assert more.status == 409
    assert "That is the most you may have" in more.text


def test_a_key_that_was_removed_is_gone_and_everybody_is_told(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    page = reader.get("/portal/keys")

    page = reader.send(page, "/remove")

    assert "It proves nothing any more" in page.text
    assert _keys(shop) == []
    assert told(shop, "key_removed") == ["alice@example.com"]
    with shop.reading() as session:
        events = [e.event for e in session.exec(select(Entry)) if e.chain.startswith("day:")]
    assert events[-2:] == ["key_added", "key_removed"]


def test_nobody_removes_the_key_of_somebody_else(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    [key] = _keys(shop)
    thief = Reader(shop)
    thief.enter(BOB)
    shop.clock.forward(seconds=61)
    page = opened(shop, thief)

    word = page.form("/keys/authenticator").holding()["key"]
    answer = thief.post(f"/portal/keys/{key.id}/remove", {"key": word})

    assert answer.status == 404
    assert "My phone" not in page.text
    assert len(_keys(shop)) == 1


def test_the_same_account_at_another_product_has_keys_of_its_own(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    from tests.web.house import partner  # noqa: PLC0415 - only here

    with shop.writing() as session:
        shop.partner = partner(session, shop.context, "travel", shop.clock.now())
        backends.allow_origins(session, "travel", ["https://shop.example"], now=shop.clock.now())
    shop.clock.forward(seconds=61)
    other = Reader(shop)
    other.enter(ALICE)

    assert "Nothing yet" in opened(shop, other).text


def test_keys_survive_a_change_of_address(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    aged(shop, reader, subject={"user_id": "u-1", "email": "new@example.com"})

    assert "My phone" in opened(shop, reader).text


def test_a_form_of_another_page_adds_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = opened(shop, reader)
    form = page.form("/keys/authenticator")

    assert reader.post(form.action, {"key": "0" * 64}).status == 403
    assert reader.post(form.action, form.holding(), origin="https://evil.example").status == 403


def test_what_was_kept_for_a_letter_is_gone_after_a_week_and_keys_stay(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    with_app(shop, reader)
    shop.clock.forward(days=8)

    counts = purge.purge(shop.engine, shop.context, shop.blobs, now=shop.clock.now())

    assert counts["key_letters"] == 2
    with shop.reading() as session:
        for model in (KeyLetter, IdentifierRow, Notice):
            assert session.exec(select(model)).all() == []
    assert len(_keys(shop)) == 1


def test_in_a_frame_there_is_a_way_to_a_page_of_its_own(
    furnished: Callable[..., House],
) -> None:
    shop = furnished(base_url="https://rights.example")
    with shop.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=shop.clock.now())
    reader = Reader(shop)
    reader.enter(ALICE, "mfa")
    page = opened(shop, reader)
    form = page.form("/portal/enter")
    shop.clock.forward(seconds=61)
    outside = Reader(shop)

    there = outside.post(form.action, form.holding())

    assert there.status == 200
    assert outside.path == "/portal/keys"
    assert "First, prove" in there.text, "a proof goes nowhere else"
    held = outside.post("/portal/values", {"key": there.form("/keys/code").holding()["key"]})
    assert held.status == 401, "worth a plain session"
    assert not any(f.action.endswith("/enter") for f in opened(shop, outside).forms)


def test_the_register_has_neither_secret_nor_name_in_clear(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    app = with_app(shop, reader, "Alices Pixel")
    shop.engine.dispose()
    file = Path(str(shop.engine.url.database))
    files = file.parent.glob(f"{file.name}*")  # its log too
    content = b"".join(one.read_bytes() for one in files)

    with shop.reading() as session:
        assert session.exec(select(PersonKey)).one().sealed in content, "it is looked for rightly"
    for clear in (app.secret.encode(), base64.b32decode(app.secret), b"Alices Pixel"):
        assert clear not in content
