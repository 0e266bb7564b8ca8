"""
The process that faces the internet cannot load what reaches a store, and a worker runs nothing
that is not ours.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Callback, Queue, SimpleWorker
from rq.job import Job
from rq.serializers import DefaultSerializer, JSONSerializer

from rights.store.migrate import upgrade
from tests.architecture.tree import ROOT
from tests.e2e.processes import running
from workflows import jobs
from workflows.rqjob import IdJob

_WALLED = re.compile(r"(connectors|workflows|rq)(\.|$)")
_ALLOWED = {"workflows", "workflows.cli"}
_BUILD = """
import json, sys
import workflows.cli
from rights.app import create_app
from rights.settings import load
client = create_app(load()).test_client()
assert client.get("/healthz").status_code == 200
assert client.get("/v1/requests").status_code == 401
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def web_environment(tmp_path: Path, private_redis_url: str) -> dict[str, str]:
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("RIGHTS_")},
        "RIGHTS_DATABASE_URL": register,
        "RIGHTS_REDIS_URL": private_redis_url,
        "RIGHTS_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "RIGHTS_KEYS": "k1:" + base64.b64encode(b"k" * 32).decode(),
        "RIGHTS_SIGNING_KEY": "s1:" + base64.b64encode(b"s" * 32).decode(),
        "RIGHTS_DATAMAP": str(ROOT / "workflows/demo/company/datamap.yaml"),
    }


