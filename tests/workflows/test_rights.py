"""What single rights ask for beyond the common path: tags, decisions, rules, refusals."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import ConfigError, Conflict, Forbidden
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.services import audit, information, notes, outbox, tasks
from rights.services.staff import refused
from rights.settings import load
from rights.store.db import reading, transaction
from rights.store.models import Entry, OutboxMessage, Package, Staff, StepRow
from tests.workflows.house import KEY, SEED, Clock, ask, floor_over, lying, request_of
from tests.workflows.test_engine import ANN, MAP
from workflows.advance import begin, settle
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.packing import files_of
from workflows.perform import perform

WIDER = MAP.replace(
    "stores:\n",
    """- {name: tags, collection: shop.tags, column: tag}
- {name: "human:credit", collection: shop.credit, column: human_required, on: false, off: true}
decisions:
- name: credit
  title: {zh: 授信额度, en: credit line}
  purpose: service
  inputs: [shop.credit.orders]
  logic: {zh: 按订单数量计算, en: counted from orders}
  outcome: shop.credit.line
  version_field: shop.credit.version
  solely_automated: true
  reviewer_role: reviewer
  human_flag: "human:credit"
- name: coupon
  title: {zh: 优惠等级, en: coupon tier}
  purpose: service
  inputs: [shop.coupons.visits]
  logic: {zh: 按访问次数计算, en: counted from visits}
  outcome: shop.coupons.tier
  solely_automated: true
  reviewer_role: reviewer
stores:
""",
    1,
).replace(
    "- name: letters\n",
    """  - name: tags
    key: [user_id, tag]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: tag, category: tag, disclose: true}
  - name: credit
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: orders, category: order, disclose: true}
    - {name: line, category: decision, disclose: true, source: derived}
    - {name: version, category: decision, disclose: true, source: derived}
    - {name: human_required, category: decision}
  - name: coupons
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: visits, category: usage, disclose: true}
    - {name: tier, category: decision, disclose: true, source: derived}
