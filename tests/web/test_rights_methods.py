"""The block about methods is what is really offered, in two languages, and can be kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rights.services import backends
from tests.web.house import House

PATH = "/public/rights-methods"
Make = Callable[..., House]


@pytest.fixture
def policed(furnished: Make, tmp_path: Path) -> Make:
    def make(content: Any, **settings: Any) -> House:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return furnished(policy=file, **settings)

    return make


def _read(house: House, query: str = "", **headers: str) -> Any:
    return house.client.get(f"{PATH}{query}", headers=headers)


@pytest.mark.requirement("R-21-1")
def test_it_names_every_kind_with_its_roads_and_times(house: House) -> None:
    answer = _read(house, "?lang=en")
    told = answer.get_json()

    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == told["language"] == "en"
    offered = [one["kind"] for one in house.get("/v1/kinds").json["kinds"]]
    assert [one["kind"] for one in told["methods"]] == offered
    assert told["contact"] == "privacy@example.com"
    assert told["portal"].endswith("/portal/")
    times = {o["option"]: o["times"] for m in told["methods"] for o in m["options"]}
    assert {t["regime"] for each in times.values() for t in each} == {"cn_general"}
    assert times["personalised_off"][0]["text"] == "takes effect at once"
    assert re.fullmatch(r"answered within \d+ working days", times["delete"][0]["text"])
    for one in told["methods"]:
        assert one["title"] in told["html"]
    assert not re.search(r"[\u4e00-\u9fff]", answer.get_data(as_text=True))


@pytest.mark.requirement("R-21-1:bad")
@pytest.mark.parametrize("query", ["", "?lang=fr", "?lang=", "?lang=en-GB%00", "?lang=zh-CN"])
def test_a_language_we_do_not_have_is_answered_in_chinese(house: House, query: str) -> None:
    answer = _read(house, query)

    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "zh-CN")
    assert "注销账号" in answer.get_json()["html"]


def test_it_is_kept_until_it_changes_and_anybodys_page_may_read_it(house: House) -> None:
    first = _read(house)
    again = _read(house, **{"If-None-Match": first.headers["ETag"]})
    other = _read(house, "?lang=en")

    assert (again.status_code, again.data) == (304, b"")
    assert other.headers["ETag"] != first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.get_json()["version"] != other.get_json()["version"]


def test_it_is_counted_per_address(furnished: Make) -> None:
    house = furnished(rate_per_address="2/minute")

    codes = [_read(house).status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_under_14s_have_a_block_of_their_own(policed: Make) -> None:
    house = policed({"rules_page": {"minors_rules": "https://shop.example/a?b=1&c=<i>"}})

    told = _read(house).get_json()

    assert "不满十四周岁" in told["under_14"]["html"]
    assert "https://shop.example/a?b=1&amp;c=&lt;i&gt;" in told["under_14"]["html"]
    assert "不满十四周岁" not in told["html"]


def test_what_the_deployment_says_is_in_it_and_can_break_out_of_nothing(policed: Make) -> None:
    odd = {"zh-CN": "电话 <script>alert(1)</script>", "en": "Phone <script>alert(1)</script>"}
    house = policed(
        {
            "channels": {"portal": {"zh-CN": "网页办理", "en": "Online"}, "phone": odd},
            "complaints": {"contact": "complaints@example.com {x}"},
            "cancellation": {"blockers": ["security_freeze"]},
            "levels": {"access/summary": {"level": 2, "because": "account_takeovers"}},
        }
    )

    told = _read(house, "?lang=en").get_json()

    assert "<script>" not in told["html"]
    assert "&lt;script&gt;" in told["html"]
    assert "Complaints: complaints@example.com {x}" in told["html"]
    assert "frozen for a security incident" in told["html"]
    assert [c["channel"] for c in told["channels"]] == ["portal", "phone"]
    summary = next(o for o in told["methods"][0]["options"] if o["option"] == "summary")
    said = "You sign in and enter a one-time code, or prove it in another way that the page lists"
    assert summary["proof"] == said


@pytest.mark.requirement("R-21-1")
def test_a_kind_that_is_switched_off_leaves_the_block_and_readiness_turns_red(
    policed: Make,
) -> None:
    house = policed({"not_offered": ["portability", "recommendation_opt_out/tags_list"]})

    told = _read(house).get_json()
    ready = house.get("/readyz")

    assert "portability" not in [one["kind"] for one in told["methods"]]
    assert "转移" not in [one["title"] for one in told["methods"]]
    assert (ready.status_code, ready.json["code"]) == (503, "rights_missing")
    assert "portability/pull" in ready.json["detail"]
    assert "recommendation_opt_out/tags_list" in ready.json["detail"]
    assert house.get("/healthz").status_code == 200


def test_readiness_asks_the_regimes_that_are_in_use(policed: Make) -> None:
    house = policed({"not_offered": ["account_cancellation"]}, default_regimes=("us_ca",))
    before = house.get("/readyz").status_code
    with house.writing() as session:
        made = backends.add(session, "another", regimes=["cn_general"], now=house.clock.now())
    during = house.get("/readyz").status_code
    regimes = {
        t["regime"]
        for m in _read(house).get_json()["methods"]
        for o in m["options"]
        for t in o["times"]
    }
    with house.writing() as session:
        session.merge(made).closed_at = house.clock.now()

    assert regimes == {"cn_general", "us_ca"}
    assert (before, during, house.get("/readyz").status_code) == (200, 503, 200)
