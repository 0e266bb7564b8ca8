"""A pause before an account is cancelled: chosen, told, kept, and ended by the person alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import col, select

from rights.domain.lifecycle import State, Wait
from rights.services.regimes import regimes
from rights.store.models import Backend, OutboxMessage, Request, WebhookDelivery
from tests.web.cooling import ANN, KIND, WAITS, Company, company
from tests.web.house import House

Made = Callable[..., House]


@pytest.fixture
def here(furnished: Made, tmp_path: Path) -> Iterator[Company]:
    made = company(furnished, tmp_path)
    yield made
    made.floor.register.dispose()


def _refused(response: Any) -> tuple[int, list[str]]:
    return response.status_code, [one["field"] for one in response.json.get("errors", [])]


def _asked(here: Company, days: Any, subject: Any = ANN, **more: Any) -> Any:
    word = here.house.partner.assertion(subject, here.house.clock.now(), "mfa")
    body = {"kind": KIND, "assertion": word, "parameters": {"wait_days": days}, **more}
    return here.house.post("/v1/requests", body)


@pytest.mark.requirement("R-NEG-9")
def test_what_was_chosen_waits_with_its_stores_untouched_and_then_is_done(here: Company) -> None:
    made = here.ask()

    assert (made["state"], made["wait"], made["next_step"]["code"]) == (
        "on_hold",
        "cooling_off",
        "cooling_off",
    )
    here.work(made["id"])
    here.pass_by(days=2, hours=23)
    here.work(made["id"])
    assert here.request(made["id"]).state is State.ON_HOLD
    assert here.untouched()

    here.pass_by(hours=1)
    here.work(made["id"])

    assert here.request(made["id"]).state is State.FULFILLED
    assert here.erased()


def test_the_clock_goes_on_and_the_day_lies_inside_it(here: Company) -> None:
    plain = here.ask(parameters={})
    made = here.ask(parameters={"wait_days": 7})

    assert (made["due_at"], made["received_at"]) == (plain["due_at"], plain["received_at"])
    assert made["received_at"] < made["waits_until"] < made["due_at"]
    here.pass_by()
    row = here.request(made["id"])
    assert row.next_at == row.received_at + timedelta(days=7)


@pytest.mark.requirement("R-NEG-9")
def test_under_every_law_nothing_waits_that_nobody_chose(here: Company) -> None:
    for name in sorted(regimes()):
        who = {"user_id": f"of-{name}"}
        made = here.house.asserted(KIND, who, "mfa", regimes=[name])

        assert (made["state"], made["wait"]) == ("in_progress", None), name
        assert (made["waits_until"], made["proceed"]) == (None, None), name


def test_whoever_proves_with_a_code_waits_from_then_on(here: Company) -> None:
    house = here.house
    word = house.partner.assertion(ANN, house.clock.now())
    body = {"kind": KIND, "assertion": word, "parameters": WAITS}
    made = house.post("/v1/requests", body).json
    assert (made["state"], made["proceed"]) == ("verifying", None)
    assert made["waits_until"] is not None

    path = f"/v1/requests/{made['id']}/verification/answer"
    proved = house.post(path, {"code": house.code(made["id"])}).json

    assert (proved["state"], proved["wait"]) == ("on_hold", "cooling_off")
    assert proved["waits_until"] == made["waits_until"]


def test_whoever_proves_after_the_day_does_not_wait_any_more(here: Company) -> None:
    house = here.house
    word = house.partner.assertion(ANN, house.clock.now())
    body = {"kind": KIND, "assertion": word, "parameters": {"wait_days": 1}}
    made = house.post("/v1/requests", body).json["id"]
    house.clock.forward(days=2)
    where = f"/v1/requests/{made}/verification"
    assert house.post(where, {}).status_code == 202

    proved = house.post(f"{where}/answer", {"code": house.code(made)}).json

    assert (proved["state"], proved["wait"]) == ("in_progress", None)


# -- how long, and by whom -------------------------------------------------------------------


@pytest.mark.requirement("R-NEG-9:bad")
def test_a_number_that_no_law_leaves_room_for_is_refused(here: Company) -> None:
    for days in (0, -1, 8, 400, 1.5, "3", None, [3]):
        status, fields = _refused(_asked(here, days))

        assert (status, [one.split(".")[1] for one in fields]) == (422, ["wait_days"]), days


@pytest.mark.requirement("R-NEG-9:bad")
def test_where_a_law_leaves_no_room_nobody_can_be_made_to_wait(here: Company) -> None:
    laws = [["cn_ecommerce"], ["cn_general", "cn_ecommerce"], ["eu_gdpr"], ["us_ca", "cn_general"]]
    for names in laws:
        refused = _asked(here, 1, regimes=names)
        assert _refused(refused) == (422, ["parameters.wait_days"]), names
    with here.house.reading() as session:
        assert not session.exec(select(Request)).all()


@pytest.mark.requirement("R-NEG-9:bad")
def test_the_law_of_the_product_counts_whatever_a_call_names(here: Company) -> None:
    with here.house.writing() as session:
        shop = session.get_one(Backend, here.house.partner.id)
        shop.regimes = ["cn_ecommerce"]

    assert _refused(_asked(here, 1, regimes=["cn_general"])) == (422, ["parameters.wait_days"])


@pytest.mark.parametrize(("stated", "allowed"), [(0, []), (2, ["1", "2"])])
def test_a_policy_shortens_it(
    furnished: Made, tmp_path: Path, stated: int, allowed: list[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    said = {"cancellation": {"cooling_off": {"days": stated}}}
    policy.write_text(yaml.safe_dump(said), encoding="utf-8")
    made = company(furnished, tmp_path, policy=policy)

    refused = _asked(made, stated + 1)

    assert _refused(refused) == (422, ["parameters.wait_days"])
    assert refused.json["errors"][0].get("allowed", []) == allowed
    assert not stated or _asked(made, stated).status_code == 201
    made.floor.register.dispose()


@pytest.mark.requirement("R-NEG-9:bad")
def test_it_never_reaches_past_what_was_promised(furnished: Made, tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    said = {"promises": {"cn_general": {KIND: {"count": 3, "unit": "day"}}}}
    ours.write_text(yaml.safe_dump(said), encoding="utf-8")
    made = company(furnished, tmp_path, regimes_override=ours)

    assert [_asked(made, n).status_code for n in (7, 4, 3, 2)] == [422, 422, 422, 201]
    made.floor.register.dispose()


@pytest.mark.requirement("R-NEG-9:bad")
def test_a_backend_cannot_choose_it_for_whom_it_does_not_vouch(here: Company) -> None:
    body = {"kind": KIND, "subject": ANN, "parameters": WAITS}

    assert _refused(here.house.post("/v1/requests", body)) == (422, ["parameters.wait_days"])
    bundle = {"subject": ANN, "requests": [{"kind": KIND, "parameters": WAITS}]}
    assert here.house.post("/v1/bundles", bundle).status_code == 422


@pytest.mark.requirement("R-NEG-9:bad")
def test_nobody_adds_it_to_a_request_that_was_made_without(here: Company) -> None:
    made = here.house.submit(KIND, ANN)

    path = f"/v1/requests/{made['id']}/information"
    assert _refused(here.house.post(path, {"parameters": WAITS})) == (
        422,
        ["parameters.wait_days"],
    )
    assert here.request(made["id"]).parameters == {}


def test_no_other_kind_takes_it(here: Company) -> None:
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    body = {"kind": "deletion", "assertion": word, "parameters": WAITS}

    assert _refused(here.house.post("/v1/requests", body)) == (422, ["parameters.wait_days"])


# -- what ends it, and what does not ---------------------------------------------------------


@pytest.mark.requirement("R-NEG-9")
def test_signing_in_and_asking_for_other_things_leave_it_as_it_is(here: Company) -> None:
    made = here.ask()["id"]
    here.pass_by()
    before = here.stands(made)

    for _ in range(2):
        here.house.clock.forward(hours=20)
        word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
        token = here.house.post("/v1/portal-tokens", {"assertion": word}).json["token"]
        assert here.house.get(f"/v1/requests/{made}", token=token).status_code == 200
        assert here.house.get("/v1/requests", token=token).status_code == 200
        assert here.house.post("/v1/requests", {"kind": "restriction"}, token=token).status_code
        here.house.asserted("access", ANN, "mfa")
        here.pass_by(hours=1)
        here.work(made)

        assert here.stands(made) == before
    assert here.untouched()
    assert [one.event for one in here.entries(made)][-1] == "held"


@pytest.mark.requirement("R-NEG-9")
def test_the_person_goes_on_at_once_with_a_fresh_proof(here: Company) -> None:
    made = here.ask()
    path = made["proceed"]["href"]
    here.house.clock.forward(days=1)

    weak = here.house.partner.assertion(ANN, here.house.clock.now(), "session")
    assert here.house.post(path, {"assertion": weak}).status_code == 401
    assert here.house.post(path, {}).status_code == 401
    assert here.untouched()
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    done = here.house.post(path, {"assertion": word})

    assert (done.status_code, done.json["state"], done.json["waits_until"]) == (
        200,
        "in_progress",
        None,
    )
    here.work(made["id"])
    assert here.request(made["id"]).state is State.FULFILLED
    assert here.erased()
    last = [one for one in here.entries(made["id"]) if one.event == "proceed_asked"]
    assert [one.data for one in last] == [{"level": 2}]


def test_a_code_beside_the_session_is_proof_enough_and_a_code_of_another_purpose_is_none(
    here: Company,
) -> None:
    house, made = here.house, here.ask()
    path = made["proceed"]["href"]
    here.house.clock.forward(days=1)
    session = house.partner.assertion(ANN, house.clock.now(), "session")

    where = f"/v1/requests/{made['id']}/verification"
    assert house.post(where, {"purpose": "grant"}).status_code == 202
    other = house.code(made["id"], "grant")
    assert house.post(path, {"code": other, "assertion": session}).status_code == 401
    house.clock.forward(minutes=2)
    assert house.post(where, {"purpose": "proceed"}).status_code == 202
    session = house.partner.assertion(ANN, house.clock.now(), "session")
    code = house.code(made["id"], "proceed")
    done = house.post(path, {"code": code, "assertion": session})

    assert (done.status_code, done.json["state"]) == (200, "in_progress")


def test_it_is_the_persons_own_and_only_while_it_waits(here: Company) -> None:
    house, made = here.house, here.ask()
    path = made["proceed"]["href"]
    bo = {"user_id": "2", "email": "bo@example.com"}

    word = house.partner.assertion(bo, house.clock.now(), "mfa")
    assert house.post(path, {"assertion": word}).status_code == 404
    token = house.post(
        "/v1/portal-tokens", {"assertion": house.partner.assertion(bo, house.clock.now(), "mfa")}
    ).json["token"]
    assert house.post(path, {}, token=token).status_code == 404
    at_once = house.asserted(KIND, bo, "mfa")["id"]
    refused = house.post(f"/v1/requests/{at_once}/proceed", {})
    assert (refused.status_code, refused.json["code"]) == (409, "not_cooling_off")
    coded = house.post(f"/v1/requests/{at_once}/verification", {"purpose": "proceed"})
    assert (coded.status_code, coded.json["code"]) == (409, "not_cooling_off")
    assert here.request(made["id"]).wait is Wait.COOLING_OFF


def test_the_persons_strong_token_goes_on_and_twice_is_once(here: Company) -> None:
    house, made = here.house, here.ask()
    word = house.partner.assertion(ANN, house.clock.now(), "mfa")
    token = house.post("/v1/portal-tokens", {"assertion": word}).json["token"]

    stale = house.post(made["proceed"]["href"], {}, token=token, If_Match='"99"')
    assert stale.status_code == 412
    answers = [house.post(made["proceed"]["href"], {}, token=token) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 409]
    assert [one.event for one in here.entries(made["id"])].count("resumed") == 1


@pytest.mark.requirement("R-NEG-9")
def test_the_person_cancels_while_it_waits_and_nothing_is_ever_done(here: Company) -> None:
    made = here.ask()
    cancelled = here.house.post(made["cancel"]["href"])

    assert (cancelled.json["state"], cancelled.json["waits_until"]) == ("revoked", None)
    here.pass_by(days=5)
    here.work(made["id"])
    assert here.request(made["id"]).state is State.REVOKED
    assert here.untouched()


def test_while_somebody_says_it_was_not_them_nobody_goes_on(here: Company) -> None:
    made = here.ask()
    with here.house.writing() as session:
        session.get_one(Request, made["id"]).not_me_at = here.house.clock.now()

    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    refused = here.house.post(made["proceed"]["href"], {"assertion": word})
    assert (refused.status_code, refused.json["code"]) == (403, "not_me")
    here.pass_by(days=4)
    here.work(made["id"])
    row = here.request(made["id"])
    assert (row.state, row.wait) == (State.ON_HOLD, Wait.TASK)
    assert here.untouched()


# -- the relay -------------------------------------------------------------------------------


def test_what_waits_ends_when_the_account_is_erased_by_another_request(here: Company) -> None:
    """Whoever registers again is a new person: an old request must not reach them."""
    waits = here.ask()
    word = here.house.partner.assertion(ANN, here.house.clock.now(), "mfa")
    at_once = here.house.post("/v1/requests", {"kind": KIND, "assertion": word}).json
    here.work(at_once["id"])

    assert here.erased()
    ended = here.request(waits["id"])
    assert (ended.state, ended.merged_into) == (State.REVOKED, at_once["id"])
    here.pass_by(days=4)
    here.work(waits["id"])
    assert here.request(waits["id"]).state is State.REVOKED


def test_two_relays_and_a_repeated_bell_let_it_go_on_once(here: Company) -> None:
    made = here.ask()["id"]
    here.house.clock.forward(days=3)
    for _ in range(3):
        here.pass_by()
    with here.house.reading() as session:
        bells = session.exec(select(OutboxMessage).where(col(OutboxMessage.queue) == "work")).all()
    here.work(made)
    here.work(made)

    events = [one.event for one in here.entries(made)]
    assert (events.count("held"), events.count("resumed"), events.count("completed")) == (1, 1, 1)
    assert [one.args.get("request_id") for one in bells].count(made) == 2  # proved, and its day


def test_a_worker_looks_too_whatever_the_door_let_through(here: Company) -> None:
    made = here.ask()["id"]
    with here.house.writing() as session:
        row = session.get_one(Request, made)
        row.state, row.wait = State.IN_PROGRESS, Wait.NONE  # as if the door had forgotten

    here.work(made)

    assert here.request(made).wait is Wait.COOLING_OFF
    assert here.untouched()


def test_timeline_and_webhook_say_it_like_any_other_wait(here: Company) -> None:
    hook = {"url": "https://93.184.216.34/hook", "events": ["request.on_hold"]}
    assert here.house.post("/v1/webhooks", hook).status_code == 201
    made = here.ask()["id"]

    events = here.house.get(f"/v1/requests/{made}/timeline").json["events"]
    assert [(one["event"], one["state"]) for one in events][-2:] == [
        ("verified", "in_progress"),
        ("held", "on_hold"),
    ]
    with here.house.reading() as session:
        sent = session.exec(select(WebhookDelivery)).all()
    assert [('"wait":"cooling_off"' in one.body.replace(" ", "")) for one in sent] == [True]


@pytest.mark.parametrize(
    ("rules", "offered"), [("cn_general", ["wait_days"]), ("cn_general,cn_ecommerce", [])]
)
def test_the_list_of_kinds_offers_it_only_where_it_can_be_chosen(
    furnished: Made, rules: str, offered: list[str]
) -> None:
    kinds = furnished(default_regimes=rules).get("/v1/kinds").json["kinds"]

    (option,) = next(one["options"] for one in kinds if one["kind"] == KIND)
    assert [one["name"] for one in option["parameters"] if "wait" in one["name"]] == offered