def _modules(program: str, environment: dict[str, str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def _behind_the_wall(names: set[str]) -> set[str]:
    return {name for name in names if _WALLED.match(name)} - _ALLOWED


def test_the_web_application_loads_no_connector_no_workflow_and_no_queue(
    web_environment: dict[str, str],
) -> None:
    loaded = _modules(_BUILD, web_environment)

    assert {"rights.app", "rights.web.api.requests", "flask"} <= loaded
    assert _behind_the_wall(loaded) == set()


_CONSOLE = """
import json, sys
import workflows.cli
from rights.app import create_app
from rights.settings import load
client = create_app(load(), ["console"]).test_client()
assert client.get("/console/sign-in").status_code == 200
assert client.get("/console/requests").status_code == 303
assert client.get("/v1/requests").status_code == client.get("/portal/").status_code == 404
print(json.dumps(sorted(sys.modules)))
"""


def test_the_consoles_process_loads_nothing_behind_the_wall_and_no_other_surface(
    web_environment: dict[str, str],
) -> None:
    loaded = _modules(_CONSOLE, web_environment)

    assert {"rights.app", "rights.web.console.one", "flask"} <= loaded
    assert _behind_the_wall(loaded) == set()
    others = ("rights.web.api", "rights.web.portal", "flask_smorest", "boto3")
    assert [name for name in loaded if name.startswith(others)] == []


def test_the_process_that_faces_the_internet_loads_nothing_of_the_console(
    web_environment: dict[str, str],
) -> None:
    program = _BUILD.replace("print(", 'assert client.get("/console/").status_code == 404\nprint(')

    loaded = _modules(program, web_environment)

    assert [name for name in loaded if name.startswith("rights.web.console")] == []


def test_what_only_a_sign_in_needs_is_loaded_when_somebody_signs_in(
    web_environment: dict[str, str],
) -> None:
    program = _BUILD.replace("print(", 'assert client.get("/portal/").status_code == 200\nprint(')

    loaded = _modules(program, web_environment)

    assert "rights.web.portal.signing_in" in loaded
    assert "rights.services.sign_in.flow" not in loaded
    assert [name for name in loaded if name.partition(".")[0] in {"authlib", "httpx"}] == []


def test_what_is_behind_the_wall_would_be_seen(web_environment: dict[str, str]) -> None:
    program = "import json, sys, workflows.worker; print(json.dumps(sorted(sys.modules)))"

    found = _behind_the_wall(_modules(program, web_environment))

    assert {"rq", "workflows.worker", "connectors.sdk"} <= found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("surfaces", "path", "own"),
    [
        ((), "/healthz", "rights.web.api.health"),
        (("--surface", "console"), "/console/sign-in", "rights.web.console.entering"),
    ],
)
def test_a_running_web_process_imports_nothing_behind_the_wall_and_holds_no_store_secret(
    web_environment: dict[str, str],
    free_port: Callable[[], int],
    tmp_path: Path,
    surfaces: tuple[str, ...],
    path: str,
    own: str,
) -> None:
    port, log = free_port(), tmp_path / "web.log"
    # Every import of the process, and of those it forks, is written to its standard error.
    environment = {**web_environment, "PYTHONPROFILEIMPORTTIME": "1"}

    with running("web", *surfaces, "--port", str(port), env=environment, log=log) as web:
        _until_listening(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            assert answer.status == 200
        processes = [web, *web.children(recursive=True)]
        held = {name for one in processes for name in one.environ()}

    imported = set(re.findall(r"^import time:.*\| +(\S+)$", log.read_text(), re.MULTILINE))
    assert {"rights.app", "rights.web.server", own} <= imported
    assert _behind_the_wall(imported) == set()
    assert len(processes) > 1
    assert [name for name in held if name.startswith("RIGHTS_SECRET")] == []


def _until_listening(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the web did not start")


class Forger:
    """Somebody who can write to Redis, and a worker that reads what they wrote."""

    def __init__(self, url: str, mark: Path) -> None:
        self.redis = Redis.from_url(url)
        self.mark = mark

    def put(self, function: str, *, serializer: Any = JSONSerializer, **more: Any) -> Job:
        """Write a job that names *function*."""
        bell = Queue("work", connection=self.redis, serializer=serializer)
        return bell.enqueue_call(function, **more)

    def work(self, kind: type[Job]) -> None:
        """Be a worker until the queue is empty."""
        bell = Queue("work", connection=self.redis, serializer=JSONSerializer, job_class=kind)
        worker = SimpleWorker(
            [bell], connection=self.redis, serializer=JSONSerializer, job_class=kind
        )
        worker.work(burst=True, logging_level="CRITICAL")

    def status(self, job: Job) -> str:
        """Return what became of a job, without running or reading its content."""
        return (self.redis.hget(job.key, "status") or b"").decode()  # type: ignore[union-attr]


@pytest.fixture
def forger(private_redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forger:
    mark = tmp_path / "the-forged-job-ran"
    text = f"from pathlib import Path\ndef leave_mark(*a, **k): Path({str(mark)!r}).touch()\n"
    (tmp_path / "forged.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(jobs, "_floor", [])
    monkeypatch.delitem(sys.modules, "forged", raising=False)
    return Forger(private_redis_url, mark)


def test_a_forged_job_would_run_with_the_queue_as_it_comes(forger: Forger) -> None:
    forger.put("forged.leave_mark")

    forger.work(Job)

    assert forger.mark.exists()


@pytest.mark.parametrize(
    "function",
    [
        "forged.leave_mark",
        "os.system",
        "workflows.jobs.at",
        "workflows.jobs.work_on",
        "workflows.jobs._floor.clear",
        "workflows.jobs.JOBS.get",
        "workflows.commands.keys.purge",
        "advance",
        "",
    ],
)
def test_a_job_that_names_another_function_is_refused(forger: Forger, function: str) -> None:
    job = forger.put(function, args=(f"touch {forger.mark}",))

    forger.work(IdJob)

    assert not forger.mark.exists()
    assert forger.status(job) == "failed"


def test_the_callbacks_of_a_forged_job_are_not_called(forger: Forger) -> None:
    called = Callback("forged.leave_mark")
    job = forger.put(
        "workflows.jobs.advance",
        kwargs={"request_id": "0" * 32},
        on_success=called,
        on_failure=called,
        on_stopped=called,
    )

    forger.work(IdJob)

    assert not forger.mark.exists()
    assert forger.status(job) == "failed"


def test_the_same_callbacks_would_be_called_with_the_queue_as_it_comes(forger: Forger) -> None:
    forger.put("workflows.jobs.missing", on_failure=Callback("forged.leave_mark"))

    forger.work(Job)

    assert forger.mark.exists()


class Unpickled:
    """What a pickle does when somebody reads it."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return Path.touch, (self._mark,)  # type: ignore[return-value]


def test_a_job_that_is_a_pickle_is_never_unpickled(forger: Forger) -> None:
    evil = Unpickled(forger.mark)
    forger.put("workflows.jobs.advance", args=(evil,), serializer=DefaultSerializer)

    forger.work(IdJob)

    assert not forger.mark.exists()
