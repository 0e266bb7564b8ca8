"""What a person was written is read on the page of their request, by a click that is an entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from rights.domain.lifecycle import Event
from rights.services import audit, letters_read, purge, requests, writings
from rights.store.ids import new_id
from rights.store.models import Notice, Request, Writing
from tests.web.console.clerk import clerk, id_of, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

MAIL = {"email": ALICE["email"]}
_TOKEN = re.compile(r"^([A-Za-z0-9._-]{80,})$", re.MULTILINE)
_LINK = re.compile(r"https?://\S+/portal/not-me\S*")


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> House:
    """Return a house whose mail goes out."""
    return furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)


def _send(house: House) -> None:
    send_due(house.engine, house.context, house.clock.now)


def _kept(house: House, request_id: str) -> list[Writing]:
    mine = select(Writing).where(Writing.request_id == request_id)
    with house.reading() as session:
        return list(session.exec(mine.where(Writing.purpose == writings.LETTER)))


def _notice(house: House, request_id: str, event: str) -> Notice:
    mine = select(Notice).where(Notice.request_id == request_id, Notice.event == event)
    with house.reading() as session:
        found: Notice = session.exec(mine.order_by(col(Notice.created_at).desc())).first()
    return found


def _opens(page: Page) -> list[str]:
    """Return the letters that a page offers to open."""
    forms = (form for form in page.forms if form.action.endswith("/open/letter"))
    return [dict(form.fields)["letter"] for form in forms]


def test_the_text_of_a_letter_is_opened_by_a_click_that_is_an_entry(
    office: House, smtp_sink: Sink
) -> None:
    rui, made = clerk(office, "rui", "reviewer"), str(office.asserted("access", locale="en")["id"])
    assert _opens(rui.get(f"/requests/{made}")) == []  # it has not gone out
    _send(office)
    letter = _notice(office, made, "received")
    page = rui.get(f"/requests/{made}")
    assert _opens(page) == [letter.id]
    assert "Please keep the reference" not in page.text
    assert "letter_read" not in told(office, made)

    page = rui.reader.send(page, "/open/letter")

    mail = text_of(smtp_sink.messages[-1])
    assert "Please keep the reference" in page.text
    for line in filter(None, (one.strip() for one in mail.splitlines())):
        if "http" not in line:
            assert " ".join(line.split()) in " ".join(page.text.split()), line
    with office.reading() as session:
        entry = audit.entries(session, made)[-1]
    assert (entry.event, entry.data) == ("letter_read", {"notice": letter.id, "letter": "received"})
    again = rui.get(f"/requests/{made}")
    assert "Please keep the reference" not in again.text
    assert "The text of a letter was read" in again.text


@pytest.mark.parametrize(
    ("locale", "hidden"), [("en", "not kept: only who"), ("zh-CN", "未保存：仅收信人")]
)
def test_a_code_a_token_and_a_link_are_not_in_what_is_kept(
    office: House, smtp_sink: Sink, locale: str, hidden: str
) -> None:
    rui, made = (
        clerk(office, "rui", "reviewer"),
        str(office.submit("access", MAIL, locale=locale)["id"]),
    )
    _send(office)
    mail, code = text_of(smtp_sink.messages[-1]), office.code(made)
    secrets = [code, *_TOKEN.findall(mail), *_LINK.findall(mail)]
    assert len(secrets) == 3, mail

    page = rui.reader.send(rui.get(f"/requests/{made}"), "/open/letter")

    assert page.text.count(hidden) == 3
    (kept,) = _kept(office, made)
    vault = office.context.vault
    opened = vault.open(kept.sealed, aad=writings.aad(made, writings.LETTER, kept.id)).decode()
    for secret in secrets:
        assert secret in mail
        assert secret not in page.html
        assert secret not in opened


def test_a_letter_is_read_by_who_writes_to_people_and_only_on_its_own_request(
    office: House,
) -> None:
    rui, otto = clerk(office, "rui", "reviewer"), clerk(office, "otto", "auditor")
    made, other = (str(office.asserted("access", who)["id"]) for who in (ALICE, BOB))
    _send(office)
    letter = _notice(office, made, "received").id

    assert _opens(otto.get(f"/requests/{made}")) == []
    tried = otto.force(f"/requests/{made}/open/letter", letter=letter)
    elsewhere = rui.force(f"/requests/{other}/open/letter", letter=letter)
    nowhere = rui.force(f"/requests/{made}/open/letter", letter=new_id())

    assert (tried.status, elsewhere.status, nowhere.status) == (403, 404, 404)
    assert "letter_read" not in told(office, made) + told(office, other)


def test_a_letter_about_a_minor_takes_a_colleagues_approval(office: House) -> None:
    rui = clerk(office, "rui", "reviewer")
    made = str(office.asserted("access", subject_age_band="14_17", locale="en")["id"])
    _send(office)
    letter = _notice(office, made, "received").id

    assert _opens(rui.get(f"/requests/{made}")) == []
    tried = rui.force(f"/requests/{made}/open/letter", letter=letter)

    assert tried.status == 403
    assert "Please keep the reference" not in tried.text
    assert "letter_read" not in told(office, made)


def test_a_letter_that_reached_nobody_has_no_text_to_open(
    furnished: Callable[..., House],
) -> None:
    house = furnished(smtp_host="127.0.0.1", smtp_port=1)
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    _send(house)

    assert _notice(house, made, "received").attempts == 1
    assert _opens(rui.get(f"/requests/{made}")) == []
    assert _kept(house, made) == []


def test_the_text_is_forgotten_with_the_contacts_of_the_request(office: House) -> None:
    rui, made = clerk(office, "rui", "reviewer"), str(office.asserted("access")["id"])
    _send(office)
    assert len(_kept(office, made)) == 1
    with office.writing() as session:
        request, by = session.get_one(Request, made), f"staff:{id_of(office, 'rui')}"
        request.reason = "no_ground"
        requests.record(session, request, Event.DENIED, actor=by, now=office.clock.now())
    office.clock.forward(days=office.context.settings.contact_days + 1)

    purge.purge(office.engine, office.context, office.blobs, now=office.clock.now())

    rui.come_in()
    assert _kept(office, made) == []
    assert _opens(rui.get(f"/requests/{made}")) == []
    gone = rui.force(f"/requests/{made}/open/letter", letter=_notice(office, made, "received").id)
    assert gone.status == 404


def _written(house: House, request_id: str, count: int) -> list[str]:
    """Put letters that went out into the register, the oldest first, each with its text."""
    ids = []
    with house.writing() as session:
        for number in range(count):
            at = house.clock.now() + timedelta(minutes=1, seconds=number // 3)
            row = Notice(
                id=f"{number:08x}" + new_id()[8:],
                request_id=request_id,
                event="message",
                state="sent",
                created_at=at,
                sent_at=at,
            )
            session.add(row)
            letters_read.keep(session, house.context, row, f"letter number {number}.", now=at)
            ids.append(row.id)
    return ids


def _older(page: Page) -> str:
    """Return the path of the letters before those of a page; empty where there are none."""
    links = [one for one in page.links if "letters=" in one and "lang=" not in one]
    return links[0].removeprefix("/console") if links else ""


def test_the_newest_letters_are_shown_and_the_older_ones_are_a_click_away(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    ids = _written(house, made, 2 * letters_read.MOST + 3)
    pages = [rui.get(f"/requests/{made}")]
    while path := _older(pages[-1]):
        pages.append(rui.get(path))

    # What confirms receipt has not gone out: it is in the list, and has no text.
    assert [_opens(page) for page in pages] == [ids[103:], ids[3:103], ids[:3]]
    assert all(f"Notices ({len(ids) + 1})" in page.text for page in pages)
    assert "104 older entries" in pages[0].text
    assert "older entries" not in pages[-1].text
    back = [one.partition("#")[0] for one in pages[-1].links if one.endswith("#letters")]
    assert back == [f"/console/requests/{made}"]


def test_an_older_letter_is_opened_where_it_stands(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    ids = _written(house, made, letters_read.MOST + 1)
    page = rui.get(_older(rui.get(f"/requests/{made}")))
    assert _opens(page) == ids[:1]

    page = rui.reader.send(page, "/open/letter")

    assert "letter number 0." in page.text
    assert _opens(page) == ids[:1]
    assert "letter_read" in told(house, made)


def test_a_letter_that_reached_nobody_is_sent_again_however_many_came_after_it(
    house: House,
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    with house.writing() as session:
        first = session.exec(select(Notice).where(Notice.request_id == made)).one()
        first.state, first.next_at = "failed", None
    _written(house, made, letters_read.MOST + 1)
    page = rui.get(f"/requests/{made}")
    assert not [form for form in page.forms if form.action.endswith("/write_again")]

    page = rui.reader.send(rui.get(_older(page)), "/write_again")

    assert page.status == 200
    assert "letter_again" in told(house, made)


@pytest.mark.parametrize("place", ["yesterday", "2026-11-25T08:00:00|x", "9999-12-31T00:00:00Z|x"])
def test_a_place_of_letters_that_cannot_be_read_shows_the_newest(house: House, place: str) -> None:
    rui, made = clerk(house, "rui", "reviewer"), str(house.asserted("access")["id"])
    ids = _written(house, made, 2)

    assert _opens(rui.get(f"/requests/{made}?letters={place}")) == ids
