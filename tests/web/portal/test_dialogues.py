"""Conversations in the portal: seen, opened, and copied or deleted as far as they are chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.services import backends, notes
from rights.store.models import Lookup, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import SHOP, Page, Reader

PLACE = "chat.messages"
CHAT = """
name: chat
connector: sql
settings: {url: "${secret:CHAT_URL}"}
role: controller
classification: general
defaults: {basis: contract, purposes: [service], retention: none}
collections:
- name: messages
  title: {zh: 对话, en: Talks}
  key: [id]
  links: [{columns: [user_id], to: shop.users, role: owner}]
  conversation: {session: session_id, text: content, at: sent_at}
  fields:
  - {name: id, category: chat, disclose: true}
  - {name: session_id, category: chat, disclose: true}
  - {name: content, category: chat, disclose: true, sensitive: true}
  - {name: sent_at, category: chat, disclose: true}
"""
_NAMED = {"named": True}
SESSIONS: dict[str, Any] = {
    "about": {},
    "places": {
        PLACE: {
            "sessions": [
                {
                    "session": "s-2",
                    "rows": 3,
                    "from": "2026-02-01",
                    "to": "2026-02-02",
                    "named": True,
                },
                {
                    "session": "s-1",
                    "rows": 1,
                    "from": "2026-01-01",
                    "to": "2026-01-01",
                    "named": True,
                },
            ],
            "more": False,
        }
    },
}
MESSAGES: dict[str, Any] = {
    "about": {"collection": PLACE, "session": "s-2", "page": 0},
    "places": {
        PLACE: {
            "messages": [
                {"id": "41", "at": "2026-02-01 10:00", "text": "I feel <low>"},
                {"id": "", "at": "2026-02-01 10:01", "text": "somebody else's"},
                {"id": "42", "at": "2026-02-01 10:02", "text": "better"},
            ],
            "more": True,
        }
    },
}


def talks_map(folder: Path) -> Path:
    """Write the map of the web's tests with a dialogue beside the rest."""
    known = yaml.safe_load((Path(__file__).parents[1] / "datamap.yaml").read_text("utf-8"))
    known["stores"].append(yaml.safe_load(CHAT))
    file = folder / "talks.yaml"
    file.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture
def talks(furnished: Callable[..., House], tmp_path: Path) -> House:
    """A house whose map has a dialogue."""
    house = furnished(datamap=talks_map(tmp_path))
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    return house


@pytest.fixture
def reader(talks: House) -> Reader:
    return Reader(talks)


def _seen(talks: House, reader: Reader, answer: Any = None) -> Page:
    page = reader.send(reader.enter(ALICE, "mfa", view="conversations"), "/conversations")
    assert "Looking" in page.text
    path = reader.path
    talks.looked_up(answer or SESSIONS)
    return reader.get(path)


def _opened(talks: House, reader: Reader) -> Page:
    reader.send(_seen(talks, reader), "/choose", open="s-2")
    path = reader.path
    talks.looked_up(MESSAGES)
    return reader.get(path)


def _made(talks: House) -> tuple[Request, Any]:
    with talks.reading() as session:
        found: Request = session.exec(select(Request)).one()
        return found, notes.read(session, talks.context.vault, found.id, "values")


def test_the_first_page_leads_to_them_and_they_are_listed(talks: House, reader: Reader) -> None:
    assert "/portal/conversations" in reader.enter(ALICE, "mfa").links

    page = _seen(talks, reader)

    for said in ("Talks", "Messages: 3", "2026-02-01 to 2026-02-02", "Delete all"):
        assert said in page.text
    assert "http-equiv" not in page.html
    with talks.reading() as session:
        assert session.exec(select(Lookup)).one().question == "conversations"


@pytest.mark.requirement("R-H16-1")
def test_opening_one_shows_what_was_said(talks: House, reader: Reader) -> None:
    page = _opened(talks, reader)

    assert "I feel &lt;low&gt;" in page.html
    assert page.html.count('name="message"') == 2, "what is not theirs cannot be chosen"
    assert "s-2" not in reader.path
    assert "Show the next messages" in page.text


@pytest.mark.requirement("R-H16-1")
@pytest.mark.parametrize(
    ("said", "kind", "named"),
    [
        ({"do": "delete", "message": ["41", "41"]}, Kind.DELETION, [{"messages": ["41"]}]),
        ({"do": "delete-session"}, Kind.DELETION, [{"session": "s-2"}]),
        ({"do": "delete-all"}, Kind.DELETION, [{}]),
        ({"do": "copy", "message": ["42"]}, Kind.COPY, [{"messages": ["42"]}]),
        ({"do": "copy-session"}, Kind.COPY, [{"session": "s-2"}]),
        ({"do": "copy-all"}, Kind.COPY, [{}]),
    ],
)
def test_what_is_chosen_becomes_a_request(
    talks: House, reader: Reader, said: dict[str, Any], kind: Kind, named: list[dict[str, Any]]
) -> None:
    reader.send(_opened(talks, reader), "/choose", **said)

    made, values = _made(talks)
    assert reader.path == f"/portal/requests/{made.id}"
    assert (made.kind, made.channel) == (kind, "portal")
    assert made.option is (Option.DELETE if kind is Kind.DELETION else Option.ALL)
    assert made.parameters == {"part": "conversations"}, "no name of a row stands in clear"
    assert values == [{"conversations": [{"collection": PLACE, **one} for one in named]}]
    assert made.level_needed == talks.context.policy.level(made.kind, made.option)


