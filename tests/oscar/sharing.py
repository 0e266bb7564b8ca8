"""Making something once for all the workers of a test run."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Shared:
    """
    What one worker made, for the others to find.

    Args:
        folder: Where the workers of this run meet.
        worker: This one.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._worker = worker

    @classmethod
    def of(cls, factory: pytest.TempPathFactory, worker: str) -> Shared:
        """Return the meeting place of this test run."""
        base = factory.getbasetemp()
        folder = (base if worker == "master" else base.parent) / "oscar-shared"
        folder.mkdir(exist_ok=True)
        return cls(folder, worker)

    @contextmanager
    def once(
        self, name: str, make: Callable[[], str], drop: Callable[[str], None] = lambda _: None
    ) -> Iterator[str]:
        """Yield what *make* returned in the first worker; the last one to leave drops it."""
        place = self._folder / f"{name}.made"
        with self._alone(name):
            if not place.exists():
                place.write_text(make(), encoding="utf-8")
            made = place.read_text(encoding="utf-8")
            self._user(name).touch()
        yield made
        with self._alone(name):
            self._user(name).unlink()
            if not list(self._folder.glob(f"{name}.*.user")):
                place.unlink()
                drop(made)

    def _user(self, name: str) -> Path:
        return self._folder / f"{name}.{self._worker}.user"

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with (self._folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
