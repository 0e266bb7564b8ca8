"""A worker opens a package in places and shows its first rows without what they say."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlmodel import select

from rights.domain.errors import Refused
from rights.domain.kinds import Kind
from rights.services import package_samples, requests
from rights.services.package_samples import Sample
from rights.store.db import transaction
from rights.store.models import Lookup, Package, Staff
from tests.workflows.package_sample import ORDERS, files_in, orders, packed, spooled
from tests.workflows.people_in_stores import People, opened
from tests.workflows.test_other_people import ANN, shop
from workflows import lookups
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import settings_in
from workflows.packages.opening import MOST_PACKED, MOST_TABLE, Placed, files, first_lines
from workflows.packages.terms import Limits
from workflows.packages.writer import ZipWriter

__all__ = ["shop"]

ONLY = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
OWN = ("ann@mail.example", "13800138000", "138 0013 8000", "上海", "小安")


@pytest.fixture
def floor(shop: People) -> Iterator[Floor]:
    settings = settings_in(shop.map_file, shop.folder / "state")
    made = floor_for(parts_for(settings), worker="w1")
    yield made
    made.close()


def _asked(floor: Floor, request_id: str) -> tuple[Staff, str]:
    with transaction(floor.register) as session:
        staff = Staff(name="rui", roles=["reviewer"], created_at=datetime.now(UTC))
        session.add(staff)
        session.flush()
        request = requests.locked(session, request_id)
        row = package_samples.ask(session, floor.context, request, staff, now=floor.now())
        found = row.id
        session.flush()
        session.expunge(staff)
    return staff, found


def _read(floor: Floor, request_id: str, staff: Staff, lookup: str) -> Sample:
    with transaction(floor.register) as session:
        request = requests.find(session, request_id)
        asked = (session, floor.context, request, staff, lookup)
        return package_samples.read(*asked, now=floor.now())


@ONLY
def test_rows_of_each_collection_are_shown_without_what_they_say(
    shop: People, floor: Floor
) -> None:
    outcome = shop.run(Kind.COPY, subject=ANN)
    staff, lookup = _asked(floor, outcome["request"])
    assert _read(floor, outcome["request"], staff, lookup).waits

    lookups.answer(floor, lookup)

    found = _read(floor, outcome["request"], staff, lookup)
    assert found.collections is not None and not found.more
    users, messages = found.collections
    assert (users["path"], messages["path"]) == ("shop.users", "shop.messages")
    assert users["rows"][0]["email"] == {"kind": "email", "starts": "a", "length": 16}
    assert users["rows"][0]["phone"] == {"kind": "mobile"}
    assert messages["rows"][1]["body"] == {"kind": "empty"}
    copy = "".join(data.decode("utf-8", "replace") for data in opened(outcome).values())
    assert OWN[0] in copy
    told = json.dumps(found.collections, ensure_ascii=False)
    assert not any(value in told for value in OWN)


@ONLY
def test_a_copy_that_is_gone_or_not_the_one_is_refused_and_is_never_nothing(
    shop: People, floor: Floor
) -> None:
    request_id = shop.run(Kind.COPY, subject=ANN)["request"]
    staff, lookup = _asked(floor, request_id)
    with transaction(floor.register) as session:
        session.exec(select(Package)).one().purged_at = floor.now()

    lookups.answer(floor, lookup)

    found = _read(floor, request_id, staff, lookup)
    assert (found.collections, found.code, found.waits) == (None, "store_refused", False)
    with transaction(floor.register) as session:
        assert session.get_one(Lookup, lookup).sealed_answer is None


# -- a package read in places --------------------------------------------------------------------


class _Reads:
    """A package as bytes, that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.taken = 0

    def __call__(self, start: int, length: int) -> Iterator[bytes]:
        for at in range(start, min(start + length, len(self.content)), 65_536):
            piece = self.content[at : min(at + 65_536, start + length)]
            self.taken += len(piece)
            yield piece

    def files(self) -> list[Placed]:
        return list(files(self, len(self.content), "data/"))


