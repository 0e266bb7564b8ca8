"""What a package holds besides data: dictionary, originals, page, order and bytes."""

import csv
import io
import json
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rights.store.s3_blobs import S3Blobs
from rights.store.sealing import SealedFiles
from tests.servers.s3 import Bucket
from tests.workflows.package_sample import (
    ABOUT,
    DATA_KEY,
    DATAMAP,
    MISSING,
    ORDERS,
    PACKAGE_ID,
    UPLOADS,
    USERS,
    document,
    files_in,
    orders,
    packed,
    small,
    spooled,
    unpacked,
    user,
)
from workflows.packages import statements
from workflows.packages.build import build


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return files_in(tmp_path)


def manifest_of(content: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content["manifest.json"])
    return found


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.requirement("R-PKG-1")
def test_the_dictionary_says_what_each_field_means(tmp_path: Path, files: SealedFiles) -> None:
    _, content = packed(tmp_path, *small(files), files=files)

    rows = {
        (r["store"], r["collection"], r["field"]): r for r in rows_of(content["dictionary.csv"])
    }
    email = rows["shop", "users", "email"]
    assert (email["title_zh"], email["title_en"]) == ("电子邮箱", "E-mail")
    assert (email["category"], email["category_zh"]) == ("contact", "联系方式")
    assert (email["source"], email["purposes"]) == ("provided", "service")
    assert ("files", "uploads", "_file") in rows
    assert ("shop", "users", "password_hash") not in rows
    as_json = json.loads(content["dictionary.json"])
    assert len(as_json["fields"]) == len(rows)
    assert "apostrophe" in as_json["formats"]["csv"]["en"]


def test_every_column_of_every_table_is_in_the_dictionary(
    tmp_path: Path, files: SealedFiles
) -> None:
    _, content = packed(tmp_path, *small(files), files=files)

    known = {
        (r["store"], r["collection"], r["field"].partition(".")[0])
        for r in rows_of(content["dictionary.csv"])
    }
    for entry in manifest_of(content)["files"]:
        if entry["role"] == "data" and entry["path"].endswith(".csv"):
            store, _, name = entry["collection"].partition(".")
            columns = rows_of(content[entry["path"]])[0]
            assert {(store, name, column) for column in columns} <= known


def test_originals_of_files_are_in_the_package_byte_for_byte(
    tmp_path: Path, files: SealedFiles
) -> None:
    uploads = [
        document("头像.png", bytes(range(256)) * 999),
        document("notes.txt", "笔记".encode() * 5, "text/plain"),
        document("empty.pdf", b"", "application/pdf"),
    ]

    _, content = packed(tmp_path, spooled(files, [(UPLOADS, uploads)]), files=files)

    assert content["files/files/uploads/头像.png"] == bytes(range(256)) * 999
    assert content["files/files/uploads/notes.txt"] == "笔记".encode() * 5
    assert content["files/files/uploads/empty.pdf"] == b""
    records = [json.loads(line) for line in content["data/files/uploads.jsonl"].splitlines()]
    assert [r["_file"] for r in records] == [
        "files/files/uploads/头像.png",
        "files/files/uploads/notes.txt",
        "files/files/uploads/empty.pdf",
    ]


@pytest.mark.requirement("R-PKG-1")
def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for attempt in ("one", "two"):
        files = files_in(tmp_path / attempt)
        built, _ = packed(tmp_path, *small(files), files=files, missing=MISSING)
        digests.add(built.sha256)

    assert len(digests) == 1


