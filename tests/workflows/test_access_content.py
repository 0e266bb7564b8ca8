"""What an answer contains under the GDPR: every point of Article 15, or no answer at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.services import requests
from rights.services.recipients_told import Said, record
from rights.store.db import reading, transaction
from rights.store.models import Package, ReceiptRow, Request, Staff
from tests.workflows.house import Clock, ask, floor_over
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packages import access_content
from workflows.packing import files_of

ANN = {"user_id": "1"}
POINTS = [f"15(1)({letter})" for letter in "abcdefgh"] + ["15(2)"]
MAP = """
version: 1
identifiers: {user_id: {kind: account}}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
decisions:
- name: credit
  title: {zh: 信用评分, en: Credit score}
  purpose: service
  inputs: [shop.users.income]
  logic: {zh: 收入越高分数越高, en: A higher income gives a higher score}
  outcome: shop.users.score
  solely_automated: true
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  location: {country: IE, region: dublin}
  recipients:
  - {name: Parcel Ltd, contact: p@example.com, purpose: {zh: 送货, en: delivery}, method: {zh: 接口, en: an interface}, country: IN, condition: {zh: 标准合同, en: standard clauses}}
  - {name: Mill GmbH, contact: m@example.com, purpose: {zh: 打印, en: printing}, method: {zh: 邮件, en: mail}, country: DE}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    title: {zh: 用户, en: Users}
    key: [id]
    identifies: {user_id: id}
    fields:
    - {name: id, category: account, disclose: true}
    - {name: income, category: finance, disclose: true, source: third_party}
    - {name: hobby, category: profile, disclose: true}
    - {name: score, category: finance, disclose: true, source: derived}
