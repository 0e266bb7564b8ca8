"""The roles of ``deploy/postgresql`` suffice for each process and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from rights.app import create_app
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.domain.lifecycle import State
from rights.domain.minors import Purpose
from rights.domain.representation import AgeBand
from rights.services import (
    checkpoints,
    complaints,
    content_approvals,
    intake,
    kept_tags,
    matching,
    not_me,
    preferences,
    purge,
    requests,
    subjects,
    unanswered,
    warnings_due,
)
from rights.services.datamap import load
from rights.services.packages import spools
from rights.services.spools import drop_orphans
from rights.store.db import open_engine, transaction
from rights.store.migrate import metadata
from rights.store.models import Consent, ContactWarning, Lookup, Staff
from tests.architecture.deployed import PROCESSES, Register, stores
from tests.architecture.tree import ROOT
from tests.browser.serving import serving
from tests.web.house import ALICE, HERE, House, furnish, settings_for
from tests.web.portal.booth import Booth
from tests.web.portal.desk import Desk
from tests.web.portal.reader import Reader
from tests.web.portal.street import Street, coded, shown
from tests.web.portal.test_following import EVE, only
from tests.web.portal.town import Town, opened, sign_in
from tests.web.verifying import reached, upload
from tests.workflows import facts_shop
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows import aftercare, relay, sweep, warning
from workflows.jobs import work_on

AsWeb = Callable[..., tuple[House, House]]


@pytest.fixture
def as_web(register: Register, private_redis_url: str, tmp_path: Path) -> Iterator[AsWeb]:
    """Make a house as its owner, and the same one as the web's role alone; both are closed."""
    opened_ones: list[House] = []

    def make(**more: Any) -> tuple[House, House]:
        made = furnish(settings_for(register.url, private_redis_url, tmp_path, **more))
        opened_ones.append(made)
        settings = settings_for(register.as_role("web"), private_redis_url, tmp_path, **more)
        app = create_app(settings, context=made.context, now=made.clock.now)
        app.test_client_class = type(made.client)
        house = House(app, made.clock, made.partner)
        opened_ones.append(house)
        return made, house

    yield make
    for one in opened_ones:
        one.parts.limits.close()
        one.engine.dispose()


def test_the_roles_can_be_made_again(register: Register) -> None:
    register.apply()

    assert register.may("web", "INSERT", "request")


def test_the_web_takes_requests_in_with_its_role(as_web: AsWeb) -> None:
    _, house = as_web()

    request = house.submit("deletion")
    code = {"code": house.code(request["id"])}
    wrong = house.post(f"/v1/requests/{request['id']}/verification/answer", {"code": "0"})
    right = house.post(f"/v1/requests/{request['id']}/verification/answer", code)
    asserted = house.asserted("recommendation_opt_out", subject=ALICE)
    cancelled = house.post(f"/v1/requests/{request['id']}/cancel")
    claim = {"changes": [{"field": "shop.users.nickname", "value": "Alicia"}]}
    disputed = house.asserted("correction", ALICE, regimes=["cn_credit"], values=claim)
    marks = house.get(f"/v1/requests/{disputed['id']}/disputes")

    assert [one["field"] for one in marks.json["items"]] == ["nickname"]
    assert (wrong.status_code, right.status_code, cancelled.status_code) == (401, 200, 200)
    assert asserted["state"] == "in_progress"


def test_the_web_takes_and_shows_what_people_write_with_its_role(
    register: Register, as_web: AsWeb
) -> None:
    made, house = as_web()
    request_id = house.asserted("deletion")["id"]
    made.clock.forward(days=60)

    path, said = f"/v1/requests/{request_id}", {"text": "x"}
    complaint = house.post("/v1/complaints", {**said, "request_id": request_id, "subject": ALICE})
    answers = [
        house.post(f"{path}/messages", said),
        house.get(f"{path}/messages"),
        house.post(f"{path}/appeal", said),
        house.get(f"{path}/appeal"),
        complaint,
        house.get(f"/v1/complaints/{complaint.json['id']}"),
    ]
    with house.writing() as session:
        complaints.find(session, complaint.json["id"], lock=True)

    assert [one.status_code for one in answers] == [201, 200] * 3


