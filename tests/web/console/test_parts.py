"""A request is granted in part: what two people leave out of its plan, and what is told of it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import select

from rights.store.models import Package, ReceiptRow, SealedNote
from tests.web.console.clerk import clerk, planned
from tests.web.console.paper import FACTS, FREE, MAP, ONE, Paper, left_out, tables, whose
from tests.web.correspondence import Office
from tests.web.house import House
from tests.workflows.desk import text_of
from tests.workflows.house import floor_over
from workflows.notices.send import send_due
from workflows.packing import files_of

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


@pytest.mark.requirement("R-P50-2")
def test_what_two_people_leave_out_is_named_and_the_rest_is_done(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    before, promised = paper.plan(made).hash, paper.request(made).promised_at

    page = left_out(paper, made, ana, bea, **ONE)
    hash_ = paper.plan(made).hash
    assert hash_ != before
    assert "Left out by two people" in page.text
    assert "Stories: It is needed for exercising the right of freedom of expression" in page.text
    assert paper.tables == tables()
    bea.act(made, "approve")
    paper.work(made)

    assert paper.request(made).state == "partially_fulfilled"
    assert paper.request(made).promised_at == promised
    assert paper.tables["press"] == tables()["press"]
    assert whose(paper, "shop", "carts") == whose(paper, "shop", "users") == ["u-2"]
    with paper.house.reading() as session:
        body = json.loads(session.get_one(ReceiptRow, made).body)
    missing = {line["collection"]: line["missing"] for line in body["outcome"]}
    assert missing == {"users": "", "carts": "", "stories": FREE}
    assert body["plan"] == hash_
    laws = {line["collection"]: line.get("law", []) for line in body["outcome"]}
    assert [one["en"] for one in laws["stories"]] == ["GDPR, Art. 17(3)(a)"]
    assert laws["carts"] == []
    answers = paper.house.get(f"/v1/requests/{made}/remarks").json["answers"]
    assert answers == [FACTS]


def test_the_letter_names_the_part_with_code_law_facts_and_the_ways_out(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked(locale="en")
    left_out(paper, made, ana, bea, **ONE)
    bea.act(made, "approve")
    paper.work(made)

    send_due(paper.house.engine, paper.house.context, paper.house.clock.now)
    letter = next(text for text in map(text_of, paper.sink.messages) if FREE in text)

    wanted = (FREE, "GDPR, Art. 17(3)(a)", FACTS, "supervisory authority")
    assert [one for one in wanted if one not in letter] == []


@pytest.mark.requirement("R-P50-2")
def test_a_copy_has_the_rest_and_names_what_is_not_in_it(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked("copy", "cn_general")
    said = {"part.press.stories": "other_person"}

    left_out(paper, made, ana, bea, **said)
    bea.act(made, "approve")
    paper.work(made)

    assert paper.request(made).state == "partially_fulfilled"
    with paper.house.reading() as session:
        row = session.exec(select(Package).where(Package.request_id == made)).one()
    with ZipFile(BytesIO(b"".join(files_of(paper.floor, row)))) as package:
        texts = {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}
    manifest = json.loads(texts["manifest.json"])
    (gap,) = manifest["missing"]
    assert (gap["store"], gap["collection"], gap["code"]) == ("press", "stories", "other_person")
    assert "Civil Code, Art. 1034" in gap["basis"]
    assert "A day in town" not in "".join(texts.values())
    assert "tea" in texts["data/shop/carts.jsonl"]
    page = next(text for name, text in texts.items() if name.endswith(".html"))
    assert "《民法典》第一千零三十四条" in page


def test_what_was_left_out_is_taken_in_again_by_two_people(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    first = paper.plan(made).hash
    left_out(paper, made, ana, bea, **ONE)
    with paper.house.reading() as session:
        assert len(session.exec(select(SealedNote).where(SealedNote.purpose == "answer")).all())

    page = left_out(paper, made, bea, ana, **{"part.press.stories": "", "facts": ""})

    assert "Left out by two people" not in page.text
    assert paper.plan(made).hash == first
    assert paper.house.get(f"/v1/requests/{made}/remarks").json["answers"] == []


def test_a_plan_that_is_made_anew_leaves_out_what_two_peopleleft_out(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    left_out(paper, made, ana, bea, **ONE)
    hash_ = paper.plan(made).hash
    bea.act(made, "approve")
    paper.tables["shop"]["carts"].append({"id": 3, "user_id": "u-1", "what": "rice"})

    paper.work(made)

    assert paper.plan(made).hash != hash_
    assert paper.request(made).wait == "approval"
    bea.act(made, "approve")
    paper.work(made)
    assert paper.request(made).state == "partially_fulfilled"
    assert whose(paper, "press", "stories") == ["u-1", "u-2"]
    assert whose(paper, "shop", "carts") == ["u-2"]


def test_the_rest_is_owed_once_a_part_wasleft_out(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    left_out(paper, made, ana, bea, **ONE)

    page = ana.force(f"/requests/{made}/deny", reason=FREE, facts=FACTS)

    assert page.status == 409
    assert "Only a part of this may be refused" in page.text


@pytest.mark.parametrize("wanted", [True, False], ids=["approved anyway", "approved for the part"])
def test_a_law_that_knows_no_such_reason_lets_the_part_be_done_in_a_plan_approved_anew(
    paper: Paper, tmp_path: Path, register_url: str, *, wanted: bool
) -> None:
    kim = clerk(paper.house, "kim", "approver", "legal")
    lou = clerk(paper.house, "lou", "approver")
    made = paper.asked("copy", "cn_general", locale="en")
    said = {"part.press.stories": "important_or_core_data", "facts": FACTS}
    left_out(paper, made, kim, lou, **said)
    if not wanted:  # of a kind that nobody would approve but for the part
        (tmp_path / "again").mkdir()
        given: dict[str, Any] = {"register_url": register_url, "approval_kinds": ()}
        clock: Any = paper.house.clock.now
        paper.floor = floor_over(tmp_path / "again", MAP, paper.tables, clock, **given)

    added = Office(paper.house, tmp_path).run(
        "regimes", "add", made, "--regime", "eu_gdpr", "--as", "rui"
    )
    assert added.exit_code == 0, added.output
    paper.work(made)

    assert paper.request(made).wait == "approval"
    assert "Left out by two people" not in lou.get(f"/requests/{made}").text
    assert paper.house.get(f"/v1/requests/{made}/remarks").json["answers"] == []
    lou.act(made, "approve")
    paper.work(made)
    assert paper.request(made).state == "fulfilled"


def test_a_law_that_knows_the_reason_too_changes_nothing_of_the_plan(
    paper: Paper, tmp_path: Path
) -> None:
    kim, lou = clerk(paper.house, "kim", "approver"), clerk(paper.house, "lou", "approver")
    made = paper.asked()
    left_out(paper, made, kim, lou, **ONE)
    hash_ = paper.plan(made).hash

    added = Office(paper.house, tmp_path).run(
        "regimes", "add", made, "--regime", "uk_gdpr", "--as", "rui"
    )

    assert added.exit_code == 0, added.output
    assert paper.plan(made).hash == hash_
    assert "Left out by two people" in lou.get(f"/requests/{made}").text


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_says_it_in_both_languages(paper: Paper, language: str) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    ana.act(made, "propose_parts", **ONE)
    bea.reader.language = language

    page, queue = bea.get(f"/requests/{made}"), bea.get("/waiting")

    wanted = {
        "zh-CN": (
            "提议略去部分内容",
            "报道：为行使表达和信息自由的权利所必需",
            "待确认的拟略去部分",
        ),
        "en": ("proposed to leave parts out", "Stories: It is needed", "Parts to be left out"),
    }[language]
    shown = (page.text, page.text, queue.text)
    assert [one in text for one, text in zip(wanted, shown, strict=True)] == [True] * 3
    assert FACTS not in page.text


def test_a_plan_of_one_collection_offers_nothing_to_leave_out(house: House) -> None:
    ana, made = clerk(house, "ana", "approver"), planned(house)

    assert "propose_parts" not in ana.get(f"/requests/{made}").html
