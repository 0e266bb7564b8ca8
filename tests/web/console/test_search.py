"""Requests are found by the words that staff read of them, Chinese and English ones alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.domain.representation import AgeBand, Role
from rights.store.ids import new_id
from rights.store.models import Backend, Request, SavedView
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import House

_ROWS: dict[str, dict[str, Any]] = {
    "deleted": {"kind": Kind.DELETION, "option": Option.DELETE, "state": State.FULFILLED},
    "kept": {
        "kind": Kind.DELETION,
        "option": Option.DELETE,
        "state": State.DENIED,
        "reason": "no_ground",
        "regimes": ["eu_gdpr"],
    },
    "mended": {
        "kind": Kind.CORRECTION,
        "option": Option.SUPPLEMENT,
        "state": State.ON_HOLD,
        "wait": Wait.APPROVAL,
        "channel": "letter",
        "age_band": AgeBand.UNDER_14,
    },
    "copied": {
        "kind": Kind.COPY,
        "option": Option.ALL,
        "state": State.ON_HOLD,
        "wait": Wait.TASK,
        "channel": "phone",
        "requester_role": Role.AGENT,
        "pause_cause": "identity",
    },
    "closed": {
        "kind": Kind.ACCOUNT_CANCELLATION,
        "option": Option.ALL,
        "state": State.REVOKED,
        "product": "优选商城",
    },
}


@pytest.fixture
def ana(house: House) -> Clerk:
    now = house.clock.now()
    common = {"regimes": ["cn_general"], "received_at": now, "due_at": now + timedelta(days=15)}
    with house.writing() as session:
        shop = Backend(name="优选商城", created_at=now)
        session.add(shop)
        for name, said in _ROWS.items():
            told = {**common, "channel": "api", "promised_at": now + timedelta(days=15), **said}
            product = shop.id if told.pop("product", "") else house.partner.id
            id_ = name.encode().hex().ljust(16, "0") + new_id()[16:]
            session.add(Request(id=id_, backend_id=product, **told))
    return clerk(house, "ana", "approver")


def _found(ana: Clerk, words: str) -> set[str]:
    """Return the names of the requests that a search shows."""
    links = ana.get(f"/requests?state=all&q={quote(words)}").links
    ids = [link.rpartition("/")[2] for link in links if "/console/requests/" in link]
    return {bytes.fromhex(one[:16]).rstrip(b"\0").decode() for one in ids}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_staff_read_of_a_request_finds_it_in_both_languages(ana: Clerk, language: str) -> None:
    ana.reader.language = language
    wanted = {
        "更正": {"mended"},
        "correction": {"mended"},
        "已拒绝": {"kept"},
        "denied": {"kept"},
        "方案审批": {"mended"},
        "approval": {"mended"},
        "信件": {"mended"},
        "letter": {"mended"},
        "不满十四周岁": {"mended"},
        "代理人": {"copied"},
        "agent": {"copied"},
        "复制全部个人信息": {"copied"},
        "注销账号": {"closed"},
        "cancel account": {"closed"},
        "欧盟": {"kept"},
    }

    found = {words: _found(ana, words) for words in wanted}

    assert found == wanted


def test_chinese_words_that_are_written_together_are_looked_for_one_by_one(ana: Clerk) -> None:
    wanted = {
        "删除已拒绝": {"kept"},
        "已拒绝的删除请求": {"kept"},
        "删除请求": {"deleted", "kept"},
        "委托代理人复制": {"copied"},
        "商城注销账号": {"closed"},
        "优选商城": {"closed"},
        "优选商城的删除": set(),
        "更正、方案审批": {"mended"},
        "更正 信件": {"mended"},
        "ＬＥＴＴＥＲ更正": {"mended"},
        "删除更正": set(),
    }

    found = {words: _found(ana, words) for words in wanted}

    assert found == wanted


def test_a_word_that_nothing_is_called_finds_nothing(ana: Clerk) -> None:
    for words in ("火星", "火星删除", "zzz", "%", "好" * 120):
        assert _found(ana, words) == set(), words


def test_an_option_is_found_where_it_is_called_so_and_not_by_its_code_elsewhere(
    ana: Clerk,
) -> None:
    """``all`` is an option of a copy and of a cancellation; only one is called a copy."""
    assert _found(ana, "copy everything") == {"copied"}


def test_words_that_every_line_fits_are_left_out_unless_they_are_all_there_is(ana: Clerk) -> None:
    assert _found(ana, "deletion requests") == {"deleted", "kept"}
    assert _found(ana, "请求") == set()


def test_a_file_of_a_search_has_what_the_list_shows(ana: Clerk) -> None:
    lines = ana.get(f"/requests.csv?state=all&q={quote('删除已拒绝')}").html.split()

    assert len(lines) == 2
    assert ",denied," in lines[1]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("late 李娜娜", 422),
        ("zhangsan", 422),
        ("13812345678", 422),
        ("110101199003070000", 422),
        ("0123456789abcdef0123456789abcdef", 200),
        ("删除", 200),
    ],
)
def test_a_list_is_kept_with_words_of_ours_alone(house: House, words: str, status: int) -> None:
    ana = clerk(house, "ana", "approver")
    page = ana.get(f"/requests?q={words}")

    page = ana.reader.send(page, "/views", name="mine")

    assert page.status == status
    with house.reading() as session:
        assert len(session.exec(select(SavedView)).all()) == (status == 200)
    assert ("nobody's name or number" in page.text) == (status == 422)
