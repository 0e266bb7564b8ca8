"""The stores and their data map, what drifted and what that stops, and looks for what came back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event

from rights.domain.lifecycle import State, Wait
from rights.services import audit, requests
from rights.services.console import coverage
from rights.store.models import Aftercare, PlanRow, StepRow, StepState, StoreChange, StoreStatus
from tests.web.console.clerk import clerk
from tests.web.house import ALICE, HERE, House

VERBS = ["collect", "discover", "erase", "locate", "verify"]


def _seen(house: House, *findings: dict[str, str], **more: Any) -> None:
    now = house.clock.now()
    given = {"manifest": {"verbs": VERBS}, "healthy": True, "looked_at": now, **more}
    row = StoreStatus(store="shop", connector="sql", findings=[*findings], checked_at=now, **given)
    with house.writing() as session:
        session.add(row)


def _find(sign: str, place: str, what: str = "column") -> dict[str, str]:
    return {"sign": sign, "what": what, "place": place}


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_what_the_map_lacks_and_what_the_store_lacks_are_told_apart(house: House) -> None:
    ana = clerk(house, "ana", "auditor")
    leads = _find("+", "shop.leads", "table")
    _seen(house, leads, _find("-", "shop.users.age"), worker="north:7")
    with house.writing() as session:
        now = house.clock.now()
        one = StoreChange(store="shop", sign="~", what="column", place="shop.users.id", seen_at=now)
        one.was, one.is_now = "INTEGER", "BIGINT"
        session.add(one)

    page = ana.get("/stores/shop")

    text = _flat(page.text)
    assert "the map does not name it: 1" in text
    assert "the store does not have it: 1" in text
    for said in ("shop.leads", "shop.users.age", "north:7", "type changed", "INTEGER → BIGINT"):
        assert said in text, said
    assert "The connector cannot freeze correct restrict suppress close" in text


@pytest.mark.parametrize(
    ("language", "whole", "own"),
    [
        (
            "en",
            "Make again there what was made from the values",
            "Close them on the page of members",
        ),
        ("zh-CN", "人工办理", "在后台的“会员”页注销"),
    ],
)
def test_how_work_is_done_by_hand_is_on_the_page_of_the_store(
    furnished: Callable[..., House], tmp_path: Path, language: str, whole: str, own: str
) -> None:
    how = {"zh": "请数据组重新计算", "en": "Ask the data team to compute them again"}
    said = yaml.safe_load((HERE / "datamap.yaml").read_text(encoding="utf-8"))
    said["stores"][0]["by_hand"] = {"recompute": how}
    file = tmp_path / "by_hand.yaml"
    file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    ana = clerk(furnished(datamap=file), "ana", "auditor")
    ana.reader.language = language

    page = ana.get(f"/stores/{said['stores'][0]['name']}?lang={language}")

    section = page.html.partition('id="by-hand-title"')[2].partition("</section>")[0]
    assert how["en" if language == "en" else "zh"] in section
    assert own not in section, "a collection's own way stands with the collection"
    assert whole in _flat(page.text)
    assert page.text.count(own) == 1


def test_a_store_of_which_nothing_is_said_by_hand_has_no_empty_part(house: House) -> None:
    assert "by-hand-title" not in clerk(house, "ana", "auditor").get("/stores/shop").html


def test_never_compared_cannot_be_compared_and_no_difference_are_different_claims(
    house: House,
) -> None:
    ana = clerk(house, "ana", "reviewer")
    nothing = "Everything that was there"
    assert nothing not in ana.get("/stores/shop").text
    assert "Not checked yet." in ana.get("/stores/shop").text
    _seen(house, looked_at=None)
    page = ana.get("/stores/shop")
    assert nothing not in page.text
    assert "Its schema was not compared yet." in page.text
    with house.writing() as session:
        session.get_one(StoreStatus, "shop").manifest = {"verbs": ["erase"]}
    page = ana.get("/stores/shop")
    assert nothing not in page.text
    assert "cannot tell what the store holds" in page.text
    with house.writing() as session:
        session.get_one(StoreStatus, "shop").looked_at = house.clock.now()
    assert nothing in ana.get("/stores/shop").text


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("", ("nickname", "password_hash", "orders"), ()),
        ("category=contact", ("email",), ("nickname", "password_hash")),
        ("q=NICK", ("nickname",), ("password_hash",)),
        ("role=owner", ("orders",), ("nickname",)),
        ("category=none-such&role=x", ("0 of",), ("nickname",)),
        ("q=%3Cscript%3E", ("0 of",), ("<script>",)),
    ],
)
def test_the_map_is_filtered_by_the_address(
    house: House, query: str, there: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    page = clerk(house, "ana", "admin").get(f"/stores/shop?{query}")

    html = page.html.partition('role="status"')[2]
    assert [said for said in there if said not in html] == []
    assert [said for said in absent if said in html] == []


def test_what_a_drift_keeps_is_listed_with_its_request_once(house: House) -> None:
    ana = clerk(house, "ana", "auditor")
    assert "None now." in ana.get("/stores").text
    stopped, other, fine = (str(house.asserted(k)["id"]) for k in ("deletion", "access", "copy"))
    now, code = house.clock.now(), "drift"
    texts: dict[str, Any] = {"schema_hash": "", "hash": "h", "body": {}, "created_at": now}
    with house.writing() as session:
        step = StepRow(id=f"{stopped}-40-erase-shop", request_id=stopped, phase=40, action="erase")
        step.store, step.state, step.code = "shop", StepState.FAILED, code
        session.add(step)
        for one in (stopped, other):
            session.add(PlanRow(request_id=one, config_hash="older", **texts))
        own = house.context.datamap.hash
        session.add(PlanRow(request_id=fine, config_hash=own, **texts))

    page = ana.get("/stores")

    kept = [link.rpartition("/")[2] for link in page.links if "/requests/" in link]
    assert kept == [stopped, other]
    assert "what was approved is not what is there" in page.text
    assert "planned under another data map" in page.text


def test_what_is_asked_for_again_is_found_behind_any_number_that_only_wait(house: House) -> None:
    plain, again = (str(house.asserted(k)["id"]) for k in ("deletion", "access"))
    with house.writing() as session:
        for one, result in ((plain, {}), (again, {"asks": "the schema changed"})):
            request = requests.locked(session, one)
            request.state, request.wait = State.ON_HOLD, Wait.APPROVAL
            step = StepRow(id=f"{one}-00-prepare", request_id=one, phase=0, action="prepare")
            step.result = result
            session.merge(step)
        session.flush()
        kept, rest = coverage.kept(session, house.context.datamap.hash, most=1)

    assert [(one.request_id, one.why) for one in kept] == [(again, "asked_again")]
    assert rest == ""


# -- looks for what came back ------------------------------------------------------------------


def _run(house: House, *looks: dict[str, int], state: str = "waiting", **more: Any) -> str:
    now = house.clock.now()
    made = str(house.asserted("access", {"user_id": f"u-{now.timestamp():.0f}"})["id"])
    with house.writing() as session:
        row = Aftercare(request_id=made, kind="recheck", state=state, created_at=now, due_at=now)
        for name, value in more.items():
            setattr(row, name, value)
        session.add(row)
        request = requests.locked(session, made)
        lines = [audit.Line("rechecked", "system", {"collections": 4, **one}) for one in looks]
        audit.append(session, request, lines, now=now)
    house.clock.forward(minutes=1)
    return made


def test_never_looked_and_nothing_found_are_different_claims(house: House) -> None:
    ana = clerk(house, "ana", "auditor")
    assert "No request has looks to come, or had any." in ana.get("/rechecks").text
    _run(house)
    assert "No look was made yet." in ana.get("/rechecks").text
    assert "Nothing found" not in ana.get("/rechecks").text
    _run(house, {"back": 0, "unsure": 0}, {"back": 0, "unsure": 0})

    page = ana.get("/rechecks")

    assert "Nothing found in 2 looks." in page.text
    assert "No look was made yet." in page.text


def test_what_was_found_and_what_is_open_stand_beside_the_request(house: House) -> None:
    ana = clerk(house, "ana", "reviewer")
    made = _run(house, {"back": 0, "unsure": 0}, {"back": 3, "unsure": 1}, state="done")
    gone = _run(house, {"back": 0}, state="done", note="its capsule was destroyed")
    held = _run(house, attempts=2, code="unreachable")
    with house.writing() as session:
        now = house.clock.now()
        row = Aftercare(request_id=made, kind="incident", created_at=now, due_at=now)
        row.state, row.code = "open", "came_back"
        session.add(row)

    page = ana.get("/rechecks?state=done")

    text = _flat(page.text)
    assert "Something was found; 2 looks were made." in text
    assert "3 rows came back, 1 unsure" in text
    assert "Data came back open" in text
    assert "what it takes to look was destroyed" in text
    shown = [link.rpartition("/")[2] for link in page.links if "/requests/" in link]
    assert shown == [gone, made]
    assert "was not possible: unreachable" in ana.get("/rechecks?state=waiting").text
    assert held[:8] in ana.get("/rechecks?state=none-such&after=nonsense").text
    assert not any(value in page.html for value in ALICE.values())


def test_pages_take_as_many_queries_for_any_number(house: House) -> None:
    ana = clerk(house, "ana", "auditor")
    _run(house, {"back": 0})
    _seen(house)

    def counted(path: str) -> int:
        found: list[str] = []

        def note(*args: Any) -> None:
            found.append(args[2])

        event.listen(house.engine, "before_cursor_execute", note)
        try:
            assert ana.get(path).status == 200
        finally:
            event.remove(house.engine, "before_cursor_execute", note)
        return len(found)

    paths = ("/stores", "/stores/shop", "/rechecks")
    before = {path: counted(path) for path in paths}
    for _ in range(5):
        _run(house, {"back": 1}, {"back": 0})
    with house.writing() as session:
        session.add_all(
            StoreChange(
                store="shop",
                sign="+",
                what="column",
                place=f"shop.users.c{number}",
                seen_at=house.clock.now() - timedelta(minutes=number),
            )
            for number in range(40)
        )

    assert {path: counted(path) for path in paths} == before


def test_a_long_list_of_looks_goes_on_at_another_page(house: House) -> None:
    ana, now = clerk(house, "ana", "auditor"), house.clock.now()
    with house.writing() as session:
        session.add_all(
            Aftercare(
                id=f"{number:032x}",
                request_id=f"{number:032x}",
                kind="recheck",
                created_at=now - timedelta(minutes=number // 2),
                due_at=now,
            )
            for number in range(120)
        )

    found: list[str] = []
    path = "/rechecks"
    for _ in range(4):
        page = ana.get(path)
        found += [link for link in page.links if "/requests/" in link]
        more = [link for link in page.links if link.startswith("/console/rechecks?")]
        more = [link for link in more if "after=" in link and "lang=" not in link]
        if not more:
            break
        path = more[0].removeprefix("/console")

    assert len(found) == len(set(found)) == 120
