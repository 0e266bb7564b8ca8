import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import urllib3
from urllib3.exceptions import HTTPError

from workflows.demo.company.filling import Bucket, Places
from workflows.demo.house import leftovers
from workflows.demo.house.credentials import credentials
from workflows.demo.house.processes import OwnProcess
from workflows.demo.house.settings import Addresses, environment, store_secrets

ROOT = Path(__file__).parents[2]
READY = "audit verify"
"""The last line of what a running demo prints."""

AT_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "workflows.demo"])
"""
"""What a shell starts in the background ignores Ctrl-C, the tests too; a person's demo does not."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def wait_for(ready: Callable[[], bool], *, timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    said = tmp_path / "said.txt"
    with said.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL], cwd=ROOT, stdout=out, stderr=out
        )
    yield running, said
    if running.poll() is None:
        running.terminate()
    running.wait(timeout=60)


def children(running: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


def command(process: psutil.Process) -> list[str]:
    """Return its words; none of one that ended and that its parent has not looked after yet."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def test_ctrl_c_ends_everything_and_leaves_nothing(
    demo: tuple[subprocess.Popen[bytes], Path],
) -> None:
    running, said = demo
    wait_for(lambda: READY in said.read_text())
    folder = next(line.split()[-1] for line in said.read_text().splitlines() if " in /" in line)
    before = children(running)
    assert len(before) >= 8
    webs = [p for p in before if "web" in command(p)[3:4]]
    assert webs
    assert not [name for p in webs for name in p.environ() if "SECRET" in name]
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 0
    _, alive = psutil.wait_procs(before, timeout=10)
    assert not alive
    assert not Path(folder).exists()


def test_nothing_survives_a_demo_that_was_killed(
    demo: tuple[subprocess.Popen[bytes], Path],
) -> None:
    running, said = demo
    wait_for(lambda: READY in said.read_text())
    before = children(running)
    running.kill()
    running.wait(timeout=10)
    _, alive = psutil.wait_procs(before, timeout=30)
    assert not alive


@pytest.fixture
def addresses(tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]) -> Addresses:
    bucket = Bucket("http://127.0.0.1:1", "company-files", "key", "top-secret")
    file = tmp_path / "recommender.db"
    places = Places("sqlite:///shop.db", "sqlite:///a.db", "sqlite:///n.db", file, bucket)
    return Addresses(tmp_path, private_redis_url, 1, places, web_port=free_port())


def test_the_web_loads_no_connector_and_gets_no_store_credential(addresses: Addresses) -> None:
    keys = credentials(addresses.folder)
    values = environment(addresses, keys)
    words = ["-X", "importtime", "-m", "workflows.cli", "web", "--port", str(addresses.web_port)]
    web = OwnProcess("web", [sys.executable, *words], addresses.folder / "web", values)
    try:
        wait_for(lambda: answers(f"{addresses.base_url}/v1/kinds"), timeout_s=60)
        assert answers(f"{addresses.base_url}/docs")
        held = psutil.Process(web.pid).environ()
    finally:
        web.stop()
    imported = loaded((addresses.folder / "web" / "server.log").read_text())
    assert "rights.web.api.requests" in imported
    assert {m for m in imported if m.partition(".")[0] == "workflows"} <= {
        "workflows",
        "workflows.cli",
    }
    assert not {m for m in imported if m.partition(".")[0] in {"connectors", "rq", "boto3"}}
    secrets = store_secrets(addresses, keys)
    assert not set(secrets) & set(held)
    assert not [name for name in held if "SECRET" in name]


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=5).status == 200
    except HTTPError:
        return False


def loaded(log: str) -> set[str]:
    """Read the modules from what ``-X importtime`` prints."""
    lines = (line for line in log.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_keys_are_kept_for_the_owner_only_and_stay_the_same(tmp_path: Path) -> None:
    first = credentials(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert credentials(tmp_path) == first
    assert "base64" not in repr(first)
    assert first.keys not in repr(first)


def test_what_a_killed_demo_left_is_cleared_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    left = tmp_path / f"rights-demo-{gone.stdout.strip()}-abc"
    other = tmp_path / "rights-demo-notes"
    left.mkdir()
    other.mkdir()
    mine = leftovers.new_folder()
    leftovers.clear()
    assert {mine, other} == set(tmp_path.iterdir())


def test_a_process_of_ours_ends_with_everything_it_started(tmp_path: Path) -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    environment = {"PATH": os.environ["PATH"]}
    process = OwnProcess("parent", [sys.executable, "-c", code], tmp_path / "p", environment)
    wait_for(lambda: bool(psutil.Process(process.pid).children()))
    both = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
    process.stop()
    _, alive = psutil.wait_procs(both, timeout=10)
    assert not alive