def _zip(*entries: tuple[str, bytes]) -> _Reads:
    writer = ZipWriter(made_at=datetime(2026, 11, 22, tzinfo=UTC))
    parts: list[bytes] = []
    for path, content in entries:
        parts += writer.add(path, [content], role="data", media_type="application/jsonl")
    return _Reads(b"".join([*parts, *writer.finish()]))


def test_the_files_of_a_package_are_found_where_the_standard_library_finds_them(
    tmp_path: Path,
) -> None:
    sealed = files_in(tmp_path)
    index = spooled(sealed, [(ORDERS, orders(20_000))])
    _, content = packed(tmp_path, index, files=sealed, limits=Limits(volume_bytes=1_000_000))
    out = BytesIO()
    with ZipFile(out, "w") as again:
        for name, data in content.items():
            again.writestr(name, data, compress_type=8)
    read = _Reads(out.getvalue())

    with ZipFile(BytesIO(read.content)) as known:
        there = [
            Placed(one.filename, one.header_offset, one.compress_size)
            for one in known.infolist()
            if one.filename.startswith("data/")
        ]
    assert len(there) > 6
    assert read.files() == there
    rows, long = first_lines(read, there[0], 3)
    assert ([row["id"] for row in rows], long) == ([0, 1, 2], False)


def test_of_a_large_package_no_more_is_read_than_its_beginnings() -> None:
    big = b"".join(b'{"n":%d,"x":"%064x"}\n' % (n, n * 7919**9) for n in range(200_000))
    many = ((f"files/s/p/{n:06}", b"") for n in range(70_000))
    read = _zip(("data/s/a.jsonl", big), ("data/s/b.jsonl", b'{"n":1}\n'), *many)
    assert len(read.content) > 10 * MOST_TABLE

    first, second = read.files()

    assert read.taken <= MOST_TABLE + 98
    assert first_lines(read, first, 3)[0][2]["n"] == 2
    assert first_lines(read, second, 3) == ([{"n": 1}], False)
    assert read.taken <= MOST_TABLE + 98 + 2 * (MOST_PACKED + 30)


def test_a_record_too_long_to_be_looked_at_says_so_and_one_that_is_cut_is_left_out() -> None:
    wide = b'{"x":"' + b"y" * 3_000_000 + b'"}\n'
    read = _zip(("data/s/a.jsonl", wide), ("data/s/b.jsonl", b'{"n":1}\n' + wide))

    first, second = read.files()

    assert first_lines(read, first, 3) == ([], True)
    assert first_lines(read, second, 3) == ([{"n": 1}], False)


@pytest.mark.parametrize("broken", [b"", b"PK\x05\x06", b"x" * 4_000])
def test_what_is_no_package_is_refused(broken: bytes) -> None:
    with pytest.raises(Refused):
        _Reads(broken).files()


def test_a_file_that_is_not_where_it_should_be_is_refused() -> None:
    read = _zip(("data/s/a.jsonl", b'{"n":1}\n'))
    (placed,) = read.files()

    with pytest.raises(Refused):
        first_lines(read, Placed(placed.path, 7, placed.packed), 3)
    spoilt = bytearray(read.content)
    spoilt[40 + len(placed.path) :] = b"\xff" * (len(spoilt) - 40 - len(placed.path))
    with pytest.raises(Refused):
        first_lines(_Reads(bytes(spoilt)), placed, 3)


def test_numbers_past_32_bits_are_read_from_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "sparse.zip"
    with ZipFile(path, "w", 8) as made:
        made.writestr("data/s/a.jsonl", b'{"n":1}\n')
    with path.open("r+b") as out:  # as if five gigabytes lay before its table
        whole = path.read_bytes()
        table = whole.index(b"PK\x01\x02")
        moved = 5 << 30
        out.truncate(table)
        out.seek(moved)
        out.write(whole[table : whole.index(b"PK\x05\x06")])
        length = whole.index(b"PK\x05\x06") - table
        end64 = (b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, moved)
        out.write(struct.pack("<4sQ2H2L4Q", *end64))
        out.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, moved + length, 1))
        out.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, length, 0xFFFFFFFF, 0))
        size = out.tell()

    def read(start: int, count: int) -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(start)
            yield file.read(count)

    (placed,) = islice(files(read, size, "data/"), 2)
    assert first_lines(read, placed, 3) == ([{"n": 1}], False)
