"""The national network identity as one more way of proof, by a person's own choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.store.models import Lookup, NetworkIdentityVisit, ProofRow
from tests.web.house import House
from tests.web.portal.booth import Booth
from tests.web.portal.desk import visited
from tests.web.portal.reader import Reader
from tests.web.portal.street import ALLOW, Street, coded, leave, problem, shown
from tests.web.portal.test_following import EVE, ask, close, only
from tests.workflows.facts_shop import BORN, CITY, MAP


@pytest.fixture
def reader(street: Street) -> Reader:
    return Reader(street.house)


@pytest.mark.requirement("R-ID-4", "R-ID-1")
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_code_and_the_network_identity_bring_the_third_level(
    street: Street, language: str
) -> None:
    reader = Reader(street.house, language)
    page = coded(reader)
    assert ("National network identity" if language == "en" else "国家网络身份认证") in page.text

    page = reader.get(visited(leave(reader, page)))
    assert ("Asking what the service" if language == "en" else "正在查询核验结果") in page.text
    assert 'http-equiv="refresh"' in page.html
    street.work()
    page = reader.get(f"/portal/requests/{only(street.house).id}")

    request = only(street.house)
    assert (request.level, request.state) == (3, State.IN_PROGRESS)
    assert ("Being worked on" if language == "en" else "正在处理") in page.text
    assert street.booth.asked == ["/visits", "/results"]
    assert street.booth.documents[0]["language"] == language


@pytest.mark.requirement("R-ID-3", "R-NEG-5")
def test_of_the_answer_nothing_is_kept_but_way_result_and_time(
    street: Street, reader: Reader
) -> None:
    street.booth.account = {"user_id": "u-number-5150", "email": EVE}

    shown(street, reader, coded(reader))

    assert street.entries("proof_matched") == [{"way": "network_identity", "level": 3}]
    with street.house.reading() as session:
        (proof,) = session.exec(select(ProofRow)).all()
        assert session.exec(select(NetworkIdentityVisit)).all() == []
        (row,) = session.exec(select(Lookup).where(Lookup.question == "match")).all()
    assert (proof.way, proof.level, proof.rests_on) == (
        "network_identity",
        3,
        {"identifiers": ["email"], "fields": []},
    )
    assert row.sealed_input == b""
    sealed = street.house.context.vault.open(
        row.sealed_answer or b"", aad=f"lookup|{row.id}|answer"
    )
    assert sealed == b'{"enough":1}'
    sent = str(street.booth.documents)
    assert EVE not in sent
    assert only(street.house).id not in sent


@pytest.mark.parametrize(
    ("trusted", "said"), [(False, {}), (True, {"real_name": "not_compared"}), (True, {})]
)
def test_without_a_compared_name_it_is_the_second_level(
    unset: Street,
    trusted: bool,  # noqa: FBT001 - what pytest gives by name
    said: dict[str, str],
) -> None:
    unset.configure(attests_names=trusted)
    unset.booth.said = dict(said)
    reader = Reader(unset.house)

    shown(unset, reader, coded(reader))

    level = 3 if trusted and not said else 2
    request = only(unset.house)
    assert request.level == level
    assert request.state is (State.IN_PROGRESS if level == 3 else State.VERIFYING)


def test_what_is_on_the_second_level_is_not_offered_a_bridge_that_brings_no_more(
    unset: Street,
) -> None:
    unset.configure(attests_names=False)
    reader = Reader(unset.house)

    page = shown(unset, reader, coded(reader))

    assert only(unset.house).level == 2
    assert 'id="network-identity"' not in page.html
    assert "Your real name" in page.text or 'id="ways"' in page.html


def test_who_breaks_it_off_comes_back_to_all_ways(street: Street, reader: Reader) -> None:
    street.booth.cancels = True

    page = reader.get(visited(leave(reader, coded(reader))))

    assert "You came back without an answer" in page.text
    assert street.tries() == []
    assert page.form("/network-identity")


@pytest.mark.parametrize("path", ["/visits", "/results"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_bridge_that_is_down_is_said_costs_nothing_and_other_ways_stay(
    street: Street, path: str, language: str
) -> None:
    reader = Reader(street.house, language)
    page = coded(reader)
    street.booth.status[path] = 503

    if path == "/visits":
        page = reader.send(page, "/network-identity")
        said = {"en": "cannot be reached just now", "zh-CN": "暂时无法连接"}
        assert page.status == 503
    else:
        page = shown(street, reader, page)
        said = {"en": "could not be asked", "zh-CN": "暂时无法查询"}

    assert said[language] in page.text
    assert 'id="ways"' in page.html
    assert page.form("/network-identity")
    assert set(street.tries()) <= {"unasked"}


@pytest.mark.parametrize("go", ["javascript:alert(1)", "ftp://a.example/", "https://a b/", "x"])
def test_nobody_is_sent_where_a_browser_should_not_go(
    street: Street, reader: Reader, go: str
) -> None:
    page = coded(reader)
    street.booth.go = go

    page = reader.send(page, "/network-identity")

    assert page.status == 503
    assert "cannot be reached just now" in page.text


def test_where_no_bridge_is_set_up_it_is_offered_nowhere(unset: Street) -> None:
    reader = Reader(unset.house)
    page = coded(reader)
    request_id = only(unset.house).id

    assert "etwork identity" not in page.text
    plan = unset.house.get(f"/v1/requests/{request_id}/verification-plan").json
    assert "network_identity" not in [one["way"] for one in plan["ways"]]
    key = page.forms[0].holding()["key"]
    tried = reader.post(f"/portal/requests/{request_id}/network-identity", {"key": key})
    assert (tried.status, problem(tried)) == (409, "way_not_open")
    assert unset.entries("proof_refused") == [{"way": "network_identity", "reason": "not_in_plan"}]


def test_a_policy_that_leaves_it_out_switches_it_off(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    file, policy = tmp_path / "map.yaml", tmp_path / "policy.yaml"
    file.write_text(MAP, encoding="utf-8")
    policy.write_text("proof: {ways: [code, assertion]}\n", encoding="utf-8")
    house = furnished(datamap=file, policy=policy, webhook_allow=ALLOW)
    Street(house, Booth(url="https://bridge.example"), None).configure()
    made = house.submit("copy", {"email": EVE})

    plan = house.get(f"/v1/requests/{made['id']}/verification-plan").json

    assert [one["way"] for one in plan["ways"]] == ["assertion", "code", "known_facts"]


def test_in_a_frame_of_a_product_nobody_is_sent_anywhere(street: Street, reader: Reader) -> None:
    page = coded(reader)
    key = page.form("/network-identity").holding()["key"]

    framed = reader.get(f"/portal/requests/{only(street.house).id}", **{"Sec-Fetch-Dest": "iframe"})
    assert 'id="network-identity"' not in framed.html
    reply = reader.client.post(
        f"/portal/requests/{only(street.house).id}/network-identity",
        data={"key": key},
        headers={"Origin": "http://localhost", "Sec-Fetch-Dest": "iframe"},
    )
    assert reply.status_code == 403


def test_before_a_code_it_is_not_offered_and_not_begun(street: Street, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "portability", who__email=EVE)
    key = page.form("/proof").holding()["key"]

    assert 'id="network-identity"' not in page.html
    path = f"/portal/requests/{only(street.house).id}/network-identity"
    assert reader.post(path, {"key": key}).status == 401
    assert street.booth.asked == []


def test_what_needs_no_more_than_a_code_never_leads_there(street: Street, reader: Reader) -> None:
    page = coded(reader, "restriction")

    assert 'id="network-identity"' not in page.html


@pytest.mark.requirement("R-ID-2")
def test_it_stands_beside_the_other_ways(street: Street, reader: Reader) -> None:
    coded(reader, "copy")
    street.house.looked_up({"filled": [BORN, CITY]})

    page = reader.get(f"/portal/requests/{only(street.house).id}")

    assert page.form("/ways/known_facts")
    assert page.form("/network-identity")
    assert "Whether you use it is up to you" in page.text


def test_once_it_was_shown_no_name_and_number_are_asked_for(street: Street, reader: Reader) -> None:
    page = shown(street, reader, coded(reader))

    assert not any("/ways/" in form.action for form in page.forms)
    assert "number of your identity card" not in page.text


def test_a_copy_opens_with_a_code_where_it_was_shown(street: Street, reader: Reader) -> None:
    shown(street, reader, coded(reader, "copy"))
    request_id = only(street.house).id
    close(street.house, request_id, "disclosed")
    street.house.package(request_id, b"PK-the-copy")
    street.house.clock.forward(minutes=11)

    page = reader.get(f"/portal/requests/{request_id}")
    page = reader.send(page, "/code")
    got = reader.send(page, "/open", code=street.house.code(request_id, "grant"))

    assert got.response.data == b"PK-the-copy"


def test_somebody_elses_request_is_not_begun(street: Street, reader: Reader) -> None:
    page = coded(reader)
    other = Reader(street.house)
    other.begin()
    key = page.form("/network-identity").holding()["key"]

    path = f"/portal/requests/{only(street.house).id}/network-identity"

    assert other.post(path, {"key": key}).status in (403, 404)
    assert street.booth.asked == []