def test_people_sign_in_with_the_webs_role(register: Register, as_web: AsWeb) -> None:
    more = {"webhook_allow": "127.0.0.0/8"}
    made, house = as_web(**more)

    with opened(Desk(now=lambda: made.clock.now().timestamp())) as desk:
        Town(made, desk).configure()
        home = sign_in(Reader(house))

    assert "Signed in through shop" in home.text
    assert not register.may("web", "UPDATE", "sign_in_provider")
    assert not register.may("worker", "SELECT", "sign_in_provider")


def test_the_network_identity_is_shown_with_the_roles_of_web_and_worker(
    register: Register, as_web: AsWeb, tmp_path: Path
) -> None:
    made, house = as_web(webhook_allow="127.0.0.0/8")
    booth = Booth(now=lambda: made.clock.now().timestamp(), account={"email": EVE})
    text = (HERE / "datamap.yaml").read_text(encoding="utf-8")
    floor = floor_over(tmp_path, text, {}, Clock(), register_url=register.url)
    worker = open_engine(register.as_role("worker"))
    floor = replace(floor, register=worker, context=made.context, now=made.clock.now)
    street, reader = Street(made, booth, floor), Reader(house)

    with serving(booth.app()) as booth.url:
        street.configure()
        shown(street, reader, coded(reader))

    assert (only(made).level, only(made).state) == (3, State.IN_PROGRESS)
    for role in ("web", "worker"):
        assert not register.may(role, "UPDATE", "network_identity_bridge")
        assert not register.may(role, "INSERT", "network_identity_bridge")
    assert not register.may("worker", "SELECT", "network_identity_visit")
    worker.dispose()


def test_the_web_takes_representatives_in_with_its_role(register: Register, as_web: AsWeb) -> None:
    _, house = as_web()
    request_id = reached(house)
    document = upload(house, request_id)
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    arranged = house.post("/v1/arrangements", {"assertion": word, "rules": {"*": {"*": "deny"}}})

    assert (document.status_code, arranged.status_code) == (201, 201)
    assert not register.may("web", "DELETE", "evidence")
    assert not register.may("worker", "SELECT", "evidence")


def test_the_worker_does_its_work_with_its_role(register: Register, tmp_path: Path) -> None:
    made = floor_over(tmp_path, MAP, stores(), Clock(), register_url=register.url)
    engine = open_engine(register.as_role("worker"))
    floor = replace(made, register=engine)
    kinds = (Kind.ACCESS, Kind.RECOMMENDATION_OPT_OUT, Kind.DELETION)

    for kind in kinds:
        request_id = ask(made, kind, {"user_id": "1"})
        work_on(floor, request_id)
        aftercare.close_out(floor, request_id)

        assert request_of(made, request_id).state is State.FULFILLED, kind
    engine.dispose()
    made.register.dispose()


def test_deleted_tags_are_kept_away_and_let_go_with_these_roles(
    register: Register, tmp_path: Path
) -> None:
    made = floor_over(tmp_path, MAP, stores(), Clock(), register_url=register.url)
    worker = replace(made, register=open_engine(register.as_role("worker")))
    web, who, vault = open_engine(register.as_role("web")), {"user_id": "1"}, made.context.vault
    named, switch = [subjects.blind(vault, "user_id", "1")], {"switches": ["personalised"]}
    off = ask(made, Kind.RECOMMENDATION_OPT_OUT, who)
    with transaction(web) as session:
        for one in "01":
            kept_tags.keep_away(session, vault, named, ["x"], request_id=one, now=made.now())
        preferences.turned_off(session, made.context, request_of(made, off), who, now=made.now())
    work_on(worker, off)
    on = ask(made, Kind.RECOMMENDATION_OPT_OUT, who, option=Option.SWITCH_ON, parameters=switch)
    work_on(worker, on)
    work_on(worker, ask(made, Kind.DELETION, who))  # and what kept tags away is forgotten

    with transaction(web) as session:
        assert kept_tags.requests_of(session, made.context, who) == ()
        assert [line.purpose for line in session.exec(select(Consent))] == ["switch:personalised"]
        kept_tags.let_go(session, made.context, who)


