"""What a package holds: its owner's view, and a machine's."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.lines import Batch
from rights.store.sealing import SealedFiles
from tests.workflows.package_sample import (
    ABOUT,
    CHATS,
    DATAMAP,
    MISSING,
    ORDERS,
    REVIEWS,
    USERS,
    files_in,
    orders,
    packed,
    small,
    spooled,
)
from workflows.packages.manifest import schema_bytes
from workflows.packages.tables import RISKY, header, to_csv


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return files_in(tmp_path)


def manifest_of(content: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content["manifest.json"])
    return found


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.requirement("R-PKG-1")
def test_the_manifest_follows_its_published_schema(tmp_path: Path, files: SealedFiles) -> None:
    _, content = packed(tmp_path, *small(files), files=files, missing=MISSING)

    schema = json.loads(content["package.schema.json"])
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    assert list(validator.iter_errors(manifest_of(content))) == []
    assert content["package.schema.json"] == schema_bytes()


@pytest.mark.requirement("R-PKG-1")
def test_every_file_has_its_digest_size_and_count(tmp_path: Path, files: SealedFiles) -> None:
    built, content = packed(tmp_path, *small(files), files=files)
    manifest = manifest_of(content)

    listed = {f["path"]: f for f in manifest["files"]}
    assert set(listed) == set(content) - {"manifest.json"}
    for path, entry in listed.items():
        assert entry["sha256"] == hashlib.sha256(content[path]).hexdigest()
        assert entry["bytes"] == len(content[path])
    counts = {p: f["records"] for p, f in listed.items() if f["role"] == "data"}
    assert counts["data/shop/orders.jsonl"] == counts["data/shop/orders.csv"] == 30
    assert content["data/shop/orders.jsonl"].count(b"\n") == 30
    assert built.summary["records"] == 101
    assert built.summary["documents"] == 1


def test_the_digest_is_that_of_what_is_downloaded(tmp_path: Path, files: SealedFiles) -> None:
    built, _ = packed(tmp_path, *small(files), files=files)

    plain = b"".join(files.read(built.file))

    assert built.sha256 == hashlib.sha256(plain).hexdigest()
    assert built.file.size == len(plain)


@pytest.mark.requirement("R-PKG-1")
def test_chinese_text_survives_in_every_form(tmp_path: Path, files: SealedFiles) -> None:
    text = "龘靐齉爩，你好\n“𠮷野家”"
    index = spooled(files, [(CHATS, [{"asked_at": "2026-01-01", "text": text}] * 2)])

    _, content = packed(tmp_path, index, files=files)

    assert json.loads(content["data/assistant/prompts.jsonl"].splitlines()[0])["text"] == text
    assert rows_of(content["data/assistant/prompts.csv"])[0]["text"] == text
    assert content["data/assistant/prompts.csv"].startswith(b"\xef\xbb\xbf")
    assert text in content["index.html"].decode()


@pytest.mark.requirement("R-PKG-1")
def test_csv_gives_back_every_row(tmp_path: Path, files: SealedFiles) -> None:
    _, content = packed(tmp_path, spooled(files, [(ORDERS, orders(50))]), files=files)

    expected = [
        {
            "id": str(row["id"]),
            "total": str(row["total"]),
            "note": row["note"],
            "created_at": row["created_at"],
            "address": row["address"],
            "paid": "true" if row["paid"] else "false",
        }
        for row in orders(50)
    ]
    found = rows_of(content["data/shop/orders.csv"])
    assert [{k: v.removeprefix("'") for k, v in row.items()} for row in found] == expected


json_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["=1+1", "+86138", "-5", "@x", "\tx", "\rx", "'x", "＝1", "a,b", 'a"b', "a\r\nb"]
    ),
    st.lists(st.integers(0, 9), max_size=3),
)


@pytest.mark.requirement("R-PKG-1")
@given(
    st.lists(st.fixed_dictionaries({}, optional={"a": json_values, "b": json_values}), min_size=1)
)
def test_any_value_round_trips_through_csv_and_no_text_starts_a_formula(
    rows: list[dict[str, Any]],
) -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    converted = b"".join(b.data for b in to_csv([Batch(lines, len(rows))], ("a", "b")))

    found = rows_of(header(("a", "b")) + converted)
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for name in ("a", "b"):
            value, cell = row.get(name), cells[name]
            if isinstance(value, str):
                assert not cell or cell[0] not in RISKY - {"'"}
                assert cell.removeprefix("'") == value or cell == value == ""
            elif value is None:
                assert cell == ""
            else:
                assert json.loads(cell) == value


@pytest.mark.requirement("R-PKG-1")
def test_a_text_that_would_run_as_a_formula_is_neutralised_and_a_number_is_not(
    tmp_path: Path, files: SealedFiles
) -> None:
    evil = ['=HYPERLINK("http://evil","x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
    rows = [{"id": -n, "total": -1.5, "note": text} for n, text in enumerate(evil, start=1)]

    _, content = packed(tmp_path, spooled(files, [(ORDERS, rows)]), files=files)

    found = rows_of(content["data/shop/orders.csv"])
    assert [row["note"] for row in found] == [f"'{text}" for text in evil]
    assert [row["id"] for row in found] == [str(-n) for n in range(1, len(evil) + 1)]
    assert {row["total"] for row in found} == {"-1.5"}


def test_line_ends_within_the_csv_are_the_standards(tmp_path: Path, files: SealedFiles) -> None:
    _, content = packed(tmp_path, spooled(files, [(ORDERS, orders(3))]), files=files)

    assert content["data/shop/orders.csv"].count(b"\r\n") == 4


@pytest.mark.requirement("R-PKG-1")
def test_the_manifest_says_for_each_category_why_whence_how_long_and_to_whom(
    tmp_path: Path, files: SealedFiles
) -> None:
    _, content = packed(tmp_path, *small(files), files=files, missing=MISSING)
    manifest = manifest_of(content)

    found = {c["category"]: c for c in manifest["categories"]}
    address = found["address"]
    assert address["title"] == {"zh-CN": "地址", "en": "Addresses"}
    assert [p["title"]["en"] for p in address["purposes"]] == ["Run the shop"]
    assert address["purposes"][0]["basis"]["zh-CN"] == "订立或履行合同所必需"
    assert address["sources"] == ["provided"]
    assert [r["name"] for r in address["recipients"]] == ["顺丰速运"]
    assert address["retention"][0]["period"] == "3y"
    assert address["retention"][0]["rank"] == "law"
    assert (
        address["retention"][0]["text"]["zh-CN"]
        == "自“下单时间”起 3 年（依据：电子商务法第三十一条）"
    )
    assert [r["name"] for r in found["contact"]["recipients"]] == ["Mail Co"]
    assert found["login"]["sources"] == ["observed"]
    assert found["chat"]["sensitive"] is True
    assert manifest["data_map"] == {"version": 3, "hash": DATAMAP.hash}
    assert manifest["generated_at"] == "2026-11-22T03:04:05Z"
    assert manifest["request_id"] == ABOUT.request_id


@pytest.mark.requirement("R-PKG-1")
def test_what_is_missing_is_named_with_code_basis_and_end(
    tmp_path: Path, files: SealedFiles
) -> None:
    built, content = packed(tmp_path, *small(files), files=files, missing=MISSING)
    manifest = manifest_of(content)

    assert manifest["complete"] is False
    assert manifest["missing"] == [
        {
            "store": "shop",
            "collection": "orders",
            "code": "held",
            "basis": "电子商务法第三十一条",
            "until": "2028-03-01",
            "text": {
                "zh-CN": "两笔订单因法定保存期限仅限制处理",
                "en": "Two orders are held by law",
            },
        },
        {
            "store": "newsletter",
            "collection": None,
            "code": "failed",
            "basis": None,
            "until": None,
            "text": {"zh-CN": "系统暂不可用", "en": "The system was down"},
        },
    ]
    page = content["index.html"].decode()
    for words in ("两笔订单因法定保存期限仅限制处理", "Two orders are held by law", "2028-03-01"):
        assert words in page
    assert "Complete:" not in page
    assert (built.summary["missing"], built.summary["complete"]) == (2, False)


def test_a_package_that_lacks_nothing_says_so(tmp_path: Path, files: SealedFiles) -> None:
    built, content = packed(tmp_path, *small(files), files=files)

    assert manifest_of(content)["complete"] is True
    assert built.summary["complete"] is True
    assert "Complete: every place we had to search" in content["index.html"].decode()


def test_a_search_that_found_nothing_is_told_apart_from_no_search(
    tmp_path: Path, files: SealedFiles
) -> None:
    _, content = packed(tmp_path, *small(files), files=files)

    found = {c["collection"]: c for c in manifest_of(content)["collections"]}
    assert found["shop.reviews"]["records"] == 0
    assert found["shop.reviews"]["data"] == []
    page = content["index.html"].decode()
    assert "Searched, and nothing found" in page.split("评价")[0]


def test_a_person_of_whom_nothing_is_held_gets_a_package_that_says_it(
    tmp_path: Path, files: SealedFiles
) -> None:
    built, content = packed(tmp_path, spooled(files, [(USERS, []), (REVIEWS, [])]), files=files)

    assert built.summary["records"] == 0
    assert manifest_of(content)["categories"] == []
    assert not any(name.startswith("data/") for name in content)
