"""
Where sealed bytes lie: a directory, or a bucket of an S3-compatible store.

Blobs appear whole or not at all. What is put here is sealed already (``rights.store.sealing``);
a store that is read by somebody else gives away names and sizes, nothing more.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from rights.domain.errors import ConfigError, NotFound, Unavailable
from rights.failpoints import Point, hit

PIECE_BYTES: Final = 1024 * 1024
_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LONGEST_KEY: Final = 512
_ATTEMPTS: Final = 5


class Blobs(Protocol):
    """
    What both kinds of store can do.

    Keys are ``/``-separated names of letters, digits, ``.``, ``_`` and ``-``; no name starts
    with a dot. Anything else is a mistake of the programmer's, hence ``ValueError``.
    """

    def put(self, key: str, chunks: Iterable[bytes], *, lasting: bool = True) -> int:
        """
        Publish a blob, replacing one of the same key, and return its size.

        Args:
            lasting: Whether it must survive a power cut from this moment on.
        """
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read a range, or to the end. Raises NotFound at the first piece."""
        ...

    def size(self, key: str) -> int:
        """Return the size in bytes. Raises NotFound."""
        ...

    def delete(self, key: str) -> None:
        """Remove one blob in all its versions; that it is gone already is no error."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove every blob under ``prefix/`` and return how many there were."""
        ...

    def drop_unfinished(self, older_than: timedelta) -> int:
        """Remove what was begun and, for so long, neither grew nor was published; count it."""
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """List the keys under ``prefix/``, in no order; all keys when it is empty."""
        ...

    def reach(self) -> None:
        """Make sure that the store is there. Raises Unavailable or ConfigError."""
        ...


def check_key(key: str) -> str:
    """Return *key* if it is one. Raises ValueError."""
    if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
        raise ValueError("not a blob key: names of letters, digits, '.', '_', '-', joined by '/'")
    return key


class DirectoryBlobs:
    """
    Blobs as files below one directory, readable by this system user alone.

    Args:
        path: Made if absent, with mode 0700. Keep it on one file system.
    """

    def __init__(self, path: Path) -> None:
        self._root = path
        self._incoming = path / ".incoming"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self._incoming.mkdir(mode=0o700, exist_ok=True)

    def put(self, key: str, chunks: Iterable[bytes], *, lasting: bool = True) -> int:
        """Write beside, then rename: a reader sees the old blob or the new one."""
        target = self._path(key)
        incoming = self._incoming / token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        size = 0
        try:
            with os.fdopen(os.open(incoming, flags, 0o600), "wb") as file:
                for chunk in chunks:
                    size += file.write(chunk)
                if lasting:
                    file.flush()
                    os.fsync(file.fileno())
            hit(Point.PUBLISH_BEFORE)
            self._publish(incoming, target)
        finally:
            incoming.unlink(missing_ok=True)
        if lasting:
            _sync_directory(target.parent)
        hit(Point.PUBLISH_AFTER)
        return size

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Read a range in pieces of at most 1 MiB."""
        left = length
        with self._open(key) as file:
            file.seek(start)
            while left is None or left > 0:
                piece = file.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece

    def size(self, key: str) -> int:
        """Return the size of the file."""
        try:
            found = self._path(key).lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise gone() from None
        if not stat.S_ISREG(found.st_mode):
            raise gone()
        return found.st_size

    def delete(self, key: str) -> None:
        """Unlink the file; directories left empty go too."""
        path = self._path(key)
        if path.is_dir() and not path.is_symlink():
            return
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            # A blob lies where this key needs a directory: there is no blob of this name.
            return
        self._drop_empty(path.parent)

    def delete_prefix(self, prefix: str) -> int:
        """Remove the directory of that name with all it holds."""
        count = sum(1 for _ in self.list(check_key(prefix)))
        path = self._path(prefix)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
            self._drop_empty(path.parent)
        return count

    def drop_unfinished(self, older_than: timedelta) -> int:
        """Unlink what a process that was ended has left where it was writing."""
        before, count = time.time() - older_than.total_seconds(), 0
        for left in self._incoming.iterdir():
            try:
                if left.stat().st_mtime <= before:
                    left.unlink()
                    count += 1
            except FileNotFoundError:
                continue  # published just now: it was not left at all
        return count

    def list(self, prefix: str = "") -> Iterator[str]:
        """Walk the directory; links are not followed, what is still incoming is not shown."""
        top = self._path(prefix) if prefix else self._root
        for folder, folders, files in os.walk(top):
            folders[:] = [f for f in folders if not f.startswith(".")]
            for name in files:
                yield (Path(folder) / name).relative_to(self._root).as_posix()

    def reach(self) -> None:
        """Look into the directory."""
        if not os.access(self._root, os.R_OK | os.X_OK):
            raise Unavailable("the directory of blobs cannot be read")

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _open(self, key: str) -> io.BufferedReader:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        try:
            return os.fdopen(os.open(self._path(key), flags), "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise gone() from None

    def _publish(self, incoming: Path, target: Path) -> None:
        for attempt in range(_ATTEMPTS):
            self._make_folder(target.parent)
            try:
                incoming.replace(target)
            except FileNotFoundError:
                # A deletion elsewhere found the folder empty and took it away meanwhile.
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _make_folder(self, folder: Path) -> None:
        """Make each level by itself: a mode given for the last does not hold for its parents."""
        if folder.is_dir():
            return
        if folder != self._root:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)

    def _drop_empty(self, folder: Path) -> None:
        while folder not in (self._root, folder.parent):
            try:
                folder.rmdir()
            except OSError:
                # Not empty, or somebody else removed it: both are fine.
                return
            folder = folder.parent


def open_blobs(url: str, *, access_key: str = "", secret_key: str = "", region: str = "") -> Blobs:
    """
    Open the store that *url* names. Nothing is contacted yet.

    Args:
        url: ``file:///var/lib/rights/blobs``, or ``s3://bucket/prefix`` with
            ``?endpoint=https://…`` for a store that is not Amazon's.
        access_key: With *secret_key*; both empty leave it to the environment of the process.

    Raises:
        ConfigError: the address is of no known kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path not in ("", "/"):
        return DirectoryBlobs(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        # boto3 costs 30 MB: a process that keeps its blobs in a directory never loads it.
        from rights.store.s3_blobs import S3Blobs, open_client  # noqa: PLC0415

        endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
        client = open_client(
            endpoint=endpoint, access_key=access_key, secret_key=secret_key, region=region
        )
        return S3Blobs(client, parts.netloc, prefix=parts.path.strip("/"))
    raise ConfigError(
        "the address of the blob store is neither file:///<directory> nor "
        "s3://<bucket>/<prefix>?endpoint=<url>: correct the setting"
    )


def gone() -> NotFound:
    """Return the error for a blob that is not there. Its key is no business of the reader."""
    return NotFound("there is no such blob: it was purged, or never finished", code="blob_gone")


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
