"""``rights evidence``: looked at by a verifier, decided on, and gone: from a real bucket too."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.representation import Role
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import audit, evidence, intake, reaching, requests, subjects
from rights.services.context import Context
from rights.services.representatives import Second
from rights.settings import load
from rights.store.blobs import Blobs
from rights.store.db import open_engine, reading, transaction
from rights.store.models import Entry, Request, Staff
from tests.workflows.house import Clock
from tests.workflows.test_commands import Shell
from workflows.building import context_for

PDF = b"%PDF-1.7\nthe son of somebody\n%%EOF\n"
OTHERS = [role for role in (*EVERY_ROLE, *SCOPES) if role != "verifier"]


class Office:
    """A deployment with a verifier, and a relative whose document waits."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
        from rights.store.migrate import upgrade  # noqa: PLC0415 - one use

        place = more or {"RIGHTS_EVIDENCE_URL": (folder / "evidence").as_uri()}
        self.shell, self.desk = Shell(folder, **place), folder / "looked-at"
        upgrade(self.shell.url)
        for name, value in self.shell.environ.items():
            monkeypatch.setenv(name, value)
        self.settings = load()
        self.context: Context = context_for(self.settings)
        self.engine = open_engine(self.settings.database_url)
        found = evidence.open_place(self.settings)
        assert found is not None
        self.place: Blobs = found
        self.now = Clock()
        self.shell.run("staff", "add", "wang", "--role", "verifier")

    def waiting(self, role: Role = Role.CLOSE_RELATIVE, *, content: bytes = PDF) -> tuple[str, str]:
        """Return a request and its document."""
        who = subjects.cleaned(self.context.datamap, {"user_id": "1", "email": "ann@example.com"})
        relation = "parent" if role is Role.GUARDIAN else "child"
        second = Second(role, relation, {"email": "son@example.com"}, interest="the estate")
        new = intake.Submission(Kind.COPY, Option.ALL, who, role=role, second=second)
        with transaction(self.engine) as session:
            request, _ = intake.submit(session, self.context, new, now=self.now())
            session.flush()
            for contact in reaching.representatives(session, request.id):
                contact.proof = "code"
            request_id = request.id
        return request_id, self.upload(request_id, content)

    def upload(self, request_id: str, content: bytes = PDF) -> str:
        """Let one more document of a request come."""
        row = evidence.take(
            self.engine,
            self.context,
            self.place,
            lambda s: requests.locked(s, request_id),
            [content],
            actor="subject",
            now=self.now(),
        )
        return row.id

    def open(self, document: str) -> None:
        """Let the verifier look at a document."""
        out = str(self.desk / document)
        self.shell.run("evidence", "open", document, "--as", "wang", "--out", out)

    def request(self, request_id: str) -> Request:
        with reading(self.engine) as session:
            return session.get_one(Request, request_id)

    def events(self, request_id: str) -> dict[str, dict[str, Any]]:
        with reading(self.engine) as session:
            return {e.event: dict(e.data) for e in audit.entries(session, request_id)}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def test_a_verifier_sees_what_waits_and_what_was_said(office: Office) -> None:
    request_id, document = office.waiting()

    (found,) = office.shell.last("evidence", "list", "--as", "wang", "--json")

    assert (found["request"], found["role"], found["relation"]) == (
        request_id, "close_relative", "child",
    )  # fmt: skip
    assert found["interest"] == "the estate"
    assert found["documents"] == [{"id": document, "type": "application/pdf", "size": len(PDF)}]
    assert "1 waiting" in office.shell.run("evidence", "list", "--as", "wang")


def test_a_document_is_written_for_its_reader_alone_and_that_it_was_is_an_entry(
    office: Office, tmp_path: Path
) -> None:
    request_id, document = office.waiting()
    out = tmp_path / "desk"

    said = office.shell.last("evidence", "open", document, "--as", "wang", "--out", str(out))

    (file,) = out.iterdir()
    assert said == {
        "file": str(file),
        "role": "close_relative",
        "relation": "child",
        "subject": {"user_id": "1", "email": "ann@example.com"},
        "representative": {"email": "son@example.com"},
        "name": "",
        "interest": "the estate",
    }
    assert file.name == f"{document}.pdf"
    assert file.read_bytes() == PDF
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert office.events(request_id)["evidence_opened"] == {"document": document}


