"""Nobody else's data in a copy: two people who write to each other, on every database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from sqlmodel import select

from connectors.sdk import Collection, Document, MapField
from rights.domain.datamap import RelatesTo
from rights.domain.errors import Forbidden
from rights.domain.kinds import Kind
from rights.store.db import open_engine, reading, transaction
from rights.store.models import Entry, Staff
from tests.connectors.database import Database
from tests.workflows.package_sample import files_in, packed, shown, spooled
from tests.workflows.people_in_stores import People, manifest, opened, people, records
from workflows.commands.redactions import redactions
from workflows.packages.detecting import Own
from workflows.packages.disclosure import Policy
from workflows.packages.spool_index import APART

MAP = """\
  - name: users
    identifies: {user_id: id, email: email, phone: phone}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: phone, category: contact, disclose: true}
    - {name: second_phone, category: contact, disclose: true, relates_to: self}
    - {name: emergency_phone, category: contact, disclose: true}
    - {name: spouse, category: contact, disclose: true, relates_to: other}
    - {name: secret_note, category: profile}
    - {name: city, category: address, disclose: true}
  - name: messages
    links:
    - {columns: [sender], to: users, role: owner}
    - {columns: [receiver], to: users, role: accessor, on_access: {mask: [body, sender]}}
    fields:
    - {name: id, category: chat, disclose: true}
    - {name: sender, category: chat, disclose: true}
    - {name: body, category: chat, disclose: true, relates_to: mixed}
    - {name: extra, category: chat, disclose: true}