def test_contacts_on_file_are_told_and_answer_with_these_roles(
    register: Register, private_redis_url: str, tmp_path: Path
) -> None:
    made = furnish(settings_for(register.url, private_redis_url, tmp_path))
    floor = floor_over(tmp_path, MAP, stores(), Clock(), register_url=register.url)
    worker = replace(floor, register=open_engine(register.as_role("worker")))
    web = open_engine(register.as_role("web"))
    new = intake.Submission(
        Kind.DELETION,
        Option.DELETE,
        identifiers={"user_id": "1", "email": "ann@example.com"},
        attested=frozenset({"user_id", "email"}),
        acr=Acr.MFA,
    )
    with transaction(web) as session:
        request, _ = intake.submit(session, floor.context, new, now=floor.now())
    other = intake.Submission(Kind.COPY, Option.ALL, identifiers={"user_id": "1"})
    with transaction(web) as session:
        copy, _ = intake.submit(session, floor.context, other, now=floor.now())

    warning.run(worker, copy.id)
    work_on(worker, request.id)
    with transaction(web) as session:
        (warned,) = session.exec(select(ContactWarning)).all()
        link = not_me.link(floor.context, now=floor.now(), warning_id=warned.id)
        not_me.say(session, floor.context, link.partition("=")[2], now=floor.now())
        for _ in range(5):
            warnings_due.wrong_codes(session, copy, now=floor.now())

    assert request_of(floor, request.id).state is State.FULFILLED
    assert request_of(floor, copy.id).not_me_at is not None
    for engine in (web, worker.register, floor.register, made.engine):
        engine.dispose()
    made.parts.limits.close()


def test_the_relay_does_its_chores_with_its_role(register: Register, tmp_path: Path) -> None:
    clock = Clock()
    made = floor_over(tmp_path, MAP, stores(), clock, register_url=register.url)
    request_id = ask(made, Kind.ACCESS, {"user_id": "1"})
    engine = open_engine(register.as_role("relay"))

    clock.on(days=1)
    swept = sweep.sweep(engine, made.context, clock)
    with transaction(engine) as session:
        signed = checkpoints.checkpoint(session, made.signer, clock())
        requests.revoke(session, requests.locked(session, request_id), actor="system", now=clock())
    with transaction(engine) as session:
        checkpoints.checkpoint(session, made.signer, clock())
    clock.on(days=2000)
    relay.forget_sent(engine, clock())
    made.blobs.put(spools(left := "0" * 32) + "/shop-1", [b"sealed"])
    with transaction(made.register) as session:
        over = clock() + timedelta(minutes=9)
        waits: dict[str, Any] = {"created_at": clock() - timedelta(minutes=1), "expires_at": over}
        session.add(Lookup(question="counts", sealed_input=b"x", **waits))
    rung = unanswered.ring(engine, clock, {})
    dropped = drop_orphans(engine, made.blobs)
    counts = purge.purge(engine, made.context, made.blobs, now=clock())

    assert swept == 1
    assert signed is not None
    assert counts["requests"] == 1
    assert (rung, dropped, [*made.blobs.list(spools(left))]) == (1, 1, [])
    engine.dispose()
    made.register.dispose()


@pytest.mark.requirement("R-M36-1")
def test_staff_agree_on_a_minors_content_with_the_relays_role(
    register: Register, tmp_path: Path
) -> None:
    made = floor_over(tmp_path, MAP, stores(), Clock(), register_url=register.url)
    request_id = ask(made, Kind.ACCESS, {"user_id": "1"}, age_band=AgeBand.FROM_14)
    engine, now = open_engine(register.as_role("relay")), made.now()
    ana, wei = (Staff(name=name, roles=["approver"], created_at=now) for name in ("ana", "wei"))
    with transaction(engine) as session:
        session.add_all([ana, wei])
        request = requests.locked(session, request_id)
        asked = content_approvals.ask(session, request, ana, Purpose.ANSWER, now=now)
        session.flush()
        content_approvals.approve(session, asked.id, wei, hours=1, now=now)
        allowed = content_approvals.check(session, request, ana, now=now)

    assert allowed == {"approval": asked.id}
    for column in ("asked_by", "purpose", "request_id"):
        with pytest.raises(DBAPIError, match="permission denied"), transaction(engine) as session:
            session.execute(text(f"UPDATE content_approval SET {column} = ''"))
    assert not any(register.may(p, "SELECT", "content_approval") for p in ("web", "worker"))
    engine.dispose()
    made.register.dispose()


