"""What a demo that was killed could not clear away: the next one does."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

_FOLDER: Final = re.compile(r"rights-demo-(?P<pid>[0-9]+)-.*")


def new_folder() -> Path:
    """Return a new private folder that says whose it is."""
    return Path(tempfile.mkdtemp(prefix=f"rights-demo-{os.getpid()}-"))


def clear() -> None:
    """Remove the folders of demos that do not run any more."""
    for folder in Path(tempfile.gettempdir()).glob("rights-demo-*"):
        match = _FOLDER.fullmatch(folder.name)
        if match and not alive(int(match["pid"])):
            shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    """Return whether a process of that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
