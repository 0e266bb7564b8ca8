"""That was not me: the page behind the link, and what an impostor is left with."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import contact_warnings, not_me, purge, warnings_due
from rights.store.models import (
    Aftercare,
    Challenge,
    ContactWarning,
    Entry,
    IdentifierRow,
    Request,
    WarningDue,
)
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import ask, close, only

OLD = "alice.old@example.com"
EVE = "eve@example.com"
CONTENT = bytes(range(256)) * 40


def warn(house: House, request_id: str, address: str = OLD) -> str:
    """Do what a worker does that finds *address* on file; return the link of its mail."""
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        contact_warnings.queue(
            session,
            house.context,
            request,
            warnings_due.ASKED,
            [("email", address)],
            now=house.clock.now(),
        )
        row = session.exec(
            select(ContactWarning).where(ContactWarning.request_id == request_id)
        ).one()
        link = not_me.link(house.context, now=house.clock.now(), warning_id=row.id)
    return link.removeprefix(house.context.settings.base_url)


def press(reader: Reader, link: str) -> Page:
    return reader.send(reader.get(link), "/not-me")


def request(house: House, request_id: str) -> Request:
    with house.reading() as session:
        found: Request = session.get_one(Request, request_id)
        return found


def incidents(house: House) -> list[str]:
    with house.reading() as session:
        return [row.request_id for row in session.exec(select(Aftercare)) if row.code == "not_me"]


def test_opening_the_link_changes_nothing_and_says_nothing_of_the_request(
    shop: House, reader: Reader
) -> None:
    made = shop.asserted("copy", ALICE)
    link = warn(shop, made["id"])
    with shop.reading() as session:
        before = session.exec(select(Entry)).all()

    for _ in range(3):  # scanners of mail
        page = reader.get(link)

    assert page.status == 200
    assert "Was this you?" in page.text
    assert "copy" in page.text.lower()
    assert made["id"] not in page.html
    assert "alice" not in page.html
    assert not request(shop, made["id"]).not_me_at
    with shop.reading() as session:
        assert session.exec(select(Entry)).all() == before


@pytest.mark.requirement("R-ID-6")
def test_one_button_stops_it_and_a_second_click_is_noted(shop: House, reader: Reader) -> None:
    made = shop.asserted("copy", ALICE)
    link = warn(shop, made["id"])

    page = press(reader, link)
    stopped = request(shop, made["id"])
    again = reader.post("/portal/not-me", {"w": link.partition("=")[2]})

    assert "It has been noted" in page.text
    assert "It has been noted" in again.text
    assert "That was not me" not in again.text
    assert (stopped.state, str(stopped.wait)) == (State.ON_HOLD, "task")
    assert stopped.promised_at.isoformat() == made["due_at"]
    assert incidents(shop) == [made["id"]]


def test_the_language_of_the_page_can_be_chosen(shop: House, reader: Reader) -> None:
    link = warn(shop, shop.asserted("copy", ALICE)["id"])

    page = reader.get(link)
    (chinese,) = (one for one in page.links if one.endswith("lang=zh-CN"))

    assert "这是您本人提出的吗" in reader.get(chinese).text


@pytest.mark.requirement("R-ID-6")
def test_the_impostors_page_download_and_code_get_nothing(shop: House, reader: Reader) -> None:
    made = shop.asserted("access", ALICE)
    package = shop.package(made["id"], CONTENT)
    reader.enter(ALICE, "mfa")
    granted = shop.post(
        f"/v1/requests/{made['id']}/packages/{package}/grants",
        {"assertion": shop.partner.assertion(ALICE, shop.clock.now(), "mfa")},
    ).json["token"]
    page = reader.get(f"/portal/requests/{made['id']}")
    assert reader.send(page, f"/packages/{package}/open").response.data == CONTENT

    press(Reader(shop), warn(shop, made["id"]))

    content = f"/portal/requests/{made['id']}/packages/{package}/content"
    refused = reader.get(content)  # the grant of a minute ago is in the browser still
    assert (refused.status, "on hold" in refused.text) == (403, True)
    api = shop.get(f"/v1/packages/{package}/content", token=granted)
    assert (api.status_code, api.json["code"]) == (403, "not_me")
    word = {"assertion": shop.partner.assertion(ALICE, shop.clock.now(), "mfa")}
    more = shop.post(f"/v1/requests/{made['id']}/packages/{package}/grants", word)
    assert (more.status_code, more.json["code"]) == (403, "not_me")
    look = shop.post(f"/v1/requests/{made['id']}/lookups", {"question": "counts"})
    assert (look.status_code, look.json["code"]) == (403, "not_me")
    page = reader.get(f"/portal/requests/{made['id']}")
    assert (
        "Somebody who can be reached at an address on file says that it was not them" in page.text
    )
    assert "Your copy" not in page.text
    assert OLD not in page.html and "alice.old" not in page.html
    assert [form.action for form in page.forms if "package" in form.action] == []


def test_codes_of_a_stopped_request_stop_working(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    made = only(shop)
    code = shop.code(made.id)

    press(Reader(shop), warn(shop, made.id))
    answer = reader.send(page, "/proof", code=code)
    sent = reader.send(page, "/code")
    api = shop.post(f"/v1/requests/{made.id}/verification/answer", {"code": code})

    assert (answer.status, sent.status) == (403, 403)
    assert (api.status_code, api.json["code"]) == (403, "not_me")
    assert "On hold" in reader.get(f"/portal/requests/{made.id}").text
    assert only(shop).state is State.VERIFYING
    assert [
        f.action
        for f in reader.get(f"/portal/requests/{made.id}").forms
        if f.action.endswith(("/proof", "/code"))
    ] == []


def test_what_is_over_opens_an_incident_and_the_page_is_honest(shop: House, reader: Reader) -> None:
    made = shop.asserted("deletion", ALICE, "mfa")
    link = warn(shop, made["id"])
    with shop.writing() as session:
        session.get_one(Request, made["id"]).irreversible_at = shop.clock.now()
    close(shop, made["id"], "deleted")

    before = reader.get(link)
    after = press(reader, link)

    assert "Part of it has been carried out already and cannot be undone" in before.text
    assert "This request is over" in before.text
    assert "whatever was not done yet stays undone" in after.text
    assert request(shop, made["id"]).state is State.FULFILLED
    assert incidents(shop) == [made["id"]]
    receipt = shop.get(f"/v1/requests/{made['id']}/receipt")
    assert (receipt.status_code, receipt.json["code"]) == (403, "not_me")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000, "é", "\x00"])
def test_a_forged_link_is_a_page_that_says_so(shop: House, reader: Reader, token: str) -> None:
    made = shop.asserted("copy", ALICE)

    looked = reader.client.get("/portal/not-me", query_string={"w": token})
    pressed = reader.post("/portal/not-me", {"w": token})

    assert (looked.status_code, pressed.status) == (410, 410)
    assert "does not work any more" in pressed.text
    assert not request(shop, made["id"]).not_me_at


def test_a_link_that_was_cut_or_changed_stops_nothing(shop: House, reader: Reader) -> None:
    made = shop.asserted("copy", ALICE)
    link = warn(shop, made["id"])

    for wrong in (link[:-1], link[:-4] + "AAAA", link + "A", link.replace("w=", "v=")):
        assert reader.get(wrong).status == 410
    assert not request(shop, made["id"]).not_me_at


def test_a_link_ends_with_its_month_and_with_the_contacts_of_its_request(
    shop: House, reader: Reader
) -> None:
    first, second = shop.asserted("copy", ALICE), shop.asserted("copy", BOB)
    old, forgotten = warn(shop, first["id"]), warn(shop, second["id"], "bob.old@example.com")
    page = reader.get(forgotten)
    with shop.writing() as session:
        for row in session.exec(
            select(IdentifierRow).where(IdentifierRow.request_id == second["id"])
        ):
            session.delete(row)

    assert reader.get(forgotten).status == 410
    assert reader.send(page, "/not-me").status == 410
    assert not request(shop, second["id"]).not_me_at
    shop.clock.forward(days=30, seconds=1)
    assert reader.get(old).status == 410


def test_the_link_of_one_request_is_nothing_for_another(shop: House, reader: Reader) -> None:
    mine, theirs = shop.asserted("copy", ALICE), shop.asserted("copy", BOB)

    press(reader, warn(shop, mine["id"]))

    assert request(shop, mine["id"]).not_me_at
    assert not request(shop, theirs["id"]).not_me_at


def test_a_portal_token_or_a_code_is_no_link(shop: House, reader: Reader) -> None:
    shop.submit("copy", ALICE)

    for other in (reader.token(ALICE), reader.token(ALICE).removeprefix("pt_")):
        assert reader.post("/portal/not-me", {"w": other}).status == 410


def test_after_wrong_codes_the_page_says_until_when_and_names_another_way(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    for _ in range(5):
        page = reader.send(page, "/proof", code="wrong")

    page = reader.get(f"/portal/requests/{only(shop).id}")

    assert "no code is taken until" in page.text
    assert "open this page from your account settings" in page.text
    assert only(shop).state is State.VERIFYING
    with shop.reading() as session:
        assert {row.event for row in session.exec(select(WarningDue))} == {
            "someone_asked",
            "wrong_codes",
        }


@pytest.mark.requirement("R-ID-5:bad", "R-NEG-25")
def test_a_sixth_wrong_code_is_429_for_the_known_and_the_unknown_alike(shop: House) -> None:
    shop.asserted("access", ALICE)
    shop.submit("copy", ALICE)
    replies = []
    for who in ({"email": ALICE["email"]}, {"email": EVE}):
        made = shop.submit("restriction", who)
        path = f"/v1/requests/{made['id']}/verification"
        tries = [shop.post(f"{path}/answer", {"code": "wrong"}) for _ in range(6)]
        sent = shop.post(path, {})
        replies.append(
            [(r.status_code, r.data, r.headers.get("Retry-After")) for r in (*tries, sent)]
        )

    assert replies[0] == replies[1]
    assert [status for status, *_ in replies[0]] == [401] * 5 + [429] * 2
    assert replies[0][5][2] == "900"


@pytest.mark.requirement("R-NEG-25")
def test_nothing_the_requester_sees_tells_whether_anybody_was_told(shop: House) -> None:
    pages = []
    for address, known in ((EVE, True), ("otto@example.com", False)):
        reader = Reader(shop)
        reader.begin()
        page = ask(reader, "copy", who__email=address)
        request_id = page.form("/proof").action.split("/")[3]
        if known:
            warn(shop, request_id)
        page = reader.get(f"/portal/requests/{request_id}")
        varying = re.compile(rf"{request_id}|[0-9a-f]{{64}}|[\w-]{{16}}\"")
        pages.append(varying.sub("", page.html))

    assert pages[0] == pages[1]


@pytest.mark.slow
@pytest.mark.requirement("R-NEG-25")
def test_the_portal_takes_as_long_for_the_known_as_for_the_unknown(
    furnished: Callable[..., House],
) -> None:
    """Twice 500 submissions, interleaved in one process; medians within 1 ms and 5 %."""
    house = furnished(rate_typed="100000/hour", rate_per_key="1000000/minute")
    for kind in ("access", "copy", "deletion"):
        house.asserted(kind, {"user_id": "u-anna", "email": "anna@example.com"})
    with house.writing() as session:
        for row in session.exec(select(Request)):
            warned = [("email", f"anna.{row.kind}@example.com")]
            contact_warnings.queue(
                session, house.context, row, warnings_due.ASKED, warned, now=house.clock.now()
            )
    reader = Reader(house)
    reader.begin()
    form = reader.get("/portal/ask/copy").form("/ask/copy")
    times: dict[str, list[float]] = {"anna@example.com": [], "otto@example.com": []}

    for number in range(500):
        for address in sorted(times, reverse=bool(number % 2)):
            said = form.holding(who__email=address, once=f"{number}-{address[:4]}")
            began = time.perf_counter()
            answer = reader.client.post(form.action, data=said)
            times[address].append(time.perf_counter() - began)
            assert answer.status_code == 303

    known, unknown = (statistics.median(took) for took in times.values())
    assert abs(known - unknown) < 0.001, (known, unknown)
    assert abs(known / unknown - 1) < 0.05, (known, unknown)


def test_a_copy_asked_by_somebody_who_only_typed_is_still_asked_of_the_stores(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    ask(reader, "copy", who__email=EVE)

    with shop.reading() as session:
        assert [row.event for row in session.exec(select(WarningDue))] == ["someone_asked"]
        assert len(session.exec(select(Challenge)).all()) == 1
    assert only(shop).kind is Kind.COPY


def test_warnings_are_forgotten_with_their_month_and_what_waits_with_the_record(
    shop: House,
) -> None:
    made = shop.asserted("copy", ALICE)
    warn(shop, made["id"])
    now = shop.clock.now()

    kept = purge.purge(shop.engine, shop.context, shop.blobs, now=now)["warnings"]
    gone = purge.purge(shop.engine, shop.context, shop.blobs, now=now + timedelta(days=31))

    assert (kept, gone["warnings"]) == (0, 1)
    assert {WarningDue, ContactWarning} <= set(purge.OF_A_REQUEST)
    assert ContactWarning in purge._CONTACTS  # noqa: SLF001 - what somebody is reached by
