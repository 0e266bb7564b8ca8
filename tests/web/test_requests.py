"""Requests over HTTP: submit, list, read, cancel, follow, add to."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.errors import Conflict
from rights.domain.kinds import OPTIONS, Kind
from rights.domain.parameters import offered
from rights.store.models import Entry, Notice, OutboxMessage, Request
from tests.web.house import ALICE, BOB, House, partner

EVERY = [(kind, option) for kind in Kind for option in offered(kind)]

VERBS = {
    "查阅 consult (23)": ("access", "records"),
    "复制 copy (23)": ("copy", "all"),
    "更正 correct (23)": ("correction", "correct"),
    "补充 supplement (23)": ("correction", "supplement"),
    "删除 delete (23)": ("deletion", "delete"),
    "限制处理 restrict (23)": ("restriction", "restrict"),
    "注销账号 cancel the account (23)": ("account_cancellation", "all"),
    "撤回同意 withdraw consent (23)": ("consent_withdrawal", "all"),
    "转移 transfer (25)": ("portability", "pull"),
    "关闭个性化推荐 recommendations off (42)": ("recommendation_opt_out", "personalised_off"),
    "拒绝接收推送信息 refuse push (42)": ("recommendation_opt_out", "push_off"),
    "删除用户标签 delete tags (42)": ("recommendation_opt_out", "tags_delete"),
}
"""The verbs of NDSR 23, 25 and 42, and what each is here."""


@pytest.mark.requirement("R-23-1")
@pytest.mark.parametrize(("kind", "option"), EVERY)
def test_every_right_that_is_offered_is_taken_in(house: House, kind: str, option: str) -> None:
    response = house.post("/v1/requests", {"kind": kind, "option": option, "subject": ALICE})

    assert response.status_code == 201
    assert (response.json["kind"], response.json["option"]) == (kind, option)


@pytest.mark.requirement("R-23-1")
def test_each_verb_of_the_regulation_is_one_option_and_is_listed(house: House) -> None:
    kinds = house.client.get("/v1/kinds").get_json()["kinds"]
    listed = {(k["kind"], o["option"]) for k in kinds for o in k["options"]}

    assert len(set(VERBS.values())) == len(VERBS)
    assert set(VERBS.values()) <= listed
    assert listed == {(str(kind), str(option)) for kind, option in EVERY}


@pytest.mark.requirement("R-23-1")
def test_kinds_are_named_in_both_languages_with_times_per_regime(house: House) -> None:
    kinds = house.client.get("/v1/kinds").get_json()["kinds"]

    for kind in kinds:
        assert kind["title"]["zh-CN"] and kind["title"]["en"] and kind["about"]["zh-CN"]
        for option in kind["options"]:
            assert option["title"]["zh-CN"] and option["title"]["en"]
            assert {p["regime"] for p in option["promised"]} >= {"cn_general", "eu_gdpr"}
    opt_out = next(k for k in kinds if k["kind"] == "recommendation_opt_out")
    promised = [p for o in opt_out["options"] if "off" in o["option"] for p in o["promised"]]
    assert all(p["immediate"] for p in promised if p["regime"] == "cn_general")


def test_the_acknowledgement_says_everything_the_law_asks_for(house: House) -> None:
    made = house.submit("deletion")

    assert made["regimes"] == ["cn_general"]
    assert made["received_at"] == house.clock.now().isoformat()
    assert made["received_at_local"].endswith("+08:00")
    assert datetime.fromisoformat(made["due_at"]) > house.clock.now()
    assert made["next_step"]["code"] == "code"
    assert made["next_step"]["text"]["zh-CN"] and made["next_step"]["text"]["en"]
    assert made["information"]["href"] == f"/v1/requests/{made['id']}/information"
    assert made["cancel"]["href"] == f"/v1/requests/{made['id']}/cancel"
    assert made["contact"] == "privacy@example.com"


@pytest.mark.requirement("R-23-2")
def test_reference_numbers_can_neither_be_guessed_nor_counted(house: House) -> None:
    numbers = [
        int(house.submit(subject={"email": f"p{n}@example.com"})["id"], 16) for n in range(24)
    ]

    ones = sum(number.bit_count() for number in numbers)
    assert len({number >> 64 for number in numbers}) == len(numbers)
    assert 0.4 < ones / (128 * len(numbers)) < 0.6
    assert numbers != sorted(numbers)


@pytest.mark.requirement("R-23-2")
def test_the_receipt_is_queued_with_the_request_and_nobody_is_waited_for(house: House) -> None:
    made = house.submit("access")

    with house.reading() as session:
        (notice,) = session.exec(select(Notice).where(Notice.request_id == made["id"]))
        assert (notice.event, notice.state, notice.attempts) == ("received", "waiting", 0)
    assert datetime.fromisoformat(made["received_at"]) <= house.clock.now()


@pytest.mark.requirement("R-23-2:bad")
def test_a_register_that_is_down_gives_no_reference(house: House) -> None:
    house.engine.dispose()
    with house.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE request RENAME TO away")

    response = house.post("/v1/requests", {"kind": "access", "subject": ALICE})

    assert response.status_code == 503
    assert response.json["code"] == "unavailable"
    assert "id" not in response.json


def test_a_request_without_a_contact_asks_for_a_proof(house: House) -> None:
    made = house.submit("access", {"user_id": "u-1"})

    assert made["next_step"]["code"] == "proof"


def test_a_request_that_lacks_something_is_taken_and_says_what(house: House) -> None:
    made = house.asserted("correction")

    assert made["state"] == "in_progress"
    assert made["needs"] == ["changes"]
    assert made["next_step"]["code"] == "information"


def test_a_proved_request_goes_to_work_in_the_same_transaction(house: House) -> None:
    made = house.asserted("access")

    with house.reading() as session:
        jobs = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.job).desc())).all()
    assert made["state"] == "in_progress"
    assert [(j.job, j.queue, j.args) for j in jobs] == [
        ("warn", "urgent_work", {"request_id": made["id"]}),
        ("advance", "work", {"request_id": made["id"]}),
    ]


@pytest.mark.requirement("R-23-8", "R-NEG-27")
def test_a_double_click_about_an_account_is_one_and_no_clock_begins_anew(house: House) -> None:
    first = house.submit("deletion")
    house.clock.forward(days=2)
    again = house.post("/v1/requests", {"kind": "deletion", "subject": ALICE})

    assert again.status_code == 200
    same = ("id", "received_at", "due_at")
    assert [again.json[name] for name in same] == [first[name] for name in same]


@pytest.mark.requirement("R-NEG-27:bad", "R-SLA-12:bad")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("said", ["received_at", "due_at", "promised_at", "kind", "regimes"])
def test_no_call_says_when_a_request_arrived_what_it_is_or_by_when_it_is_due(
    house: House, said: str
) -> None:
    made = house.submit("deletion")
    path, later = f"/v1/requests/{made['id']}", "2031-01-01T00:00:00Z"
    value = {"kind": "access", "regimes": ["us_ca"]}.get(said, later)

    added = house.post(f"{path}/information", {"parameters": {}, said: value})
    asked = house.post("/v1/requests", {"kind": "deletion", "subject": BOB, said: later})

    assert (added.status_code, asked.status_code) == (422, 422)
    assert house.get(path).json == made
    with pytest.raises(Conflict, match="never changed"), house.writing() as session:
        session.get_one(Request, made["id"]).received_at = datetime.now(UTC)


@pytest.mark.requirement("R-23-8")
def test_a_request_after_the_first_was_closed_is_a_new_one(house: House) -> None:
    first = house.submit("deletion")
    house.post(f"/v1/requests/{first['id']}/cancel")
    house.clock.forward(days=1)

    assert house.submit("deletion")["id"] != first["id"]


def test_an_anonymous_submission_always_gets_a_fresh_reference(house: House) -> None:
    typed = {"email": "alice@example.com"}

    first, second = house.submit(subject=typed), house.submit(subject=typed)

    assert first["id"] != second["id"]


def test_the_same_from_another_backend_is_another_request(house: House) -> None:
    mine = house.submit("deletion")
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())

    theirs = house.post("/v1/requests", {"kind": "deletion", "subject": ALICE}, token=other.key)

    assert theirs.status_code == 201
    assert theirs.json["id"] != mine["id"]


def test_another_backends_request_looks_like_none(house: House) -> None:
    made = house.submit()
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())

    foreign = house.get(f"/v1/requests/{made['id']}", token=other.key)
    absent = house.get(f"/v1/requests/{'0' * 32}", token=other.key)

    assert foreign.status_code == absent.status_code == 404
    assert foreign.json == absent.json


def test_lists_go_page_by_page_without_gaps_or_repeats(house: House) -> None:
    made = []
    for n in range(7):
        made.append(house.submit(subject={"user_id": f"u-{n}"})["id"])
        house.clock.forward(seconds=n % 2)  # some at the same instant

    seen: list[str] = []
    after = ""
    for _ in range(4):
        page = house.get(f"/v1/requests?limit=3{after}").json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"

    assert Counter(seen) == Counter(made)


def test_lists_are_narrowed_by_state_and_kind(house: House) -> None:
    house.submit("access")
    wanted = house.submit("copy")
    gone = house.submit("copy", BOB)
    house.post(f"/v1/requests/{gone['id']}/cancel")

    page = house.get("/v1/requests?kind=copy&state=verifying").json

    assert [item["id"] for item in page["items"]] == [wanted["id"]]


@pytest.mark.parametrize("cursor", ["x", "e30", "WzEsMl0", "%00", "ÿ", "WyIyMDI2IiwgIngiXQ"])
def test_a_made_up_cursor_is_refused(house: House, cursor: str) -> None:
    response = house.get(f"/v1/requests?cursor={cursor}")

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "cursor"


def test_a_request_can_be_cancelled_and_is_then_closed(house: House) -> None:
    made = house.submit()

    cancelled = house.post(f"/v1/requests/{made['id']}/cancel").json
    again = house.post(f"/v1/requests/{made['id']}/cancel")

    assert (cancelled["state"], cancelled["next_step"]["code"]) == ("revoked", "closed")
    assert (again.status_code, again.json["code"]) == (409, "illegal_transition")


def test_it_is_too_late_to_cancel_once_something_was_done_for_good(house: House) -> None:
    made = house.asserted("deletion")
    with house.writing() as session:
        request = session.get_one(Request, made["id"])
        request.irreversible_at = house.clock.now()

    response = house.post(f"/v1/requests/{made['id']}/cancel")

    assert (response.status_code, response.json["code"]) == (409, "too_late_to_cancel")


def test_a_stale_version_is_refused(house: House) -> None:
    made = house.asserted("correction")
    path = f"/v1/requests/{made['id']}"
    read = house.get(path).headers["ETag"]
    with house.writing() as session:
        session.get_one(Request, made["id"]).reason = "changed"

    stale = house.post(f"{path}/cancel", If_Match=read)
    fresh = house.post(f"{path}/cancel", If_Match=house.get(path).headers["ETag"])

    assert (stale.status_code, stale.json["code"]) == (412, "precondition_failed")
    assert fresh.status_code == 200


def test_the_timeline_names_events_and_no_member_of_staff(house: House) -> None:
    made = house.submit()
    house.post(f"/v1/requests/{made['id']}/cancel")

    events = house.get(f"/v1/requests/{made['id']}/timeline").json["events"]

    assert [(e["event"], e["by"]) for e in events] == [
        ("received", "backend"),
        ("challenged", "system"),
        ("revoked", "backend"),
    ]


def test_missing_information_is_supplied_and_the_request_goes_on(house: House) -> None:
    made = house.asserted("correction")
    _hold(house, made["id"])
    change = {"field": "shop.users.nickname", "value": "小爱"}

    reply = house.post(
        f"/v1/requests/{made['id']}/information", {"values": {"changes": [change]}}
    ).json

    assert (reply["state"], reply["needs"], reply["wait"]) == ("in_progress", [], None)


def _hold(house: House, request_id: str) -> None:
    from rights.domain.lifecycle import Event, Wait  # noqa: PLC0415 - what the worker does
    from rights.services import requests  # noqa: PLC0415

    with house.writing() as session:
        request = session.get_one(Request, request_id)
        requests.record(session, request, Event.HELD, actor="system", now=house.clock.now())
        request.wait = Wait.NEEDS_INFO


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"values": {"changes": [{"field": "shop.users.nickname", "value": "x"}]}}, 409),
        ({"subject": {"phone": "+8613800138000"}}, 409),
        ({}, 422),
    ],
)
def test_nothing_is_slipped_into_work_that_has_begun(
    house: House, given: dict[str, Any], code: int
) -> None:
    change = {"changes": [{"field": "shop.users.nickname", "value": "小爱"}]}
    made = house.asserted("correction", values=change)

    response = house.post(f"/v1/requests/{made['id']}/information", given)

    assert response.status_code == code


def test_an_address_can_be_added_and_a_code_asked_for(house: House) -> None:
    made = house.submit("restriction", {"user_id": "u-1"})
    path = f"/v1/requests/{made['id']}"

    without = house.post(f"{path}/verification", {})
    house.post(f"{path}/information", {"subject": {"email": "alice@example.com"}})
    sent = house.post(f"{path}/verification", {})

    assert (without.status_code, without.json["code"]) == (409, "no_contact")
    assert (sent.status_code, sent.json["to"]) == (202, "email")


def test_entries_and_logs_hold_no_identifier(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = {"user_id": "canary-7713", "email": "canary-7713@example.com"}
    made = house.submit("correction", canary, values={"text": "canary-7713 says"})
    house.get(f"/v1/requests/{made['id']}")
    house.post("/v1/requests", {"kind": "canary-7713", "subject": canary})

    with house.reading() as session:
        entries = "".join(f"{e.event}{e.actor}{e.data}" for e in session.exec(select(Entry)))
        rows = str([r.model_dump() for r in session.exec(select(Request))])
    out = capsys.readouterr()
    assert "canary" not in entries + rows + out.out + out.err


@pytest.mark.requirement("R-23-1:bad")
@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (k, o)
        for k in Kind
        for other in Kind
        if other is not k
        for o in OPTIONS[other][:1]
        if o not in OPTIONS[k]
    ],
)
def test_an_option_of_another_kind_is_refused_with_its_own(
    house: House, kind: Kind, option: str
) -> None:
    response = house.post("/v1/requests", {"kind": kind, "option": option, "subject": ALICE})

    assert response.status_code == 422
    (wrong,) = response.json["errors"]
    assert wrong["field"] == "option"
    assert wrong["allowed"] == [str(o) for o in offered(kind)]


@pytest.mark.requirement("R-SLA-8")
def test_a_cancellation_that_is_proved_as_it_is_asked_is_due_a_day_later(house: House) -> None:
    house.clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)

    proved = house.asserted("account_cancellation", regimes=["cn_ecommerce"])
    unproved = house.submit("account_cancellation", {"email": "b@c.cn"}, regimes=["cn_ecommerce"])

    assert (proved["state"], proved["due_at"]) == ("in_progress", "2026-11-21T02:00:00+00:00")
    assert (unproved["state"], unproved["due_at"]) == ("verifying", "2026-12-11T15:59:59+00:00")
