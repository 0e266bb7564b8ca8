"""What is kept, what is refused, and what a store does wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.s3_objects import S3Objects, S3Settings
from connectors.sdk import (
    Collection,
    Document,
    Erasure,
    Expect,
    Fenced,
    Link,
    Misconfigured,
    Reach,
    Refused,
    Role,
    Standing,
    Target,
    Transient,
    Work,
)
from rights.domain.datamap import Retention
from tests.connectors.s3_objects.avatars import (
    BY_USER,
    FIELDS,
    collection,
    keys,
    of,
    settings,
    versioned,
    work,
)
from tests.servers.s3 import Bucket


@pytest.mark.usefixtures("files")
def test_a_file_of_somebody_elses_that_they_may_see_is_kept_whole_and_said_so(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    link = Link(("user_id",), Role.ACCESSOR, identifier="user_id")
    target = Target(
        collection(links=(link,)),
        of("ann").keys,
        (Reach(("user_id",), "identifier:user_id", Role.ACCESSOR, link),),
    )

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.retained) == (0, 2)
    assert "somebody else" in receipt.because
    assert len(keys(s3, client)) == 4
    assert connector.verify(target, work(), Expect.ERASED).rows == 0


@pytest.mark.usefixtures("files")
def test_a_file_below_a_row_that_is_shared_is_left_alone(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    shared = of("ann", standing=Standing.SHARED)

    assert connector.erase(shared, work()).affected == 0
    assert len(keys(s3, client)) == 4
    assert connector.verify(shared, work(), Expect.ERASED).rows == 0


@pytest.mark.usefixtures("files")
def test_a_file_the_law_keeps_stays_and_counts_as_held(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    rule = Retention("3y", "last_modified", "E-Commerce Law 31", "law")
    target = of("ann", where=collection(retention=rule))

    receipt = connector.erase(target, work())
    found = connector.verify(target, work(), Expect.ERASED)

    assert (receipt.affected, receipt.retained, receipt.because) == (0, 2, "E-Commerce Law 31")
    assert (found.rows, found.restricted) == (0, 2)
    assert len(keys(s3, client)) == 4


@pytest.mark.usefixtures("files")
def test_a_file_whose_time_to_be_kept_is_over_goes(connector: S3Objects) -> None:
    rule = Retention("1d", "last_modified", "E-Commerce Law 31", "law")
    later = Work(
        "b" * 32,
        1,
        0,
        datetime.now(UTC) + timedelta(seconds=60),
        now=datetime.now(UTC) + timedelta(days=2),
    )

    assert connector.erase(of("ann", where=collection(retention=rule)), later).affected == 2


@pytest.mark.usefixtures("files")
def test_to_anonymise_a_file_is_to_delete_it(connector: S3Objects) -> None:
    target = of("ann", where=collection(erasure=Erasure.ANONYMISE))

    assert connector.erase(target, work()).affected == 2


def test_only_an_erasure_can_be_verified(connector: S3Objects) -> None:
    with pytest.raises(Refused, match="restricted"):
        connector.verify(of("ann"), work(), Expect.RESTRICTED)


@pytest.mark.usefixtures("files")
def test_a_store_without_version_listings_can_be_used(s3: Bucket, client: Any) -> None:
    connector = S3Objects(settings(s3, versions=False))

    assert connector.locate(of("ann"), work()).rows == 2
    (first, _) = connector.collect(of("ann"), work())
    assert isinstance(first, Document)
    assert b"".join(first.chunks()) == b"avatars/ann/a.png"
    assert connector.erase(of("ann"), work()).affected == 2
    assert keys(s3, client) == ["avatars/ann", "avatars/anna/a.png"]
    connector.close_connections()


def test_a_bucket_that_keeps_versions_is_not_taken_for_one_that_does_not(
    s3: Bucket, client: Any
) -> None:
    versioned(s3, client)
    connector = S3Objects(settings(s3, versions=False))

    for call in (connector.locate, connector.erase):
        with pytest.raises(Misconfigured, match="versions: true"):
            call(of("ann"), work())
    connector.close_connections()


@pytest.mark.usefixtures("files")
def test_a_collection_may_be_in_another_bucket(s3: Bucket) -> None:
    connector = S3Objects(settings(s3, bucket="elsewhere"))
    there = Collection(
        "files",
        "avatars",
        fields=FIELDS,
        links=(BY_USER,),
        settings={"template": "avatars/{user_id}/", "bucket": s3.bucket},
    )

    assert connector.locate(of("ann", where=there), work()).rows == 2
    connector.close_connections()


@pytest.mark.usefixtures("files")
def test_discover_lists_the_folders_at_the_top(
    connector: S3Objects, s3: Bucket, client: Any
) -> None:
    client.put_object(Bucket=s3.bucket, Key="readme.txt", Body=b"x")

    inventory = connector.discover()

    assert [table.name for table in inventory.tables] == ["/", "avatars"]
    assert inventory.hash == connector.discover().hash


def test_links_that_do_not_name_the_placeholders_are_misconfigured(connector: S3Objects) -> None:
    wrong = collection("avatars/{account}/")

    with pytest.raises(Misconfigured, match="account"):
        connector.locate(of("ann", where=wrong), work())


@pytest.mark.parametrize(
    "wrong",
    [{"secret_key": "wrong"}, {"access_key": "nobody"}, {"bucket": "no-such-bucket-here"}],
)
def test_a_key_or_bucket_that_does_not_work_is_our_misconfiguration(
    s3: Bucket, wrong: dict[str, str]
) -> None:
    connector = S3Objects(settings(s3, **wrong))

    for act in (connector.probe, lambda: connector.locate(of("ann"), work())):
        with pytest.raises(Misconfigured):
            act()
    connector.close_connections()


def test_a_store_that_cannot_be_reached_is_transient_and_never_empty(s3: Bucket) -> None:
    connector = S3Objects(settings(s3, endpoint="http://127.0.0.1:1"))

    with pytest.raises(Transient) as error:
        connector.locate(of("ann"), work())
    assert error.value.__context__ is None  # boto's own error quotes the address with the key
    connector.close_connections()


def test_a_worker_that_lost_its_lease_deletes_nothing(
    connector: S3Objects, s3: Bucket, client: Any, files: None
) -> None:
    def lost() -> None:
        raise Fenced("a newer worker owns this step")

    late = Work("b" * 32, 1, 0, datetime.now(UTC) + timedelta(seconds=9), keep_running=lost)

    with pytest.raises(Fenced):
        connector.erase(of("ann"), late)
    with pytest.raises(Transient):
        connector.erase(of("ann"), work(within_s=-1))
    assert len(keys(s3, client)) == 4


def test_nothing_is_connected_before_the_first_call() -> None:
    S3Objects(S3Settings("nowhere", "http://127.0.0.1:1")).close_connections()


def test_secrets_are_not_shown() -> None:
    shown = repr(S3Settings("b", access_key="AKIA-visible", secret_key="hush-hush"))

    assert "AKIA" not in shown and "hush" not in shown


@pytest.mark.usefixtures("files")
def test_no_error_shows_a_key(s3: Bucket) -> None:
    connector = S3Objects(settings(s3, secret_key="wrong"))

    with pytest.raises(Misconfigured) as error:
        connector.erase(of("ann-4711"), work())
    assert "ann-4711" not in str(error.value) + repr(error.value.__cause__)
    connector.close_connections()
