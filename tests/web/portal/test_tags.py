"""The tags of a person: seen for what they are, and deleted one by one or all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import notes
from rights.store.models import Lookup, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader

TEA = {"id": "7", "values": {"id": "7", "name": "Tea <lover>", "since": "2026-01-02"}}
NIGHT = {"id": "9", "values": {"id": "9", "name": "Night owl", "since": ""}}
FOUND: dict[str, Any] = {"recommender.tags": {"rows": [TEA, NIGHT], "more": False}}


def _seen(shop: House, reader: Reader, answer: Any = None) -> Page:
    page = reader.send(reader.enter(ALICE, view="tags"), "/tags")
    assert "Looking" in page.text
    path = reader.path
    shop.looked_up(answer or FOUND)
    return reader.get(path)


def _made(shop: House) -> Request:
    with shop.reading() as session:
        found: Request = session.exec(select(Request)).one()
    return found


def _named(shop: House, request: Request) -> Any:
    with shop.reading() as session:
        return notes.read(session, shop.context.vault, request.id, "values")


def test_each_tag_says_in_words_what_it_is_and_since_when(shop: House, reader: Reader) -> None:
    page = _seen(shop, reader)

    for said in ("Interests", "Name Tea <lover>", "Since 2026-01-02", "Night owl"):
        assert said in page.text
    assert "Tea &lt;lover&gt;" in page.html
    assert "http-equiv" not in page.html
    with shop.reading() as session:
        assert session.exec(select(Lookup)).one().question == "tags"


def test_the_chosen_ones_are_deleted_by_a_request_of_the_session_alone(
    shop: House, reader: Reader
) -> None:
    page = _seen(shop, reader)

    page = reader.send(page, "/delete", tag=["9"])

    made = _made(shop)
    assert reader.path == f"/portal/requests/{made.id}"
    assert (made.kind, made.option) == (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_DELETE)
    assert (made.state, made.channel) == (State.IN_PROGRESS, "portal")
    assert _named(shop, made) == [{"tags": ["9"]}]


def test_all_of_them_go_whatever_is_chosen(shop: House, reader: Reader) -> None:
    page = _seen(shop, reader)

    reader.send(page, "/delete", tag=["9"], all="1")

    assert _named(shop, _made(shop)) == []


def test_choosing_nothing_deletes_nothing_and_is_said(shop: House, reader: Reader) -> None:
    page = reader.send(_seen(shop, reader), "/delete")

    assert (page.status, "choose at least one" in page.text) == (422, True)
    assert "Night owl" in page.text
    with shop.reading() as session:
        assert session.exec(select(Request)).all() == []


def test_sent_twice_it_is_one_request(shop: House, reader: Reader) -> None:
    page = _seen(shop, reader)

    for _ in range(2):
        reader.send(page, "/delete", tag=["9"])

    assert _made(shop).option is Option.TAGS_DELETE


@pytest.mark.parametrize("tags", [["x" * 201], [str(n) for n in range(501)]])
def test_too_much_is_refused(shop: House, reader: Reader, tags: list[str]) -> None:
    page = reader.send(_seen(shop, reader), "/delete", tag=tags)

    assert page.status == 422


def test_what_could_not_be_looked_at_is_never_none(shop: House, reader: Reader) -> None:
    page = _seen(shop, reader, {"recommender.tags": None})

    assert "does not mean that there are none" in page.text
    assert "There are no tags" not in page.text


@pytest.mark.parametrize("who", ["other", "typed", "nobody"])
def test_they_are_shown_to_whom_they_are_about_alone(shop: House, reader: Reader, who: str) -> None:
    _seen(shop, reader)
    path, other = reader.path, Reader(shop)
    if who == "nobody":
        other.begin()
    else:
        other.enter(BOB if who == "other" else ALICE, "session" if who == "other" else None)

    assert other.get(path).status == 404


def test_without_tags_or_without_the_option_there_is_no_such_page(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump({"not_offered": ["recommendation_opt_out/tags_list"]}))
    reader = Reader(furnished(policy=file))

    home = reader.enter(ALICE, origin="")

    assert "/portal/tags" not in home.links
    assert reader.get("/portal/tags").status == 404


@pytest.mark.requirement("R-42-3")
def test_what_was_deleted_comes_again_by_one_action_and_is_kept_as_a_consent(
    shop: House, reader: Reader
) -> None:
    page = _seen(shop, reader)
    assert "not made again" not in page.text
    reader.send(page, "/delete", tag=["9"])

    page = reader.get("/portal/tags")
    assert "Tags that you deleted are not made again" in page.text
    page = reader.send(page, "/tags/on")

    assert "not made again" not in page.text
    asked = {"items": [{"type": "user_id", "value": ALICE["user_id"], "tag": "9"}]}
    assert shop.post("/v1/suppression/tags", asked).json["items"] == [
        {"allowed": True, "before": None, "chosen": False}
    ]
    lines = shop.post("/v1/consents/read", {"subject": ALICE}).json["items"]
    assert [(n["purpose"], n["state"], n["source"]) for n in lines] == [
        ("switch:tags", "granted", "portal")
    ]


@pytest.mark.requirement("R-42-3:bad")
def test_a_form_of_another_page_lets_nothing_come_again(shop: House, reader: Reader) -> None:
    reader.send(_seen(shop, reader), "/delete", tag=["9"])
    reader.get("/portal/tags")

    page = reader.post("/portal/tags/on", {"key": "guessed"})

    assert page.status == 403
    assert "not made again" in reader.get("/portal/tags").text