def test_facts_are_taken_by_the_web_and_settled_by_the_worker_with_their_roles(
    register: Register, as_web: AsWeb, tmp_path: Path
) -> None:
    (tmp_path / "map.yaml").write_text(facts_shop.MAP, encoding="utf-8")
    values = {"datamap": tmp_path / "map.yaml"}
    made, house = as_web(**values)
    request_id = house.submit("copy", {"email": "ann@example.com"})["id"]
    place = f"/v1/requests/{request_id}/proofs"
    house.post(place, {"way": "code", "values": {"code": made.code(request_id)}})

    given = house.post(place, {"way": "known_facts", "values": facts_shop.ANN})
    refused = house.post(place, {"way": "document", "values": {"photo": "x"}})
    engine = open_engine(register.as_role("worker"))
    with transaction(engine) as session:
        row = session.get_one(Lookup, given.json["id"])
        found = matching.Found(enough=True, fields=(facts_shop.BORN, facts_shop.CITY))
        matching.settle(session, made.context, row, found, now=made.clock.now())

    assert (given.status_code, refused.status_code) == (202, 409)
    assert house.get(f"/v1/requests/{request_id}").json["state"] == "in_progress"
    assert not register.may("web", "INSERT", "proof")
    assert not register.may("worker", "SELECT", "challenge"), "that one was answered, never which"
    engine.dispose()


@pytest.mark.parametrize("process", PROCESSES)
def test_nobody_changes_an_entry_of_the_audit_trail(register: Register, process: str) -> None:
    assert register.may(process, "INSERT", "entry")
    assert not register.may(process, "UPDATE", "entry")
    assert not register.may(process, "TRUNCATE", "entry")
    assert register.may(process, "DELETE", "entry") == (process == "relay")


@pytest.mark.parametrize(
    "table",
    ["keyring", "escrow_key", "plan", "step", "journal", "staff", "checkpoint", "denial_proposal"],
)
def test_the_web_does_not_read_what_the_work_is_done_with(register: Register, table: str) -> None:
    assert not register.may("web", "SELECT", table)


@pytest.mark.requirement("R-NEG-24")
@pytest.mark.parametrize("table", ["writing", "appeal", "complaint"])
@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE"])
def test_no_worker_and_so_no_connector_reaches_what_people_write(
    register: Register, table: str, right: str
) -> None:
    assert not register.may("worker", right, table)


@pytest.mark.requirement("R-NEG-24")
def test_a_connector_that_is_pointed_at_the_register_is_refused_there(register: Register) -> None:
    engine = open_engine(register.as_role("worker"))
    for table in ("writing", "appeal", "complaint"):
        refused = pytest.raises(DBAPIError, match=f"permission denied for table {table}")
        with refused, engine.connect() as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
    engine.dispose()


@pytest.mark.requirement("R-NEG-24")
def test_no_store_of_the_sample_company_is_the_register() -> None:
    company = load(ROOT / "workflows" / "demo" / "company" / "datamap.yaml")
    ours = {"writing", "appeal", "complaint", "sealed_note", "identifier", "request"}

    assert [c.path for c in company.collections if c.name in ours] == []
    assert [s.name for s in company if "DATABASE" in str(s.settings).upper()] == []


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE"])
def test_the_worker_makes_and_destroys_the_keys_of_what_is_in_escrow(
    register: Register, right: str
) -> None:
    assert register.may("worker", right, "escrow_key")


def test_keys_of_people_are_the_webs_and_the_worker_only_forgets_them(register: Register) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE")

    assert all(register.may("web", right, "person_key") for right in rights)
    assert all(register.may("web", right, "key_challenge") for right in rights)
    assert [r for r in rights if register.may("worker", r, "person_key")] == ["SELECT", "DELETE"]


def test_no_table_of_the_register_is_forgotten(register: Register) -> None:
    tables = set(metadata().tables)

    assert "entry" in tables
    assert [t for t in tables if not register.may("relay", "SELECT", t)] == []
