"""Files that hold what somebody may read alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final

_PIECE: Final = 64 * 1024


def written(folder: Path, name: str, pieces: Iterable[bytes]) -> str:
    """
    Write a file that this user alone can read, and return its path; nothing of it is interpreted.

    Raises:
        FileExistsError: there is one of that name: nothing is written over, nor through a link.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    with opened(path) as file:
        for piece in pieces:
            file.write(piece)
    return str(path)


def opened(path: Path) -> IO[bytes]:
    """
    Open a new file that this user alone can read.

    Raises:
        FileExistsError: there is one of that name: nothing is written over, nor through a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Return what an open file holds, a piece at a time."""
    while piece := file.read(_PIECE):
        yield piece
