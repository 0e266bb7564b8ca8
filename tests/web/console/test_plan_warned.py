"""What a plan warns of, on the page of its request: in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.web.console.clerk import clerk, planned
from tests.web.house import House


@pytest.mark.parametrize(
    ("warned", "english", "chinese"),
    [
        (
            {"code": "trigger", "place": "shop.orders", "trigger": "tell<b>"},
            "shop.orders: the trigger tell&lt;b&gt; runs when rows are changed or deleted",
            "shop.orders：更改或删除数据行时，会运行触发器 tell&lt;b&gt;",
        ),
        (
            {"code": "key_without_index", "place": "shop.a", "to": "users", "columns": "u, v"},
            "create an index on (u, v)",
            "请在 (u, v) 上建立索引",
        ),
        # as plans had it before there were codes: nothing that was approved is lost
        ("warning: shop.a: slow → an index", "slow → an index", "slow → an index"),
    ],
    ids=["trigger", "index", "sentence"],
)
def test_what_a_plan_warns_of_is_said_in_the_readers_language(
    house: House, warned: str | Mapping[str, str], english: str, chinese: str
) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house, body={"warnings": [warned]})

    page = ana.get(f"/requests/{made}").response.text
    ana.reader.language = "zh-CN"
    other = ana.get(f"/requests/{made}").response.text

    assert (english in page, chinese in other) == (True, True)
    marked = '<li lang="en">' if isinstance(warned, str) else '<li lang="zh-CN">'
    assert marked in other, "whatever is read aloud is read in its own language"
