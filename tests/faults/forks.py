"""
A process that has imported everything, and forks for each thing that is to be ended.

Starting Python and its imports for every kill would take a second each; a fork takes 10 ms.
The process has one thread, so that forking it is safe.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from workflows.lifeline import die_with_parent

ROOT: Final = Path(__file__).parents[2]
LIFELINE: Final = "TESTS_FAULTS_PARENT"


class Forks:
    """Forks on demand, one at a time; what they print goes to ``log``."""

    def __init__(
        self, process: subprocess.Popen[str], log: Path, environ: Mapping[str, str]
    ) -> None:
        self._process, self._environ = process, dict(environ)
        self.log = log

    def under(self, environ: Mapping[str, str]) -> Forks:
        """Return the same with other settings."""
        return Forks(self._process, self.log, environ)

    def run(self, act: str, *, failpoint: str = "", **asked: Any) -> int:
        """Fork, perform, and return the exit code; minus the signal that ended or stopped it."""
        return self.wait(self.start(act, failpoint=failpoint, **asked))

    def start(self, act: str, *, failpoint: str = "", **asked: Any) -> int:
        """Fork and return the process id."""
        environ = {**self._environ, "RIGHTS_FAILPOINT": failpoint}
        return self._told({"act": act, "asked": asked, "environ": environ})

    def wait(self, pid: int) -> int:
        """Wait until a fork has ended, or was stopped."""
        return self._told({"wait": pid})

    def _told(self, order: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def forks(log: Path) -> Iterator[Forks]:
    """Yield a preloaded process that ends with us."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RIGHTS_")}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forks"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - one prctl, no locks
        )
    with process:
        try:
            yield Forks(process, log, {})
        finally:
            process.kill()


def main() -> None:
    """Fork and wait as told, one order a line, until nobody is there to tell."""
    from tests.faults import turn  # noqa: PLC0415 - the parent of all forks alone needs it
    from tests.faults.laboratory import settings_of  # noqa: PLC0415 - the same

    turn.preload(settings_of(Path("/nowhere"), "sqlite://", "redis://unused", 0))
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = _waited(order["wait"])
        else:
            answer = _forked(partial(turn.perform, order["act"], order["asked"], order["environ"]))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _forked(act: Callable[[], None]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    die_with_parent(parent)
    os.dup2(2, 1)  # standard output is for the answers of the parent
    code = 1
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the log has it and the code says so
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _waited(pid: int) -> int:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return -signal.SIGSTOP
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
