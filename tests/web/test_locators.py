"""People without an account: found by where something about them stands in public."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.errors import NotFound
from rights.domain.representation import AgeBand
from rights.services import audit, beginning_anew, requests, subjects
from rights.store.db import transaction
from rights.store.models import Notice, OutboxMessage, Request, Staff, WarningDue
from tests.web.correspondence import Office
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.workflows.house import floor_over
from workflows import jobs
from workflows.floor import Floor

MAP = """
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  second: {kind: contact, normalise: email}
  page: {kind: locator, normalise: url}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email, second: second}
    fields: [{name: email, category: contact, disclose: true}]
- name: corpus
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: public}
  collections:
  - name: pages
    key: [id]
    identifies: {page: url}
    fields: [{name: text, category: content, disclose: true}]
  - name: pictures
    key: [id]
    links: [{columns: [page_id], to: pages, role: owner}]
    fields: [{name: file, category: content, disclose: true}]
"""
ZOE = "https://blog.example/@Zoe?lang=zh"
MAX = "https://blog.example/@max"


def _rows() -> dict[str, Any]:
    pages = [{"id": 1, "url": ZOE, "text": "I am Zoe, zoe@example.com"}]
    pages += [{"id": 2, "url": MAX, "text": "I am Max"}]
    pictures = [{"id": 10, "page_id": 1, "file": "zoe.png"}, {"id": 20, "page_id": 2, "file": "m"}]
    users = [{"id": "u-2", "email": "max@example.com", "second": "x-max@example.com"}]
    return {"shop": {"users": users}, "corpus": {"pages": pages, "pictures": pictures}}


class Crawler:
    """A company that gathered public pages, its web process and its worker."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.rows = house, _rows()
        self.office = Office(house, folder)
        url = house.context.settings.database_url
        now: Any = house.clock.now
        self.floor: Floor = floor_over(folder, MAP, self.rows, now, register_url=url)

    def left(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the ids of what is still there: users, pages, pictures."""
        corpus = self.rows["corpus"]
        tables = (self.rows["shop"]["users"], corpus["pages"], corpus["pictures"])
        users, pages, pictures = ([row["id"] for row in table] for table in tables)
        return users, pages, pictures

    def asked(self, kind: str, *, option: str = "", **subject: str) -> str:
        """Submit a request, answer the codes to both addresses, and let the worker look at it."""
        more = {"option": option} if option else {}
        made = self.house.submit(kind, {**subject, "second": f"x-{subject['email']}"}, **more)
        self.prove(made["id"])
        self.work()
        return str(made["id"])

    def prove(self, request_id: str) -> None:
        """Answer the codes to both addresses."""
        path = f"/v1/requests/{request_id}/verification"
        for to in ("email", "second"):
            self.house.post(path, {"to": to})
            answered = self.house.post(f"{path}/answer", {"code": self.house.code(request_id)})
            assert answered.status_code == 200, answered.json
            self.house.clock.forward(seconds=61)

    def decided(self, request_id: str, how: str) -> None:
        """Let a verifier decide on the page that was named, and the worker go on."""
        done = self.office.run("locators", how, request_id, "--as", "vera")
        assert done.exit_code == 0, done.output
        self.work()

    def work(self) -> None:
        """Do what the outbox asks for, until there is nothing more."""
        jobs.at(self.floor)
        while True:
            with transaction(self.floor.register) as session:
                waiting = col(OutboxMessage.sent_at).is_(None)
                due = session.exec(select(OutboxMessage).where(waiting)).all()
                for message in due:
                    message.sent_at = self.house.clock.now()
                ringing = [(m.job, next(iter(m.args.values()))) for m in due]
            if not ringing:
                return
            for job, about in ringing:
                jobs.JOBS[job](about)

    def state(self, request_id: str) -> str:
        return str(self.house.get(f"/v1/requests/{request_id}").json["state"])


@pytest.fixture
def crawler(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Crawler]:
    file = tmp_path / "map.yaml"
    file.write_text(MAP, encoding="utf-8")
    made = Crawler(furnished(datamap=file), tmp_path)
    yield made
    made.floor.register.dispose()


@pytest.mark.requirement("R-23-5")
def test_somebody_known_only_in_the_corpus_is_deleted_by_the_address_of_a_page(
    crawler: Crawler,
) -> None:
    typed = "HTTPS://Blog.Example:443/@Zoe?lang=zh#top"

    request_id = crawler.asked("deletion", email="zoe@example.com", page=typed)
    assert crawler.left() == (["u-2"], [1, 2], [10, 20]), "somebody looks first"
    shown = crawler.office.run("locators", "show", request_id, "--as", "vera")
    contacts = {"email": "zoe@example.com", "second": "x-zoe@example.com"}
    assert json.loads(shown.stdout) == {"locators": {"page": ZOE}, "proved": contacts}
    crawler.decided(request_id, "accept")

    assert crawler.left() == (["u-2"], [2], [20])
    assert crawler.state(request_id) == "fulfilled"
    with crawler.house.reading() as session:
        events = [entry.event for entry in audit.entries(session, request_id)]
    assert events.index("locators_read") < events.index("locators_accepted")


def test_who_said_whose_a_page_is_does_not_approve_what_is_done_to_it(crawler: Crawler) -> None:
    with crawler.house.writing() as session:
        for one in session.exec(select(Staff).where(col(Staff.name).in_(["vera", "ana"]))):
            one.roles = ["verifier", "approver"]
    made = crawler.asked("deletion", email="zoe@example.com", page=ZOE)
    accepted = crawler.office.run("locators", "accept", made, "--as", "vera")
    approve = ("approve", made, "--plan", "0" * 64, "--as")

    own, other = (crawler.office.run(*approve, who) for who in ("vera", "ana"))

    assert accepted.exit_code == 0, accepted.output
    assert getattr(own.exception, "code", "") == "own_request"
    assert isinstance(other.exception, NotFound)  # ana may: there is no plan yet


@pytest.mark.parametrize("kind", ["deletion", "copy", "access"])
def test_the_page_of_somebody_else_stays_until_staff_say_whose_it_is(
    crawler: Crawler, kind: str
) -> None:
    option = "records" if kind == "access" else ""
    request_id = crawler.asked(kind, option=option, email="eve@example.com", page=MAX)

    assert crawler.left() == (["u-2"], [1, 2], [10, 20])
    made = crawler.house.get(f"/v1/requests/{request_id}").json
    assert (made["state"], made["wait"]) == ("on_hold", "task")
    assert f"rights locators show {request_id}" in crawler.office.run("tasks", "list").output
    crawler.decided(request_id, "refuse")

    assert crawler.left() == (["u-2"], [1, 2], [10, 20])
    assert crawler.state(request_id) not in ("on_hold", "in_progress")


def test_a_page_that_is_believed_leads_to_nobodys_account(crawler: Crawler) -> None:
    request_id = crawler.asked("deletion", email="eve@example.com", page=MAX)
    crawler.decided(request_id, "accept")

    assert crawler.left() == (["u-2"], [1], [10])


def test_only_a_verifier_decides_once_and_only_where_a_page_was_named(crawler: Crawler) -> None:
    request_id = crawler.asked("deletion", email="zoe@example.com", page=ZOE)
    run = crawler.office.run

    for who in ("ana", "rui", "otto", "bot"):
        for what in ("show", "accept", "refuse"):
            assert run("locators", what, request_id, "--as", who).exit_code == 1
    assert crawler.left() == (["u-2"], [1, 2], [10, 20])
    crawler.decided(request_id, "accept")
    for what in ("show", "accept", "refuse"):
        again = run("locators", what, request_id, "--as", "vera")
        assert getattr(again.exception, "code", "") == "no_locator"


@pytest.mark.requirement("R-M36-1:bad")
def test_a_minors_page_is_looked_at_with_an_approval(crawler: Crawler) -> None:
    request_id = crawler.asked("deletion", email="zoe@example.com", page=ZOE)
    with crawler.house.writing() as session:
        session.get_one(Request, request_id).age_band = AgeBand.FROM_14

    refused = crawler.office.run("locators", "show", request_id, "--as", "vera")

    assert getattr(refused.exception, "code", "") == "minor_content"
    assert ZOE not in refused.output


def test_a_page_alone_is_nobodys_word(crawler: Crawler) -> None:
    made = crawler.house.submit("deletion", {"page": ZOE})
    crawler.work()

    assert made["state"] == "verifying"
    assert crawler.left() == (["u-2"], [1, 2], [10, 20])


def test_an_account_is_erased_and_its_answer_says_that_no_page_was_named(crawler: Crawler) -> None:
    request_id = crawler.asked("deletion", email="max@example.com")

    assert crawler.left() == ([], [1, 2], [10, 20])
    assert crawler.state(request_id) == "partially_fulfilled"


PAGE = {"email": "zoe@example.com", "second": "x-zoe@example.com", "page": ZOE}


@pytest.mark.requirement("R-23-5:bad")
def test_who_names_nobody_is_taken_in_and_told_once_what_would_help(crawler: Crawler) -> None:
    house = crawler.house

    made = house.submit("deletion", {})

    assert (made["state"], made["wait"]) == ("verifying", "needs_info")
    assert (made["needs"], made["next_step"]["code"]) == (["subject"], "information")
    remarks = house.get(f"/v1/requests/{made['id']}/remarks").json
    assert remarks["choices"] == ["user_id", "email", "second", "page"]
    again = house.post(f"/v1/requests/{made['id']}/information", {"subject": {}})
    assert again.status_code == 422

    named = house.post(f"/v1/requests/{made['id']}/information", {"subject": PAGE}).json
    assert (named["needs"], named["wait"], named["next_step"]["code"]) == ([], None, "code")
    assert named["due_at"] == made["due_at"], "it was asked when it was asked"
    crawler.prove(made["id"])
    crawler.work()
    crawler.decided(made["id"], "accept")
    assert crawler.left() == (["u-2"], [2], [20])
    assert crawler.state(made["id"]) == "fulfilled"


def test_what_needs_no_proof_goes_on_as_soon_as_somebody_is_named(crawler: Crawler) -> None:
    made = crawler.house.submit("explanation", {})
    assert made["state"] == "verifying"

    path = f"/v1/requests/{made['id']}/information"
    named = crawler.house.post(path, {"subject": {"email": "zoe@example.com"}}).json

    assert named["state"] == "in_progress"


def test_nothing_is_believed_before_a_contact_is_proved(crawler: Crawler) -> None:
    made = crawler.house.submit("deletion", PAGE)

    for what in ("show", "accept", "refuse"):
        early = crawler.office.run("locators", what, made["id"], "--as", "vera")
        assert getattr(early.exception, "code", "") == "no_locator"


@pytest.mark.parametrize("kind", ["restriction", "explanation"])
def test_a_claim_restricts_and_lifts_nothing_either(crawler: Crawler, kind: str) -> None:
    more = {"option": "lift"} if kind == "restriction" else {"option": "automated_decision"}
    made = crawler.house.submit(kind, {"email": "eve@example.com", "page": MAX}, **more)
    answer = {"code": crawler.house.code(made["id"])}
    crawler.house.post(f"/v1/requests/{made['id']}/verification/answer", answer)
    crawler.work()

    now = crawler.house.get(f"/v1/requests/{made['id']}").json
    assert (now["state"], now["wait"]) == ("on_hold", "task")


def test_a_page_alone_names_nobody_yet(crawler: Crawler) -> None:
    made = crawler.house.submit("deletion", {})
    path = f"/v1/requests/{made['id']}/information"

    page = crawler.house.post(path, {"subject": {"page": ZOE}}).json
    contact = crawler.house.post(path, {"subject": {"email": "zoe@example.com"}}).json

    assert (page["needs"], page["wait"]) == (["subject"], "needs_info")
    assert (contact["needs"], contact["next_step"]["code"]) == ([], "code")


def test_requests_that_named_nobody_are_never_one(crawler: Crawler) -> None:
    """Whoever proves the same addresses for another page is not told that it was asked before."""
    ids = []
    for page in (ZOE, MAX):
        made = crawler.house.submit("deletion", {})
        path = f"/v1/requests/{made['id']}/information"
        crawler.house.post(path, {"subject": {**PAGE, "page": page}})
        crawler.prove(made["id"])
        crawler.work()
        ids.append(made["id"])

    assert [crawler.state(one) for one in ids] == ["on_hold", "on_hold"]


def test_who_is_named_later_is_told_and_warned_as_if_named_at_once(crawler: Crawler) -> None:
    events = []
    for subject in ({}, {"email": "zoe@example.com"}):
        made = crawler.house.submit("copy", subject)
        if not subject:
            path = f"/v1/requests/{made['id']}/information"
            crawler.house.post(path, {"subject": {"email": "zoe@example.com"}})
        with crawler.house.reading() as session:
            told = select(Notice).where(Notice.request_id == made["id"])
            due = select(WarningDue).where(WarningDue.request_id == made["id"])
            notices = [(n.event, bool(n.challenge_id)) for n in session.exec(told)]
            events.append((notices, [w.event for w in session.exec(due)]))

    assert events[0] == events[1]


def test_what_was_not_believed_is_asked_again_after_an_appeal(crawler: Crawler) -> None:
    request_id = crawler.asked("deletion", email="zoe@example.com", page=ZOE)
    crawler.decided(request_id, "refuse")

    with crawler.house.writing() as session:
        request = requests.locked(session, request_id)
        now = crawler.house.clock.now()
        again = beginning_anew.begin(session, crawler.house.context, request, now=now)
        rows = {row.type: row.proof for row in subjects.identifier_rows(session, again.id)}

    assert rows == {"email": "code", "second": "code", "page": ""}


def test_two_who_name_nobody_are_two(crawler: Crawler) -> None:
    first, other = (crawler.house.submit("deletion", {}) for _ in range(2))

    assert first["id"] != other["id"]
    with crawler.house.reading() as session:
        rows = session.exec(select(Request.subject)).all()
    assert len(set(rows)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "deletion"},
        {"kind": "recommendation_opt_out", "subject": {}},
        {"kind": "account_cancellation", "subject": {}},
        {"kind": "restriction", "option": "object_public_info", "subject": {}},
        {"kind": "recommendation_opt_out", "subject": {"page": ZOE}},
        {"kind": "deletion", "subject": {}, "requester": {"role": "agent", "relation": "lawyer"}},
    ],
)
def test_what_cannot_wait_for_a_name_is_refused(crawler: Crawler, body: dict[str, Any]) -> None:
    refused = crawler.house.post("/v1/requests", body)

    assert refused.status_code == 422
    assert any(e["field"] == "subject" for e in refused.json["errors"])


def test_who_leaves_the_form_empty_is_asked_on_the_page_of_the_request(crawler: Crawler) -> None:
    reader = Reader(crawler.house)
    reader.begin()

    page = reader.send(reader.get("/portal/ask/deletion"), "/ask/deletion")

    assert page.status == 200
    assert "We need something from you" in page.text
    assert {"who.email", "who.page"} <= page.names
    page = reader.send(page, "/information", who__email="zoe@example.com", who__page=ZOE)
    assert "who.page" not in page.names
    assert page.form("/proof")
