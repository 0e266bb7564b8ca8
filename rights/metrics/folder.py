"""
Where the processes of one group write their metrics: a private folder, new at each start.

The library finds it in the environment when it is first loaded, so it has to be there before:
nothing here loads the library.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_PREFIX: Final = "rights-metrics-"
_LIVES: Final = "group.lock"
SUMMED: Final = ("counter", "histogram")
"""Kinds of metric whose counts outlive the process, as the names of files begin."""
_LIVE: Final = "gauge_livesum"
_ROOM: Final = 1 << 20
"""Bytes set aside for each kind of metric of a process: a full disk is told then, not later."""


class Folder:
    """The folder of this process and of those it forks."""

    def __init__(self) -> None:
        """Make it, and take away what groups left that were killed."""
        place = Path(tempfile.gettempdir())
        _sweep(place)
        made = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}", dir=place))
        self._maker = os.getpid()
        # Held as long as any process of the group lives: what is forked shares it. Only then does
        # the folder get the name under which others look for what was left.
        self._lives = locked(made / _LIVES)
        self.path = made.rename(place / made.name.removeprefix("new-"))

    def join(self) -> None:
        """
        Set room aside for this process.

        Raises:
            OSError: there is none.
        """
        for kind in (*SUMMED, _LIVE):
            file = self.file(kind, os.getpid())
            if not file.exists():  # else a process of the same number was here: its counts go on
                beside = file.with_suffix(".new")
                beside.write_bytes(bytes(_ROOM))
                beside.replace(file)

    def close(self) -> None:
        """Remove the folder, where this is the process that made it."""
        if os.getpid() == self._maker:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lives)

    def file(self, kind: str, pid: int) -> Path:
        """Return where a process keeps one kind of metric."""
        return self.path / f"{kind}_{pid}.db"


def _sweep(place: Path) -> None:
    """Remove folders of this user whose group has ended."""
    for path in place.glob(f"{_PREFIX}*"):
        try:
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            lock = locked(path / _LIVES, wait=False)
        except OSError:
            continue  # its group lives, or it goes at this moment
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def locked(path: Path, *, wait: bool = True) -> int:
    """Return the descriptor of a locked file. Raises OSError where it is locked already."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
