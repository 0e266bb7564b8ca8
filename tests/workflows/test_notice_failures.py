"""Mail that cannot be sent now, or at all, or by several at once."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rights import logs
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit, notices, requests, subjects
from rights.store.db import reading, transaction
from rights.store.models import Notice
from tests.services.registers import DATABASES, register_url
from tests.workflows.desk import EMAIL, Desk
from workflows.embedded.smtp import Sink
from workflows.notices import send


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream)
    return stream


@pytest.fixture
def cut_off(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Desk]:
    """A desk whose mail server is not there."""
    made = Desk(tmp_path, ("127.0.0.1", free_port()))
    yield made
    made.close()


@pytest.mark.requirement("R-23-2")
def test_a_mail_server_that_is_down_delays_the_mail_and_nothing_else(
    cut_off: Desk, log: io.StringIO
) -> None:
    desk = cut_off
    request_id = desk.typed()

    assert desk.send() == 0

    notice = desk.notices()[0]
    assert (notice.state, notice.attempts) == ("waiting", 1)
    assert notice.next_at == desk.clock() + timedelta(seconds=5)
    assert desk.request(request_id).state is State.VERIFYING
    back = Sink(port=desk.context.settings.smtp_port)
    desk.clock.on(seconds=6)
    assert desk.send() == 1
    assert len(back.messages) == 1
    back.stop()
    assert "mail.down" in log.getvalue()


@pytest.mark.requirement("R-23-2:bad")
def test_a_mail_that_cannot_be_sent_for_long_is_alarmed_then_given_up_and_noted(
    cut_off: Desk, log: io.StringIO
) -> None:
    desk = cut_off
    request_id = desk.typed()
    for _ in range(send.ATTEMPTS + 3):
        desk.send()
        desk.clock.on(hours=3)

    events = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert desk.notices()[0].state == "failed"
    assert [e for e in events if e in {"notice.late", "notice.failed"}] == [
        "notice.late",
        "notice.failed",
    ]
    with reading(desk.register) as session:
        last = audit.entries(session, request_id)[-1]
    assert (last.event, last.data["attempts"]) == ("notice_failed", send.ATTEMPTS)
    assert desk.request(request_id).state is State.VERIFYING
    assert EMAIL.lower() not in log.getvalue().lower()


def test_somebody_without_an_address_is_not_written_to(desk: Desk, smtp_sink: Sink) -> None:
    request_id = desk.proved(Kind.COPY, notify=False)
    with transaction(desk.register) as session:
        for row in subjects.identifier_rows(session, request_id):
            session.delete(row)
        notices.ask_for(session, requests.find(session, request_id), "expired", now=desk.clock())

    assert desk.send() == 0
    assert desk.notices()[0].state == "no_contact"


def test_one_address_the_server_refuses_does_not_keep_the_others_waiting(
    tmp_path: Path, log: io.StringIO
) -> None:
    sink = Picky()
    desk = Desk(tmp_path, (sink.host, sink.port))
    for name in ("one", "gone", "later", "two"):
        desk.typed(email=f"{name}@mail.example")

    assert desk.send() == 2

    states = {n.state: n.attempts for n in desk.notices()}
    assert states == {"sent": 1, "refused": 1, "waiting": 1}
    assert {m["To"] for m in sink.messages} == {"one@mail.example", "two@mail.example"}
    assert "mail.example" not in log.getvalue()
    sink.stop()
    desk.close()


class Picky(Sink):
    """A mail server that knows not everybody."""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def test_a_batch_goes_through_one_connection(tmp_path: Path) -> None:
    sink = Counting()
    desk = Desk(tmp_path, (sink.host, sink.port))
    for number in range(30):
        desk.typed(email=f"p{number}@mail.example")

    assert desk.send() == 30
    assert sink.greeted == 1
    sink.stop()
    desk.close()


class Counting(Sink):
    """A mail server that counts who greets it."""

    greeted = 0

    async def handle_EHLO(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted += 1
        session.host_name = hostname
        return responses


@pytest.mark.parametrize("which", DATABASES)
def test_several_senders_at_once_send_each_mail_once(
    tmp_path: Path, smtp_sink: Sink, request: pytest.FixtureRequest, which: str
) -> None:
    url = register_url(request, which)
    desk = Desk(tmp_path, (smtp_sink.host, smtp_sink.port), register_url=url)
    for number in range(60):
        desk.typed(email=f"p{number}@mail.example")
    start = threading.Barrier(3)

    def sender(_: int) -> int:
        start.wait()
        return sum(desk.send(limit=7) for _ in range(12))

    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(sender, range(3)))

    assert sum(sent) == 60
    assert len({m["To"] for m in smtp_sink.messages}) == len(smtp_sink.messages) == 60
    desk.close()


def test_a_sender_that_dies_delays_its_notices_until_their_lease_is_over(
    desk: Desk, smtp_sink: Sink
) -> None:
    desk.typed()
    with transaction(desk.register) as session:
        send._claim(session, desk.clock(), 10)  # noqa: SLF001 - and then it died

    assert desk.send() == 0
    desk.clock.on(minutes=4)
    assert desk.send() == 1


def test_a_notice_that_cannot_be_read_waits_and_lets_the_others_pass(
    desk: Desk, smtp_sink: Sink, log: io.StringIO
) -> None:
    broken, _ = desk.typed(email="a@mail.example"), desk.typed(email="b@mail.example")
    with transaction(desk.register) as session:
        row = subjects.identifier_rows(session, broken)[0]
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])

    assert desk.send() == 1
    assert desk.notices(broken)[0].state == "waiting"
    assert "notice.unreadable" in log.getvalue()


def test_a_notice_that_breaks_its_sender_does_so_alone(desk: Desk, smtp_sink: Sink) -> None:
    for number in range(5):
        desk.typed(email=f"p{number}@mail.example")
    poison = sorted(desk.notices(), key=lambda notice: notice.id)[1]
    with transaction(desk.register) as session:
        session.get_one(Notice, poison.id).event = "unheard_of"

    with pytest.raises(KeyError):
        desk.send()
    desk.send()

    assert len(smtp_sink.messages) == 4
    assert [n.id for n in desk.notices() if n.state == "waiting"] == [poison.id]
