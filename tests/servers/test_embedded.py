"""The servers we start ourselves answer, and end whatever ends us."""

from __future__ import annotations

import os
import random
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from workflows.embedded import postgres, s3
from workflows.embedded.ports import free_ports, is_free
from workflows.embedded.process import Process, StartFailed, new_folder
from workflows.embedded.smtp import Sink
from workflows.embedded.valkey import Valkey

_STARTS_AND_WAITS = """
import sys, time
from workflows.embedded.valkey import Valkey
server = Valkey()
print(server.pid, server.url, flush=True)
time.sleep(60)
"""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def starter() -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A process of ours that started a Valkey; the Valkey's id and folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, url = process.stdout.readline().split()
    yield process, int(pid), Path(url.removeprefix("unix://").partition("?")[0]).parent
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_server_ends_and_its_folder_goes_when_its_starter_is_killed(
    starter: tuple[subprocess.Popen[str], int, Path],
) -> None:
    process, pid, folder = starter
    assert _is_alive(pid)
    assert folder.exists()

    process.send_signal(signal.SIGKILL)

    end = time.monotonic() + 20
    while (_is_alive(pid) or folder.exists()) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _is_alive(pid)
    assert not folder.exists()


def test_a_valkey_that_is_killed_keeps_what_it_was_given(private_valkey: Valkey) -> None:
    with Redis.from_url(private_valkey.url) as client:
        client.set("a", "1")
        time.sleep(1.2)  # it writes to disk once a second
    private_valkey.kill()
    assert not private_valkey.running

    private_valkey.restart()

    with Redis.from_url(private_valkey.url) as client:
        assert client.get("a") == b"1"


def test_a_server_that_cannot_start_says_why() -> None:
    process = Process(["sh", "-c", "echo no such luck; exit 3"], new_folder("broken"))

    with pytest.raises(StartFailed, match="no such luck"):
        process.wait_until(lambda: False, timeout_s=10)


def test_an_s3_server_stores_and_returns(tmp_path: Path) -> None:
    folder = tmp_path / "s3"
    folder.mkdir()
    server = s3.start(random.Random(), folder=folder)
    assert server.endpoint.startswith("http://127.0.0.1:")

    server.stop()

    assert not folder.exists()


def test_an_embedded_postgres_takes_connections() -> None:
    server = postgres.start()
    engine = create_engine(server.url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()

    server.stop()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url.replace("+psycopg", ""))


def test_a_mail_is_kept_with_the_addresses_it_was_sent_to(smtp_sink: Sink) -> None:
    message = EmailMessage()
    message["Subject"] = "您的请求"
    message["From"] = "privacy@example.org"
    message.set_content("验证码 123456")
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        client.send_message(message, to_addrs=["li@example.org"])

    (kept,) = smtp_sink.wait_for(1)

    assert kept["Subject"] == "您的请求"
    assert kept["X-Envelope-To"] == "li@example.org"
    assert "123456" in kept.get_content()


def test_waiting_for_a_mail_that_never_comes_ends(smtp_sink: Sink) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        smtp_sink.wait_for(1, timeout_s=0.05)


def test_a_mail_server_that_was_stopped_refuses_connections() -> None:
    sink = Sink()
    sink.stop()

    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(sink.host, sink.port)


def test_free_ports_are_different_and_free_at_every_distance() -> None:
    ports = free_ports(5, random.Random(7), apart=(0, 10_000))

    assert len(set(ports)) == 5
    assert all(is_free(port) and is_free(port + 10_000) for port in ports)
