from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.store.blobs import DirectoryBlobs
from rights.store.keys import Tampered
from rights.store.sealing import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TAG_BYTES,
    SealedFile,
    SealedFiles,
    new_data_key,
    new_file_id,
    open_range,
    plain_size,
    seal_stream,
    sealed_size,
)

KEY = b"k" * 32
PACKAGE = "ab" * 16
FILE = b"f" * 16
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES

# Sizes around the edges of chunks are where such formats break.
sizes = st.one_of(
    st.integers(0, 300),
    st.integers(-2, 2).map(lambda d: CHUNK_BYTES + d),
    st.integers(-2, 2).map(lambda d: 3 * CHUNK_BYTES + d),
)


def content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def seal(
    plain: bytes,
    *,
    key: bytes = KEY,
    package: str = PACKAGE,
    file_id: bytes = FILE,
    pieces: int = 10_000,
) -> bytes:
    cut = [plain[i : i + pieces] for i in range(0, len(plain), pieces)]
    return b"".join(seal_stream(cut, data_key=key, package_id=package, file_id=file_id))


def opened(
    sealed: bytes,
    *,
    key: bytes = KEY,
    package: str = PACKAGE,
    start: int = 0,
    length: int | None = None,
    file_id: bytes | None = None,
) -> bytes:
    def read(at: int, count: int) -> Iterator[bytes]:
        piece = sealed[at : at + count]
        yield from (piece[i : i + 7_000] for i in range(0, len(piece), 7_000))

    return b"".join(
        open_range(
            read,
            len(sealed),
            data_key=key,
            package_id=package,
            start=start,
            length=length,
            file_id=file_id,
        )
    )


@given(sizes, st.integers(1, 100_000))
@settings(max_examples=60, deadline=None)
def test_a_stream_cut_anyhow_comes_back_and_sizes_agree(size: int, pieces: int) -> None:
    plain = content(size)

    sealed = seal(plain, pieces=pieces)

    assert sealed == seal(plain)
    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == size
    assert opened(sealed) == plain


@given(
    sizes, st.integers(0, 4 * CHUNK_BYTES), st.one_of(st.none(), st.integers(0, 4 * CHUNK_BYTES))
)
@settings(max_examples=100, deadline=None)
def test_any_range_equals_the_slice(size: int, start: int, length: int | None) -> None:
    plain = content(size)
    end = None if length is None else start + length

    assert opened(seal(plain), start=start, length=length) == plain[start:end]
    assert opened(seal(plain), start=start, length=length, file_id=FILE) == plain[start:end]


def test_a_range_reads_only_the_chunks_it_lies_in() -> None:
    sealed = seal(content(5 * CHUNK_BYTES))
    asked: list[tuple[int, int]] = []

    def read(at: int, count: int) -> Iterator[bytes]:
        asked.append((at, count))
        yield sealed[at : at + count]

    got = b"".join(
        open_range(
            read,
            len(sealed),
            data_key=KEY,
            package_id=PACKAGE,
            start=2 * CHUNK_BYTES + 5,
            length=10,
            file_id=FILE,
        )
    )

    assert got == content(5 * CHUNK_BYTES)[2 * CHUNK_BYTES + 5 : 2 * CHUNK_BYTES + 15]
    assert asked == [(HEADER_BYTES + 2 * SEALED_CHUNK, SEALED_CHUNK)]


@given(st.data(), st.sampled_from([0, 100, CHUNK_BYTES, 2 * CHUNK_BYTES + 9]))
@settings(max_examples=80, deadline=None)
def test_any_changed_bit_is_noticed(data: st.DataObject, size: int) -> None:
    sealed = bytearray(seal(content(size)))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(Tampered):
        opened(bytes(sealed))


