"""``rights evidence redact``: of a picture, only a copy without what is not needed is kept."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.domain.representation import Role
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import evidence, requests
from rights.store.db import reading, transaction
from rights.store.models import Evidence
from tests.workflows.test_evidence import PDF, Office

PLACE = b"30 degrees north, at home"
OTHERS = [role for role in (*EVERY_ROLE, *SCOPES) if role != "verifier"]
_ORIENTATION, _DESCRIPTION = 0x0112, 0x010E


def picture(kind: str = "JPEG", mode: str = "RGB", *, turned: int = 1, **more: Any) -> bytes:
    """Return a picture of 60 by 40, light, with a place in its EXIF."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[_ORIENTATION], exif[_DESCRIPTION] = turned, PLACE.decode()
    size = (40, 60) if turned == 6 else (60, 40)
    shown = Image.new("RGB", size, (200, 180, 160)).convert(mode)
    shown.save(file, kind, exif=exif, **more)
    return file.getvalue()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def shown(office: Office, document: str, folder: Path) -> tuple[Image.Image, bytes]:
    """Return a picture as its verifier opens it."""
    said = office.shell.last("evidence", "open", document, "--as", "wang", "--out", str(folder))
    content = Path(said["file"]).read_bytes()
    return Image.open(io.BytesIO(content)).convert("RGB"), content


def redact(office: Office, document: str, *boxes: str, code: int = 0, who: str = "wang") -> str:
    given = [word for box in boxes for word in ("--box", box)]
    return office.shell.run("evidence", "redact", document, *given, "--as", who, code=code)


def document(office: Office, document_id: str) -> Evidence:
    with reading(office.engine) as session:
        return session.get_one(Evidence, document_id)


@pytest.mark.requirement("R-ID-2")
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_copy_without_it_takes_the_place_of_the_original(
    office: Office, tmp_path: Path, kind: str
) -> None:
    request_id, first = office.waiting(content=picture(kind, turned=6, comment=b"mine"))
    before = document(office, first)

    copy = redact(office, first, "10,10,20,10", "50,0,10,5").strip()

    image, content = shown(office, copy, tmp_path / "desk")
    assert image.size == (60, 40)
    inside = [(x, y) for x in (10, 29, 50, 59) for y in (0, 4, 10, 19)]
    black = {at for at in inside if max(_pixel(image, at)) < 16}
    assert black == {(x, y) for x, y in inside if (x < 30) == (y >= 10)}
    assert all(
        abs(a - b) < 12 for a, b in zip(_pixel(image, (45, 35)), (200, 180, 160), strict=True)
    )
    assert PLACE not in content
    assert b"mine" not in content
    after = document(office, copy)
    assert (after.destroy_at, after.uploaded_at) == (before.destroy_at, before.uploaded_at)
    assert after.media_type == before.media_type
    assert list(office.place.list()) == [f"evidence/{copy}"]
    gone = document(office, first)
    assert gone.wrapped_key == b""
    assert gone.destroyed_at is not None
    events = office.events(request_id)
    assert events["evidence_redacted"] == {"document": first, "copy": copy}
    assert events["evidence_destroyed"] == {"document": first}
    assert office.request(request_id).state is State.VERIFYING
    assert office.request(request_id).needs == []

    office.shell.run("evidence", "accept", request_id, "--as", "wang")
    assert list(office.place.list()) == []


def _pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    "boxes",
    [
        ["50,30,11,5"], ["50,30,5,11"], ["0,0,5,5", "0,40,1,1"],
        ["0,0,0,5"], ["-1,0,5,5"], ["1,2,3"], ["0,0,5,5;"], ["1.5,0,5,5"], ["٣,0,5,5"],
        ["1,1,1,1"] * 101,
    ],
)  # fmt: skip
def test_a_box_outside_of_the_picture_changes_nothing(office: Office, boxes: list[str]) -> None:
    _, first = office.waiting(content=picture())

    said = redact(office, first, *boxes, code=1)

    assert "invalid" in said
    assert document(office, first).wrapped_key
    assert list(office.place.list()) == [f"evidence/{first}"]


def test_the_size_of_the_picture_is_said_where_a_box_is_outside(office: Office) -> None:
    _, first = office.waiting(content=picture(turned=6))

    assert "60 wide and 40 high" in redact(office, first, "0,0,41,41", code=1)


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is large and has next to no bytes."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    )


