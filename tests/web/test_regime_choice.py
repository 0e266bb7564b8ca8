"""Under which laws a request is handled, why under these, and what a name that is no law does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.services import audit
from rights.services.regimes import promise
from rights.settings import Settings
from rights.store.models import Backend, Entry
from tests.web import timekeeping as desk
from tests.web.correspondence import code
from tests.web.house import ALICE, BOB, House
from workflows.building import context_for
from workflows.embedded.smtp import Sink


def _laws(document: dict[str, Any]) -> tuple[list[str], str]:
    return document["regimes"], document["regimes_because"]


def _product(house: House, *names: str) -> None:
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).regimes = [*names]


@pytest.mark.requirement("R-SLA-1")
@pytest.mark.parametrize(
    ("mainland", "own", "laws"),
    [
        (False, [], (["eu_gdpr"], "deployment")),
        # Where nothing says where somebody lives, the law of the mainland counts too.
        (True, [], (["eu_gdpr", "cn_general"], "deployment")),
        (True, ["cn_minor"], (["cn_minor"], "product")),
    ],
)
def test_the_laws_of_a_request_and_why_these_stand_on_it(
    furnished: Callable[..., House],
    own: list[str],
    laws: tuple[list[str], str],
    *,
    mainland: bool,
) -> None:
    house = furnished(default_regimes="eu_gdpr", mainland_users=mainland)
    _product(house, *own)

    plain = house.submit("access", BOB)
    asked = house.submit("copy", ALICE, regimes=["us_ca", "eu_gdpr", "us_ca"])

    assert _laws(plain) == laws
    counted = promise("access", "summary", laws[0], house.clock.now())
    assert plain["due_at"] == counted.promised_at.isoformat()
    assert _laws(asked) == (["us_ca", "eu_gdpr"], "asked")
    assert _laws(house.get(f"/v1/requests/{asked['id']}").json) == _laws(asked)
    with house.reading() as session:
        first = audit.entries(session, asked["id"])[0]
    assert first.data["regimes_because"] == "asked"


@pytest.mark.requirement("R-SLA-1", "R-SLA-12")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_a_law_that_turns_out_later_only_makes_the_promise_earlier(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = desk.office_of(furnished, smtp_sink, tmp_path, monkeypatch)
    request_id = desk.working(office, "eu_gdpr")
    promised = [desk.request_of(office, request_id).promised_at]
    acked = [desk.request_of(office, request_id).ack_at]

    for law in ("us_ca", "cn_general"):
        done = office.run("regimes", "add", request_id, "--regime", law, "--as", "rui")
        assert done.exit_code == 0, done.output
        promised.append(desk.request_of(office, request_id).promised_at)
        acked.append(desk.request_of(office, request_id).ack_at)
    refused = [
        code(office.run("regimes", "add", request_id, "--regime", law, "--as", who))
        for law, who in (("cn_general", "rui"), ("atlantis", "rui"), ("uk_gdpr", "otto"))
    ]

    assert promised[0] == promised[1] > promised[2]
    now = desk.request_of(office, request_id)
    assert now.regimes == ["eu_gdpr", "us_ca", "cn_general"]
    laws = (["eu_gdpr"], ["us_ca"], ["cn_general"])
    alone = [promise("access", None, law, now.received_at).due.ack_at for law in laws]
    assert acked == [alone[0], min(alone[:2]), min(alone)]
    assert len({*acked}) > 1
    assert promised[2] == promise("access", None, ["cn_general"], now.received_at).promised_at
    assert code(desk.extend(office, request_id)) == "extension_not_permitted"
    assert refused == ["conflict", "invalid", "forbidden"]
    events = desk.entries(office, request_id, "laws_added")
    assert [(one["regimes"], one["from"] == one["until"]) for one in events] == [
        (["us_ca"], True),
        (["cn_general"], False),
    ]


@pytest.mark.requirement("R-SLA-1:bad")
@pytest.mark.parametrize("given", ["", " , ", "atlantis", "cn_general,atlantis"])
@pytest.mark.parametrize("opened", [context_of, context_for])
def test_a_deployment_without_a_law_does_not_start(
    settings_of: Callable[..., Settings], given: str, opened: Callable[[Settings], Any]
) -> None:
    assert opened(settings_of(default_regimes="cn_general"))

    with pytest.raises(ConfigError, match=r"RIGHTS_DEFAULT_REGIMES: .*cn_general") as refused:
        opened(settings_of(default_regimes=given))

    assert ("atlantis is no regime" in str(refused.value)) == ("atlantis" in given)


@pytest.mark.requirement("R-SLA-1:bad")
@pytest.mark.parametrize(
    ("named", "laws"),
    [(["atlantis"], ["cn_general"]), (["atlantis", "eu_gdpr"], ["eu_gdpr", "cn_general"])],
)
def test_a_request_under_a_law_that_is_none_is_taken_in_and_says_so(
    house: House, named: list[str], laws: list[str]
) -> None:
    made = house.submit("access", ALICE, regimes=named)

    assert _laws(made) == (laws, "fallback")
    counted = promise("access", "summary", laws, house.clock.now())
    assert made["due_at"] == counted.promised_at.isoformat()
    with house.reading() as session:
        first, *_ = audit.entries(session, made["id"])
        said = [str(one.data) for one in session.exec(select(Entry))]
    assert (first.data["regimes"], first.data["regimes_because"]) == (laws, "fallback")
    assert not any("atlantis" in one for one in said)  # what somebody typed is in no entry


@pytest.mark.requirement("R-SLA-1:bad")
def test_a_product_whose_law_is_none_keeps_nobody_out_on_any_way(house: House) -> None:
    _product(house, "atlantis")

    asked = house.submit("deletion")
    cancelled = house.asserted("account_cancellation", BOB, parameters={"wait_days": 1})
    switched = house.post("/v1/preferences/off", {"subject": ALICE, "name": "personalised"})
    complained = house.post("/v1/complaints", {"subject": ALICE, "text": "too slow"})

    assert _laws(asked) == _laws(cancelled) == (["cn_general"], "fallback")
    assert switched.status_code in (200, 202), switched.json
    assert _laws(switched.json["request"]) == (["cn_general"], "fallback")
    assert complained.status_code == 201
