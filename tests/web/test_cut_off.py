"""A connection that breaks in the middle of what is sent: it is said to have broken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest
from sqlmodel import select

from rights.store.models import Evidence, StepRow, StepState, TaskDocument
from rights.web.auth import STAFF_COOKIE
from tests.web.console.clerk import Clerk, clerk, planned, told
from tests.web.house import HERE, KEYS, SEED, House
from tests.web.verifying import PDF, reached

pytestmark = [
    pytest.mark.parametrize("register_url", ["sqlite"], indirect=True),
    pytest.mark.slow,
    pytest.mark.timeout(120),
]

_LANGUAGES = {"en": "Nothing was done and nothing was kept", "zh-CN": "也没有保存任何内容"}
_BOUNDARY = "of-a-test"


@dataclass
class Line:
    """A server of its own process, and calls to it that break off."""

    port: int

    def broken(
        self, path: str, body: bytes, kind: str, *, sent: int, **headers: str
    ) -> tuple[int, str]:
        """Announce a body, send the first bytes of it and no more; return what is answered."""
        told = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        with socket.create_connection(("127.0.0.1", self.port), 30) as line:
            line.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body[:sent])
            line.shutdown(socket.SHUT_WR)
            answer = HTTPResponse(line)
            answer.begin()
            return answer.status, answer.read().decode()


@pytest.fixture
def line(house: House, free_port: Callable[[], int], tmp_path: Path) -> Iterator[Line]:
    """The server as it runs, with every surface, on the register of the house."""
    settings, port = house.context.settings, free_port()
    surfaces = [part for name in ("api", "portal", "console") for part in ("--surface", name)]
    command = ["-m", "workflows.cli", "web", "--port", str(port), "--workers", "1", *surfaces]
    environ = {
        **os.environ,
        "RIGHTS_DATABASE_URL": settings.database_url,
        "RIGHTS_REDIS_URL": settings.redis_url,
        "RIGHTS_BLOBS_URL": settings.blobs_url,
        "RIGHTS_EVIDENCE_URL": settings.evidence_url,
        "RIGHTS_KEYS": KEYS,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(settings.datamap),
    }
    process = subprocess.Popen([sys.executable, *command], cwd=HERE.parents[1], env=environ)
    try:
        _wait(port)
        yield Line(port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not come up within 30 seconds")


def _form(fields: dict[str, str], file: bytes) -> bytes:
    """Return a form with a file as browsers write it: the file stands where its field does."""
    part = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"'
    said = "".join(f"{part.format(name)}\r\n\r\n{value}\r\n" for name, value in fields.items())
    head = f'{part.format("document")}; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    return said.encode() + head.encode() + file + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _of(who: Clerk, language: str) -> dict[str, str]:
    cookie = who.reader.client.get_cookie(STAFF_COOKIE, path="/console")
    assert cookie is not None
    return {"Cookie": f"{STAFF_COOKIE}={cookie.value}", "Accept_Language": language}


def _key(who: Clerk) -> str:
    return dict(who.get("/account").form("/account/password").fields)["key"]


def test_documents_of_a_step_that_are_cut_off_are_said_to_be(house: House, line: Line) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.MANUAL)
    body = _form({"key": _key(rui), "proof": "T-1"}, PDF + b"%" * 400_000)
    path, kind = f"/console/requests/{made}/complete", f"multipart/form-data; boundary={_BOUNDARY}"

    for language, words in _LANGUAGES.items():
        for sent in (0, len(body) // 2, len(body) - 400):
            status, said = line.broken(path, body, kind, sent=sent, **_of(rui, language))
            assert (status, words in said) == (400, True), (language, sent)

    with house.reading() as session:
        assert session.exec(select(StepRow.state)).all() == [StepState.MANUAL]
        assert session.exec(select(TaskDocument)).all() == []


def test_a_letter_that_is_cut_off_is_not_sent_by_half(house: House, line: Line) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = str(house.asserted("access")["id"])
    body = f"key={_key(rui)}&text=We+will+not+delete+it+before+you+agree".encode()
    kind = "application/x-www-form-urlencoded"
    path, sent = f"/console/requests/{made}/write", body.index(b"+not")

    status, said = line.broken(path, body, kind, sent=sent, **_of(rui, "en"))

    assert (status, _LANGUAGES["en"] in said) == (400, True)
    assert "message_sent" not in told(house, made)
    # What was wrong was the line: the same, whole, is taken.
    assert line.broken(path, body, kind, sent=len(body), **_of(rui, "en"))[0] == 303
    assert "message_sent" in told(house, made)


def test_a_call_that_is_cut_off_is_answered_with_its_code(house: House, line: Line) -> None:
    made, headers = reached(house), house.partner.headers
    path = f"/v1/requests/{made}/evidence"
    document = PDF + b"%" * 400_000

    answers = [
        line.broken(path, document, "application/pdf", sent=len(document) // 2, **headers),
        line.broken("/v1/requests", b'{"kind": "access"}', "application/json", sent=9, **headers),
    ]

    assert [(status, '"code":"cut_off"' in said) for status, said in answers] == [(400, True)] * 2
    with house.reading() as session:
        (begun,) = session.exec(select(Evidence)).all()
    assert begun.destroyed_at is not None
    assert begun.wrapped_key == b""


def test_a_form_of_the_portal_that_is_cut_off_is_said_to_be(line: Line) -> None:
    body, kind = b"at=" + b"0" * 32, "application/x-www-form-urlencoded"

    for language, words in _LANGUAGES.items():
        status, said = line.broken("/portal/begin", body, kind, sent=9, Accept_Language=language)
        assert (status, words in said) == (400, True), language
