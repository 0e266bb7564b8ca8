"""
Counts of processes that ended: added to those of the dead before anybody reads.

So a counter never goes back, and a process that dies again and again fills no disk.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

from rights.metrics.folder import SUMMED, Folder, locked

_LOCK: Final = "reading.lock"
_DEAD: Final = 0
"""The number under which the counts of the dead stand; no process has it."""


@contextmanager
def settled(folder: Folder) -> Iterator[Path]:
    """Yield the folder with the dead counted together; nobody else does so meanwhile."""
    lock = locked(folder.path / _LOCK)
    try:
        gone = [pid for pid in _pids(folder) if not _lives(pid)]
        for pid in gone:
            mark_process_dead(pid, str(folder.path))
        for kind in SUMMED:
            _bury(folder, kind, gone)
        yield folder.path
    finally:
        os.close(lock)


def _pids(folder: Folder) -> set[int]:
    return {int(file.stem.rpartition("_")[2]) for file in folder.path.glob("*.db")} - {_DEAD}


def _bury(folder: Folder, kind: str, gone: Sequence[int]) -> None:
    files = [file for pid in gone if (file := folder.file(kind, pid)).exists()]
    if not files:
        return
    grave, beside = folder.file(kind, _DEAD), folder.path / f"{kind}.new"
    beside.unlink(missing_ok=True)
    sums: dict[str, float] = defaultdict(float)
    for file in [grave, *files] if grave.exists() else files:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
            sums[key] += value
    written = MmapedDict(str(beside))
    for key, value in sums.items():
        written.write_value(key, value, 0.0)
    written.close()
    beside.replace(grave)
    for file in files:
        file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