"""  # noqa: E501 - a map is read line by line


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    user = {"id": "1", "income": "4000-canary", "hobby": "chess-canary", "score": "C-canary"}
    made = floor_over(tmp_path, MAP, {"shop": {"users": [user]}}, Clock())
    yield made
    made.register.dispose()


def _opened(floor: Floor, request_id: str) -> zipfile.ZipFile:
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    content = b"".join(files_of(floor, row))
    return zipfile.ZipFile(io.BytesIO(content))


def _answered(floor: Floor, *regimes: str) -> dict[str, dict[str, Any]]:
    made = ask(floor, Kind.ACCESS, ANN, option=Option.SUMMARY, regimes=regimes)
    work_on(floor, made)
    found = json.loads(_opened(floor, made).read("answer.json"))
    return {one["name"]: one for one in found}


def _template() -> dict[str, Any]:
    text = files("workflows.packages").joinpath("access_content.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(text)))  # no part is shared
    return found


@pytest.mark.requirement("R-EU15-1")
@pytest.mark.parametrize("law", ["eu_gdpr", "uk_gdpr"])
def test_a_summary_answers_every_point_in_both_languages(floor: Floor, law: str) -> None:
    told = _answered(floor, law)

    contents = access_content.template().contents[law.partition("_")[0]]
    assert list(contents) == POINTS
    said = {
        point: " ".join(line["en"] for line in told[name]["lines"])
        for point, name in contents.items()
    }
    wanted = {
        "15(1)(a)": "the service: needed for a contract with you",
        "15(1)(b)": "Finance",
        "15(1)(c)": "Parcel Ltd",
        "15(1)(d)": "Users: ",
        "15(1)(e)": "rectification or erasure",
        "15(1)(f)": "supervisory authority",
        "15(1)(g)": "From a third party",
        "15(1)(h)": "A higher income gives a higher score",
        "15(2)": "Parcel Ltd (IN): standard clauses",
    }
    assert {p: said[p] for p in POINTS if wanted[p].lower() not in said[p].lower()} == {}
    assert all(line["zh"] for one in told.values() for line in one["lines"])
    assert ("Mill GmbH (DE)" in said["15(2)"]) is (law == "uk_gdpr")
    assert "shop.users" in told["summary"]["data"]


def test_no_other_law_asks_for_all_of_it(floor: Floor) -> None:
    assert list(_answered(floor, "cn_general")) == ["summary"]


@pytest.mark.requirement("R-EU15-1:bad")
@pytest.mark.parametrize("law", ["eu", "uk"])
@pytest.mark.parametrize("point", POINTS)
def test_a_template_in_which_a_point_is_missing_is_not_activated(law: str, point: str) -> None:
    whole = _template()
    assert access_content.parse(yaml.safe_dump(whole)).contents[law][point]
    del whole["contents"][law][point]

    with pytest.raises(ConfigError) as refused:
        access_content.parse(json.dumps(whole))

    assert list(refused.value.problems) == [f"{law}: nothing answers {point}: name its section"]


def test_a_section_that_is_none_is_named() -> None:
    wrong = _template()
    wrong["contents"]["uk"]["15(2)"] = "trasnfers"

    with pytest.raises(ConfigError, match="trasnfers is no section: one of categories"):
        access_content.parse(json.dumps(wrong))


@pytest.mark.requirement("R-EU15-1")
def test_what_was_inferred_is_copied_and_not_ported(floor: Floor) -> None:
    rows = {}
    for kind in (Kind.COPY, Kind.PORTABILITY):
        made = ask(floor, kind, ANN, regimes=("eu_gdpr",))
        work_on(floor, made)
        rows[kind] = _opened(floor, made).read("data/shop/users.jsonl").decode()

    assert "C-canary" in rows[Kind.COPY]
    assert "C-canary" not in rows[Kind.PORTABILITY]
    assert "chess-canary" in rows[Kind.PORTABILITY]


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize("law", ["eu_gdpr", "uk_gdpr"])
def test_who_asks_for_recipients_learns_whom_was_told_and_nothing_of_others(
    floor: Floor, law: str
) -> None:
    before = _recipients(floor, law)
    mine = _corrected(floor, ANN)
    _corrected(floor, {"user_id": "2"})
    told, after = _told(floor, mine), _recipients(floor, law)

    assert [one["lines"][0]["en"] for one in before[1:]] == [
        "No earlier request of yours that concerned a recipient is on record."
    ]
    assert ["Parcel Ltd" in line["en"] for line in before[0]["lines"]] == [True, False]
    lines = after[1]["lines"]
    assert [line["en"] for line in lines] == [
        f"Correction ({mine}) · Parcel Ltd: told ({told})",
        f"Correction ({mine}) · Mill GmbH: could not be told ({told}): Wound up.",
    ]
    assert "已告知" in lines[0]["zh"]
    assert "无法告知" in lines[1]["zh"]


def _recipients(floor: Floor, law: str) -> list[dict[str, Any]]:
    made = ask(floor, Kind.ACCESS, ANN, option=Option.RECIPIENTS, regimes=(law,))
    work_on(floor, made)
    found: list[dict[str, Any]] = json.loads(_opened(floor, made).read("answer.json"))
    return found


def _corrected(floor: Floor, who: dict[str, str]) -> str:
    """Return a correction that was done in the shop, with its receipt."""
    made = ask(floor, Kind.CORRECTION, who, regimes=("eu_gdpr",))
    line = {"store": "shop", "collection": "users", "action": "correct", "affected": 1}
    body = json.dumps({"outcome": [{**line, "retained": 0}]})
    with transaction(floor.register) as session:
        request = session.get_one(Request, made)
        request.state, request.closed_at = State.FULFILLED, floor.now()
        receipt: dict[str, Any] = {
            "body": body,
            "key_id": "s1",
            "signature": "c2ln",
            "created_at": floor.now(),
        }
        session.add(ReceiptRow(request_id=made, **receipt))
    return made


def _told(floor: Floor, made: str) -> str:
    """Let staff write down who was told; return the day."""
    with transaction(floor.register) as session:
        staff = Staff(name="wei", roles=["approver"], created_at=floor.now())
        session.add(staff)
        for said in (Said("Parcel Ltd", "told"), Said("Mill GmbH", "impossible", "Wound up.")):
            request = requests.locked(session, made)
            record(session, floor.context, request, staff, said, now=floor.now())
    return floor.now().date().isoformat()