def test_several_conversations_are_chosen_at_once(talks: House, reader: Reader) -> None:
    reader.send(_seen(talks, reader), "/choose", do="delete", session=["s-1", "s-2"])

    _, values = _made(talks)
    named = values[0]["conversations"]
    assert [one["session"] for one in named] == ["s-1", "s-2"]


@pytest.mark.parametrize("said", [{"do": "delete"}, {"do": "nonsense", "message": ["41"]}, {}])
def test_choosing_nothing_asks_for_nothing(
    talks: House, reader: Reader, said: dict[str, Any]
) -> None:
    page = reader.send(_opened(talks, reader), "/choose", **said)

    assert (page.status, "choose at least one" in page.text) == (422, True)
    with talks.reading() as session:
        assert session.exec(select(Request)).all() == []


def test_a_place_that_was_not_shown_cannot_be_chosen_from(talks: House, reader: Reader) -> None:
    page = reader.send(_opened(talks, reader), "/choose", do="delete-all", place="shop.users")

    assert page.status == 404


def test_what_could_not_be_looked_at_is_never_none(talks: House, reader: Reader) -> None:
    page = _seen(talks, reader, {"about": {}, "places": {PLACE: None}})

    assert "does not mean that there are none" in page.text
    assert "no conversations of yours" not in page.text


def test_too_many_to_show_can_be_copied_or_deleted(talks: House, reader: Reader) -> None:
    page = _seen(talks, reader, {"about": {}, "places": {PLACE: {"many": 70000}}})

    assert "70000" in page.text
    assert "Delete all" in page.text


@pytest.mark.parametrize("who", ["other", "typed", "nobody"])
def test_they_are_shown_to_whom_they_are_about_alone(
    talks: House, reader: Reader, who: str
) -> None:
    _seen(talks, reader)
    path, other = reader.path, Reader(talks)
    if who == "nobody":
        other.begin()
    else:
        other.enter(BOB if who == "other" else ALICE, "mfa" if who == "other" else None)

    assert other.get(path).status == 404


def test_without_a_dialogue_there_is_no_such_page(shop: House) -> None:
    reader = Reader(shop)

    home = reader.enter(ALICE)

    assert "/portal/conversations" not in home.links
    assert reader.get("/portal/conversations").status == 404


def test_the_page_reads_in_chinese(talks: House) -> None:
    reader = Reader(talks, "zh-CN")

    page = _seen_in(talks, reader)

    assert "我的对话" in page.text
    assert "消息数：3" in page.text


def _seen_in(talks: House, reader: Reader) -> Page:
    reader.send(reader.enter(ALICE, "mfa", view="conversations"), "/conversations")
    path = reader.path
    talks.looked_up(SESSIONS)
    return reader.get(path)


# -- the same through the API -----------------------------------------------------------------


def _ask(talks: House, kind: str, one: Any, **more: Any) -> Any:
    body = {"kind": kind, "subject": ALICE, "values": {"conversations": one}, **more}
    return talks.post("/v1/requests", body)


def test_the_api_takes_the_names_under_seal(talks: House) -> None:
    reply = _ask(talks, "deletion", [{"collection": PLACE, "messages": ["41"]}])

    assert reply.status_code == 201, reply.json
    made, values = _made(talks)
    assert made.parameters == {"part": "conversations"}
    assert values == [{"conversations": [{"collection": PLACE, "messages": ["41"]}]}]


@pytest.mark.parametrize(
    ("kind", "said", "place"),
    [
        ("deletion", [{"collection": "shop.users"}], "values.conversations.0.collection"),
        ("access", [{"collection": PLACE}], "values.conversations"),
        ("deletion", [{"messages": ["41"]}], "values.conversations.0.collection"),
        ("deletion", [], "values.conversations"),
        (
            "copy",
            [{"collection": PLACE, "messages": ["x" * 201]}],
            "values.conversations.0.messages.0",
        ),
    ],
)
def test_mistakes_are_named(talks: House, kind: str, said: Any, place: str) -> None:
    reply = _ask(talks, kind, said)

    assert reply.status_code == 422
    assert place in [one["field"] for one in reply.json["errors"]]


def test_a_whole_deletion_is_not_narrowed_later(talks: House) -> None:
    made = talks.post("/v1/requests", {"kind": "deletion", "subject": ALICE}).json
    named = {"values": {"conversations": [{"collection": PLACE}]}}

    reply = talks.post(f"/v1/requests/{made['id']}/information", named)

    assert reply.status_code == 422, reply.json
