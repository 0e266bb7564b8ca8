"""No date, job or product ends a request, and nobody ends many at once: on every way there is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.job import Job
from sqlmodel import select

from rights import logs
from rights.domain.errors import ConfigError, Conflict, Forbidden, IllegalTransition
from rights.domain.lifecycle import TERMINAL, Event, State
from rights.services import audit, clocks, requests
from rights.settings import load
from rights.store.db import RegisterClock
from rights.store.models import Entry, Notice, Request
from rights.web.console.acts import ACTS
from tests.web.console.clerk import Clerk, clerk
from tests.web.correspondence import Office, code
from tests.web.house import House
from workflows import clock_watch, sweep
from workflows.embedded.smtp import Sink
from workflows.notices import send
from workflows.rqjob import SERIALIZER, IdJob

WHY = "Kept for a contract that runs."
DENY = ("--reason", "still_necessary_contract", "--note-basis", WHY)


@pytest.fixture
def office(
    furnished: Callable[..., House],
    smtp_sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    house = furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)
    monkeypatch.setattr(RegisterClock, "now", lambda _: house.clock.now())
    return Office(house, tmp_path)


def _late(office: Office, count: int = 1) -> list[str]:
    made = [str(office.house.asserted("deletion", _person(n))["id"]) for n in range(count)]
    office.house.clock.forward(days=60)
    return made


def _person(number: int) -> dict[str, str]:
    return {"user_id": f"u-{number}", "email": f"p{number}@example.com"}


def _stand(office: Office, *ids: str) -> list[tuple[Any, ...]]:
    """Return all of these requests in which an end would show."""
    with office.house.reading() as session:
        found = [session.get_one(Request, one) for one in ids]
        return [(r.state, r.closed_at, r.reason, r.promised_at, r.pause_cause) for r in found]


def _pressing(office: Office) -> set[str]:
    with office.house.reading() as session:
        found = clocks.pressing(session, office.house.context, office.house.clock.now())
    return {one.id for one in found}


def _refusals(office: Office) -> list[tuple[str, str]]:
    """Return who was refused what, as the trail has it."""
    with office.house.reading() as session:
        rows = session.exec(select(Entry).where(Entry.event == "staff_refused"))
        return sorted((e.actor, e.data["code"]) for e in rows)


def _ana(office: Office) -> Clerk:
    return clerk(office.house, "ann", "approver", "legal")


# -- a clock stops when the answer is out --------------------------------------------------------


@pytest.mark.requirement("R-SLA-7:bad")
def test_nobody_stops_a_clock_by_hand_while_the_letter_waits(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    (made,) = _late(office)
    office.ended(made, Event.DENIED, reason="no_ground")
    before = _stand(office, made)

    by_hand = [
        ("tasks", "deny", made, *DENY),
        ("clocks", "pause", made, "--cause", "identity"),
        ("requests", "go-on", made),
    ]
    done = [office.run(*words, "--as", "ana").exception for words in by_hand]
    ann = _ana(office)
    forms = {
        "deny": {"reason": "no_ground", "facts": WHY},
        "pause": {"cause": "identity"},
        "go_on": {},
    }
    pages = {name: ann.force(f"/requests/{made}/{name}", **given) for name, given in forms.items()}
    called = house.post(f"/v1/requests/{made}/cancel")
    sweep.sweep(house.engine, house.context, house.clock.now)
    clock_watch.watch(house.engine, house.context, house.clock.now)

    assert [type(one) for one in done] == [IllegalTransition, Conflict, Conflict]
    assert {name: page.status for name, page in pages.items()} == dict.fromkeys(forms, 409)
    assert called.status_code == 409
    assert _stand(office, made) == before
    assert _pressing(office) == {made}
    assert len(_refusals(office)) == len(by_hand) + len(forms)
    with house.reading() as session:
        query = select(Notice).where(Notice.request_id == made, Notice.event == "outcome")
        assert session.exec(query).one().state == "waiting"
    send.send_due(house.engine, house.context, house.clock.now)
    assert smtp_sink.messages
    assert _pressing(office) == set()


@pytest.mark.requirement("R-SLA-7:bad")
def test_nobody_is_answered_while_a_question_to_them_has_not_gone_out(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = str(house.asserted("deletion")["id"])
    asked = office.run(
        *("requests", "ask", made, "--file", "FILE", "--as", "rui"),
        text=json.dumps([{"question": "Which shop?", "why": "There are two."}]),
    )
    assert asked.exit_code == 0, asked.output
    house.clock.forward(days=4)
    before = _stand(office, made)

    denied = office.run("tasks", "deny", made, *DENY, "--as", "ana")
    gone_on = office.run("requests", "go-on", made, "--as", "rui")

    assert [type(one.exception) for one in (denied, gone_on)] == [Conflict, Conflict]
    assert [code(one) for one in (denied, gone_on)] == ["question_unsent"] * 2
    assert _stand(office, made) == before
    assert before[0][0] is State.ON_HOLD
    send.send_due(house.engine, house.context, house.clock.now)
    assert smtp_sink.messages
    assert office.run("tasks", "deny", made, *DENY, "--as", "ana").exit_code == 0
    assert office.run("requests", "go-on", made, "--as", "rui").exit_code == 0


# -- many at once --------------------------------------------------------------------------------


@pytest.mark.requirement("R-SLA-11:bad")
def test_many_that_are_late_are_never_closed_together(office: Office) -> None:
    late = _late(office, 3)
    before, ann = _stand(office, *late), _ana(office)

    alone = [name for name in ACTS if name not in ("assign", "extend")]  # more time ends nothing
    pages = {
        name: ann.force(f"/requests/{name}", requests=late, reason="no_ground", facts=WHY)
        for name in alone
    }
    together = office.run("tasks", "deny", *late, *DENY, "--as", "ana")
    given = ann.force("/requests/assign", requests=late, to="")

    assert {page.status for page in pages.values()} == {403}
    assert "Each request is answered by itself" in pages["deny"].text
    assert (together.exit_code, "unexpected extra argument" in together.output) == (2, True)
    assert [one for _, one in _refusals(office)] == ["one_by_one"] * len(alone)
    assert _stand(office, *late) == before
    assert _pressing(office) == set(late)
    assert given.status == 200
    assert office.house.context.settings.bulk_most > len(late)


# -- nothing is denied by a date -----------------------------------------------------------------


@pytest.mark.requirement("R-NEG-26:bad")
def test_no_product_and_no_automaton_denies_what_is_late(office: Office) -> None:
    house = office.house
    (made,) = _late(office)
    before, path = _stand(office, made), f"/v1/requests/{made}"

    calls = [
        house.call(method, where, {"state": "denied", "reason": "no_ground"}).status_code
        for method, where in (
            ("PATCH", path),
            ("PUT", path),
            ("DELETE", path),
            ("POST", f"{path}/deny"),
            ("POST", f"{path}/denial"),
            ("POST", f"{path}/close"),
        )
    ]
    proposed = code(office.run("tasks", "deny", made, *DENY, "--as", "bot"))
    waits = office.run("tasks", "deny", made, *DENY, "--as", "ana").output.strip()
    confirmed = code(office.run("denials", "confirm", waits, "--as", "bot"))

    assert calls == [405, 405, 405, 404, 405, 404]
    assert (proposed, confirmed) == ("forbidden", "forbidden")
    bot = f"staff:{office.id_of('bot')}"
    assert _refusals(office) == [(bot, "forbidden")] * 2
    assert _stand(office, made) == before

    shown = office.run("denials", "show", waits, "--as", "wei")
    assert json.loads(shown.output)["facts"] == WHY
    assert office.run("denials", "confirm", waits, "--as", "wei").exit_code == 0
    assert _stand(office, made)[0][0] is State.DENIED  # two people do


@pytest.mark.requirement("R-NEG-26:bad")
def test_no_job_denies_what_is_late(office: Office) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    (made,) = _late(office)
    before = _stand(office, made)

    redis = Redis.from_url(office.house.context.settings.redis_url)
    for name in ("rights.services.requests.record", "workflows.jobs.deny", "workflows.jobs.close"):
        job: Job = IdJob.create(
            func=name, kwargs={"request_id": made}, connection=redis, serializer=SERIALIZER
        )
        with pytest.raises(Forbidden):
            _ = job.func
    for actor in ("system", "subject", f"backend:{office.house.partner.id}"):
        with pytest.raises(Forbidden), office.house.writing() as session:
            found = requests.locked(session, made)
            now = office.house.clock.now()
            requests.record(session, found, Event.DENIED, actor=actor, now=now)

    assert stream.getvalue().count("job.refused") == 3
    assert _stand(office, made) == before
    assert before[0][0] not in TERMINAL
    with office.house.reading() as session:
        assert "denied" not in [e.event for e in audit.entries(session, made)]


@pytest.mark.requirement("R-NEG-26:bad")
@pytest.mark.parametrize("name", ["deny_after_days", "auto_deny", "close_overdue"])
def test_no_setting_denies_what_is_late(office: Office, name: str) -> None:
    given: dict[str, Any] = office.house.context.settings.model_dump()

    assert load(**given)
    with pytest.raises(ConfigError, match=name.upper()):
        load(**{**given, name: 30})