"""

ANN = {"user_id": "1"}
BOB = {
    "mobile": "13900139000",
    "id": "11010519491231002X",
    "card": "6222020200112233446",
    "email": "bob@mail.example",
    "abroad": "+49 30 901820",
}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    document = {"postgres": "JSONB", "mariadb": "JSON", "sqlite": "JSON"}[request.param]
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), phone VARCHAR(30),"
        " second_phone VARCHAR(30), emergency_phone VARCHAR(30), spouse VARCHAR(80),"
        " secret_note VARCHAR(80), city VARCHAR(80))",
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sender INTEGER, receiver INTEGER,"
        f" body TEXT, extra {document})",
    )
    database.put("users", _user(1, "ann@mail.example", "138 0013 8000"))
    database.put("users", _user(2, BOB["email"], BOB["mobile"]))
    database.put("messages", *_chat())
    yield people(database, tmp_path / "people", MAP)
    database.close()


def _user(number: int, email: str, phone: str) -> dict[str, Any]:
    return {
        "id": number,
        "email": email,
        "phone": phone,
        "second_phone": "13700137000",
        "emergency_phone": BOB["mobile"],
        "spouse": f"李四 {BOB['mobile']}",
        "secret_note": "watch",
        "city": "上海",
    }


def _chat() -> list[dict[str, Any]]:
    wide = BOB["mobile"].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    said = (
        f"我是小安，电话１３８００１３８０００或{'+8613800138000'}，邮箱 Ann@Mail.example。"
        f"李四的电话{wide}，"
        f"身份证{BOB['id']}，卡 6222 0202 0011 2233 446，"
        f"{BOB['email']}，国外 {BOB['abroad']}"
    )
    deep = {
        "to": [{"tel": 13900139000}, BOB["email"]],
        BOB["email"]: "x",
        "n": 3,
        "mine": "13800138000",
    }
    return [
        {"id": 1, "sender": 1, "receiver": 2, "body": said, "extra": json.dumps(deep)},
        {"id": 2, "sender": 2, "receiver": 1, "body": "Bob's own words", "extra": None},
        {"id": 3, "sender": 2, "receiver": 2, "body": "Bob to himself", "extra": None},
    ]


def _everything(outcome: dict[str, Any]) -> str:
    return "\n".join(data.decode("utf-8", "replace") for data in opened(outcome).values())


@pytest.mark.requirement("R-PKG-3", "R-NEG-4")
def test_what_names_somebody_else_is_in_no_rendering_of_a_chat(shop: People) -> None:
    outcome = shop.run(Kind.COPY, subject=ANN)

    assert outcome["state"] == "fulfilled"
    text = _everything(outcome)
    for gone in (
        *BOB.values(),
        "１３９００１３９０００",
        "6222 0202 0011 2233 446",
        "Bob's own words",
    ):
        assert gone not in text
    assert "Bob to himself" not in text
    mine, received = records(outcome, "messages")
    assert received == {"id": 2, "sender": None, "body": None, "extra": None}
    assert (
        "我是小安，电话１３８００１３８０００或+8613800138000，邮箱 Ann@Mail.example。"
        in mine["body"]
    )
    assert "[他人的手机号，已隐去 / another person's mobile number, left out]" in mine["body"]
    assert mine["extra"]["n"] == 3
    assert mine["extra"]["mine"] == "13800138000"
    assert len(mine["extra"]["to"]) == 2


@pytest.mark.requirement("R-PKG-3", "R-PKG-3:bad")
def test_a_field_whose_owner_the_map_does_not_name_is_compared_with_the_persons_own(
    shop: People,
) -> None:
    outcome = shop.run(Kind.COPY, subject=ANN)

    (row,) = records(outcome, "users")
    assert row["email"] == "ann@mail.example"
    assert row["phone"] == "138 0013 8000"
    assert row["second_phone"] == "13700137000"  # the map says that it is the person's own
    assert row["emergency_phone"].startswith("[他人的手机号")  # nobody said so
    assert "spouse" not in row


@pytest.mark.requirement("R-PKG-3")
def test_the_manifest_and_the_page_count_what_was_taken_out_and_say_no_value(shop: People) -> None:
    outcome = shop.run(Kind.COPY, subject=ANN)

    found = manifest(outcome)
    schema = json.loads(opened(outcome)["package.schema.json"])
    jsonschema.validate(found, schema)
    counts = {(r["collection"], r["field"]): r["counts"] for r in found["redacted"]}
    assert counts == {
        ("shop.users", "emergency_phone"): {"mobile": 1},
        ("shop.messages", "body"): {
            "mobile": 1,
            "national_id": 1,
            "bank_card": 1,
            "email": 1,
            "phone": 1,
        },
        ("shop.messages", "extra"): {"mobile": 1, "email": 2},
    }
    assert {r["code"] for r in found["redacted"]} == {"other_people"}
    page = opened(outcome)["index.html"].decode()
    assert 'id="redacted"' in page
    assert "another person&#39;s mobile number: 1" in page


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_package_that_nothing_was_taken_from_says_nothing_of_it(shop: People) -> None:
    outcome = shop.run(Kind.COPY, "categories=address", subject=ANN)

    assert manifest(outcome)["redacted"] == []
    assert 'id="redacted"' not in opened(outcome)["index.html"].decode()


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_what_nobody_asked_for_is_not_said_to_be_withheld(shop: People) -> None:
    narrow = manifest(shop.run(Kind.COPY, "categories=address", subject=ANN))
    contact = manifest(shop.run(Kind.COPY, "categories=contact", subject=ANN))
    whole = manifest(shop.run(Kind.COPY, subject=ANN))

    assert narrow["withheld"] == []
    assert [w["field"] for w in contact["withheld"]] == ["spouse"]
    assert [w["field"] for w in whole["withheld"]] == ["spouse", "secret_note"]


# -- how it is done, without a store ---------------------------------------------------------

FILES = Collection("files", "uploads", fields=(shown("name", "file"),))
NOTES = Collection(
    "shop",
    "orders",
    fields=(
        shown("note", "order", relates_to=RelatesTo.SELF),
        shown("number", "order"),
        MapField("spare", "order", disclose=True, relates_to=RelatesTo.MIXED),
    ),
)
ME = Policy(own=Own(["13800138000", "ann@example.com"]))


def _text_file(name: str, *chunks: bytes, media_type: str = "text/plain") -> Any:
    size = sum(map(len, chunks))
    return Document(name, media_type, size, {"name": name}, lambda: iter(chunks))


def test_a_text_file_is_redacted_wherever_a_piece_ends_and_other_files_are_as_they_were(
    tmp_path: Path,
) -> None:
    files = files_in(tmp_path)
    text = "电话 13900139000，我的 13800138000\n".encode() * 9000
    cut = [text[at : at + 1013] for at in range(0, len(text), 1013)]
    chinese = "电话 13900139000 完".encode("gbk")
    index = spooled(
        files,
        [
            (
                FILES,
                [
                    _text_file("13900139000.txt", *cut),
                    _text_file("old.txt", chinese),
                    _text_file("a.bin", b"13900139000", media_type="application/octet-stream"),
                ],
            )
        ],
        policy=ME,
    )

    _, content = packed(tmp_path, index, files=files)

    gone = "[another person's mobile number, left out]"
    whole = text.replace(b"13900139000", gone.encode())
    assert content[f"files/files/uploads/{gone}.txt"] == whole
    assert content["files/files/uploads/old.txt"] == chinese.replace(b"13900139000", gone.encode())
    assert content["files/files/uploads/a.bin"] == b"13900139000"
    found = json.loads(content["manifest.json"])["redacted"]
    assert {(r["field"], r["counts"]["mobile"]) for r in found} == {("_file", 9002), ("name", 1)}


def test_what_was_taken_out_is_kept_apart_and_sealed(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    rows = [{"note": "call 13900139000"}, {"note": "13700137000", "number": "13600136000"}]
    index = spooled(files, [(NOTES, rows)], policy=ME)

    of = index.collections[0]
    (part,) = (p for p in of.parts if p.kind == APART)
    lines = b"".join(files.read(index.file, part.offset, part.length)).splitlines()

    assert [(r["record"], r["field"], r["what"], r["value"]) for r in map(json.loads, lines)] == [
        (1, "note", "mobile", "13900139000"),
        (2, "number", "mobile", "13600136000"),
    ]
    assert b"13900139000" not in (tmp_path / index.file.key).read_bytes()
    assert "13900139000" not in json.dumps(index.to_json())


def test_a_hostile_key_of_an_object_is_neither_written_nor_counted_by_name(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    rows = [{"note": {"bob@x.example": 1, "carol@x.example": {"13900139000": 2}}}]
    index = spooled(files, [(NOTES, rows)], policy=ME)

    _, content = packed(tmp_path, index, files=files)

    text = b"".join(content.values())
    assert b"bob@x" not in text and b"carol@x" not in text and b"13900139000" not in text
    assert len(json.loads(content["data/shop/orders.jsonl"])["note"]) == 2
    assert [(r.field, r.what, r.count) for r in index.collections[0].redacted] == [
        ("note", "email", 2),
        ("note", "mobile", 1),
    ]


# -- looked at by staff ----------------------------------------------------------------------


def _desk(shop: People, *arguments: str) -> Any:
    given = [f"--state={shop.folder / 'state'}", f"--datamap={shop.map_file}"]
    return CliRunner().invoke(redactions, [*given, *arguments])


def _staff(shop: People, name: str, *roles: str) -> None:
    register = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with transaction(register) as session:
        session.add(Staff(name=name, roles=[*roles], created_at=datetime.now(UTC)))
    register.dispose()


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_staff_look_at_what_was_taken_out_and_release_what_is_the_persons_own(
    shop: People,
) -> None:
    first = shop.run(Kind.COPY, subject=ANN)
    _staff(shop, "rui", "reviewer")
    request = first["request"]

    listed = _desk(shop, "list", request, "--as=rui")

    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [r["number"] for r in rows] == list(range(1, len(rows) + 1))
    (emergency,) = (r for r in rows if r["field"] == "emergency_phone")
    assert (emergency["what"], emergency["value"]) == ("mobile", BOB["mobile"])

    released = _desk(shop, "release", request, str(emergency["number"]), "--as=rui")
    confirmed = _desk(shop, "confirm", request, "--as=rui")
    again = shop.run(Kind.COPY, subject={"email": "ann@mail.example"})

    assert (released.exit_code, confirmed.exit_code) == (0, 0)
    (row,) = records(again, "users")
    assert row["emergency_phone"] == BOB["mobile"]
    assert BOB["id"] not in _everything(again)  # what was not released stays out
    theirs = shop.run(Kind.COPY, subject={"user_id": "2"})
    assert records(theirs, "users")[0]["phone"] == BOB["mobile"]
    assert _events(shop, request) >= {
        "redactions_seen",
        "redactions_released",
        "redactions_confirmed",
    }


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_who_may_not_look_sees_nothing_and_nothing_lies_open(shop: People) -> None:
    request = shop.run(Kind.COPY, subject=ANN)["request"]
    _staff(shop, "auri", "auditor")

    refused = _desk(shop, "list", request, "--as=auri")

    assert isinstance(refused.exception, Forbidden)
    assert BOB["mobile"] not in refused.output
    wrong = _desk(shop, "release", request, "999", "--as=auri")
    assert isinstance(wrong.exception, Forbidden)
    for file in (shop.folder / "state").rglob("*"):
        if file.is_file():
            assert BOB["mobile"].encode() not in file.read_bytes()
            assert BOB["id"].encode() not in file.read_bytes()


@pytest.mark.requirement("R-NEG-4:bad")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize("roles", [["auditor"], ["reviewer", "automation"]])
def test_who_may_not_release_what_is_anothers_is_refused_and_that_is_written_down(
    shop: People, roles: list[str]
) -> None:
    request = shop.run(Kind.COPY, subject=ANN)["request"]
    _staff(shop, "eve", *roles)

    tried = _desk(shop, "release", request, "1", "--as=eve")

    assert isinstance(tried.exception, Forbidden)
    register = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with reading(register) as session:
        (entry,) = session.exec(select(Entry).where(Entry.event == "staff_refused")).all()
    register.dispose()
    said = {"code": "forbidden", "act": "release", "needs": "review", "request": request}
    assert (entry.chain[:4], entry.data) == ("day:", said)
    assert "redactions_released" not in _events(shop, request)
    again = _everything(shop.run(Kind.COPY, subject={"email": "ann@mail.example"}))
    assert not any(value in again for value in BOB.values())


@pytest.mark.requirement("R-NEG-4:bad")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_map_that_asks_for_another_persons_field_to_be_shown_is_not_obeyed(shop: People) -> None:
    """`disclose: true` beside `relates_to: other` is a mistake that would show somebody else."""
    outcome = shop.run(Kind.COPY, subject=ANN)

    left_out = [w for w in manifest(outcome)["withheld"] if w["field"] == "spouse"]
    assert [w["collection"] for w in left_out] == ["shop.users"]
    assert "李四 " not in _everything(outcome)


def _events(shop: People, request_id: str) -> set[str]:
    register = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with reading(register) as session:
        found = session.exec(select(Entry.event).where(Entry.chain == request_id)).all()
    register.dispose()
    return set(found)
