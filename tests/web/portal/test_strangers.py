"""What somebody without an account cannot do by typing another person's address or account."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services import notes
from rights.store.models import Challenge, PortalSession, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE, ask, close


def _all(house: House) -> list[Request]:
    with house.reading() as session:
        return list(session.exec(select(Request)).all())


def _post(reader: Reader, path: str, **said: Any) -> Page:
    key = reader.get("/portal/ask/access").form("/ask/access").holding()["key"]
    return reader.post(path, {"key": key, **said})


@pytest.mark.parametrize(
    "typed", [{"who__user_id": "u-1"}, {f"who__{k}": v for k, v in ALICE.items()}]
)
def test_typing_an_account_never_leads_to_its_request(
    shop: House, reader: Reader, typed: dict[str, str]
) -> None:
    alice = Reader(shop)
    alice.enter(ALICE, "mfa")
    ask(alice, "restriction")
    (hers,) = _all(shop)

    reader.begin()
    ask(reader, "restriction", **typed)

    made = reader.path.rpartition("/")[2]
    assert made != hers.id
    assert len(_all(shop)) == 2
    for action in ("", "/live", "/receipt"):
        assert reader.get(f"/portal/requests/{hers.id}{action}").status == 404
    assert _post(reader, f"/portal/requests/{hers.id}/cancel").status == 404


def test_a_code_for_the_page_shows_where_it_stands_and_lets_nothing_be_done(
    shop: House, reader: Reader
) -> None:
    made = shop.asserted("access", ALICE)["id"]
    close(shop, made, "disclosed")
    with shop.writing() as session:
        notes.keep(session, shop.context.vault, made, notes.ANSWER, "secret", now=shop.clock.now())
    other = shop.asserted("deletion", ALICE)["id"]
    reader.begin()
    for reference in (made, other):
        page = reader.send(reader.get("/portal/find"), "/find", reference=reference)
        page = reader.send(page, "/find/open", code=shop.code(reference, "visit"))
        assert page.status == 200
        assert not any(form.action.endswith("/cancel") for form in page.forms)

    seen = reader.get(f"/portal/requests/{made}")
    assert "Done" in seen.text
    assert "1,200" not in seen.text
    assert "secret" not in seen.text
    assert reader.get(f"/portal/requests/{made}/receipt").status == 404
    for action in ("cancel", "information"):
        assert _post(reader, f"/portal/requests/{other}/{action}", who__email=EVE).status == 401
    assert {r.state for r in _all(shop) if r.id == other} == {State.IN_PROGRESS}


def test_an_answer_that_needs_one_code_is_read_with_one(shop: House, reader: Reader) -> None:
    before = Reader(shop)
    before.begin()
    page = ask(before, "explanation", who__email=EVE)
    made = before.path.rpartition("/")[2]
    close(shop, made)
    assert "What was done" not in before.get(before.path).text
    assert page.status == 200

    reader.begin()
    page = reader.send(reader.get("/portal/find"), "/find", reference=made)
    page = reader.send(page, "/find/open", code=shop.code(made, "visit"))

    assert "What was done" in page.text
    assert reader.get(f"/portal/requests/{made}/receipt").status == 200


def test_tags_are_nobodys_to_delete_who_only_types_an_account(shop: House, reader: Reader) -> None:
    reader.begin()

    ask(reader, "recommendation_opt_out", option="tags_delete", who__user_id="u-1", who__email=EVE)

    (made,) = _all(shop)
    assert (made.state, made.level_needed) == (State.VERIFYING, 1)


def test_codes_for_the_page_use_up_none_of_those_the_person_needs(
    shop: House, reader: Reader
) -> None:
    alice = Reader(shop)
    alice.enter(ALICE)
    page = ask(alice, "deletion")
    (made,) = _all(shop)
    reader.begin()
    for _ in range(12):
        shop.clock.forward(minutes=2)
        reader.send(reader.get("/portal/find"), "/find", reference=made.id)
    with shop.reading() as session:
        sent = session.exec(select(Challenge).where(Challenge.purpose == "visit")).all()
    assert len(sent) == 10

    shop.clock.forward(minutes=2)
    assert alice.send(page, "/code").status == 200


def test_one_address_gets_a_few_mails_and_no_more(shop: House, reader: Reader) -> None:
    statuses = []
    for number in range(14):
        if number % 4 == 0:  # another browser changes nothing
            reader = Reader(shop)
            reader.begin()
        said = {"who__email": EVE, "restrict__purposes": ["service", "newsletter"][: number % 3]}
        statuses.append(ask(reader, "restriction", **said).status)

    assert statuses[:12] == [200] * 12
    assert statuses[12:] == [429, 429]
    assert ask(reader, "restriction", who__email="other@example.com").status == 200


@pytest.mark.parametrize("kind", ["recommendation_opt_out", "consent_withdrawal"])
def test_what_holds_at_once_cannot_be_cancelled_into_a_lie(
    shop: House, reader: Reader, kind: str
) -> None:
    reader.enter(ALICE)
    said = {"all__purposes": ["newsletter"]} if kind == "consent_withdrawal" else {}
    page = ask(reader, kind, **said)
    (made,) = _all(shop)

    assert not any(form.action.endswith("/cancel") for form in page.forms)
    assert _post(reader, f"{reader.path}/cancel").status == 409
    assert shop.post(f"/v1/requests/{made.id}/cancel").status_code == 409


def test_a_second_click_on_the_code_leads_to_the_request(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)
    code = shop.code(_all(shop)[0].id)

    reader.send(page, "/proof", code=code)
    again = reader.send(page, "/proof", code=code)
    new = reader.send(page, "/code")

    assert [p.status for p in (again, new)] == [200, 200]
    assert "Being worked on" in again.text


def test_a_repeat_leads_to_the_request_that_goes_on(shop: House, reader: Reader) -> None:
    first = Reader(shop)
    first.begin()
    page = ask(first, "restriction", who__email=EVE)
    first.send(page, "/proof", code=shop.code(_all(shop)[0].id))
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)
    second = reader.path.rpartition("/")[2]

    page = reader.send(page, "/proof", code=shop.code(second))

    (link,) = [x for x in page.links if "/requests/" in x and second not in x]
    assert reader.get(link).status == 200


@pytest.mark.parametrize(
    ("path", "size"), [("/portal/begin", 2**21), ("/portal/enter", 2**21), ("/portal/leave", 2**21)]
)
def test_what_is_too_large_is_said_in_words(reader: Reader, path: str, size: int) -> None:
    page = reader.post(path, {"token": "x" * size, "at": "x" * size})

    assert page.status in (303, 200, 413)
    assert "Internal Server Error" not in page.html


def test_the_longest_texts_fit_in_chinese(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)

    page = ask(
        reader,
        "correction",
        option="correct",
        correct__text="字" * 10_000,
        supplement__text="字" * 10_000,
        correct__changes__1__value="字" * 10_000,
        correct__changes__2__value="字" * 10_000,
    )

    assert page.status == 200


def test_what_was_sent_after_the_hour_is_said_not_to_be_taken_in(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    page = reader.get("/portal/ask/restriction")
    shop.clock.forward(minutes=61)

    late = reader.send(page, "/ask/restriction")

    assert late.status == 401
    assert "was NOT taken in" in late.text
    assert 'data-sent="1"' in late.html
    assert _all(shop) == []


def test_coming_in_again_ends_the_session_before(shop: House, reader: Reader) -> None:
    reader.begin()
    reader.enter(ALICE)
    reader.enter(ALICE)

    with shop.reading() as session:
        assert len(session.exec(select(PortalSession)).all()) == 1


def test_small_ends(shop: House, reader: Reader) -> None:
    assert reader.get("/portal/receipt-check").status == 200
    home = reader.enter(ALICE)
    assert reader.post("/portal/leave", {}, origin="https://evil.example").status == 403
    assert reader.get("/portal/ask/access").status == 200
    assert reader.post("/portal/nothing", {}).status == 404
    assert "There is nothing here" in reader.post("/portal/nothing", {}).text
    assert reader.post("/portal/begin", {"at": "\x00"}).status == 404
    key = home.form("/personalised/off").holding()["key"]
    wrong = reader.post("/portal/consents/withdraw", {"key": key, "purpose": ["service"]})
    assert wrong.status in (401, 403, 422)
    prefilled = reader.get("/portal/ask/copy?who.email=eve@example.com&option=all")
    assert "eve@example.com" not in prefilled.html


def test_an_address_that_is_added_gets_its_code_at_once(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__phone="+8613800138000")

    page = reader.send(page, "/information", who__email=EVE)

    reader.send(page, "/proof", code=shop.code(_all(shop)[0].id))
    assert _all(shop)[0].state is State.IN_PROGRESS


def test_who_can_prove_no_more_is_told_what_helps(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "deletion", who__email=EVE)
    assert "needs two proofs" in page.text

    page = reader.send(page, "/proof", code=shop.code(_all(shop)[0].id))

    assert "ask again: then one code is enough" in page.text
    assert not any(form.action.endswith("/proof") for form in page.forms)
    assert "then one code is enough" in page.text
    signed_in = Reader(shop)
    signed_in.enter(ALICE)
    page = ask(signed_in, "deletion")
    assert "needs two proofs" not in page.text


def test_a_form_that_proves_nothing_gives_nothing(shop: House, reader: Reader) -> None:
    made = shop.asserted("access", ALICE)["id"]
    other = shop.asserted("deletion", ALICE)["id"]
    close(shop, made, "disclosed")
    reader.begin()
    for reference in (made, other):
        page = reader.send(reader.get("/portal/find"), "/find", reference=reference)
        reader.send(page, "/find/open", code=shop.code(reference, "visit"))

        _post(reader, f"/portal/requests/{reference}/proof", code="000000")

        page = reader.get(f"/portal/requests/{reference}")
        assert "1,200" not in page.text
        assert reader.get(f"/portal/requests/{reference}/receipt").status == 404
        assert _post(reader, f"/portal/requests/{reference}/cancel").status == 401


def test_a_code_here_is_worth_no_more_for_what_others_proved_elsewhere(
    shop: House, reader: Reader
) -> None:
    alice = Reader(shop)
    alice.enter(ALICE)
    ask(alice, "deletion")
    (made,) = _all(shop)
    reader.begin()
    page = reader.send(reader.get("/portal/find"), "/find", reference=made.id)
    reader.send(page, "/find/open", code=shop.code(made.id, "visit"))

    _post(reader, f"/portal/requests/{made.id}/proof", code=shop.code(made.id))

    (made,) = _all(shop)
    assert (made.state, made.level) == (State.IN_PROGRESS, 2)
    assert _post(reader, f"/portal/requests/{made.id}/cancel").status == 401
    assert alice.get(f"/portal/requests/{made.id}").status == 200


def test_what_is_typed_as_a_reference_is_nowhere_in_redis(shop: House, reader: Reader) -> None:
    reader.begin()

    reader.send(reader.get("/portal/find"), "/find", reference="eve@example.com")

    with Redis.from_url(shop.context.settings.redis_url) as redis:
        keys = redis.keys("*")
    assert keys
    assert not [key for key in keys if b"eve" in key]


def test_a_session_sealed_under_a_retired_key_is_over(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    with shop.writing() as session:
        row = session.exec(select(PortalSession)).one()
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
        session.add(row)

    assert reader.get("/portal/ask/access").status == 401
    assert "without an account" in reader.get("/portal/").text
