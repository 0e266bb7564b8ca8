"""The topics of the page of tags: ticked, unticked, and saved in one action."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import col, select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import backends, notes, preferences
from rights.store.models import Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import SHOP, Page, Reader

TAGS = """
name: tags
title: {zh: 兴趣标签, en: Interests}
products: [mall]
key: [user_id, topic]
links: [{columns: [user_id], to: shop.users, role: owner}]
tags:
  choices:
  - {tag: tea, title: {zh: 茶, en: Tea & biscuits}}
  - {tag: sport, title: {zh: 运动, en: Sport}}
  - {tag: opera, title: {zh: 戏曲, en: Opera}}
  chosen: {source: chosen}
fields:
- {name: topic, title: {zh: 标签, en: Tag}, category: tag, disclose: true}
- {name: source, title: {zh: 来源, en: Source}, category: tag, disclose: true}
"""

FOUND: dict[str, Any] = {
    "recommender.tags": {
        "rows": [
            {"id": "tea", "values": {"topic": "tea", "source": "bought"}},
            {"id": "sport", "values": {"topic": "sport", "source": "chosen"}},
            {"id": "owl", "values": {"topic": "owl", "source": "bought"}},
        ],
        "more": False,
    }
}


@pytest.fixture
def shop(furnished: Callable[..., House], tmp_path: Path) -> House:
    """A house whose map offers tags."""
    known = yaml.safe_load((Path(__file__).parents[1] / "datamap.yaml").read_text("utf-8"))
    places = known["stores"][1]["collections"]
    places[1] = yaml.safe_load(TAGS)
    known["switches"][0]["column"] = "topic"
    file = tmp_path / "topics.yaml"
    file.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    house = furnished(datamap=file)
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    return house


def _ticked(page: Page) -> list[str]:
    return re.findall(r'name="chosen" value="(\w+)" checked', page.html)


def _made(shop: House) -> list[Request]:
    with shop.reading() as session:
        query = select(Request).order_by(col(Request.received_at))
        return list(session.exec(query))


def _named(shop: House, request: Request) -> Any:
    with shop.reading() as session:
        return notes.read(session, shop.context.vault, request.id, "values")


def _done(shop: House) -> None:
    """Let the serving store have read it back."""
    with shop.writing() as session:
        for one in _made(shop):
            preferences.confirmed(session, one.id, stores=["recommender"], now=shop.clock.now())


@pytest.mark.requirement("R-42-2")
def test_topics_are_chosen_in_one_action_before_any_store_is_asked(
    shop: House, reader: Reader
) -> None:
    page = reader.enter(ALICE, view="tags")
    assert "Tags you can choose" in page.text
    assert "Tea &amp; biscuits" in page.html
    assert _ticked(page) == []

    page = reader.send(page, "/tags/choose", chosen=["tea", "opera"])

    (made,) = _made(shop)
    assert (made.kind, made.option) == (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT)
    assert (made.state, made.channel) == (State.IN_PROGRESS, "portal")
    assert _named(shop, made) == [{"chosen": ["tea", "opera"]}]
    assert reader.path == "/portal/tags"
    assert _ticked(page) == ["tea", "opera"]
    assert "being carried out" in page.text
    _done(shop)
    assert "Your choice is in force" in reader.get("/portal/tags").text


def test_the_page_of_a_choice_says_that_it_counts_and_offers_no_cancelling(
    shop: House, reader: Reader
) -> None:
    reader.send(reader.enter(ALICE, view="tags"), "/tags/choose", chosen=["tea"])

    page = reader.get(f"/portal/requests/{_made(shop)[0].id}")

    assert "This counts already. To change it, choose again." in page.text
    assert "Cancel this request" not in page.text


@pytest.mark.requirement("R-42-2")
def test_what_was_ticked_and_is_not_any_more_is_removed(shop: House, reader: Reader) -> None:
    page = reader.send(reader.enter(ALICE, view="tags"), "/tags/choose", chosen=["tea", "opera"])
    shop.clock.forward(seconds=5)

    page = reader.send(page, "/tags/choose", chosen=["opera", "sport"])

    assert _named(shop, _made(shop)[1]) == [{"chosen": ["sport"], "removed": ["tea"]}]
    assert _ticked(page) == ["sport", "opera"]


def test_what_the_stores_hold_is_ticked_once_they_were_asked(shop: House, reader: Reader) -> None:
    reader.send(reader.enter(ALICE, view="tags"), "/tags")
    path = reader.path
    shop.looked_up(FOUND)
    page = reader.get(path)
    assert _ticked(page) == ["tea", "sport"]
    assert page.text.count("(chosen by you)") == 1

    reader.send(page, "/choose", chosen=["sport", "opera"])

    (made,) = _made(shop)
    assert _named(shop, made) == [{"chosen": ["opera"], "removed": ["tea"]}]


def test_saving_what_is_there_already_asks_for_nothing_and_is_said(
    shop: House, reader: Reader
) -> None:
    page = reader.send(reader.enter(ALICE, view="tags"), "/tags/choose")

    assert (page.status, "Nothing was changed" in page.text) == (422, True)
    assert _made(shop) == []


@pytest.mark.requirement("R-42-2:bad")
@pytest.mark.parametrize("tags", [["polo"], ["tea", "polo"], ["x" * 201]])
def test_what_is_not_offered_is_refused(shop: House, reader: Reader, tags: list[str]) -> None:
    page = reader.send(reader.enter(ALICE, view="tags"), "/tags/choose", chosen=tags)

    assert page.status == 422
    assert _made(shop) == []


@pytest.mark.requirement("R-42-3:bad")
def test_a_form_of_another_page_chooses_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, view="tags")

    page = reader.post("/portal/tags/choose", {"key": "guessed", "chosen": "tea"})

    assert page.status == 403
    assert _made(shop) == []


def test_in_chinese_too(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, view="tags")

    page = reader.get("/portal/tags?lang=zh-CN")

    assert "可以选择的标签" in page.text
    assert "戏曲" in page.text


def test_somebody_whom_nobody_vouches_for_is_shown_no_choice(shop: House, reader: Reader) -> None:
    page = reader.get("/portal/tags")

    assert "Tags you can choose" not in page.text


def test_a_child_chooses_nothing_on_the_page_without_a_guardian(
    shop: House, reader: Reader
) -> None:
    word = shop.partner.assertion(ALICE, shop.clock.now(), "session", age_band="under_14")
    token = shop.post("/v1/portal-tokens", {"assertion": word}).json["token"]
    page = reader.post("/portal/enter", {"token": token, "view": "tags"}, origin=SHOP)

    page = reader.send(page, "/tags/choose", chosen=["tea"])

    assert page.status == 422
    assert _made(shop) == []
