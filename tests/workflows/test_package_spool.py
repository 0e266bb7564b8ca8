"""Spools: written once per step and attempt, read back any number of times."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from connectors.sdk import Document, Transient
from rights.domain.errors import NotFound
from rights.store.blobs import DirectoryBlobs
from rights.store.keys import Tampered
from rights.store.sealing import SealedFiles
from tests.workflows.package_sample import (
    DATA_KEY,
    EVENTS,
    ORDERS,
    PACKAGE_ID,
    UPLOADS,
    document,
    events,
    files_in,
    orders,
    packed,
    spooled,
)
from workflows.packages.disclosure import Policy
from workflows.packages.reading import Reader
from workflows.packages.spool import spool, spool_prefix, to_line
from workflows.packages.spool_index import SpoolIndex


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return files_in(tmp_path)


def records(files: SealedFiles, index: SpoolIndex, at: int) -> list[Any]:
    batches = Reader(files, index).batches(index.collections[at])
    return [json.loads(line) for batch in batches for line in batch.data.splitlines()]


@pytest.mark.parametrize("number", [3, 20_000], ids=["small", "larger than what is kept"])
def test_every_collection_is_read_back_on_its_own(files: SealedFiles, number: int) -> None:
    index = spooled(files, [(ORDERS, orders(number)), (EVENTS, events(number))])

    assert records(files, index, 0) == list(orders(number))
    assert records(files, index, 1) == list(events(number))
    first = Reader(files, index).first(index.collections[1], 2)
    assert list(first) == list(events(2))


def test_the_index_survives_as_json(files: SealedFiles) -> None:
    index = spooled(
        files, [(ORDERS, [*orders(3), {"id": 9, "shadow": 1}]), (UPLOADS, [document("a", b"x")])]
    )

    again = SpoolIndex.from_json(json.loads(json.dumps(index.to_json())))

    assert again == index
    assert [c.records for c in again.collections] == [4, 1]
    assert again.collections[0].dropped[0].field == "shadow"
    assert again.collections[1].document_bytes == 1


def test_the_index_holds_no_values(files: SealedFiles) -> None:
    index = spooled(files, [(ORDERS, orders(3))])

    assert "门口" not in json.dumps(index.to_json(), ensure_ascii=False)


def test_a_store_that_fails_midway_publishes_no_spool(tmp_path: Path, files: SealedFiles) -> None:
    def failing() -> Iterator[dict[str, Any]]:
        yield from orders(5_000)
        raise Transient("the store went away")

    with pytest.raises(Transient):
        spooled(files, [(ORDERS, failing())])

    assert list(DirectoryBlobs(tmp_path).list()) == []


def test_files_of_a_failed_attempt_go_with_the_spools_of_the_package(
    tmp_path: Path, files: SealedFiles
) -> None:
    def failing() -> Iterator[Document]:
        yield document("a.png", b"x")
        raise Transient("the store went away")

    with pytest.raises(Transient):
        spooled(files, [(UPLOADS, failing())], step="step-1")
    spooled(files, [(UPLOADS, [document("a.png", b"x")])], step="step-2")
    blobs = DirectoryBlobs(tmp_path)

    assert blobs.delete_prefix(spool_prefix(PACKAGE_ID)) == 3
    assert list(blobs.list()) == []


def test_a_lost_lease_stops_the_spool(tmp_path: Path, files: SealedFiles) -> None:
    def lost() -> None:
        raise InterruptedError("the lease was lost")

    with pytest.raises(InterruptedError):
        spool(
            [(ORDERS, orders(10))],
            store="shop",
            files=files,
            key="spool/x",
            policy=Policy(),
            keep_running=lost,
        )

    assert list(DirectoryBlobs(tmp_path).list()) == []


def test_spools_of_another_package_do_not_open(tmp_path: Path, files: SealedFiles) -> None:
    index = spooled(files, [(ORDERS, orders(3))])
    other = SealedFiles(DirectoryBlobs(tmp_path), "other", DATA_KEY)

    with pytest.raises(Tampered):
        records(other, index, 0)


def test_a_spool_that_is_gone_stops_the_package(tmp_path: Path, files: SealedFiles) -> None:
    index = spooled(files, [(ORDERS, orders(3))])
    DirectoryBlobs(tmp_path).delete_prefix(spool_prefix(PACKAGE_ID))

    with pytest.raises(NotFound):
        packed(tmp_path, index, files=files)

    assert list(DirectoryBlobs(tmp_path).list("packages")) == []


def test_lines_take_what_json_alone_would_refuse() -> None:
    row = MappingProxyType({"half": "a\ud800b", "huge": 2**70, "list": [2**65, ("x",)], "n": 2**63})

    assert json.loads(to_line(row)) == {
        "half": "a\ufffdb",
        "huge": str(2**70),
        "list": [str(2**65), ["x"]],
        "n": 2**63,
    }


def test_a_value_that_is_no_json_at_all_is_the_connectors_mistake() -> None:
    with pytest.raises(TypeError, match="complex"):
        to_line({"x": 1j})