def test_the_order_is_the_maps_and_not_that_of_the_steps(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    indexes = small(files)

    forth, content = packed(tmp_path, *indexes, files=files, key="packages/forth")
    back, _ = packed(tmp_path, *reversed(indexes), files=files, key="packages/back")

    assert forth.sha256 == back.sha256
    names = list(content)
    assert names[-1] == "manifest.json"
    assert names.index("data/shop/users.jsonl") < names.index("data/assistant/prompts.jsonl")


def test_every_entry_bears_the_time_of_the_package(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    built, _ = packed(tmp_path, *small(files), files=files)

    with zipfile.ZipFile(io.BytesIO(b"".join(files.read(built.file)))) as package:
        times = {entry.date_time for entry in package.infolist()}

    assert times == {(2026, 11, 22, 3, 4, 4)}


def test_a_collection_in_two_spools_is_a_mistake(tmp_path: Path, files: SealedFiles) -> None:
    one = spooled(files, [(ORDERS, orders(1))], step="a")
    two = spooled(files, [(ORDERS, orders(1))], step="b")

    with pytest.raises(ValueError, match=r"shop\.orders is in two spools"):
        packed(tmp_path, one, two, files=files)


def test_an_english_reader_sees_english_first(tmp_path: Path, files: SealedFiles) -> None:
    about = replace(ABOUT, language="en", generated_at=datetime(2026, 1, 2, tzinfo=UTC))

    _, content = packed(tmp_path, *small(files), files=files, about=about)

    page = content["index.html"].decode()
    assert '<html lang="en">' in page
    assert 'id="en" aria-label="English" checked>' in page
    assert 'id="zh" aria-label="中文">' in page


def test_unzip_reads_the_package(tmp_path: Path, files: SealedFiles) -> None:
    built = build(
        files=files, key="packages/one", about=ABOUT, datamap=DATAMAP, spools=small(files)
    )
    target = tmp_path / "package.zip"
    target.write_bytes(b"".join(files.read(built.file)))

    shown = subprocess.run(
        ["python3", "-m", "zipfile", "-t", str(target)], capture_output=True, check=True, timeout=60
    )

    assert b"Done testing" in shown.stdout
    assert unpacked(files, built)["files/files/uploads/avatar.png"] == b"\x89PNG....data"


def test_a_lost_lease_stops_the_package_and_publishes_nothing(
    tmp_path: Path, files: SealedFiles
) -> None:
    def lost() -> None:
        raise InterruptedError("the lease was lost")

    indexes = small(files)
    with pytest.raises(InterruptedError):
        packed(tmp_path, *indexes, files=files, keep_running=lost)

    assert not (tmp_path / "packages").exists()


def test_a_single_record_is_shown_as_a_list_of_its_fields(
    tmp_path: Path, files: SealedFiles
) -> None:
    _, content = packed(tmp_path, spooled(files, [(USERS, [user()])]), files=files)

    page = content["index.html"].decode()
    assert (
        '<th scope="row"><span lang="zh-CN">姓名</span><span lang="en">Name</span></th><td>王小明'
        in page
    )


def test_answers_in_sentences_are_on_the_page_and_in_a_file_of_their_own(
    tmp_path: Path, files: SealedFiles
) -> None:
    told = statements.recipients(DATAMAP)

    _, content = packed(tmp_path, *small(files), files=files, statements=[told])

    (answer,) = json.loads(content["answer.json"])
    assert answer["title"]["zh"] == "个人信息接收方清单"
    page = content["index.html"].decode()
    assert page.index("个人信息接收方清单") < page.index("王小明")
    schema = json.loads(content["package.schema.json"])
    jsonschema.Draft202012Validator(schema).validate(manifest_of(content))


def test_a_package_in_a_bucket_is_the_same_as_in_a_directory(tmp_path: Path, s3: Bucket) -> None:
    client = s3.client()
    in_bucket = SealedFiles(S3Blobs(client, s3.bucket), PACKAGE_ID, DATA_KEY)
    in_directory = files_in(tmp_path)

    there, content = packed(tmp_path, *small(in_bucket), files=in_bucket)
    here, _ = packed(tmp_path, *small(in_directory), files=in_directory)

    assert there.sha256 == here.sha256
    whole = b"".join(in_bucket.read(there.file))
    assert b"".join(in_bucket.read(there.file, 1_000, 2_000)) == whole[1_000:3_000]
    assert content["files/files/uploads/avatar.png"] == b"\x89PNG....data"
    client.close()