@pytest.mark.parametrize(
    "content",
    [
        PDF,
        picture()[:-40],
        b"\xff\xd8\xff\xe0" + b"\x00" * 64,
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 64,
        picture("PNG", "I;16"),
        _bomb(8000, 8000),
    ],
    ids=["pdf", "cut", "no jpeg", "no png", "16 bits", "bomb"],
)
def test_what_is_no_picture_to_us_stays_as_it_is(office: Office, content: bytes) -> None:
    request_id, first = office.waiting(content=content)

    said = redact(office, first, "0,0,1,1", code=1)

    assert "invalid" in said
    assert "Traceback" not in said
    assert list(office.place.list()) == [f"evidence/{first}"]
    assert "evidence_redacted" not in office.events(request_id)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA"])
def test_every_usual_kind_of_colour_comes_out_as_it_was(
    office: Office, tmp_path: Path, mode: str
) -> None:
    content = picture("PNG", mode)
    before = Image.open(io.BytesIO(content)).convert("RGB")
    _, first = office.waiting(content=content)

    image, _ = shown(office, redact(office, first, "0,0,30,40").strip(), tmp_path / "desk")

    assert image.crop((30, 0, 60, 40)).tobytes() == before.crop((30, 0, 60, 40)).tobytes()
    assert set(image.crop((0, 0, 30, 40)).tobytes()) == {0}


@pytest.mark.requirement("R-NEG-24")
@pytest.mark.parametrize("role", OTHERS)
def test_nobody_but_a_verifier_does_it(office: Office, role: str) -> None:
    _, first = office.waiting(content=picture())
    kind = "--scope" if role in SCOPES else "--role"
    base = [] if kind == "--role" else ["--role", "auditor"]
    office.shell.run("staff", "add", "li", *base, kind, role)

    assert "forbidden" in redact(office, first, "0,0,1,1", code=1, who="li")
    assert document(office, first).wrapped_key


def test_of_a_child_it_takes_an_approval_and_the_entry_names_it(office: Office) -> None:
    request_id, first = office.waiting(Role.GUARDIAN, content=picture())
    office.shell.run("staff", "add", "ana", "--role", "approver")

    assert "minor_content" in redact(office, first, "0,0,1,1", code=1)
    assert document(office, first).wrapped_key

    approval = office.shell.run(
        "minors", "ask", request_id, "--purpose", "verify", "--as", "wang"
    ).split()[0]
    office.shell.run("minors", "approve", approval, "--hours", "1", "--as", "ana")
    copy = redact(office, first, "0,0,1,1").strip()
    events = office.events(request_id)
    assert events["evidence_redacted"] == {"document": first, "copy": copy, "approval": approval}


def test_what_was_decided_or_redacted_before_is_not_there_to_be_redacted(office: Office) -> None:
    request_id, first = office.waiting(content=picture())
    copy = redact(office, first, "0,0,1,1").strip()
    assert "not_found" in redact(office, first, "0,0,1,1", code=1)
    office.open(copy)
    office.shell.run("evidence", "accept", request_id, "--as", "wang")

    assert "not_found" in redact(office, copy, "0,0,1,1", code=1)


def test_a_decision_made_meanwhile_leaves_no_copy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, first = office.waiting(content=picture())
    put = type(office.place).put

    def decided(place: Any, key: str, *args: Any, **more: Any) -> int:
        size = put(place, key, *args, **more)
        with transaction(office.engine) as session:
            requests.locked(session, request_id)
            evidence.shred(session, request_id, now=office.now())
        return size

    monkeypatch.setattr(type(office.place), "put", decided)
    assert "not_found" in redact(office, first, "0,0,1,1", code=1)

    with reading(office.engine) as session:
        left = [row for row in session.exec(select(Evidence)) if row.wrapped_key]
    assert left == []
    assert "evidence_redacted" not in office.events(request_id)
    evidence.destroy(office.engine, office.place, now=office.now())
    assert list(office.place.list()) == []


def test_a_process_that_dies_between_leaves_the_original_and_the_sweep_takes_the_copy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = office.waiting(content=picture())

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rights.services.evidence_redacting.replace", dies)
    assert "Aborted" in redact(office, first, "0,0,1,1", code=1)
    assert document(office, first).wrapped_key
    assert len(list(office.place.list())) == 2

    office.now.on(hours=2)
    evidence.destroy(office.engine, office.place, now=office.now())
    assert list(office.place.list()) == [f"evidence/{first}"]


def test_the_process_that_reads_holds_nothing_of_ours() -> None:
    """Neither a key nor the register can be read by what breaks a reader of pictures."""
    asked = "import workflows.blackener, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", asked], capture_output=True, env={}, check=True, text=True
    )
    ours = {n for n in done.stdout.split() if n.partition(".")[0] in ("rights", "connectors")}
    assert ours == set()
    assert "sqlalchemy" not in done.stdout