- name: letters
""",
    1,
)


def _user(number: int, name: str, status: str = "open") -> dict[str, Any]:
    return {
        "id": number,
        "email": f"{name}@example.com",
        "nickname": name,
        "personalised": True,
        "ads": True,
        "restricted": False,
        "status": status,
    }


@pytest.fixture
def tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    return {
        "shop": {
            "users": [_user(1, "ann", "banned"), _user(2, "bo")],
            "orders": [{"id": 10, "user_id": 1, "item": "茶壶"}],
            "tags": [
                {"user_id": 1, "tag": "tea"},
                {"user_id": 1, "tag": "night"},
                {"user_id": 2, "tag": "tea"},
            ],
            "credit": [
                {
                    "id": 1,
                    "user_id": 1,
                    "orders": 7,
                    "line": 900,
                    "version": "m3",
                    "human_required": False,
                }
            ],
            "coupons": [],
        },
        "letters": {"subscribers": []},
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(tmp_path: Path, tables: Any, clock: Clock) -> Floor:
    return floor_over(tmp_path, WIDER, tables, clock, backoff_s=(5.0,))


def _answer(floor: Floor, request_id: str) -> Any:
    return json.loads(_zip(floor, request_id).read("answer.json"))


def _zip(floor: Floor, request_id: str) -> zipfile.ZipFile:
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    return zipfile.ZipFile(io.BytesIO(b"".join(files_of(floor, row))))


def _told(floor: Floor, request_id: str) -> dict[str, Any]:
    with reading(floor.register) as session:
        (found,) = notes.read(session, floor.context.vault, request_id, "told")
    assert isinstance(found, dict)
    return found


def _staff(floor: Floor, *roles: str) -> Staff:
    with transaction(floor.register) as session:
        staff = Staff(name="-".join(roles), roles=list(roles), created_at=floor.now())
        session.add(staff)
        session.flush()
    return staff


def _review(floor: Floor, request_id: str, staff: Staff) -> None:
    with transaction(floor.register) as session:
        step = f"{request_id}-02-review"
        if session.get(StepRow, step) is None:
            step = f"{request_id}-03-review"
        tasks.complete(session, step, staff, now=floor.now(), proof="T-1")
    work_on(floor, request_id)


@pytest.mark.requirement("R-42-2", "R-42-2:bad")
def test_an_unknown_tag_is_named_and_the_others_go(floor: Floor, tables: Any) -> None:
    values = {"tags": ["tea", "no such tag"]}
    request_id = ask(
        floor, Kind.RECOMMENDATION_OPT_OUT, ANN, option=Option.TAGS_DELETE, values=values
    )

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert tables["shop"]["tags"] == [{"user_id": 1, "tag": "night"}, {"user_id": 2, "tag": "tea"}]
    assert _told(floor, request_id)["results"] == [
        {"item": "tea", "status": 200},
        {"item": "no such tag", "status": 404},
    ]


def test_a_tag_whose_erasure_lost_its_answer_is_not_called_unknown(
    floor: Floor, clock: Clock, tables: Any
) -> None:
    request_id = ask(
        floor, Kind.RECOMMENDATION_OPT_OUT, ANN, option=Option.TAGS_DELETE, values={"tags": ["tea"]}
    )
    made = begin(floor, request_id)
    assert made is not None
    erasing = settle(floor, made, perform(floor, made))
    assert erasing is not None
    perform(floor, erasing)  # and the worker dies before it can say so
    floor.leases.release(erasing.step_id)
    clock.on(seconds=31)

    work_on(floor, request_id)

    assert _told(floor, request_id)["results"] == [{"item": "tea", "status": 200}]


@pytest.mark.requirement("R-42-2")
def test_tags_are_listed_and_all_deleted(floor: Floor, tables: Any) -> None:
    listed = ask(floor, Kind.RECOMMENDATION_OPT_OUT, ANN, option=Option.TAGS_LIST)
    work_on(floor, listed)
    rows = _zip(floor, listed).read("data/shop/tags.jsonl").decode().splitlines()
    assert sorted(json.loads(r)["tag"] for r in rows) == ["night", "tea"]

    gone = ask(floor, Kind.RECOMMENDATION_OPT_OUT, ANN, option=Option.TAGS_DELETE)
    work_on(floor, gone)

    assert request_of(floor, gone).state is State.FULFILLED
    assert tables["shop"]["tags"] == [{"user_id": 2, "tag": "tea"}]


@pytest.mark.requirement("R-P24-1")
def test_a_decision_is_explained_with_the_persons_own_inputs(floor: Floor) -> None:
    request_id = ask(
        floor,
        Kind.EXPLANATION,
        ANN,
        option=Option.AUTOMATED_DECISION,
        parameters={"decision": "credit"},
    )
    work_on(floor, request_id)
    assert request_of(floor, request_id).wait is Wait.TASK  # a person approves the answer

    _review(floor, request_id, _staff(floor, "reviewer"))

    assert request_of(floor, request_id).state is State.FULFILLED
    (statement,) = _answer(floor, request_id)
    assert statement["data"] == {
        "inputs": {"shop.credit.orders": [7]},
        "outcome": [900],
        "version": ["m3"],
    }
    said = " ".join(line["en"] for line in statement["lines"])
    for words in ("counted from orders", "by automation alone", "Your input", "version: m3"):
        assert words in said


@pytest.mark.requirement("R-P24-1:bad")
def test_a_decision_never_made_about_the_person_is_asked_back(floor: Floor) -> None:
    request_id = ask(
        floor,
        Kind.EXPLANATION,
        ANN,
        option=Option.AUTOMATED_DECISION,
        parameters={"decision": "coupon"},
    )
    work_on(floor, request_id)
    held = request_of(floor, request_id)
    assert (held.state, held.wait, held.needs) == (State.ON_HOLD, Wait.NEEDS_INFO, ["decision"])
    told = _told(floor, request_id)
    assert (told["needs"], told["choices"]) == ("decision", ["credit"])

    with transaction(floor.register) as session:
        information.supply(
            session,
            floor.context,
            session.merge(held),
            information.Supplied(parameters={"decision": "credit"}),
            actor="subject",
            now=floor.now(),
        )
    work_on(floor, request_id)

    assert request_of(floor, request_id).wait is Wait.TASK


@pytest.mark.requirement("R-P24-2")
def test_refusing_automation_flags_later_decisions_and_opens_a_review(
    floor: Floor, tables: Any
) -> None:
    request_id = ask(floor, Kind.EXPLANATION, ANN, option=Option.REFUSE_SOLE_AUTOMATION)

    work_on(floor, request_id)

    assert tables["shop"]["credit"][0]["human_required"] is True
    assert request_of(floor, request_id).wait is Wait.TASK
    _review(floor, request_id, _staff(floor, "reviewer"))
    assert request_of(floor, request_id).state is State.FULFILLED


@pytest.mark.requirement("R-P24-2:bad")
@pytest.mark.parametrize("roles", [("automation", "reviewer"), ("verifier",)])
def test_an_automaton_cannot_be_the_reviewer(floor: Floor, roles: tuple[str, ...]) -> None:
    request_id = ask(floor, Kind.EXPLANATION, ANN, option=Option.REFUSE_SOLE_AUTOMATION)
    work_on(floor, request_id)

    with pytest.raises(Forbidden):
        _review(floor, request_id, _staff(floor, *roles))

    assert request_of(floor, request_id).wait is Wait.TASK


@pytest.mark.requirement("R-P48-1", "R-P48-1:bad")
@pytest.mark.parametrize(("topic", "names"), [("recipients", 1), ("", 6), ("no such topic", 4)])
def test_rules_are_explained_from_the_map_whatever_the_topic(
    floor: Floor, topic: str, names: int
) -> None:
    request_id = ask(floor, Kind.EXPLANATION, ANN, option=Option.RULES, parameters={"topic": topic})

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    answer = _answer(floor, request_id)
    assert len(answer) == names
    manifest = json.loads(_zip(floor, request_id).read("manifest.json"))
    assert floor.context.datamap.hash in json.dumps(manifest)


@pytest.mark.requirement("R-46-1", "R-46-1:bad")
def test_a_banned_account_gets_its_own_content_at_the_same_level(floor: Floor) -> None:
    request_id = ask(floor, Kind.COPY, ANN)
    other = ask(floor, Kind.COPY, {"user_id": "2"})

    work_on(floor, request_id)

    banned = request_of(floor, request_id)
    assert banned.state is State.FULFILLED
    assert banned.level_needed == request_of(floor, other).level_needed
    package = _zip(floor, request_id)
    assert "茶壶" in package.read("data/shop/orders.jsonl").decode()
    withheld = json.loads(package.read("manifest.json"))["withheld"]
    moderation = [w for w in withheld if w["field"] == "status"]
    assert [w["code"] for w in moderation] == ["not_disclosed"]


@pytest.mark.requirement("R-NEG-13:bad")
def test_nobody_can_declare_a_step_done_that_was_not_read_back(floor: Floor, clock: Clock) -> None:
    def stuck(*_: object, **__: object) -> None:
        raise ConfigError("no")

    lying(floor.connector("shop"), verify=stuck)  # type: ignore[arg-type]
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)
    staff = _staff(floor, "approver", "admin")
    with transaction(floor.register) as session:
        failed = [t["step"] for t in tasks.open_tasks(session)]

    assert len(failed) == 1
    with pytest.raises(Conflict) as refusal, transaction(floor.register) as session:
        tasks.complete(session, failed[0], staff, now=clock(), proof="trust me")
    with transaction(floor.register) as session:
        refused(session, staff, refusal.value, now=clock())

    assert request_of(floor, request_id).state is State.ON_HOLD
    with reading(floor.register) as session:
        events = [e.event for e in session.exec(select(Entry))]
    assert "staff_refused" in events


@pytest.mark.requirement("R-ID-7:bad")
def test_a_level_for_opt_outs_cannot_be_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "rights.toml"
    config.write_text("[levels]\nrecommendation_opt_out = 2\n", encoding="utf-8")
    monkeypatch.setenv("RIGHTS_CONFIG", str(config))

    with pytest.raises(ConfigError, match="RIGHTS_LEVELS"):
        load(
            database_url="sqlite://",
            redis_url="redis://unused",
            blobs_url="file:///unused",
            keys=KEY,
            signing_key=SEED,
        )


@pytest.mark.requirement("R-NEG-23:bad")
def test_only_ids_go_into_a_queue(floor: Floor) -> None:
    with pytest.raises(ValueError, match="not an id"), transaction(floor.register) as session:
        outbox.emit(session, "advance", now=floor.now(), request_id="ann@example.com")

    with reading(floor.register) as session:
        assert session.exec(select(OutboxMessage)).all() == []


def test_an_entry_tells_that_something_irreversible_began(floor: Floor) -> None:
    request_id = ask(floor, Kind.DELETION, ANN)
    work_on(floor, request_id)

    with reading(floor.register) as session:
        events = [e.event for e in audit.entries(session, request_id)]

    assert events.index("step_started") < events.index("completed")
