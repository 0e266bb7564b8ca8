"""What staff do by hand: what the page of a request says of it, and documents that show it."""

from __future__ import annotations

import pytest

from rights.store.models import StepState
from tests.web.console.clerk import clerk, planned
from tests.web.house import House


@pytest.mark.parametrize(
    ("language", "how", "unsaid"),
    [
        ("en", "Close them on the page of members", "data map does not say how this is done"),
        ("zh-CN", "在后台的“会员”页注销", "数据地图没有写明如何人工办理"),
    ],
)
def test_what_is_done_by_hand_is_said_in_the_language_of_who_does_it(
    house: House, language: str, how: str, unsaid: str
) -> None:
    rui = clerk(house, "rui", "reviewer")
    rui.reader.language = language
    known = rui.get(f"/requests/{planned(house, state=StepState.MANUAL)}?lang={language}")
    bare = planned(house, "restriction", action="restrict", state=StepState.MANUAL)
    unknown = rui.get(f"/requests/{bare}?lang={language}")

    assert how in known.text
    assert "shop team" in known.text
    assert "/console/stores/shop" in known.links
    assert unsaid not in known.text
    assert unsaid in unknown.text
    assert "rows 3" in known.text