@given(st.data(), st.sampled_from([0, 100, CHUNK_BYTES, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 9]))
@settings(max_examples=80, deadline=None)
def test_any_cut_is_noticed_also_at_the_end_of_a_chunk(data: st.DataObject, size: int) -> None:
    sealed = seal(content(size))
    ends = [HEADER_BYTES + n * SEALED_CHUNK for n in range(size // CHUNK_BYTES + 1)]
    keep = data.draw(st.one_of(st.sampled_from(ends), st.integers(0, len(sealed) - 1)))

    if keep < len(sealed):
        with pytest.raises(Tampered):
            opened(sealed[:keep])


@given(st.binary(min_size=1, max_size=40))
@settings(deadline=None)
def test_anything_appended_is_noticed(more: bytes) -> None:
    with pytest.raises(Tampered):
        opened(seal(content(CHUNK_BYTES)) + more)


@given(st.permutations(range(4)))
@settings(deadline=None)
def test_reordered_or_repeated_chunks_are_noticed(order: list[int]) -> None:
    sealed = seal(content(4 * CHUNK_BYTES))
    chunks = [sealed[HEADER_BYTES + n * SEALED_CHUNK :][:SEALED_CHUNK] for n in range(4)]
    mixed = sealed[:HEADER_BYTES] + b"".join(chunks[n] for n in order)

    if list(order) == [0, 1, 2, 3]:
        assert opened(mixed) == content(4 * CHUNK_BYTES)
    else:
        with pytest.raises(Tampered):
            opened(mixed)


def test_a_store_that_sends_less_than_it_said_is_noticed() -> None:
    sealed = seal(content(3 * CHUNK_BYTES))

    def read(at: int, count: int) -> Iterator[bytes]:
        yield sealed[at : at + count][:-SEALED_CHUNK]

    with pytest.raises(Tampered, match="ended before"):
        list(open_range(read, len(sealed), data_key=KEY, package_id=PACKAGE, file_id=FILE))


def test_a_file_of_another_package_or_under_another_key_does_not_open() -> None:
    sealed = seal(b"mine")

    with pytest.raises(Tampered):
        opened(sealed, package="cd" * 16)
    with pytest.raises(Tampered):
        opened(sealed, key=b"x" * 32)


def test_two_files_of_one_package_cannot_be_swapped_nor_their_chunks_mixed() -> None:
    one, two = seal(content(2 * CHUNK_BYTES)), seal(content(2 * CHUNK_BYTES), file_id=b"g" * 16)
    middle = HEADER_BYTES + SEALED_CHUNK

    with pytest.raises(Tampered):
        opened(two, file_id=FILE)
    with pytest.raises(Tampered):
        opened(one[:middle] + two[middle:])


def test_the_same_bytes_in_two_files_of_a_package_share_no_key_stream() -> None:
    one, two = seal(content(500)), seal(content(500), file_id=b"g" * 16)

    assert one[HEADER_BYTES:] != two[HEADER_BYTES:]


def test_what_does_not_begin_as_a_sealed_file_is_refused() -> None:
    with pytest.raises(Tampered, match="does not begin"):
        opened(b"RSF9" + seal(b"mine")[4:])
    with pytest.raises(ValueError, match="16 bytes"):
        seal(b"mine", file_id=b"short")


def test_keys_and_file_ids_are_random_and_of_full_length() -> None:
    assert len({new_data_key() for _ in range(50)}) == 50
    assert len({new_file_id() for _ in range(50)}) == 50
    assert (len(new_data_key()), len(new_file_id())) == (32, 16)


@pytest.mark.requirement("R-NEG-29")
def test_files_of_a_package_are_unreadable_at_rest_and_absent_after_purge(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    files = SealedFiles(blobs, PACKAGE, KEY)
    made = files.put("packages/one", [b"xiaoming", b"@example.com"])
    again = SealedFile.from_json(made.to_json())
    assert b"".join(files.read(again)) == b"xiaoming@example.com"
    assert b"".join(files.read(again, 3, 4)) == b"omin"
    on_disk = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"xiaoming" not in on_disk

    blobs.delete_prefix("packages")

    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_every_attempt_at_the_same_name_has_a_file_id_of_its_own(tmp_path: Path) -> None:
    files = SealedFiles(DirectoryBlobs(tmp_path), PACKAGE, KEY)

    first, second = files.put("a", [b"x"]), files.put("a", [b"x"])

    assert first.file_id != second.file_id
    with pytest.raises(Tampered):
        list(files.read(first))
