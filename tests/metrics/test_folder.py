"""Where processes count together: nothing of the dead is lost, and nothing is left lying."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from rights import logs, metrics
from rights.metrics.book import Book
from rights.metrics.burying import settled
from rights.metrics.folder import Folder
from rights.metrics.listener import Listener, bound
from tests.architecture.tree import ROOT

GROUP = """
import os, sys
from rights import metrics
book = metrics.start("web", several=True)
pids = []
for number in (1, 2, 3):
    pid = os.fork()
    if not pid:
        book.join()
        metrics.mark("rights_processes", 1, queue="")
        for _ in range(number):
            metrics.count("rights_requests_received_total", kind="access", channel="api")
        metrics.observe("rights_http_seconds", 0.3, surface="api", route="none")
        os._exit(0)
    os.waitpid(pid, 0)
    text = book.text().decode()
    print([line for line in text.splitlines() if line[0] != "#" and not line.endswith(" 0.0")])
    print(len(list(book._folder.path.glob("counter_*.db"))))
metrics.stop()
print(book._folder.path.exists())
"""

HOLDS = """
from rights.metrics.folder import Folder
print(Folder().path, flush=True)
input()
"""


def _environment(place: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(ROOT)}


def test_the_counts_of_the_dead_stay_and_take_the_room_of_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROUP],
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )

    *rounds, left = done.stdout.splitlines()
    taken_in = 'rights_requests_received_total{channel="api",kind="access"}'
    told = zip((1, 3, 6), rounds[::2], strict=True)
    assert [n for n, line in told if f"{taken_in} {n}.0" not in line] == []
    last = rounds[-2]
    assert f"{taken_in} 6.0" in last
    assert 'rights_http_seconds_bucket{le="0.5",route="none",surface="api"} 3.0' in last
    assert 'le="0.25"' not in last
    assert "rights_processes" not in last, "a process that ended is not alive"
    assert int(rounds[-1]) <= 2, "the dead share one file; the group's own may be there"
    assert left == "False"


@contextmanager
def _holding(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        env=_environment(place),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def test_what_a_killed_group_left_goes_and_a_living_one_stays(tmp_path: Path) -> None:
    with ExitStack() as stack:
        killed, left = stack.enter_context(_holding(tmp_path))
        _, lives = stack.enter_context(_holding(tmp_path))
        killed.kill()
        psutil.Process(killed.pid).wait(10)
        assert left.is_dir()

        _, mine = stack.enter_context(_holding(tmp_path))

        assert [path.exists() for path in (left, lives, mine)] == [False, True, True]
        assert mine.stat().st_mode & 0o777 == 0o700


def test_a_process_without_room_says_so_and_goes_on_uncounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = io.StringIO()
    logs.configure(said)
    folder, port = Folder(), free_port()
    at = bound(f"127.0.0.1:{port}")
    open_books = [Book("web", folder)]
    monkeypatch.setattr(metrics, "_book", open_books)
    listener = Listener(at, open_books[0])
    shutil.rmtree(folder.path)

    listener.begin()
    metrics.count("rights_requests_received_total", kind="access", channel="api")
    listener.server_close()

    assert '"event": "metrics.no_room"' in said.getvalue()
    assert open_books == []
    assert "metrics" not in [thread.name for thread in threading.enumerate()]


def test_a_file_that_was_just_begun_is_read_as_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = Folder()
    folder.join()

    with settled(folder) as path:
        found = sorted(file.name for file in path.glob("*.db"))

    pid = os.getpid()
    assert found == [f"{kind}_{pid}.db" for kind in ("counter", "gauge_livesum", "histogram")]
    folder.close()
    assert not folder.path.exists()
