"""Denying: the command line, the register, the API and the mail, on both kinds of register."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import click
import pytest
from click.testing import CliRunner
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services.checkpoints import verify
from rights.services.signing import Signer
from rights.store.models import (
    DenialProposal,
    Entry,
    Notice,
    OutboxMessage,
    PlanRow,
    Request,
    SealedNote,
    Staff,
    StepRow,
    StepState,
    WebhookDelivery,
    Writing,
)
from tests.web.console.clerk import clerk
from tests.web.house import HERE, KEYS, SEED, House
from tests.workflows.desk import html_of, text_of
from workflows.cli import main
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

WHY = "您与我们的合同仍在履行，订单 88 尚未完成。"
STAFF: Mapping[str, list[str]] = {
    "ana": ["approver"],
    "bea": ["approver"],
    "rui": ["reviewer"],
    "vera": ["verifier"],
    "otto": ["auditor"],
    "ada": ["admin"],
    "lex": ["admin", "legal"],
    "bot": ["approver", "automation"],
}


class _Rights:
    """What the console script runs, as the runner of commands calls it."""

    name = "rights"

    def main(self, args: Sequence[str], **_: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["rights", *args])
            main()


class Office:
    """A web application, its mail box, and staff who act on the command line."""

    def __init__(self, house: House, sink: Sink) -> None:
        self.house, self.sink = house, sink
        with house.writing() as session:
            now = house.clock.now()
            session.add_all(
                Staff(name=name, roles=roles, created_at=now) for name, roles in STAFF.items()
            )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``rights`` as somebody would: what went wrong is a line and an exit code."""
        settings = self.house.parts.context.settings
        environ = {
            "RIGHTS_DATABASE_URL": settings.database_url,
            "RIGHTS_REDIS_URL": settings.redis_url,
            "RIGHTS_BLOBS_URL": settings.blobs_url,
            "RIGHTS_KEYS": KEYS,
            "RIGHTS_SIGNING_KEY": SEED,
            "RIGHTS_DATAMAP": str(HERE / "datamap.yaml"),
        }
        done = CliRunner().invoke(cast(click.Command, _Rights()), words, env=environ)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def propose(
        self, request_id: str, reason: str, *more: str, who: str = "ana", facts: str = WHY
    ) -> subprocess.CompletedProcess[str]:
        """Propose a denial; prints its id."""
        said = (*(("--note-basis", facts) if facts else ()), *more)
        return self.run("tasks", "deny", request_id, "--reason", reason, "--as", who, *said)

    def decide(self, what: str, denial: str, who: str, *more: str) -> Any:
        """Let somebody do something with a denial that waits; who confirms it reads it before."""
        if what == "confirm" and who == "bea" and not self._has_read(denial, who):
            self.run("denials", "show", denial, "--as", who)
        return self.run("denials", what, denial, "--as", who, *more)

    def _has_read(self, denial: str, who: str) -> bool:
        by = {f"staff:{one.id}" for one in self.rows(Staff) if one.name == who}
        reads = (e for e in self.rows(Entry) if e.event == "denial_read")
        return any(e.actor in by and e.data["proposal"] == denial for e in reads)

    def deny(
        self, request_id: str, reason: str, *more: str, who: str = "ana", facts: str = WHY
    ) -> subprocess.CompletedProcess[str]:
        """Propose a denial and, where that was possible, have it confirmed by a second person."""
        made = self.propose(request_id, reason, *more, who=who, facts=facts)
        if made.returncode:
            return made
        confirmed: subprocess.CompletedProcess[str] = self.decide(
            "confirm", made.stdout.strip(), "bea"
        )
        return confirmed

    def evaluated(self, request_id: str, *, applies: bool = False) -> None:
        """Put a plan beside a request in which every ground was looked at."""
        by = {"purpose_achieved": False, "service_ended": False, "consent_withdrawn": applies}
        body = {"grounds": {"shop.users": {**by, "unlawful": False, "other": False}}}
        with self.house.writing() as session:
            now = self.house.clock.now()
            row = PlanRow(
                request_id=request_id,
                config_hash="",
                schema_hash="",
                hash="",
                body=body,
                created_at=now,
            )
            session.merge(row)

    def rows(self, model: Any) -> list[Any]:
        with self.house.reading() as session:
            return list(session.exec(select(model)))

    def change(self, request_id: str, **values: Any) -> None:
        with self.house.writing() as session:
            row = session.get_one(Request, request_id)
            for name, value in values.items():
                setattr(row, name, value)

    def mail_all(self) -> None:
        self.sink.messages.clear()
        self.house.clock.forward(minutes=2)  # the command line took the register's own time
        send_due(self.house.engine, self.house.context, self.house.clock.now)

    def mail(self) -> Any:
        self.mail_all()
        (mail,) = [m for m in self.sink.messages if self.subject(m)]
        return mail

    @staticmethod
    def subject(mail: Any) -> bool:
        return "outcome" in mail["Subject"] or "处理结果" in mail["Subject"]


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> Office:
    return Office(furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port), smtp_sink)


