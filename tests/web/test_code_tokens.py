"""The token beside the digits: one challenge, two ways to answer it, and one use of either."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import select

from rights.services import tokens
from rights.store.models import Challenge, Entry, Notice
from tests.web.house import ALICE, BOB, House, Reply
from tests.workflows.desk import html_of, text_of
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

_TOKEN = re.compile(r"^([A-Za-z0-9._-]{80,})$", re.MULTILINE)
_DIGITS = re.compile(r"^ +([0-9]{6})\s*$", re.MULTILINE)
MAIL = {"email": "alice@example.com"}


class Post:
    """A web application and the mail box its codes go to."""

    def __init__(self, house: House, sink: Sink) -> None:
        self.house, self.sink = house, sink

    def mail(self) -> EmailMessage:
        """Send what waits; return the newest mail."""
        send_due(self.house.engine, self.house.context, self.house.clock.now)
        return self.sink.messages[-1]

    def token(self) -> str:
        found = _TOKEN.findall(text_of(self.mail()))
        assert len(found) == 1
        return str(found[0])

    def again(self, request_id: str, purpose: str = "request") -> str:
        """Ask for another code; return its token."""
        self.house.clock.forward(seconds=61)
        reply = self.house.post(f"/v1/requests/{request_id}/verification", {"purpose": purpose})
        assert reply.status_code == 202, reply.json
        return self.token()

    def answer(self, request_id: str, **given: str) -> Reply:
        return self.house.post(f"/v1/requests/{request_id}/verification/answer", given)

    def tries(self, request_id: str) -> list[int]:
        with self.house.reading() as session:
            query = select(Challenge).where(Challenge.request_id == request_id)
            return [c.tries for c in session.exec(query)]


@pytest.fixture
def post(furnished: Callable[..., House], smtp_sink: Sink) -> Post:
    house = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)
    return Post(house, smtp_sink)


def test_the_token_of_the_mail_answers_in_place_of_the_digits(post: Post) -> None:
    made = post.house.submit("restriction", MAIL)

    reply = post.answer(made["id"], token=post.token())

    assert (reply.status_code, reply.json["state"], reply.json["level"]) == (200, "in_progress", 1)


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "paste this instead of the digits"), ("zh-CN", "粘贴以下验证串代替上面的数字")],
)
def test_the_mail_says_what_the_token_is_for_and_shows_it_as_text(
    post: Post, locale: str, words: str
) -> None:
    post.house.submit("restriction", MAIL, locale=locale)

    mail = post.mail()

    token = _TOKEN.findall(text_of(mail))[0]
    for body in (text_of(mail), html_of(mail)):
        assert words in body
        assert body.count(token) == 1
        assert "://" not in body


@pytest.mark.parametrize(("first", "second"), [("code", "token"), ("token", "code")])
def test_whichever_is_used_first_uses_up_both(post: Post, first: str, second: str) -> None:
    made = post.house.submit("deletion", MAIL)
    text = text_of(post.mail())
    digits = _DIGITS.search(text)
    assert digits
    given = {"code": digits[1], "token": _TOKEN.findall(text)[0]}

    assert post.answer(made["id"], **{first: given[first]}).status_code == 200
    for name in (first, second):
        assert post.answer(made["id"], **{name: given[name]}).json["code"] == "wrong_code"


def test_a_token_that_does_not_fit_is_refused_and_counted_like_a_wrong_code(post: Post) -> None:
    house = post.house
    theirs = house.submit("restriction", BOB)
    stranger = post.token()
    made = house.submit("restriction", MAIL)
    old = post.token()
    grant = post.again(made["id"], "grant")
    new = post.again(made["id"])
    forged = new[:-3] + ("AAA" if new[-3:] != "AAA" else "BBB")
    wrong = f"{(int(house.code(made['id'])) + 1) % 1_000_000:06d}"
    before = sum(post.tries(made["id"]))

    replies = [
        post.answer(made["id"], code=wrong),
        post.answer(made["id"], token=stranger),
        post.answer(made["id"], token=grant),
        post.answer(made["id"], token=old),
        post.answer(made["id"], token=forged),
    ]

    assert {r.status_code for r in replies} == {401}
    assert all(r.json == replies[0].json for r in replies)
    assert sum(post.tries(made["id"])) - before == len(replies) == 5
    # five wrong answers of any sort end the challenge, for its own token too
    assert post.answer(made["id"], token=new).status_code == 429
    assert post.answer(theirs["id"], token=stranger).status_code == 200


@pytest.mark.parametrize("text", ["x", "a.b.c", "é", "." * 2000, "123456"])
def test_nonsense_for_a_token_is_a_wrong_answer_and_nothing_worse(post: Post, text: str) -> None:
    made = post.house.submit("restriction", MAIL)

    assert post.answer(made["id"], token=text).status_code == 401
    assert post.tries(made["id"]) == [1]


def test_a_token_ends_with_its_code(post: Post) -> None:
    made = post.house.submit("restriction", MAIL)
    token = post.token()
    post.house.clock.forward(minutes=10)

    reply = post.answer(made["id"], token=token)

    assert (reply.status_code, reply.json["code"]) == (401, "wrong_code")


def test_digits_and_token_together_are_a_mistake_and_count_nothing(post: Post) -> None:
    made = post.house.submit("restriction", MAIL)

    reply = post.answer(made["id"], token=post.token(), code="000000")

    assert reply.status_code == 422
    assert [e["field"] for e in reply.json["errors"]] == ["token"]
    assert post.tries(made["id"]) == [0]


def test_a_download_takes_the_token_of_its_own_code_and_no_other(post: Post) -> None:
    house = post.house
    made = house.asserted("access", ALICE)
    package = house.package(made["id"], b"zip")
    token = post.again(made["id"], "grant")
    vault, now = house.context.vault, house.clock.now()
    with house.reading() as session:
        row = session.exec(select(Challenge).where(Challenge.purpose == "grant")).one()
    content = [row.id, house.code(made["id"], "grant")]
    crossed = tokens.make(vault, "code|request", content, expires_at=row.expires_at)

    def grant(value: str) -> Reply:
        word = house.partner.assertion(ALICE, now)
        given = {"token": value, "assertion": word}
        return house.post(f"/v1/requests/{made['id']}/packages/{package}/grants", given)

    refused, granted, again = grant(crossed), grant(token), grant(token)

    assert (refused.status_code, granted.status_code, again.status_code) == (401, 201, 401)
    assert post.tries(made["id"])[-1] == 1


def test_the_token_is_in_no_row_no_entry_and_no_answer(post: Post) -> None:
    made = post.house.submit("restriction", MAIL)
    token = post.token()
    reply = post.answer(made["id"], token=token)

    with post.house.reading() as session:
        rows: list[Any] = [
            *session.exec(select(Entry)),
            *session.exec(select(Notice)),
            *session.exec(select(Challenge)),
        ]
        kept = str([r.model_dump() for r in rows])
    assert token not in kept + str(made) + str(reply.json)