@pytest.mark.requirement("R-NEG-24")
@pytest.mark.parametrize("role", OTHERS)
def test_nobody_else_opens_lists_or_decides(office: Office, tmp_path: Path, role: str) -> None:
    request_id, document = office.waiting()
    kind = "--scope" if role in SCOPES else "--role"
    base = [] if kind == "--role" else ["--role", "auditor"]
    office.shell.run("staff", "add", "li", *base, kind, role)
    out = tmp_path / "desk"

    for words in (
        ["open", document, "--out", str(out)],
        ["list"],
        ["accept", request_id],
        ["refuse", request_id, "--reason", "evidence_relation"],
    ):
        said = office.shell.run("evidence", *words, "--as", "li", code=1)
        assert "forbidden" in said

    assert not out.exists()
    assert office.request(request_id).state is State.VERIFYING
    with reading(office.engine) as session:
        refused = [e for e in session.exec(select(Entry)) if e.event == "staff_refused"]
    assert len(refused) == 4


def test_accepting_starts_the_work_and_ends_the_documents(office: Office) -> None:
    request_id, document = office.waiting()

    unopened = office.shell.run("evidence", "accept", request_id, "--as", "wang", code=1)
    assert "documents_unopened" in unopened
    assert office.request(request_id).state is State.VERIFYING
    office.open(document)

    said = office.shell.run("evidence", "accept", request_id, "--as", "wang")

    assert "in_progress" in said
    assert list(office.place.list()) == []
    gone = office.shell.run(
        "evidence", "open", document, "--as", "wang", "--out", "nowhere", code=1
    )
    assert "not_found" in gone


def test_sending_back_asks_for_what_is_missing(office: Office) -> None:
    request_id, document = office.waiting()
    office.open(document)

    office.shell.run("evidence", "refuse", request_id, "--reason", "evidence_death", "--as", "wang")

    assert office.request(request_id).needs == ["evidence_death"]
    assert list(office.place.list()) == []


def test_sending_back_gives_as_long_as_staff_set_while_everything_runs(office: Office) -> None:
    request_id, document = office.waiting()
    office.open(document)
    office.shell.run("staff", "add", "ada", "--role", "admin")
    office.shell.run("settings", "set", "verify_days", "20", "--as", "ada")

    office.shell.run("evidence", "refuse", request_id, "--reason", "evidence_death", "--as", "wang")

    until = office.request(request_id).next_at
    assert until is not None
    assert until > datetime.now(UTC) + timedelta(days=19)


@pytest.mark.parametrize("words", [["accept"], ["refuse", "--reason", "evidence_death"]])
def test_what_came_since_somebody_looked_is_not_decided_on_and_not_destroyed(
    office: Office, words: list[str]
) -> None:
    request_id, first = office.waiting()
    office.open(first)
    second = office.upload(request_id)
    act, *more = words

    said = office.shell.run("evidence", act, request_id, *more, "--as", "wang", code=1)

    assert "documents_" in said
    assert office.request(request_id).state is State.VERIFYING
    assert {*office.place.list()} == {f"evidence/{first}", f"evidence/{second}"}
    office.open(second)
    office.shell.run("evidence", act, request_id, *more, "--as", "wang")
    assert list(office.place.list()) == []


def test_purging_takes_away_what_nobody_decided_on(office: Office) -> None:
    office.now.on(days=-31)
    office.waiting()

    assert office.shell.last("purge")["evidence"] == 1
    assert list(office.place.list()) == []


@pytest.mark.requirement("R-ID-3")
def test_in_a_bucket_with_versions_nothing_of_a_document_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: Any
) -> None:
    client = s3.client()
    client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    office = Office(
        tmp_path,
        monkeypatch,
        RIGHTS_EVIDENCE_URL=f"s3://{s3.bucket}/documents?endpoint={s3.endpoint}",
        RIGHTS_EVIDENCE_ACCESS_KEY=s3.access_key,
        RIGHTS_EVIDENCE_SECRET_KEY=s3.secret_key,
        RIGHTS_BLOBS_REGION=s3.region,
    )
    request_id, document = office.waiting()
    assert list(office.place.list()) == [f"evidence/{document}"]
    office.open(document)

    office.shell.run("evidence", "accept", request_id, "--as", "wang")

    left = client.list_object_versions(Bucket=s3.bucket)
    client.close()
    assert left.get("Versions", []) + left.get("DeleteMarkers", []) == []
    said = office.events(request_id)
    assert said["evidence_destroyed"] == {"document": document}
    assert "somebody" not in str(said)


def test_a_member_of_staff_who_left_decides_nothing(office: Office) -> None:
    request_id, _ = office.waiting()
    with transaction(office.engine) as session:
        staff = session.exec(select(Staff)).one()
        staff.closed_at = office.now()

    office.shell.run("evidence", "accept", request_id, "--as", "wang", code=1)

    assert office.request(request_id).state is State.VERIFYING
