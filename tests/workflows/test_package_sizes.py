"""Packages larger than memory, and collections larger than one file."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.lines import Batch, whole_lines
from rights.store.sealing import SealedFiles
from tests.workflows.package_sample import (
    EVENTS,
    ORDERS,
    UPLOADS,
    document,
    files_in,
    orders,
    packed,
    spooled,
)
from workflows.packages.build import split
from workflows.packages.terms import Limits


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return files_in(tmp_path)


def data_files(content: dict[str, bytes], ending: str) -> dict[str, bytes]:
    return {k: v for k, v in content.items() if k.startswith("data/") and k.endswith(ending)}


@pytest.mark.requirement("R-PKG-1:bad")
def test_a_collection_that_exceeds_a_volume_is_split_and_not_cut(
    tmp_path: Path, files: SealedFiles
) -> None:
    index = spooled(files, [(ORDERS, orders(20_000))])
    limits = Limits(volume_bytes=1_000_000)

    _, content = packed(tmp_path, index, files=files, limits=limits)

    lines, tables = data_files(content, ".jsonl"), data_files(content, ".csv")
    assert list(lines) == [f"data/shop/orders-{n:03}.jsonl" for n in range(1, len(lines) + 1)]
    assert len(lines) > 3
    assert all(len(v) <= 1_000_000 for v in (*lines.values(), *tables.values()))
    ids = [json.loads(line)["id"] for v in lines.values() for line in v.splitlines()]
    assert ids == list(range(20_000))
    rows = [v.decode("utf-8-sig").split("\r\n")[:-1] for v in tables.values()]
    assert {table[0] for table in rows} == {"id,total,note,created_at,address,paid"}
    assert [row.split(",")[0] for table in rows for row in table[1:]] == [
        str(n) for n in range(20_000)
    ]
    manifest = json.loads(content["manifest.json"])
    counted = {f["path"]: f["records"] for f in manifest["files"] if f["role"] == "data"}
    assert sum(counted[path] for path in lines) == sum(counted[path] for path in tables) == 20_000
    assert manifest["collections"][0]["data"] == [*lines, *tables]
    page = content["index.html"].decode()
    assert all(f'href="{path}"' in page for path in (*lines, *tables))


def test_a_record_larger_than_a_volume_has_one_to_itself() -> None:
    batches = iter([Batch(b"x" * 50 + b"\n", 1), Batch(b"1\n2\n", 2), Batch(b"3\n", 1)])

    volumes = [(b"".join(v), v.count()) for v in split(batches, 10, b"head\n")]

    assert volumes == [
        (b"head\n" + b"x" * 50 + b"\n", 1),
        (b"head\n1\n2\n", 2),
        (b"head\n3\n", 1),
    ]


@given(st.lists(st.binary(max_size=30), max_size=12), st.integers(1, 40), st.integers(1, 50))
def test_lines_are_never_cut_whatever_the_pieces(
    contents: list[bytes], piece: int, at_most: int
) -> None:
    lines = [c.replace(b"\n", b"") + b"\n" for c in contents]
    stream = b"".join(lines)
    pieces = [stream[i : i + piece] for i in range(0, len(stream), piece)]

    batches = list(whole_lines(pieces, at_most))

    assert b"".join(b.data for b in batches) == stream
    assert all(b.data.endswith(b"\n") for b in batches)
    assert all(len(b.data) <= at_most or b.records == 1 for b in batches)
    assert sum(b.records for b in batches) == len(lines)


def test_the_page_shows_the_first_rows_and_says_where_the_rest_is(
    tmp_path: Path, files: SealedFiles
) -> None:
    index = spooled(files, [(ORDERS, orders(5_000)), (EVENTS, [])])

    _, content = packed(tmp_path, index, files=files, limits=Limits(rows_shown=7))

    page = content["index.html"].decode()
    assert "请放在门口 6<" in page
    assert "请放在门口 7<" not in page
    assert "The first 7 are shown here" in page
    assert "5,000 records" in page


def test_long_texts_are_shortened_on_the_page_only(tmp_path: Path, files: SealedFiles) -> None:
    rows = [{"id": n, "note": "长" * 5_000} for n in range(2)]

    _, content = packed(tmp_path, spooled(files, [(ORDERS, rows)]), files=files)

    assert "长" * 600 + "…" in content["index.html"].decode()
    assert "长" * 601 not in content["index.html"].decode()
    assert "长" * 5_000 in content["data/shop/orders.csv"].decode()


def test_any_range_of_a_package_is_the_slice_of_the_whole(
    tmp_path: Path, files: SealedFiles
) -> None:
    noise = os.urandom(400_000)
    built, _ = packed(
        tmp_path, spooled(files, [(UPLOADS, [document("a.bin", noise)])]), files=files
    )
    whole = b"".join(files.read(built.file))
    assert len(whole) == built.file.size > 400_000

    for start, length in ((0, 1), (65_535, 2), (100_000, 200_000), (len(whole) - 5, 50)):
        assert b"".join(files.read(built.file, start, length)) == whole[start : start + length]


PROGRAM = textwrap.dedent(
    """
    import os, resource, sys
    from pathlib import Path
    from tests.workflows.package_sample import *
    from workflows.packages.build import build

    def resident():  # on Linux ru_maxrss begins with that of the process that started this one
        if sys.platform == "darwin":
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def rows(number):
        text = "西湖的诗 and some more words to fill the line; " * 12
        for i in range(number):
            yield {"id": i, "total": i / 7, "note": text, "created_at": "2026-01-01", "paid": True}

    def file(size):
        piece = os.urandom(65_536)
        return Document("video.mp4", "video/mp4", size, {"name": "video.mp4", "size": size},
                        lambda: (piece for _ in range(size // len(piece))))

    files = files_in(Path(sys.argv[1]))
    build(files=files, key="packages/warm", about=ABOUT, datamap=DATAMAP, spools=small(files))
    before = resident()
    shop = spooled(files, [(ORDERS, rows(300_000))], step="big-1")
    uploads = spooled(files, [(UPLOADS, [file(100 * 65_536 * 16)])], step="big-2")
    built = build(files=files, key="packages/big", about=ABOUT, datamap=DATAMAP,
                  spools=[shop, uploads])
    print(built.summary["bytes"], resident() - before)
    """
)


@pytest.mark.slow
@pytest.mark.requirement("R-PKG-1")
def test_memory_does_not_grow_with_the_package(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    size, growth = map(int, done.stdout.split())
    assert size > 300_000_000
    assert growth < 30_000_000


def test_many_small_files_are_spooled_in_parts_and_all_arrive(
    tmp_path: Path, files: SealedFiles
) -> None:
    uploads: list[Any] = [document(f"{n}.txt", b"%d" % n, "text/plain") for n in range(1_203)]

    index = spooled(files, [(UPLOADS, uploads)])
    built, content = packed(tmp_path, index, files=files)

    (section,) = index.collections
    assert (section.records, section.documents) == (1_203, 1_203)
    assert len(section.parts) == 6
    assert built.summary["documents"] == 1_203
    assert content["files/files/uploads/1202.txt"] == b"1202"
    assert content["data/files/uploads.jsonl"].count(b"\n") == 1_203
