import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from rights.domain.errors import ConfigError, NotFound, Unavailable
from rights.store.blobs import Blobs, DirectoryBlobs, open_blobs
from rights.store.s3_blobs import PART_BYTES, S3Blobs, open_client


@pytest.fixture(params=["directory", "s3", "s3-versioned"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    if request.param == "directory":
        yield DirectoryBlobs(tmp_path / "blobs")
        return
    s3 = request.getfixturevalue("s3")
    client = s3.client()
    if request.param == "s3-versioned":
        client.put_bucket_versioning(
            Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
    yield S3Blobs(client, s3.bucket, prefix="rights/here")
    client.close()


Kept = Callable[[], set[str]]


def read(blobs: Blobs, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join(blobs.read(key, start, length))


def test_what_is_put_is_read_whole_and_by_range(blobs: Blobs) -> None:
    size = blobs.put("packages/one", iter([b"hello ", b"", b"world"]))

    assert size == blobs.size("packages/one") == 11
    assert read(blobs, "packages/one") == b"hello world"
    assert read(blobs, "packages/one", 6) == b"world"
    assert read(blobs, "packages/one", 3, 4) == b"lo w"
    assert read(blobs, "packages/one", 6, 500) == b"world"
    assert read(blobs, "packages/one", 11, 5) == b""
    assert read(blobs, "packages/one", 2, 0) == b""


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    assert blobs.put("empty", iter(())) == 0

    assert blobs.size("empty") == 0
    assert read(blobs, "empty") == b""


def test_a_second_put_replaces_the_first(blobs: Blobs) -> None:
    blobs.put("a", [b"one"])
    blobs.put("a", [b"second"], lasting=False)

    assert read(blobs, "a") == b"second"


def test_a_large_blob_goes_up_in_parts_and_comes_back_the_same(blobs: Blobs) -> None:
    pieces = [bytes([n]) * 1_000_003 for n in range(19)]
    assert 2 * PART_BYTES < sum(map(len, pieces)) < 3 * PART_BYTES

    size = blobs.put("large", iter(pieces))

    assert size == 19 * 1_000_003
    assert read(blobs, "large") == b"".join(pieces)
    assert read(blobs, "large", 8_000_000, 2_000_000) == b"".join(pieces)[8_000_000:10_000_000]


@pytest.mark.parametrize("good", [1, 12_000_000, 20_000_000])
def test_a_stream_that_breaks_publishes_nothing_and_leaves_the_old_blob(
    blobs: Blobs, good: int
) -> None:
    blobs.put("a", [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"x" * good
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="went away"):
        blobs.put("a", broken())
    with pytest.raises(RuntimeError, match="went away"):
        blobs.put("b", broken())

    assert read(blobs, "a") == b"old"
    assert list(blobs.list()) == ["a"]


def test_what_is_not_there_is_not_found_and_deleting_it_is_no_error(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        blobs.size("nothing")
    with pytest.raises(NotFound):
        read(blobs, "nothing")

    blobs.delete("nothing")
    assert blobs.delete_prefix("nothing") == 0


@pytest.mark.requirement("R-NEG-29")
def test_a_deleted_blob_is_gone_in_every_version_and_nothing_else_is(
    blobs: Blobs, kept: Kept
) -> None:
    for key in ("p/one", "p/one-more", "p/two"):
        blobs.put(key, [b"1"])
        blobs.put(key, [b"2"])

    blobs.delete("p/one")

    assert sorted(blobs.list("p")) == ["p/one-more", "p/two"]
    assert kept() == {"p/one-more", "p/two"}


def test_a_prefix_is_deleted_with_all_below_it_and_nothing_beside_it(
    blobs: Blobs, kept: Kept
) -> None:
    for key in ("spool/aa/1", "spool/aa/x/2", "spool/aab/3", "packages/aa"):
        blobs.put(key, [b"1"])

    assert blobs.delete_prefix("spool/aa") == 2

    assert sorted(blobs.list()) == ["packages/aa", "spool/aab/3"]
    assert sorted(blobs.list("spool")) == ["spool/aab/3"]
    assert kept() == {"packages/aa", "spool/aab/3"}


@pytest.fixture
def kept(request: pytest.FixtureRequest, blobs: Blobs, tmp_path: Path) -> Callable[[], set[str]]:
    """What is really left, older versions and delete markers included."""

    def in_directory() -> set[str]:
        root = tmp_path / "blobs"
        return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}

    def in_bucket() -> set[str]:
        s3 = request.getfixturevalue("s3")
        client = s3.client()
        page = client.list_object_versions(Bucket=s3.bucket)
        client.close()
        found = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        return {row["Key"].removeprefix("rights/here/") for row in found}

    return in_directory if isinstance(blobs, DirectoryBlobs) else in_bucket


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.x", "a\\b", "a\x00b", "a b",
     "ключ", "a" * 600],
)  # fmt: skip
def test_a_key_that_could_lead_elsewhere_is_refused_before_anything_is_touched(
    blobs: Blobs, key: str
) -> None:
    for act in (blobs.size, blobs.delete, blobs.delete_prefix, lambda k: blobs.put(k, [b"x"])):
        with pytest.raises(ValueError, match="not a blob key"):
            act(key)
    with pytest.raises(ValueError, match="not a blob key"):
        read(blobs, key)
    assert list(blobs.list()) == []


class TestDirectory:
    def test_files_and_folders_are_for_this_user_alone(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            blobs = DirectoryBlobs(tmp_path / "blobs")
            blobs.put("packages/aa/one", [b"x"])
        finally:
            os.umask(before)

        modes = {
            p.relative_to(tmp_path).as_posix(): stat.S_IMODE(p.stat().st_mode)
            for p in (tmp_path / "blobs", *(tmp_path / "blobs").rglob("*"))
        }
        assert modes.pop("blobs/packages/aa/one") == 0o600
        assert set(modes.values()) == {0o700}

    def test_a_link_planted_in_the_directory_is_not_followed(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        blobs = DirectoryBlobs(tmp_path / "blobs")
        (tmp_path / "blobs" / "link").symlink_to(secret)

        with pytest.raises(OSError, match="symbolic links"):
            read(blobs, "link")
        with pytest.raises(NotFound):
            blobs.size("link")
        blobs.delete("link")
        assert secret.read_bytes() == b"secret"

    def test_a_folder_is_no_blob(self, tmp_path: Path) -> None:
        blobs = DirectoryBlobs(tmp_path / "blobs")
        blobs.put("a/b", [b"x"])

        with pytest.raises(NotFound):
            blobs.size("a")
        with pytest.raises(NotFound):
            blobs.size("a/b/c")
        blobs.delete("a")
        blobs.delete("a/b/c")
        assert list(blobs.list()) == ["a/b"]

    def test_folders_left_empty_go_too(self, tmp_path: Path) -> None:
        blobs = DirectoryBlobs(tmp_path / "blobs")
        blobs.put("a/b/c", [b"x"])

        blobs.delete("a/b/c")

        assert [p.name for p in (tmp_path / "blobs").iterdir()] == [".incoming"]

    def test_a_blob_being_written_is_not_listed(self, tmp_path: Path) -> None:
        blobs = DirectoryBlobs(tmp_path / "blobs")
        seen: list[list[str]] = []

        def chunks() -> Iterator[bytes]:
            yield b"x"
            seen.append(list(blobs.list()))

        blobs.put("a", chunks())

        assert seen == [[]]


class TestS3:
    def test_a_broken_upload_leaves_no_loose_parts(self, s3: Any) -> None:
        client = s3.client()
        blobs = S3Blobs(client, s3.bucket)

        def broken() -> Iterator[bytes]:
            yield b"x" * (2 * PART_BYTES + 1)
            raise RuntimeError("gone")

        with pytest.raises(RuntimeError):
            blobs.put("a", broken())

        assert client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", []) == []
        client.close()

    def test_short_reads_are_not_the_end_of_the_stream(self, s3: Any) -> None:
        client = s3.client()
        blobs = S3Blobs(client, s3.bucket)

        size = blobs.put("a", (b"x" * 1000 for _ in range(10_000)))

        assert size == blobs.size("a") == 10_000_000
        client.close()

    def test_wrong_credentials_are_an_operators_matter_and_are_not_shown(self, s3: Any) -> None:
        client = open_client(endpoint=s3.endpoint, access_key="wrong", secret_key="not-the-key")

        with pytest.raises(ConfigError, match="check bucket, credentials") as caught:
            S3Blobs(client, s3.bucket).put("a", [b"x"])

        assert "not-the-key" not in str(caught.value)
        client.close()

    def test_a_store_that_does_not_answer_is_tried_later(self, free_port: Any) -> None:
        client = open_client(
            endpoint=f"http://127.0.0.1:{free_port()}", access_key="a", secret_key="b"
        )

        with pytest.raises(Unavailable, match="does not answer"):
            S3Blobs(client, "bucket").size("a")

        client.close()


class TestOpening:
    def test_a_directory_is_opened_by_its_address(self, tmp_path: Path) -> None:
        blobs = open_blobs(f"file://{quote(str(tmp_path / 'with space'))}")

        blobs.put("a", [b"x"])

        assert (tmp_path / "with space" / "a").read_bytes() == b"x"

    def test_a_bucket_is_opened_by_its_address(self, s3: Any) -> None:
        blobs = open_blobs(
            f"s3://{s3.bucket}/one/two?endpoint={quote(s3.endpoint)}",
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            region=s3.region,
        )

        blobs.put("a/b", [b"x"])

        client = s3.client()
        assert client.list_objects_v2(Bucket=s3.bucket)["Contents"][0]["Key"] == "one/two/a/b"
        assert list(blobs.list()) == ["a/b"]
        client.close()

    @pytest.mark.parametrize(
        "url", ["", "/somewhere", "file://host/x", "file:///", "s3:///x", "gs://b"]
    )
    def test_any_other_address_stops_the_start(self, url: str) -> None:
        with pytest.raises(ConfigError, match="neither file:///"):
            open_blobs(url)

    def test_a_process_with_a_directory_does_not_load_boto3(self, tmp_path: Path) -> None:
        code = (
            "import sys; from rights.store.blobs import open_blobs; "
            f"open_blobs('file://{tmp_path}/b'); "
            "sys.exit(any(m in sys.modules for m in ('boto3', 'botocore')))"
        )

        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_what_a_killed_process_was_writing_goes_once_it_is_old(
    blobs: Blobs, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    blobs.put("whole", [b"stays"])
    left = _cut_off(blobs, tmp_path, request)

    assert blobs.drop_unfinished(timedelta(hours=1)) == 0
    assert left() == 1
    assert blobs.drop_unfinished(timedelta(seconds=-60)) == 1
    assert left() == 0
    assert read(blobs, "whole") == b"stays"


def _cut_off(blobs: Blobs, folder: Path, request: pytest.FixtureRequest) -> Callable[[], int]:
    """Leave what a process leaves that is killed while it writes; return how to count it."""
    if isinstance(blobs, DirectoryBlobs):
        incoming = folder / "blobs" / ".incoming"
        (incoming / "half").write_bytes(b"sealed")
        return lambda: len(list(incoming.iterdir()))
    s3 = request.getfixturevalue("s3")
    client, bucket = s3.client(), s3.bucket
    request.addfinalizer(client.close)
    client.create_multipart_upload(Bucket=bucket, Key="rights/here/half")
    return lambda: len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))