def test_a_denial_is_one_transaction_and_the_request_shows_reason_law_and_ways_out(
    office: Office,
) -> None:
    house = office.house
    hook = {"url": "https://93.184.216.34/x", "events": ["request.denied"]}
    assert house.post("/v1/webhooks", hook).status_code == 201
    made = house.asserted("deletion")

    done = office.deny(made["id"], "still_necessary_contract")

    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    shown = house.get(f"/v1/requests/{made['id']}").json
    assert (shown["state"], shown["reason"]) == ("denied", "still_necessary_contract")
    assert shown["denial"]["reason"] == "still_necessary_contract"
    assert "注销账号" in shown["denial"]["text"]["zh-CN"]
    assert "cancel your account" in shown["denial"]["text"]["en"]
    assert shown["denial"]["basis"] == [
        {
            "zh-CN": "《个人信息保护法》第十三条第一款第二项、第十六条",
            "en": "PIPL, Art. 13(1)(2), 16",
        }
    ]
    ways = {way["code"]: way for way in shown["denial"]["remedies"]}
    assert {"authority_complaint", "peoples_court"} <= set(ways)
    assert "人民法院" in ways["peoples_court"]["text"]["zh-CN"]
    assert "three years" in ways["peoples_court"]["time"]["en"]
    (proposed,) = [e for e in _timeline(house, made["id"]) if e["event"] == "denial_proposed"]
    assert (proposed["by"], proposed["reason"]) == ("staff", None)
    (event,) = [e for e in _timeline(house, made["id"]) if e["event"] == "denied"]
    assert (event["by"], event["reason"]) == ("staff", "still_necessary_contract")
    assert house.get(f"/v1/requests/{made['id']}/remarks").json["answers"] == [WHY]

    staff = {s.name: f"staff:{s.id}" for s in office.rows(Staff)}
    (entry,) = [e for e in office.rows(Entry) if e.event == "denied"]
    assert (entry.actor, entry.data["proposed_by"]) == (staff["bea"], staff["ana"])
    assert [d.event for d in office.rows(WebhookDelivery)] == ["request.denied"]
    assert [n.event for n in office.rows(Notice)] == ["received", "outcome"]
    assert "close_out" in {m.job for m in office.rows(OutboxMessage)}
    assert WHY not in str([n.model_dump() for n in office.rows(SealedNote)])
    assert verify(house.engine, Signer(SEED)).ok


