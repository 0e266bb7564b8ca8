"""Web, relay and workers as a deployment has them: who ends is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from workflows.lifeline import die_with_parent

ROOT: Final = Path(__file__).parents[2]
_LOOK_S: Final = 0.1


class Role:
    """One command that is always running."""

    def __init__(self, words: tuple[str, ...], env: Mapping[str, str], log: Path) -> None:
        self._words, self._env, self._log = words, dict(env), log
        self._process = self._started()

    def look(self) -> None:
        """Start it again if it has ended, as the machine's own supervisor would."""
        if self._process.poll() is not None:
            self._process = self._started()

    def kill(self) -> bool:
        """End it as a power cut would, whatever it starts with it."""
        self._process.kill()
        return True

    def children(self) -> list[psutil.Process]:
        """Return the processes it has made."""
        try:
            return psutil.Process(self._process.pid).children()
        except psutil.NoSuchProcess:
            return []

    def end(self) -> None:
        """Ask it to end, and see that it does."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "workflows.cli", *self._words],
                env=self._env,
                cwd=ROOT,
                stdout=out,
                stderr=out,
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - one prctl
            )


@contextmanager
def roles(
    env: Mapping[str, str], folder: Path, *, port: int, workers: int
) -> Iterator[dict[str, Role]]:
    """
    Yield the running roles by name, and keep them running.

    A role ends with the thread that started it, so one thread starts them all and stays.
    """
    commands = {
        "web": ("web", "--port", str(port), "--workers", "1", "--threads", "4"),
        "relay": ("relay",),
        "worker": ("worker", "--count", str(workers)),
    }
    made: dict[str, Role] = {}
    ready, stop = threading.Event(), threading.Event()

    def keep() -> None:
        for name, words in commands.items():
            made[name] = Role(words, env, folder / f"{name}.log")
        ready.set()
        while not stop.wait(_LOOK_S):
            for role in made.values():
                role.look()
        for role in made.values():
            role.end()

    thread = threading.Thread(target=keep, name="roles")
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        stop.set()
        thread.join()
