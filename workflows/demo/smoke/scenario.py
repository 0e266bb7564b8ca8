"""The smoke run: every kind end to end, then the proofs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from urllib3.exceptions import HTTPError

from rights.domain.errors import RightsError
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services.webhooks import EVENTS
from workflows.demo.company.people import Person
from workflows.demo.house.building import House
from workflows.demo.house.terminal import Terminal
from workflows.demo.office.clerk import Clerk
from workflows.demo.office.clerk import Refused as TurnedAway
from workflows.demo.office.members import APPROVER, office
from workflows.demo.smoke import bystanders, canary, evidence
from workflows.demo.smoke.asking import Desk, Outcome, ask, opt_out
from workflows.demo.smoke.cases import cases
from workflows.demo.smoke.client import Api, Refused
from workflows.demo.smoke.console import console_works
from workflows.demo.smoke.hooks import Receiver
from workflows.demo.smoke.portal import portal_opens

_AT_ONCE: Final = 3
_GONE_S: Final = 5.0
_FAILURES: Final = (
    Refused,
    TurnedAway,
    RightsError,
    HTTPError,
    TimeoutError,
    LookupError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Before:
    """How things were before anybody asked for anything."""

    canary: canary.Canary
    mine: bystanders.Mine = field(repr=False)
    digests: Mapping[str, str] = field(repr=False)


def run(house: House) -> dict[str, Any]:
    """Run everything and return the report."""
    receiver = Receiver()
    api = Api(house.addresses.base_url, house.backend.key)
    try:
        with house.terminal.step("staff let in to the console"):
            approver = _approver(house)
        with house.terminal.step("canary planted, everybody else's rows noted"):
            before = _before(house)
        subscription = {"url": receiver.url, "events": list(EVENTS)}
        receiver.secret = api.post("/v1/webhooks", subscription).body["secret"]
        desk = Desk(api, house.backend, house.sink, house.addresses.register_url, approver)
        outcomes = _ask_all(house, desk, before)
        with house.terminal.step("proofs gathered"):
            checks = _checks(house, receiver, before, outcomes)
            checks["console"] = console_works(house, approver, outcomes)
    finally:
        api.close()
        receiver.stop()
    return _report(house.terminal, outcomes, checks)


def _approver(house: House) -> Clerk:
    """Let the sample staff in for the first time, and the approver once more with the app."""
    where, now = house.addresses, datetime.now(UTC)
    clerks = office(house.folder, where.register_url, where.console_url, now=now)
    approver = next(one for one in clerks if one.name == APPROVER)
    approver.sign_in()
    return approver


def _before(house: House) -> Before:
    carrier = canary.plant(house.places, house.company.member("deletion"))
    everything = bystanders.read(house.places)
    cast = [p for p in house.company.people if p.role]
    mine = bystanders.belonging_to([*cast, carrier.person], everything)
    return Before(carrier, mine, bystanders.digests(everything, mine))


def _ask_all(house: House, desk: Desk, before: Before) -> list[Outcome]:
    """Let everybody ask, a few at a time, and print each line as it is known."""

    def person(role: str) -> Person:
        return before.canary.person if role == "deletion" else house.company.member(role)

    jobs: dict[str, Callable[[], Outcome]] = {
        case.name: (lambda case=case: ask(desk, case, person(case.member)))  # type: ignore[misc]  # a default argument binds the loop's value
        for case in cases()
    }
    visitor = house.company.member("recommendation_opt_out")
    jobs["recommendation_opt_out/personalised_off"] = lambda: opt_out(desk, visitor)
    outcomes = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        running = {pool.submit(_guarded, name, job): name for name, job in jobs.items()}
        for done in as_completed(running):
            outcome = done.result()
            outcomes.append(outcome)
            _line(house.terminal, outcome)
    return outcomes


def _guarded(name: str, job: Callable[[], Outcome]) -> Outcome:
    """Turn what went wrong with one request into its outcome; the others go on."""
    begun = time.monotonic()
    try:
        return job()
    except _FAILURES as error:
        kind, seconds = name.partition("/")[0], time.monotonic() - begun
        problem = f"{type(error).__name__}: {error}"
        return Outcome(name, kind, "", "failed", seconds, problem=problem)


def _line(terminal: Terminal, outcome: Outcome) -> None:
    why = f"  {outcome.problem}" if outcome.problem else ""
    terminal.say(f"{outcome.name:42} {outcome.state:20} {outcome.seconds:5.2f} s{why}")


def _checks(
    house: House, receiver: Receiver, before: Before, outcomes: Sequence[Outcome]
) -> dict[str, str]:
    """Return what is wrong by check; nothing where it holds."""
    people, url = house.company, house.addresses.recommender_url
    webhooks = evidence.webhooks_delivered(receiver, outcomes)
    everything = bystanders.read(house.places)
    after = bystanders.digests(everything, before.mine)
    plain = evidence.feed_is_plain(url, people.member("recommendation_opt_out"))
    human = evidence.waits_for_a_human(url, people.member("human_review"))
    return {
        "mail_sent": evidence.mail_sent(house.sink, outcomes),
        "package_opens": evidence.package_opens(outcomes),
        "audit_chain": evidence.audit_chain(house),
        "canary_gone": _canary(house, before, everything),
        "bystanders_unchanged": ", ".join(bystanders.changed(before.digests, after)),
        "webhook_delivered": webhooks,
        "receipt_verifies": evidence.receipts_verify(house, outcomes),
        "opt_out_honoured": plain,
        "human_decides": human,
        "portal_opens": portal_opens(house, people.member("access")),
    }


def _canary(house: House, before: Before, everything: bystanders.Everything) -> str:
    def found() -> list[str]:
        return [
            *canary.in_queue(before.canary, house.valkey.url),
            *canary.in_files(before.canary, *house.own_folders),
        ]

    left = canary.in_stores(before.canary, everything, house.places)
    left += evidence.until_empty(found, timeout_s=_GONE_S)
    return f"the canary is still in {', '.join(left)}" if left else ""


def _report(
    terminal: Terminal, outcomes: Sequence[Outcome], checks: Mapping[str, str]
) -> dict[str, Any]:
    for name, wrong in checks.items():
        terminal.say(f"{name:42} {wrong or 'holds'}")
    kinds: dict[str, dict[str, Any]] = {}
    for outcome in sorted(outcomes, key=lambda o: o.state == State.FULFILLED):
        # Where a kind was asked for twice, the one that did not end well is shown.
        shown = {"state": outcome.state, "seconds": round(outcome.seconds, 2)}
        kinds.setdefault(outcome.kind, shown)
    good = {k: v["state"] == State.FULFILLED for k, v in kinds.items()}
    ok = set(kinds) == set(Kind) and all(good.values()) and not any(checks.values())
    terminal.say("everything holds" if ok else "NOT everything holds")
    ordered = {str(kind): kinds[kind] for kind in Kind if kind in kinds}
    return {"ok": ok, "kinds": ordered, "checks": {n: not w for n, w in checks.items()}}