def _timeline(house: House, request_id: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = house.get(f"/v1/requests/{request_id}/timeline").json["events"]
    return events


@pytest.mark.parametrize(
    ("locale", "regime", "wanted"),
    [
        ("en", "cn_general", ["Reason: None of the grounds", "Legal basis: PIPL, Art. 47(1)",
                              "people's court (PIPL, Art. 50). PIPL sets no period",
                              "complain to the authority", "no time limit for a complaint"]),
        ("zh-CN", "cn_general", ["理由：逐项核对后", "法律依据：《个人信息保护法》第四十七条第一款",
                                 "人民法院提起诉讼", "诉讼时效一般为三年", "投诉、举报"]),
        ("en", "eu_gdpr", ["Legal basis: GDPR, Art. 17(1), 18(1)", "supervisory authority",
                           "You may go to court"]),
    ],
)  # fmt: skip
@pytest.mark.requirement("R-NEG-16")
def test_the_letter_of_a_denial_says_why_by_which_law_and_where_to_turn(
    office: Office, locale: str, regime: str, wanted: list[str]
) -> None:
    made = office.house.asserted("deletion", locale=locale, regimes=[regime])
    office.evaluated(made["id"])
    assert office.deny(made["id"], "no_ground").returncode == 0

    mail = office.mail()

    for body in (text_of(mail), re.sub(r"</t[hd]>", "：", html_of(mail))):
        assert WHY in body
    assert [words for words in wanted if words not in text_of(mail)] == []


@pytest.mark.requirement("R-P47-1:bad")
def test_that_there_is_no_ground_is_said_only_once_every_ground_was_looked_at(
    office: Office,
) -> None:
    made = office.house.asserted("deletion")

    unseen = office.deny(made["id"], "no_ground")
    office.evaluated(made["id"], applies=True)
    wrong = office.deny(made["id"], "no_ground")
    shown = office.house.get(f"/v1/requests/{made['id']}").json["state"]
    office.evaluated(made["id"])
    right = office.deny(made["id"], "no_ground")

    assert (unseen.returncode, wrong.returncode, right.returncode) == (1, 1, 0)
    assert "grounds_not_evaluated" in unseen.stderr
    assert "ground_applies" in wrong.stderr and "shop.users" in wrong.stderr
    assert shown != "denied"


def test_an_address_nobody_proved_is_told_the_ways_out_and_not_the_reason(office: Office) -> None:
    made = office.house.submit("deletion", {"email": "alice@example.com"}, locale="en")

    done = office.deny(made["id"], "identity_unverified", who="vera")

    assert done.returncode == 0, done.stderr
    text = text_of(office.mail())
    assert "people's court" in text
    assert "could not verify" not in text
    assert WHY not in text
    assert office.house.get(f"/v1/requests/{made['id']}/remarks").json["answers"] == []


@pytest.mark.requirement("R-NEG-16:bad")
@pytest.mark.parametrize(
    ("kind", "reason", "who", "facts", "code", "named"),
    [
        ("deletion", "trade_secret", "ana", WHY, "invalid", "no_ground"),
        ("access", "fee_unpaid", "ana", WHY, "invalid", "identity_unverified"),
        ("access", "no_ground", "ana", WHY, "invalid", "secrecy_by_law"),
        ("deletion", "", "ana", WHY, "invalid", "still_necessary_contract"),
        ("deletion", "no_ground", "ana", "", "invalid", "facts"),
        ("deletion", "no_ground", "ana", "  \n", "invalid", "facts"),
        ("deletion", "no_ground", "rui", WHY, "forbidden", "approver"),
        ("deletion", "no_ground", "vera", WHY, "forbidden", "approver"),
        ("deletion", "no_ground", "otto", WHY, "forbidden", "approver"),
        ("deletion", "no_ground", "ada", WHY, "forbidden", "approver"),
        ("access", "secrecy_by_law", "ana", WHY, "forbidden", "legal"),
        ("deletion", "no_ground", "bot", WHY, "forbidden", "never by an automaton"),
    ],
)
def test_a_denial_that_is_not_allowed_changes_nothing_and_leaves_a_trace(
    office: Office, kind: str, reason: str, who: str, facts: str, code: str, named: str
) -> None:
    made = office.house.asserted(kind)
    before = _open(office, made["id"])

    done = office.deny(made["id"], reason, who=who, facts=facts)

    assert done.returncode == 1
    assert done.stderr.startswith(f"{code}: ")
    assert named in done.stderr
    assert _open(office, made["id"]) == before
    (trace,) = [e for e in office.rows(Entry) if e.event == "staff_refused"]
    staff = next(s for s in office.rows(Staff) if s.name == who)
    assert (trace.actor, trace.data["code"]) == (f"staff:{staff.id}", code)


def _open(office: Office, request_id: str) -> str:
    """Return everything a denial would change, as it is."""
    (request,) = [r for r in office.rows(Request) if r.id == request_id]
    assert request.state is State.IN_PROGRESS
    models = (Notice, OutboxMessage, SealedNote, StepRow, DenialProposal, Writing)
    rows = [r.model_dump(mode="json") for m in models for r in office.rows(m)]
    return json.dumps([request.model_dump(mode="json"), rows], default=str)


def test_nothing_is_denied_with_legal_reasons_without_that_scope_and_with_it_they_are(
    office: Office,
) -> None:
    made = office.house.asserted("access")

    cited = ("--law", "《档案法》第二十八条", "--rank", "law")
    done = office.deny(made["id"], "secrecy_by_law", *cited, who="lex")

    assert done.returncode == 0, done.stderr
    assert office.house.get(f"/v1/requests/{made['id']}").json["state"] == "denied"


def test_what_cannot_be_undone_or_has_ended_is_not_denied(office: Office) -> None:
    house = office.house
    begun, ended = house.asserted("deletion"), house.asserted("access")
    office.change(begun["id"], irreversible_at=house.clock.now())
    house.post(f"/v1/requests/{ended['id']}/cancel")

    late = office.deny(begun["id"], "no_ground")
    closed = office.deny(ended["id"], "identity_unverified")
    unknown = office.deny("0" * 32, "no_ground")

    assert (late.returncode, closed.returncode, unknown.returncode) == (1, 1, 1)
    assert late.stderr.startswith("too_late_to_deny: ")
    assert closed.stderr.startswith("illegal_transition: ")
    assert unknown.stderr.startswith("not_found: ")
    assert house.get(f"/v1/requests/{begun['id']}").json["denial"] is None
    assert house.get(f"/v1/requests/{ended['id']}").json["state"] == "revoked"


@pytest.mark.parametrize(
    ("action", "state", "fence"),
    [("suppress", StepState.DONE, 1), ("correct", StepState.FAILED, 1),
     ("restrict", StepState.RUNNING, 2), ("correct", StepState.DONE, 0)],
)  # fmt: skip
def test_what_was_changed_in_a_store_can_no_longer_be_called_denied(
    office: Office, action: str, state: StepState, fence: int
) -> None:
    made = office.house.asserted("restriction")
    with office.house.writing() as session:
        step = f"{made['id']}-01-{action}-shop"
        more: dict[str, Any] = {"action": action, "state": state, "fence": fence, "store": "shop"}
        session.add(StepRow(id=step, request_id=made["id"], phase=1, **more))

    done = office.deny(made["id"], "not_identifiable")

    assert done.stderr.startswith("too_late_to_deny: ")


@pytest.mark.requirement("R-P50-2:bad")
@pytest.mark.parametrize("left", ["one", "both"])
def test_a_reason_against_one_part_denies_not_the_rest(office: Office, left: str) -> None:
    made = office.house.asserted("access")
    with office.house.writing() as session:
        for store in ("shop", "chat"):
            out = left == "both" or store == "chat"
            more: dict[str, Any] = {"action": "collect", "store": store}
            more |= {"state": StepState.LEFT_OUT, "code": "trade_secret"} if out else {}
            step = f"{made['id']}-01-collect-{store}"
            session.add(StepRow(id=step, request_id=made["id"], phase=1, **more))

    done = office.deny(made["id"], "not_identifiable")

    if left == "both":
        assert done.returncode == 0, done.stderr
    else:
        assert done.stderr.startswith("rest_is_owed: ")
        page = clerk(office.house, "cleo", "approver").force(
            f"/requests/{made['id']}/deny", reason="not_identifiable", facts=WHY, channel="notice"
        )
        assert page.status == 409
        assert office.house.get(f"/v1/requests/{made['id']}").json["state"] == "in_progress"
