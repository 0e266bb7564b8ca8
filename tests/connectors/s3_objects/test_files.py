"""Found, delivered, erased in every version, proved gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from connectors.s3_objects import S3Objects
from connectors.sdk import (
    Document,
    Expect,
    KeySet,
    Link,
    MapField,
    Misconfigured,
    Reach,
    Refused,
    Role,
    Standing,
    Target,
    Transient,
)
from tests.connectors.contract import Case, ConnectorContract
from tests.connectors.s3_objects.avatars import (
    BY_ORDER,
    collection,
    keys,
    leftovers,
    of,
    settings,
    versioned,
    work,
)
from tests.servers.s3 import Bucket

CANARY = "canary-7f3a@example.test"


class TestContract(ConnectorContract):
    @pytest.fixture
    def case(self, s3: Bucket, client: Any) -> Iterator[Case]:
        made: list[S3Objects] = []

        def connect(**more: Any) -> S3Objects:
            made.append(S3Objects(settings(s3, **more)))
            return made[-1]

        def put(key: str) -> None:
            client.put_object(Bucket=s3.bucket, Key=key, Body=b"unmapped text", Metadata={"a": "b"})

        for name in (f"{CANARY}/1.png", f"{CANARY}/deep/2.png", f"{CANARY}x/1.png", "other/1.png"):
            put(f"avatars/{name}")
        yield Case(
            connect=connect,
            target=of(CANARY),
            mine=2,
            others=lambda: [k for k in keys(s3, client) if f"/{CANARY}/" not in k],
            put_back=lambda: put(f"avatars/{CANARY}/1.png"),
            canary=CANARY,
            unmapped="unmapped text",
            down=lambda: connect(endpoint="http://127.0.0.1:1"),
            denied=lambda: connect(secret_key="wrong"),
            lost=replace(
                collection(),
                settings={"template": "avatars/{user_id}/", "bucket": "no-such-bucket-here"},
            ),
            journals=False,
        )
        for connector in made:
            connector.close_connections()


def test_probe_succeeds_on_a_bucket_that_can_be_listed(connector: S3Objects) -> None:
    connector.probe()


@pytest.mark.usefixtures("files")
def test_locate_counts_the_persons_files_and_their_bytes(connector: S3Objects) -> None:
    found = connector.locate(of("ann"), work())

    assert (found.rows, found.by_standing) == (2, {Standing.SOLE: 2})
    assert found.bytes == len("avatars/ann/a.png" + "avatars/ann/old/b.png")


@pytest.mark.usefixtures("files")
def test_several_people_are_found_at_once_and_each_once(connector: S3Objects) -> None:
    assert connector.locate(of("ann", "anna", "ann", "nobody"), work()).rows == 3


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("user_ids", [(), ("",), (None,), ("", None)])
def test_no_key_or_an_empty_one_reaches_nothing(
    connector: S3Objects, s3: Bucket, client: Any, user_ids: tuple[str | None, ...]
) -> None:
    assert connector.locate(of(*user_ids), work()).rows == 0
    assert connector.erase(of(*user_ids), work()).affected == 0
    assert len(keys(s3, client)) == 4


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("user_id", ["../avatars/anna", "ann/../anna", "/", ".."])
def test_a_key_that_could_reach_further_is_refused_before_anything_is_deleted(
    connector: S3Objects, s3: Bucket, client: Any, user_id: str
) -> None:
    with pytest.raises(Refused) as refused:
        connector.erase(of("ann", user_id), work())
    assert user_id not in str(refused.value)
    assert len(keys(s3, client)) == 4


@pytest.mark.usefixtures("files")
def test_collect_yields_each_file_with_its_record_and_content(connector: S3Objects) -> None:
    items = list(connector.collect(of("ann"), work()))

    assert all(isinstance(item, Document) for item in items)
    first, second = (item for item in items if isinstance(item, Document))
    assert (first.name, first.media_type, first.size) == ("avatars/ann/a.png", "image/png", 17)
    assert {**first.record, "last_modified": ""} == {
        "key": "avatars/ann/a.png",
        "size": 17,
        "last_modified": "",
        "content_type": "image/png",
    }
    assert datetime.fromisoformat(first.record["last_modified"]).tzinfo is not None
    assert b"".join(second.chunks()) == b"avatars/ann/old/b.png"
    assert b"".join(second.chunks()) == b"avatars/ann/old/b.png"


@pytest.mark.usefixtures("files")
def test_content_that_is_not_disclosed_does_not_leave(connector: S3Objects) -> None:
    quiet = collection(fields=(MapField("key", "files", disclose=True), MapField("content", "x")))

    assert list(connector.collect(of("ann", where=quiet), work())) == [
        {"key": "avatars/ann/a.png"},
        {"key": "avatars/ann/old/b.png"},
    ]


@pytest.mark.usefixtures("files")
def test_what_a_link_masks_is_hidden_from_who_comes_by_it(connector: S3Objects) -> None:
    link = Link(("user_id",), Role.ACCESSOR, identifier="user_id", mask=("content", "size"))
    shown = collection(links=(link,))
    target = Target(
        shown, of("ann").keys, (Reach(("user_id",), "identifier:user_id", Role.ACCESSOR, link),)
    )

    records = list(connector.collect(target, work()))

    assert [(r["key"], r["size"]) for r in records if not isinstance(r, Document)] == [
        ("avatars/ann/a.png", None),
        ("avatars/ann/old/b.png", None),
    ]


def test_a_large_file_is_streamed_in_pieces(connector: S3Objects, s3: Bucket, client: Any) -> None:
    content = bytes(range(256)) * 4096 * 3
    client.put_object(Bucket=s3.bucket, Key="avatars/ann/big", Body=content)

    (item,) = connector.collect(of("ann"), work())

    assert isinstance(item, Document)
    pieces = list(item.chunks())
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 262_144


def test_a_file_that_changes_while_it_is_read_is_read_again_later(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    client.put_object(Bucket=s3.bucket, Key="avatars/ann/a", Body=b"one")
    (item,) = connector.collect(of("ann"), work())
    client.put_object(Bucket=s3.bucket, Key="avatars/ann/a", Body=b"two!")

    assert isinstance(item, Document)
    with pytest.raises(Transient):
        list(item.chunks())


def test_a_field_no_file_has_is_misconfigured(connector: S3Objects) -> None:
    wrong = collection(fields=(MapField("colour", "x", disclose=True),))

    with pytest.raises(Misconfigured, match="colour"):
        list(connector.collect(of("ann", where=wrong), work()))


@pytest.mark.usefixtures("files")
def test_erase_deletes_the_persons_files_and_nobody_elses(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    receipt = connector.erase(of("ann"), work())

    assert receipt.affected == 2
    assert receipt.digest
    assert keys(s3, client) == ["avatars/ann", "avatars/anna/a.png"]
    assert connector.verify(of("ann"), work(), Expect.ERASED).rows == 0


@pytest.mark.usefixtures("files")
def test_erasing_twice_affects_nothing_the_second_time(connector: S3Objects) -> None:
    connector.erase(of("ann"), work())

    again = connector.erase(of("ann"), work(fence=2))

    assert (again.affected, again.at_least) == (0, True)


def test_every_version_and_delete_marker_goes(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    versioned(s3, client)
    for key in ("avatars/ann/a", "avatars/ann/b", "avatars/anna/a"):
        for content in (b"old", b"newer"):
            client.put_object(Bucket=s3.bucket, Key=key, Body=content)
    client.delete_object(Bucket=s3.bucket, Key="avatars/ann/b")
    client.delete_object(Bucket=s3.bucket, Key="avatars/ann/never-was")
    before = leftovers(s3, client, "avatars/anna/")

    assert connector.locate(of("ann"), work()).rows == 2
    assert connector.verify(of("ann"), work(), Expect.ERASED).rows == 3
    assert connector.erase(of("ann"), work()).affected == 2
    assert leftovers(s3, client, "avatars/ann/") == 0
    assert connector.verify(of("ann"), work(), Expect.ERASED).rows == 0
    assert leftovers(s3, client, "avatars/anna/") == before == 2


def test_a_deleted_file_whose_versions_remain_is_still_the_persons_data(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    versioned(s3, client)
    client.put_object(Bucket=s3.bucket, Key="avatars/ann/a", Body=b"still here")
    client.delete_object(Bucket=s3.bucket, Key="avatars/ann/a")

    (item,) = connector.collect(of("ann"), work())

    assert connector.locate(of("ann"), work()).rows == 1
    assert isinstance(item, Document)
    assert b"".join(item.chunks()) == b"still here"


def test_an_unfinished_upload_is_found_and_aborted(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    def begin(key: str) -> None:
        upload = client.create_multipart_upload(Bucket=s3.bucket, Key=key)["UploadId"]
        client.upload_part(
            Bucket=s3.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"half a face"
        )

    begin("avatars/ann/video")
    begin("avatars/anna/video")

    assert connector.verify(of("ann"), work(), Expect.ERASED).rows == 1
    connector.erase(of("ann"), work())
    assert connector.verify(of("ann"), work(), Expect.ERASED).rows == 0
    assert leftovers(s3, client, "avatars/anna/") == 1


def test_one_object_is_deleted_and_not_its_longer_named_neighbour(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    invoices = collection("invoices/{order_id}.pdf", links=(BY_ORDER,))
    target = Target(
        invoices,
        KeySet({"shop.orders": {Standing.SOLE: ((7,), (8,))}}),
        (Reach(("order_id",), "shop.orders", Role.OWNER, BY_ORDER),),
    )
    for name in ("7.pdf", "7.pdf.sig", "70.pdf", "17.pdf"):
        client.put_object(Bucket=s3.bucket, Key=f"invoices/{name}", Body=b"x")

    assert connector.locate(target, work()).rows == 1
    assert connector.erase(target, work()).affected == 1
    assert keys(s3, client) == ["invoices/17.pdf", "invoices/7.pdf.sig", "invoices/70.pdf"]


@pytest.mark.slow
def test_more_files_than_one_listing_or_one_delete_takes_all_go(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    def put(n: int) -> None:
        client.put_object(Bucket=s3.bucket, Key=f"avatars/ann/{n % 7}/{n}", Body=b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1100)))

    assert connector.locate(of("ann"), work()).rows == 1100
    assert connector.erase(of("ann"), work()).affected == 1100
    assert leftovers(s3, client, "avatars/ann/") == 0
